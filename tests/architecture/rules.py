"""The rules of the layout; each says the faults that a tree has, one line for each."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

from docs.imports import Tree

MOST_IN_A_FOLDER = 14
FEWEST_LINES, MOST_LINES = 40, 320

Reasons = Mapping[str, str]
"""Exceptions from a rule, by what is excepted, each with its reason."""


def arrows_that_do_not_go_down(tree: Tree, order: Sequence[Sequence[str]]) -> list[str]:
    """Rooms may import those of later steps of `order` only: never one of their own step.

    A room without a place in the order is a fault, and so is a place without a room.
    """
    step = {room: number for number, rooms in enumerate(order) for room in rooms}
    lost = [f"{room} has no place in the order" for room in tree.rooms if room not in step]
    lost += [f"{room} is in the order and not in the tree" for room in step.keys() - tree.rooms]
    return lost + [
        f"{room} imports {target}"
        for room, targets in tree.room_imports.items()
        for target in sorted(targets)
        if room in step and target in step and step[target] <= step[room]
    ]


def imports_of(tree: Tree, packages: Iterable[str]) -> list[str]:
    """No file of the tree may import one of these top-level packages."""
    forbidden = set(packages)
    return [
        f"{each.name} imports {name}"
        for each in tree.files
        for name in sorted(each.imported)
        if name.split(".")[0] in forbidden
    ]


def names_with_ing(tree: Tree) -> list[str]:
    """No file or folder may be named like another one's verb plus `ing`."""
    names = {each.place.stem for each in tree.modules}
    names |= {part for each in tree.files for part in each.place.parts[:-1]}
    twins = {twin: name for name in names for twin in _with_ing(name)}
    return [f"{twin} beside {twins[twin]}" for twin in sorted(names & twins.keys())]


def _with_ing(verb: str) -> set[str]:
    twins = {f"{verb}ing", f"{verb}{verb[-1]}ing"}
    return twins | {f"{verb[:-1]}ing"} if verb.endswith("e") else twins


def full_folders(tree: Tree) -> list[str]:
    """No folder may hold more modules directly than `MOST_IN_A_FOLDER`."""
    counts = Counter(each.place.parent for each in tree.modules)
    return [f"{where}: {count}" for where, count in counts.items() if count > MOST_IN_A_FOLDER]


def sizes_out_of_bounds(tree: Tree, excepted: Reasons) -> list[str]:
    """A module has `FEWEST_LINES` to `MOST_LINES` lines, or a reason, by its place in the tree.

    A reason that no module needs is a fault.
    """
    out = {
        str(each.place): each.lines
        for each in tree.modules
        if not FEWEST_LINES <= each.lines <= MOST_LINES
    }
    return [f"{where}: {out[where]} lines" for where in out.keys() - excepted] + [
        f"{where}: needs no exception" for where in excepted.keys() - out
    ]


def classes_of_one_name(tree: Tree, excepted: Reasons) -> list[str]:
    """Public classes have names of their own, or a reason to share one.

    A reason that no class needs is a fault.
    """
    places = defaultdict(list)
    for module in tree.files:
        for name in module.classes:
            places[name].append(module.name)
    shared = {name: modules for name, modules in places.items() if len(modules) > 1}
    return [f"{name}: {', '.join(shared[name])}" for name in sorted(shared.keys() - excepted)] + [
        f"{name}: needs no exception" for name in excepted.keys() - shared
    ]
