"""Reading a topic's `codes.csv`: every code of every level, each with its parent."""

import csv
from collections.abc import Iterator, Mapping
from pathlib import Path

from coding_service.coder.code_tree import Code, Hierarchy
from training.errors import TopicError
from training.topic.settings_yaml import read_text

COLUMNS = ["code", "label", "parent"]


def read_codes(path: Path, lengths: tuple[int, ...]) -> Hierarchy:
    """The codes of a topic.

    `lengths` are the characters of a code at each level, from the top down. Raises `TopicError` if
    a row is not code,label,parent, a code stands twice, has a length of no level, or its parent is
    not the code one level up.
    """
    codes: dict[str, Code] = {}
    lines: dict[str, int] = {}
    for line, each in _rows(path):
        if each.code in codes:
            earlier = lines[each.code]
            raise TopicError(
                path, line, f"code {each.code} also stands in line {earlier}", "Remove one"
            )
        if len(each.code) not in lengths:
            wanted = ", ".join(map(str, lengths))
            problem = f"code {each.code} has {len(each.code)} characters"
            raise TopicError(path, line, problem, f"The levels of the topic have {wanted}")
        codes[each.code], lines[each.code] = each, line
    for code, each in codes.items():
        _check_parent(path, lines[code], each, codes, lengths)
    hierarchy = Hierarchy.of(lengths, list(codes.values()))
    if not hierarchy.leaves:
        problem = f"no code has {lengths[-1]} characters"
        raise TopicError(path, None, problem, "Add codes of the deepest level")
    return hierarchy


def _rows(path: Path) -> Iterator[tuple[int, Code]]:
    rows = csv.reader(read_text(path).splitlines())
    header = next(rows, [])
    if header != COLUMNS:
        problem = f"the header is {','.join(header)!r}"
        raise TopicError(path, 1, problem, f"Write {','.join(COLUMNS)}")
    for row in rows:
        cells = [cell.strip() for cell in row]
        if cells and (len(cells) != len(COLUMNS) or not all(cells[:2])):
            problem = "the row is not code,label,parent"
            raise TopicError(path, rows.line_num, problem, "Quote a label that has commas")
        if cells:
            yield rows.line_num, Code(*cells)


def _check_parent(
    path: Path, line: int, each: Code, codes: Mapping[str, Code], lengths: tuple[int, ...]
) -> None:
    level = lengths.index(len(each.code))
    if level == 0 and each.parent:
        problem = f"top code {each.code} has a parent"
        raise TopicError(path, line, problem, "Leave its parent empty")
    if level > 0 and (each.parent not in codes or len(each.parent) != lengths[level - 1]):
        problem = f"the parent of {each.code}, {each.parent!r}, is not a code of the level above"
        remedy = f"Name a parent of {lengths[level - 1]} characters that has a row of its own"
        raise TopicError(path, line, problem, remedy)
