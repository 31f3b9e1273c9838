"""Finds the columns that a model's fields, and the ids, are read from.

For each field in this order: the columns that somebody mapped, the one that is called like the
field, the only one with a name that the field is known by. What is not certain is refused, with
the line that would make it so.
"""

import re
from collections.abc import Iterable, Sequence
from functools import cache

from protocol.records import RECORD_ID
from tables.errors import TableRefused
from tables.mapping.advice import advice, many_called, nearest
from tables.mapping.names import KNOWN_NAMES, RECORD_ID_NAMES, listed, plain_name, shown
from tables.plan import ColumnMapping, TableOptions
from tables.rows import Cell

MAX_COLUMNS = 16_384  # Excel's limit, for every format; ours
MAX_NAME_CHARACTERS = 1000  # a longer cell is no column's name that anybody knows; ours
MAX_NUMBER_DIGITS = 5  # of MAX_COLUMNS
NUMBER = re.compile(rf"#(\d{{1,{MAX_NUMBER_DIGITS}}})")
"""A column by its number, from 1, for those that have no name or share it."""


def fields_named(cells: Sequence[Cell], options: TableOptions) -> int:
    """How many of the model's fields, recordId not counted, the row has a column's name for."""
    exact = {
        cell
        for cell in cells[:MAX_COLUMNS]
        if isinstance(cell, str) and 0 < len(cell) <= MAX_NAME_CHARACTERS
    }
    plain = set(map(plain_name, exact)) - {""}
    asked = _asked(options)
    named = 0
    for field in options.fields:
        if field in asked:
            named += any(
                name in exact or plain_name(name) in plain or _has_number(name, cells)
                for name in asked[field]
            )
        else:
            named += not plain.isdisjoint({plain_name(field)} | _known(field))
    return named


def _has_number(name: str, cells: Sequence[Cell]) -> bool:
    """Whether `name` is the number of a column that a row like a header has: most cells text."""
    number = NUMBER.fullmatch(name)
    if not number or not 0 < int(number[1]) <= len(cells):
        return False
    texts = sum(isinstance(c, str) and not c.isspace() and c != "" for c in cells[:MAX_COLUMNS])
    return texts * 2 > min(len(cells), MAX_COLUMNS)


def mapped(columns: Sequence[str], options: TableOptions) -> ColumnMapping:
    """Which columns of a table the fields and the ids are read from.

    Raises `TableRefused` where that is not certain, or where no field has a column.
    """
    if not columns:
        raise TableRefused("The table has no columns.", "Drop a table with a column of texts.")
    if len(columns) > MAX_COLUMNS:
        raise TableRefused(
            f"The table has {len(columns):,} columns; at most {MAX_COLUMNS:,} are read.",
            "Keep the columns with the texts and an id, and drop it again.",
        )
    return _Search(columns, options).mapping()


class _Search:
    """The search in one table; `_found` grows field by field."""

    def __init__(self, columns: Sequence[str], options: TableOptions) -> None:
        self._columns = columns
        self._options = options
        self._asked = _asked(options)
        self._found: dict[str, tuple[int, ...]] = {}
        self._exact: dict[str, list[int]] = {}
        self._plain: dict[str, list[int]] = {}
        for place, name in enumerate(columns):
            self._exact.setdefault(name, []).append(place)
            self._plain.setdefault(plain_name(name), []).append(place)
        self._plain.pop("", None)

    def mapping(self) -> ColumnMapping:
        """The whole mapping."""
        fields = self._options.fields
        for field, names in self._asked.items():
            self._found[field] = tuple(dict.fromkeys(self._named(n, field) for n in names))
        for field in fields:
            if field not in self._found:
                self._found[field] = self._by_known_name(field)
        if not any(self._found[field] for field in fields):
            raise self._none_found()
        ids = self._found[RECORD_ID] if RECORD_ID in self._found else self._ids()
        return ColumnMapping(
            fields={field: self._found[field] for field in fields},
            record_id=ids[0] if ids else None,
        )

    def _named(self, name: str, field: str) -> int:
        """The column that somebody mapped by `name`: its text, its number, its plain name."""
        number = NUMBER.fullmatch(name)
        places = self._exact.get(name) if name else None
        if not places and number:
            places = [int(number[1]) - 1]
            if not 0 < int(number[1]) <= len(self._columns):
                raise self._missing(name, field)
        places = places or self._plain.get(plain_name(name))
        if not places:
            raise self._missing(name, field)
        if len(places) > 1:
            raise self._uncertain(field, places)
        return places[0]

    def _by_known_name(self, field: str) -> tuple[int, ...]:
        """The column that is called like the field, else by a name that it is known by."""
        places = self._free(self._exact.get(field, ())) or self._free(
            self._plain.get(plain_name(field), ())
        )
        if not places:
            known = sorted(_known(field))
            places = self._free(p for name in known for p in self._plain.get(name, ()))
        if len(places) > 1:
            raise self._uncertain(field, sorted(places))
        return tuple(places)

    def _ids(self) -> Sequence[int]:
        """The column of ids: the one called recordId, else the only one that may be it."""
        for places in (self._exact.get(RECORD_ID, ()), self._plain.get(plain_name(RECORD_ID), ())):
            if free := self._free(places):
                return free if len(free) == 1 else ()
        names = map(plain_name, RECORD_ID_NAMES)
        free = self._free(p for name in names for p in self._plain.get(name, ()))
        return free if len(free) == 1 else ()

    def _free(self, places: Iterable[int]) -> list[int]:
        """Those of `places` that nothing else is read from."""
        taken = {place for found in self._found.values() for place in found}
        return [place for place in places if place not in taken]

    def _uncertain(self, field: str, places: Sequence[int]) -> TableRefused:
        return TableRefused(
            many_called(self._columns, field, places),
            advice(self._columns, self._found | {field: (places[0],)}),
        )

    def _missing(self, name: str, field: str) -> TableRefused:
        guess = self._free(nearest(self._columns, [plain_name(name)])) or self._guess(field)
        return TableRefused(
            f"{field} is mapped to the column “{shown(name)}”, which the table lacks; it has "
            f"{listed(self._columns)}.",
            advice(self._columns, self._found | {field: tuple(guess[:1]) or (0,)}),
        )

    def _none_found(self) -> TableRefused:
        field = self._options.fields[0]
        guess = self._guess(field)
        near = f" Nearest: {listed([self._columns[p] for p in guess], room=90)}." if guess else ""
        fields = " or ".join(map(shown, self._options.fields[:3]))
        return TableRefused(
            f"No column is known as {fields}. The table has "
            f"{listed(self._columns, room=60 if guess else 150)}.{near}",
            advice(self._columns, {field: tuple(guess[:1]) or (0,)}),
        )

    def _guess(self, field: str) -> list[int]:
        known = [plain_name(field), *sorted(_known(field))]
        return self._free(nearest(self._columns, known))


def _asked(options: TableOptions) -> dict[str, tuple[str, ...]]:
    """What somebody mapped, by the model's own names of its fields.

    Raises `TableRefused` for a field that the model lacks, and for two columns of ids.
    """
    own = {plain_name(field): field for field in (RECORD_ID, *options.fields)}
    asked = {}
    for name, columns in options.columns.items():
        field = own.get(plain_name(name))
        if field is None:
            raise TableRefused(
                f"A column is mapped to “{shown(name)}”, which is no field of the model.",
                f"The fields are {listed(options.fields)}; recordId may be mapped too.",
            )
        asked[field] = columns
    if len(asked.get(RECORD_ID, ())) > 1:
        raise TableRefused(
            f"recordId is mapped to {len(asked[RECORD_ID])} columns.",
            "Map it to one column, or to none: the number of the row then stands for it.",
        )
    return asked


@cache
def _known(field: str) -> frozenset[str]:
    """The plain names that the field is known by."""
    return frozenset(map(plain_name, KNOWN_NAMES.get(field, ()))) - {""}
