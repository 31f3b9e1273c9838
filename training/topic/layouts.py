"""How a table holds codes and their texts, and reading them out of it.

A *layout* says in which columns a code and its text stand. Published workbooks put codes of each
level in a column of its own, with the label in the next cell, begin with a title and end with notes
and a copyright line; tables of one's own have two columns and no note.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from training.errors import TopicError
from training.topic.source_tables import SourceTable, column_of, source_tables

INVERTED = re.compile(r"([^,:()]+), ([^,:()]+)")  # "Engineer, civil"


@dataclass(frozen=True, slots=True)
class CodeColumn:
    """A column that holds a row's code."""

    names: tuple[str, ...]
    """The names that it may have, or `#` and its number."""
    form: str = ""
    """What a code looks like there, as a regular expression for all of it; "" for anything."""
    keep: int | None = None
    """How many characters of it are the topic's code; None for all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Where the codes and the texts of a table stand."""

    code: tuple[CodeColumn, ...]
    """Columns for the code, of which a row fills one; the first that has a code counts."""
    text: tuple[str, ...] = ()
    """The names that the column of texts may have; () for the next cell with something in it to the
    right of the code."""
    more: tuple[str, ...] = ()
    """Names of a column with another text for the same code; most of its cells may be empty."""
    sheet: str | None = None
    """The sheet of a workbook; None for the first with these columns."""
    digits: int | str | None = None
    """How many digits a code has, as a number or as the column that says so: Excel drops zeros in
    front of a number. None: as many as stand there."""
    split: str = ""
    """What stands between several texts of one cell, as a regular expression; "" for one text."""
    inverted: bool = False
    """Whether "Engineer, civil" is there for "civil Engineer"."""

    @property
    def is_published(self) -> bool:
        """Whether codes have a form, so that rows without one are titles and notes, not faults."""
        return all(column.form for column in self.code)

    @property
    def names(self) -> list[tuple[str, ...]]:
        """For each column that must be there the names that it may have."""
        told = [(self.digits,)] if isinstance(self.digits, str) else []
        return [*(each.names for each in self.code), *([self.text] if self.text else []), *told]


@dataclass(frozen=True, slots=True)
class TextRow:
    """A code with one of its texts."""

    line: int
    """The number of its row, as a person sees it."""
    code: str
    text: str


@dataclass(frozen=True, slots=True)
class Reading:
    """What a table holds."""

    table: SourceTable
    rows: Sequence[TextRow]
    notes: Sequence[int]
    """The numbers of rows without a code or without a text, which are passed over."""
    is_published: bool
    """As its layout's: notes, and codes that nobody knows, are to be expected."""


def read_table(
    path: Path,
    layouts: Sequence[Layout],
    *,
    option: str,
    sheet: str | None = None,
    header: int | None = None,
) -> Reading:
    """The codes and texts of a file, by the first of the layouts whose columns it has.

    `option` is the beginning of the command's options about this table; `sheet` and `header` (a
    row's number) are what somebody gave for them. Raises `TopicError` if the file is no table, no
    layout fits, or a row of a table without notes is not whole.
    """
    names = [name for each in layouts for column in each.names for name in column]
    tables = source_tables(path, names, sheet)
    for layout in layouts:
        for table in tables:
            if layout.sheet and not sheet and table.sheet not in (None, layout.sheet):
                continue
            place = _header(table, layout, header)
            if place is not None:
                return _read(table, layout, place, option)
    raise _no_layout(tables, layouts, option, header)


def _header(table: SourceTable, layout: Layout, header: int | None) -> int | None:
    """The place of the header; -1 where the columns are numbered and codes tell the rows."""
    are_numbered = all(names[0].startswith("#") for names in layout.names)
    if not are_numbered:
        return table.header(layout.names, header)
    if header is not None:
        return next((at for at, (number, _) in enumerate(table.rows) if number == header), None)
    if not layout.is_published:
        return 0 if table.rows else None
    forms = [(int(each.names[0][1:]) - 1, each.form) for each in layout.code]
    found = any(
        place < len(cells) and re.fullmatch(form, cells[place])
        for _, cells in table.rows
        for place, form in forms
    )
    return -1 if found else None


def _no_layout(
    tables: Sequence[SourceTable], layouts: Sequence[Layout], option: str, header: int | None
) -> TopicError:
    wanted = " and ".join(f"“{names[0]}”" for names in layouts[0].names)
    sheets = [table.sheet for table in tables if table.sheet is not None]
    named = next((each.sheet for each in layouts if each.sheet), None)
    remedy = (
        f"Name the columns with --{option}-code and --{option}-text, by name or as #1, #2"
        + (f"; the sheet with --{option}-sheet" if sheets else "")
        + f"; the row of the header with --{option}-header"
    )
    if named and sheets and named not in sheets:
        listed = ", ".join(f"“{sheet}”" for sheet in sheets[:8])
        problem = f"there is no sheet “{named}”, the sheets are {listed}"
        return TopicError(tables[0].path, None, problem, remedy)
    table = next((table for table in tables if table.sheet == named), tables[0])
    problem = f"no row has the columns {wanted}; found are {table.columns(header)}"
    return table.fault(header, problem, remedy)


def _read(table: SourceTable, layout: Layout, header: int, option: str) -> Reading:
    names = table.rows[header][1] if header >= 0 else ()
    codes = [(_place(each.names, names), each) for each in layout.code]
    text = _place(layout.text, names) if layout.text else None
    digits = _place((layout.digits,), names) if isinstance(layout.digits, str) else None
    more = column_of(layout.more, names) if layout.more else None
    rows: list[TextRow] = []
    notes = []
    for number, cells in table.rows[header + 1 :]:
        if not layout.is_published and any(cells[len(names) :]):
            problem = "the row has more cells than the header"
            raise table.fault(number, problem, "Put a text that has commas between quotes")
        found = _code(cells, codes)
        place, code = found or (-1, "")
        written = _cell(cells, text) if text is not None else _next(cells, place)
        if found is None or not written:
            if not layout.is_published:
                problem = "the row has no text" if found else "the row has no code"
                remedy = f"Fill it, or name other columns with --{option}-code and --{option}-text"
                raise table.fault(number, problem, remedy)
            notes.append(number)
            continue
        width = _cell(cells, digits) if digits is not None else str(layout.digits or "")
        code = code.zfill(int(width)) if width.isdigit() else code
        rows += [TextRow(number, code, each) for each in _texts(layout, written)]
        other = _cell(cells, more) if more is not None else ""
        if other and other.casefold() != "n/a":
            rows.append(TextRow(number, code, _clean(other)))
    return Reading(table, rows, notes, layout.is_published)


def _place(names: Sequence[str], header: Sequence[str]) -> int:
    place = column_of(names, header)
    return int(names[0][1:]) - 1 if place is None else place


def _code(
    cells: Sequence[str], columns: Sequence[tuple[int, CodeColumn]]
) -> tuple[int, str] | None:
    """The place of the cell with the row's code, and the code."""
    for place, column in columns:
        cell = _cell(cells, place)
        if cell and (not column.form or re.fullmatch(column.form, cell)):
            return place, cell[: column.keep]
    return None


def _cell(cells: Sequence[str], place: int) -> str:
    return cells[place] if place < len(cells) else ""


def _next(cells: Sequence[str], place: int) -> str:
    return next((cell for cell in cells[place + 1 :] if cell), "")


def _texts(layout: Layout, written: str) -> list[str]:
    parts = re.split(layout.split, written) if layout.split else [written]
    texts = [_clean(part) for part in parts]
    if layout.inverted:
        texts = [
            INVERTED.sub(r"\2 \1", text) if INVERTED.fullmatch(text) else text for text in texts
        ]
    return [text for text in texts if any(map(str.isalnum, text))]


def _clean(text: str) -> str:
    return " ".join(text.split())
