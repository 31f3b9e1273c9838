"""This module reads a tree of the project's Python files: their imports, sizes and classes.

It reads the sources alone and imports none of them. A *tree* is a folder of the project such as
`lambdas/pipeline`. A *room* is a folder directly in the tree with all that is below it; a file at
the tree's root is a room of its own, named without `.py`. The tree's own `__init__.py` is no room.
"""

import ast
import errno
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath

IMPORT_ROOTS = frozenset({"lambdas"})  # folders that stand on the import path beside the project's
PACKAGE = "__init__.py"


@dataclass(frozen=True)
class Module:
    """A module is one Python file, as its source has it."""

    name: str
    """Others import it by this name: `pipeline.submit.handler`; a package by its folder's."""
    place: PurePosixPath
    """It lies there in the tree: `submit/handler.py`."""
    lines: int
    """The file has so many lines, comments and empty ones included."""
    doc: str
    """Its docstring says this; "" where it has none."""
    classes: tuple[str, ...]
    """It defines these public classes at its top level."""
    imported: frozenset[str]
    """It imports these names, at its top and inside functions: `from a import b` is `a.b`."""

    @property
    def is_package(self) -> bool:
        return self.place.name == PACKAGE

    @property
    def is_in_folder(self) -> bool:
        """Whether it lies in a folder of the tree, and not at the tree's root."""
        return len(self.place.parts) > 1

    @property
    def room(self) -> str:
        return self.place.parts[0].removesuffix(".py")


@dataclass(frozen=True)
class Tree:
    """A tree is the Python files below one folder of the project."""

    path: str
    """It lies there in the project: `lambdas/pipeline`."""
    files: tuple[Module, ...]
    """It holds these, ordered by their places, packages among them."""

    @cached_property
    def modules(self) -> tuple[Module, ...]:
        """The modules are the files that are no package."""
        return tuple(each for each in self.files if not each.is_package)

    @cached_property
    def packages(self) -> tuple[Module, ...]:
        """The packages are the `__init__.py` of folders below the tree's root."""
        return tuple(each for each in self.files if each.is_package and each.is_in_folder)

    @cached_property
    def rooms(self) -> Mapping[str, tuple[Module, ...]]:
        """Each room has these files, its packages among them."""
        in_rooms = sorted((*self.modules, *self.packages), key=lambda each: each.place)
        names = dict.fromkeys(each.room for each in in_rooms)
        return {name: tuple(each for each in in_rooms if each.room == name) for name in names}

    @cached_property
    def imports(self) -> Mapping[str, frozenset[str]]:
        """Each file of the tree, by its dotted name, imports these other files of the tree."""
        names = {each.name for each in self.files}
        return {
            each.name: frozenset(_those_of(names, each.imported) - {each.name})
            for each in self.files
        }

    @cached_property
    def room_imports(self) -> Mapping[str, frozenset[str]]:
        """Each room imports something of these other rooms."""
        room_of = {each.name: room for room, files in self.rooms.items() for each in files}
        return {
            room: frozenset(
                room_of[target]
                for each in files
                for target in self.imports[each.name]
                if room_of.get(target, room) != room
            )
            for room, files in self.rooms.items()
        }


def read_tree(project: Path, path: str) -> Tree:
    """The function reads the tree at `path` below the folder `project`.

    Raises `OSError` where the folder is missing, is a file, or holds no Python file, `SyntaxError`
    where a file is no Python.
    """
    root = project / path
    list(root.iterdir())  # raises where there is no folder; what follows would find it empty
    files = sorted(root.rglob("*.py"))
    if not files:
        raise FileNotFoundError(errno.ENOENT, "no Python file is in it", path)
    return Tree(path.rstrip("/"), tuple(_module(each, root, project) for each in files))


def _module(file: Path, root: Path, project: Path) -> Module:
    text = file.read_text("utf-8")
    parsed = ast.parse(text, str(file))
    parts = file.relative_to(project).with_suffix("").parts
    names = parts[1:] if parts[0] in IMPORT_ROOTS else parts
    package = names[:-1]
    return Module(
        name=".".join(package if file.name == PACKAGE else names),
        place=PurePosixPath(file.relative_to(root).as_posix()),
        lines=len(text.splitlines()),
        doc=ast.get_docstring(parsed) or "",
        classes=tuple(
            each.name
            for each in parsed.body
            if isinstance(each, ast.ClassDef) and not each.name.startswith("_")
        ),
        imported=frozenset(_imported(parsed, package)),
    )


def _imported(parsed: ast.Module, package: tuple[str, ...]) -> Iterator[str]:
    for node in ast.walk(parsed):
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else ()
            base = (*above, *filter(None, [node.module]))
            yield from (".".join((*base, each.name)) for each in node.names)


def _those_of(names: set[str], imported: frozenset[str]) -> set[str]:
    """The file that each imported name lies in: the longest beginning of it that is a file's."""
    found = set()
    for name in imported:
        parts = name.split(".")
        beginnings = (".".join(parts[:count]) for count in range(len(parts), 0, -1))
        found.update([each for each in beginnings if each in names][:1])
    return found
