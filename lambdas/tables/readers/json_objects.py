"""Objects as they are written in JSON, made rows of cells in the order of the columns.

Most are read by msgspec as they stand. Where it refuses one, or may have passed over a name that
stands twice, Python's own decoder looks, which is slower and takes more: NaN, raw newlines in
texts, halves of characters.
"""

import json
import re
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from tables.mapping.names import shown
from tables.readers.json_faults import TOO_DEEP, ends_early, no_json, no_object
from tables.rows import Cell, Written

MAX_FIELDS = 2_000  # different ones in a file: a row is as long as its last; ours
MAX_FIELD_CHARACTERS = 200  # of a field's name: they stand in the plan; ours
MAX_DEPTH = 50  # of lists and objects in a value; ours
MAX_BATCH_CELLS = 1 << 19  # however few bytes they take; ours

NOT_AS_IT_STANDS = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
NAME_END = re.compile(rb'"[ \t\r\n]*:')
ESCAPE = re.compile(
    r"\\(?:u([dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})"
    r"|(u[dD][89a-fA-F][0-9a-fA-F]{2})|.)"
)
BYTE_ORDER_MARK = "\ufeff"
OF_ONE_VALUE = {str, Written, bool, type(None)}

_decode = msgspec.json.Decoder(dict[str, Any], float_hook=Written).decode


class ObjectFault(ValueError):
    """The text is no object that can be taken; says why."""

    may_go_on = False
    """Whether more text behind it could make it one."""


Read = dict[str, Any] | str | None
"""What is known of a text: the object, or why it is none; None where nobody has looked closely."""


class JsonObjects:
    """Gives objects their cells; knows the columns so far, in the order of first appearance."""

    def __init__(self, columns: Iterable[str]) -> None:
        self.columns = list(columns)
        """The names of the fields so far."""
        self._places = {name: place for place, name in enumerate(self.columns)}

    def rows(
        self, written: Sequence[bytes], read: Sequence[Read]
    ) -> tuple[list[Sequence[Cell]], dict[int, str]]:
        """The cells of each object, and the faults of those that have none, by place.

        `read` is what `read_quickly` gave. Takes as many as make `MAX_BATCH_CELLS`, at least one.
        """
        cells: list[Sequence[Cell]] = []
        faults: dict[int, str] = {}
        room = MAX_BATCH_CELLS
        for text, found in zip(written, read, strict=True):
            try:
                row = self._cells(_object_of(text, found), text)
            except ObjectFault as fault:
                faults[len(cells)] = str(fault)
                row = []
            room -= len(row)
            if room < 0 and cells:
                break
            cells.append(row)
        return cells, faults

    def _cells(self, found: dict[str, Any], text: bytes) -> list[Cell]:
        values = list(found.values())
        if not OF_ONE_VALUE.issuperset(map(type, values)):
            values = _checked(found, text)
        if list(found) == self.columns:
            return values
        return self._placed(found, values)

    def _placed(self, found: dict[str, Any], values: list[Cell]) -> list[Cell]:
        new = [name for name in found if name not in self._places]
        if new:
            self._add(new)
        places = [self._places[name] for name in found]
        row: list[Cell] = [None] * (max(places, default=-1) + 1)
        for place, value in zip(places, values, strict=True):
            row[place] = value
        return row

    def _add(self, names: list[str]) -> None:
        if len(self.columns) + len(names) > MAX_FIELDS:
            raise ObjectFault(
                f"brings the field “{shown(names[0])}” to a file that has {len(self.columns):,} "
                f"already; at most {MAX_FIELDS:,} different ones are taken"
            )
        for name in names:
            if len(name) > MAX_FIELD_CHARACTERS:
                raise ObjectFault(
                    f"has a field whose name is {len(name):,} characters long, “{shown(name)}”; at "
                    f"most {MAX_FIELD_CHARACTERS} are taken"
                )
        self._places.update(zip(names, range(len(self.columns), MAX_FIELDS), strict=False))
        self.columns += names


def _object_of(text: bytes, read: Read) -> dict[str, Any]:
    if isinstance(read, str):
        raise ObjectFault(read)
    return read_object(text) if read is None else read


def read_quickly(written: Sequence[bytes]) -> list[Read]:
    """Each object as msgspec reads it; None where `read_object` has to look."""
    try:
        found: list[dict[str, Any] | None] = list(map(_decode, written))
    except NOT_AS_IT_STANDS:
        found = list(map(_decoded_alone, written))
    return [
        read if read is None or text.count(b":") == len(read) or _once_each(text, read) else None
        for text, read in zip(written, found, strict=True)
    ]


def _decoded_alone(text: bytes) -> dict[str, Any] | None:
    try:
        return _decode(text)
    except NOT_AS_IT_STANDS:
        return None


def _once_each(text: bytes, found: dict[str, Any]) -> bool:
    """Whether no name can stand twice: there are as many ends of names as there are names.

    Names in a value, or texts with a quote and a colon, make it uncertain."""
    return len(NAME_END.findall(text)) == len(found)


def read_object(text: bytes) -> dict[str, Any]:
    """The object that a careful look finds in `text`. Raises `ObjectFault`."""
    readable = text.decode(errors="replace").removeprefix(BYTE_ORDER_MARK)
    try:
        found = _CAREFUL.decode(ESCAPE.sub(_whole_characters, readable))
    except json.JSONDecodeError as error:
        raise _fault(error) from None
    except RecursionError:
        raise ObjectFault(TOO_DEEP) from None
    if not isinstance(found, dict):
        raise ObjectFault(no_object(readable))
    return found


def _fault(error: json.JSONDecodeError) -> ObjectFault:
    if error.doc.lstrip()[:1] != "{":
        return ObjectFault(no_object(error.doc))
    fault = ObjectFault(no_json(error))
    fault.may_go_on = ends_early(error)
    return fault


def _whole_characters(escape: re.Match[str]) -> str:
    """The escape as it stands; of half a character alone, U+FFFD."""
    return r"\ufffd" if escape[2] else escape[0]


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        seen: set[str] = set()
        for name, _ in pairs:
            if name in seen:
                raise ObjectFault(f"has the field “{shown(name)}” twice; keep one of them")
            seen.add(name)
    return found


_CAREFUL = json.JSONDecoder(
    object_pairs_hook=_unique,
    parse_float=Written,
    parse_int=Written,
    parse_constant=Written,
    strict=False,
)


def _checked(found: dict[str, Any], text: bytes) -> list[Cell]:
    """The values with each number as it is written. Raises `ObjectFault` for a nested one that is
    too deep."""
    values = list(found.values())
    if 0 in values and b"-0" in text:  # msgspec knows one zero
        values = list(read_object(text).values())
    return [
        value
        if type(value) in OF_ONE_VALUE
        else Written(value)
        if type(value) is int
        else _shallow(value)
        for value in values
    ]


def _shallow(value: Any) -> Any:
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [
            each
            for holder in level
            if isinstance(holder, list | dict)
            for each in (holder.values() if isinstance(holder, dict) else holder)
        ]
        if not level:
            return value
    raise ObjectFault(TOO_DEEP)
