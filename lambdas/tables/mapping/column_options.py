"""What people say about a table: in an object's metadata, in columns.yaml, in one line of text."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches
from email.errors import MessageError
from email.header import decode_header, make_header
from typing import Any

from tables.errors import TableRefused
from tables.mapping.columns_file import content_of
from tables.mapping.names import listed, plain_name, shown
from tables.plan import TableOptions
from tables.text.encodings import known_encoding

EXAMPLE = "Write it like this: occp_text=Job title + Industry; tasks_text=Duties"
YES_AND_NO = {"true": True, "yes": True, "on": True, "1": True} | dict.fromkeys(
    ("false", "no", "off", "0"), False
)
MAX_SHEET_CHARACTERS = 31  # Excel's limit

PIECE = re.compile(r'"((?:[^"]|"")*)"|([;+\n])|([^";+\n]+)|(")')
"""Of a mapping: a name in quotes, what separates, a name without, a quote that nothing closes."""


def parse_columns(text: str) -> dict[str, tuple[str, ...]]:
    """Field → names of columns, of a text such as `occp_text=Job title + Industry; tasks_text=`.

    A name with `;`, `+` or `"` in it stands in double quotes, its own quotes doubled. A field with
    nothing behind its `=` has no column. Raises `TableRefused`.
    """
    columns: dict[str, tuple[str, ...]] = {}
    for entry in _entries(text):
        field, equals, first = entry[0][0].partition("=")
        field = field.strip()
        if not equals or not field or entry[0][1]:
            raise _no_mapping(f"In the mapping of columns “{shown(text)}” a part has no “field=”.")
        if field in columns:
            raise _no_mapping(f"The mapping of columns names {shown(field)} twice.")
        columns[field] = _names_of([(first, False), *entry[1:]], field)
    if not columns:
        raise _no_mapping("The mapping of columns is empty.")
    return columns


Piece = tuple[str, bool]
"""A text, and whether it stood in quotes; `+` without them separates."""


def _entries(text: str) -> list[list[Piece]]:
    """What stands between semicolons or newlines, without the empty ones."""
    entries: list[list[Piece]] = [[]]
    for quoted, mark, plain, lone in (match.groups() for match in PIECE.finditer(text)):
        if lone:
            raise _no_mapping("The mapping of columns has a double quote that nothing closes.")
        if mark and mark != "+":
            entries.append([])
        elif mark:
            entries[-1].append(("+", False))
        elif plain is not None:
            entries[-1].append((plain, False))
        else:
            entries[-1].append((quoted.replace('""', '"'), True))
    return [entry for entry in entries if any(piece[0].strip() for piece in entry)]


def _names_of(pieces: Sequence[Piece], field: str) -> tuple[str, ...]:
    """The names that plus signs separate; () where there is nothing at all."""
    names: list[list[Piece]] = [[]]
    for piece in pieces:
        if piece == ("+", False):
            names.append([])
        elif piece[1] or piece[0].strip():
            names[-1].append(piece)
    if names == [[]]:
        return ()
    for name in names:
        if len(name) != 1:
            raise _no_mapping(
                f"The columns of {shown(field)} can't be told apart: put a name that has + ; or "
                'quotes in it between double quotes, as in "C++".'
            )
    return tuple(text if quoted else text.strip() for [(text, quoted)] in names)


def _no_mapping(reason: str) -> TableRefused:
    return TableRefused(reason, f"{EXAMPLE}.")


def options_of_file(content: bytes, options: TableOptions) -> TableOptions:
    """`options` with what a `columns.yaml` says. Raises `TableRefused`."""
    said = content_of(content, options)
    unknown = [name for name in said if name not in _READ]
    if unknown:
        near = get_close_matches(unknown[0][:40], list(_READ), n=1, cutoff=0.5)
        guess = f"Did you mean {near[0]}? " if near else ""
        raise TableRefused(
            f"columns.yaml has the unknown key {listed(unknown)}.",
            f"{guess}It may have: {', '.join(_READ)}.",
        )
    return _with(said, options, "columns.yaml")


def options_of_metadata(
    metadata: Mapping[str, str], options: TableOptions, *, where: str = "The file's metadata"
) -> TableOptions:
    """`options` with what an object's metadata says; keys of other programs are passed over.

    S3 gives keys in lower case, and values that are not ASCII encoded as RFC 2047 has it. `where`
    is what it is called in the messages. Raises `TableRefused`.
    """
    own = {name.lower(): name for name in _READ}
    said = {own[k.lower()]: _decoded(v) for k, v in metadata.items() if k.lower() in own}
    return _with(said, options, where)


def _decoded(value: str) -> str:
    if "=?" not in value:
        return value
    try:
        return str(make_header(decode_header(value)))
    except (MessageError, LookupError, ValueError):  # then it only looks like it
        return value


def _with(said: Mapping[str, Any], options: TableOptions, where: str) -> TableOptions:
    changes: dict[str, Any] = {}
    for name, value in said.items():
        attribute, read = _READ[name]
        changes[attribute] = read(value, f"{where}: {name}", options)
    return replace(options, **changes)


def _columns(value: Any, where: str, options: TableOptions) -> dict[str, tuple[str, ...]]:
    """All mappings so far, with those that are said now instead of those of the same fields."""
    if isinstance(value, str):
        said = parse_columns(value)
    elif isinstance(value, dict):
        said = {field: _listed_names(names, field) for field, names in value.items()}
    else:
        raise _no_mapping(f"{where} has to be fields with the names of their columns.")
    own = {plain_name(field): field for field in ("recordId", *options.fields)}
    for field in said:
        if plain_name(field) not in own:
            raise TableRefused(
                f"{where}: {shown(field)} is no field of the model.",
                f"The fields are {listed(options.fields)}; recordId may be mapped too.",
            )
    return options.columns | {own[plain_name(field)]: names for field, names in said.items()}


def _listed_names(names: Any, field: str) -> tuple[str, ...]:
    if isinstance(names, str) and len(entries := _entries(names)) < 2:  # noqa: PLR2004  no ; in it
        return _names_of(entries[0], field) if entries else ()
    if isinstance(names, list) and all(isinstance(name, str) and name.strip() for name in names):
        return tuple(names)
    raise _no_mapping(f"columns.yaml: the columns of {shown(field)} are no names.")


def _sheet(value: Any, where: str, _options: TableOptions) -> str:
    if isinstance(value, str) and 0 < len(value.strip()) <= MAX_SHEET_CHARACTERS:
        return value.strip()
    raise TableRefused(f"{where} is no sheet's name.", "Write the name on the sheet's tab.")


def _encoding(value: Any, where: str, _options: TableOptions) -> str:
    if isinstance(value, str):
        return known_encoding(value)
    raise TableRefused(f"{where} is no encoding's name.", "Write a name, such as cp1252.")


def _strict(value: Any, where: str, _options: TableOptions) -> bool:
    answer = YES_AND_NO.get(value.strip().lower()) if isinstance(value, str) else None
    if answer is None:
        raise TableRefused(f"{where} is neither true nor false.", "Write true or false.")
    return answer


def _share(value: Any, where: str, _options: TableOptions) -> float:
    text = value.strip() if isinstance(value, str) else ""
    number, percent = (text[:-1].strip(), 100) if text.endswith("%") else (text, 1)
    try:
        share = float(number) / percent
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        raise TableRefused(f"{where} is no share of the rows.", "Write 0.05 or 5 %, say.")
    return share


_READ: dict[str, tuple[str, Callable[[Any, str, TableOptions], Any]]] = {
    "columns": ("columns", _columns),
    "sheet": ("sheet", _sheet),
    "encoding": ("encoding", _encoding),
    "strict": ("strict", _strict),
    "maxRefusedShare": ("max_refused_share", _share),
}
"""Key → the option that it sets, and how its value is read and checked."""
