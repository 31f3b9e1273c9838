"""This program prints figures of the project's trees: `python -m docs.rooms [--tree PATH …]`.

With `--project DIR` it reads another checkout, so that one script measures before and after. It
makes two blocks of the documents too: a picture of a tree's rooms and a table of them. What a
tree and a room are: `docs.imports`.
"""

import argparse
import re
import statistics
from collections import Counter
from collections.abc import Iterator, Mapping, Set
from pathlib import Path, PurePosixPath

from docs.arrows import in_circles, levels, reachable, without_implied
from docs.imports import Module, Tree, read_tree
from docs.tables import markdown_table

TREES = (
    "lambdas/pipeline",
    "lambdas/tables",
    "lambdas/coding_service",
    "lambdas/coding_service/coder",
    "training",
    "infra",
    "bench",
    "simulation",
    "dropcoder",
)
"""These trees are measured where none are named; one that a checkout lacks is left out."""

SHARED_BY = 1 / 3  # a file that fewer rooms import is drawn with its arrows
_NO_PROSE = ("|", "    ", "- ", "* ", ":")  # how a paragraph begins that is a table, code, a list


def figures(tree: Tree) -> dict[str, str]:
    """The figures of a tree have these definitions, by the name of their row.

    - *modules*: the Python files other than `__init__.py`; all counts and lines are of these.
    - *lines*, *median lines*: lines of the files, comments and empty lines included; the median
      is rounded to an even number where it lies between two.
    - *smallest*, *largest*: their places in the tree, with their lines.
    - *most in a folder*: modules directly in one folder, folders below it not counted.
    - *rooms*: folders directly in the tree, and files at its root.
    - *arrows between rooms*: pairs of rooms of which the first imports something of the second,
      however many imports say so. Imports inside functions and for types alone count too.
    - *layers*: rooms in the longest chain of such arrows; rooms in a circle count as one layer.
    - *rooms in circles*: rooms that import each other, directly or by way of others.
    - *import depth*: files in the longest chain of imports within the tree, packages included;
      files in a circle count as one.
    - *arrows a module*: pairs of files of the tree of which the first imports the second, packages
      included, divided by *modules*.
    """
    by_size = sorted(tree.modules, key=lambda each: (each.lines, each.place))
    folders = Counter(each.place.parent for each in tree.modules)
    fullest, most = max(folders.items(), key=lambda item: (item[1], str(item[0])))
    imports = sum(map(len, tree.imports.values()))
    sizes = [each.lines for each in tree.modules]
    return {
        "modules": f"{len(sizes)}",
        "lines": f"{sum(sizes):,}",
        "median lines": f"{round(statistics.median(sizes))}",
        "smallest": _sized(by_size[0]),
        "largest": _sized(by_size[-1]),
        "under 40 lines": f"{sum(size < 40 for size in sizes)}",  # noqa: PLR2004
        "under 60 lines": f"{sum(size < 60 for size in sizes)}",  # noqa: PLR2004
        "most in a folder": f"{most} (`{PurePosixPath(tree.path) / fullest}`)",
        "rooms": f"{len(tree.rooms)}",
        "layers": f"{max(levels(tree.room_imports).values())}",
        "arrows between rooms": f"{sum(map(len, tree.room_imports.values()))}",
        "rooms in circles": f"{len(in_circles(tree.room_imports))}",
        "import depth": f"{max(levels(tree.imports).values())}",
        "arrows a module": f"{imports / len(sizes):.1f}",
    }


def figures_table(trees: list[Tree]) -> str:
    """The Markdown table has a row for each figure and a column for each tree."""
    columns = [figures(tree) for tree in trees]
    rows = [(name, *(column[name] for column in columns)) for name in columns[0]]
    return markdown_table(("", *(f"`{tree.path}`" for tree in trees)), rows)


def room_picture(tree: Tree) -> str:
    """The block is a Mermaid flowchart of the rooms, with a line that says what it leaves out.

    An arrow leads from a room to one that it imports. Left out are arrows that a longer way
    implies, and the arrows of *shared files*, which are one box at the bottom: files at the
    tree's root that import no folder and that at least a third of the other rooms import.
    """
    shared = _shared(tree)
    drawn = {
        room: targets - shared for room, targets in tree.room_imports.items() if room not in shared
    }
    lines = "".join(f"    {line}\n" for line in _flowchart(tree, drawn, shared))
    left_out = "an arrow that a longer way implies"
    if shared:
        named = ", ".join(f"`{each}`" for each in sorted(shared))
        left_out += f", and the arrows of what is shared ({named})"
    return (
        f"```mermaid\nflowchart TD\n{lines}```\n\n"
        f"An arrow leads from what imports to what is imported. Left out: {left_out}.\n"
    )


def room_table(tree: Tree) -> str:
    """The Markdown table has a row for each folder below the tree's root, then for each file there.

    The second column says what belongs in a folder and what does not: it is the first paragraph of
    the docstring of its `__init__.py`, and the second where that is prose. For a file it is the
    first paragraph of its own docstring.
    """
    rows = [
        (f"`{folder.place.parent}/`", _purpose(folder), ", ".join(_modules_in(tree, folder)))
        for folder in sorted(tree.packages, key=lambda each: each.place)
    ]
    rows += [
        (f"`{file.place}`", _purpose(file), "") for file in tree.modules if not file.is_in_folder
    ]
    return markdown_table(("room", "what belongs there and what does not", "modules"), rows)


def _sized(module: Module) -> str:
    return f"{module.lines} (`{module.place}`)"


def _shared(tree: Tree) -> set[str]:
    files = {each.room for each in tree.modules if not each.is_in_folder}
    after = reachable(tree.room_imports)
    used = Counter(target for targets in tree.room_imports.values() for target in targets)
    enough = SHARED_BY * (len(tree.rooms) - 1)
    return {each for each in files if after[each] <= files and 0 < used[each] >= enough}


def _flowchart(tree: Tree, drawn: Mapping[str, Set[str]], shared: Set[str]) -> Iterator[str]:
    folders = {each.room for each in (*tree.modules, *tree.packages) if each.is_in_folder}
    depth, kept = levels(drawn), without_implied(drawn)
    from_the_top = sorted(drawn, key=lambda room: (-depth[room], room))
    for room in from_the_top:
        yield f'{_id(room)}["{room}{"/" if room in folders else ".py"}"]'
    for room in from_the_top:
        yield from (f"{_id(room)} --> {_id(target)}" for target in kept[room])
    if shared:
        yield f'shared["shared: {", ".join(sorted(shared))}"]'
        # Links that are not drawn keep the box below all others.
        yield from (f"{_id(room)} ~~~ shared" for room in from_the_top if not kept[room])


def _id(room: str) -> str:
    """A name that Mermaid takes: a bare `end` or `class` would be a word of its grammar."""
    return "room_" + re.sub(r"\W", "_", room)


def _purpose(module: Module) -> str:
    first, *others = module.doc.split("\n\n")
    if module.is_package and others and not others[0].startswith(_NO_PROSE):
        first += f" {others[0]}"
    return " ".join(first.split())


def _modules_in(tree: Tree, folder: Module) -> list[str]:
    inside = folder.place.parent
    return [f"`{each.place.stem}`" for each in tree.modules if each.place.parent == inside]


def main() -> None:
    """The program prints the table of figures."""
    parser = argparse.ArgumentParser(prog="python -m docs.rooms", description=main.__doc__)
    parser.add_argument("--project", type=Path, default=Path(), help="folder of the checkout")
    parser.add_argument("--tree", action="append", help="folder in it; may be given many times")
    asked = parser.parse_args()
    paths = asked.tree or [path for path in TREES if (asked.project / path).is_dir()]
    print(figures_table([read_tree(asked.project, path) for path in paths]), end="")


if __name__ == "__main__":
    main()
