"""The file that the review page exports: a line for each text that somebody has decided on.

Its columns are in docs/review.md. Spreadsheets may have saved it again, with other separators or in
their own encoding; the page imports what is read here (`decisions.js`).
"""

import csv
import io
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import count

from tables.errors import TableRefused
from tables.mapping.names import shown
from tables.review.page_data import DECIDE, REVIEW
from tables.text.encodings import BYTE_ORDER_MARKS, UTF16, errors_of

COLUMNS = (
    *("item", "drop", "round", "by", "at", "decision", "label"),
    *("blind", "flag", "note", "rows"),
)
TEXT_PREFIX = "text:"
CANNOT = "cannot be coded"
CODE_PREFIX = "code "
"""So that no spreadsheet takes a code for a number, and its zeros in front away."""
EXPORT_IT = "Export the decisions again from the review page, and leave the file as it is."
_HEADER = re.compile(r'"?item"?([,;\t|])')
_BEGINNING = re.compile(r"item([,;\t|])drop\1round\1by\1")
_ESCAPED = re.compile(r"'(?=[=+\-@\t\r\n])")
_MARK = "\ufeff"
_ITEM = re.compile(r"t[0-9a-f]{16}")
MOST_BYTES = 100 << 20  # of 11,000 texts, with notes, there are a tenth; ours


@dataclass(frozen=True, slots=True)
class Decision:
    """What one person decided of one text."""

    item: str
    """As `distinct_texts.text_id`."""
    round: str
    """`page_data.REVIEW`, or `DECIDE` where reviewers had disagreed."""
    by: str
    at: str
    """ISO 8601."""
    code: str | None
    """None: it can't be coded, or nothing but a note or a flag was left."""
    label: str
    cannot: bool
    blind: bool
    flag: bool
    note: str
    rows: int
    texts: Mapping[str, str] = field(repr=False)
    """By field, as far as the page shows them."""

    @property
    def is_made(self) -> bool:
        """Whether it says more than a note or a flag."""
        return self.cannot or self.code is not None

    @property
    def answer(self) -> str | None:
        """The code; "" where there can be none; None where nothing was decided."""
        return "" if self.cannot else self.code


@dataclass(frozen=True, slots=True)
class ReviewedFile:
    """One exported file."""

    name: str
    sha256: str
    drop_id: str
    decisions: tuple[Decision, ...]

    @property
    def people(self) -> tuple[str, ...]:
        """Who decided, each once."""
        return tuple(dict.fromkeys(each.by for each in self.decisions if each.is_made))


def begins_like_one(head: bytes) -> bool:
    """Whether a file with this beginning, of 64 bytes or more, was exported by the review page."""
    begun = _text_of(head).replace('"', "")
    return _BEGINNING.match(begun) is not None


def read_reviewed(content: bytes, name: str) -> ReviewedFile:
    """The decisions of an exported file. Raises `TableRefused` where it is none, or damaged."""
    if len(content) > MOST_BYTES:
        raise _refused(name, "is larger than any that the review page exports")
    rows = _rows(_text_of(content), name)
    decisions = tuple(_decision(row, name, number) for row, number in zip(rows, count(2)))
    drops = {row["drop"] for row in rows}
    if len(drops) > 1:
        raise _refused(name, "has decisions of several drops")
    if not drops:
        raise _refused(name, "has no decision")
    return ReviewedFile(name, sha256(content).hexdigest(), drops.pop(), decisions)


def _text_of(content: bytes) -> str:
    for mark, encoding in BYTE_ORDER_MARKS:  # UTF-16 is what Excel calls Unicode text
        if encoding in UTF16 and content.startswith(mark):
            return content[len(mark) :].decode(encoding, errors_of(encoding))
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors_of("cp1252"))  # as Excel saves what it calls CSV


def _rows(text: str, name: str) -> list[dict[str, str]]:
    header = _HEADER.match(text)
    if header is None:
        raise _refused(name, "does not begin as an exported file does")
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=header[1])
    try:
        columns, *rows = [row for row in lines if any(row)]
        # Files put one behind the other are one: each begins with the header.
        rows = [row for row in rows if [row[0].lstrip(_MARK).strip('"'), *row[1:]] != columns]
    except csv.Error:
        raise _refused(name, "is damaged: a cell has no end") from None
    if missing := [each for each in COLUMNS if each not in columns]:
        raise _refused(name, f"lacks the column {missing[0]}")
    return [
        {
            column: _ESCAPED.sub("", cell, count=1) if _ESCAPED.match(cell) else cell
            for column, cell in zip(columns, row, strict=False)
        }
        for row in rows
    ]


def _decision(row: Mapping[str, str], name: str, number: int) -> Decision:
    """The decision of the row with this number."""
    missing = [each for each in COLUMNS if each not in row]
    said = row.get("decision", "")
    is_known = said in ("", CANNOT) or said.startswith(CODE_PREFIX)
    if missing or not _ITEM.fullmatch(row["item"]) or not is_known:
        raise _refused(name, f"is damaged in row {number:,}")
    if row["round"] not in (REVIEW, DECIDE):
        raise _refused(name, f"has the unknown round “{shown(row['round'])}” in row {number:,}")
    return Decision(
        item=row["item"],
        round=row["round"],
        by=row["by"],
        at=row["at"],
        code=said.removeprefix(CODE_PREFIX).strip() if said.startswith(CODE_PREFIX) else None,
        label=row["label"],
        cannot=said == CANNOT,
        blind=row["blind"] == "yes",
        flag=row["flag"] == "yes",
        note=row["note"],
        rows=int(row["rows"]) if row["rows"].isdecimal() else 0,
        texts={
            column.removeprefix(TEXT_PREFIX): cell
            for column, cell in row.items()
            if column.startswith(TEXT_PREFIX)
        },
    )


def check_drop(files: Iterable[ReviewedFile], drop_id: str) -> None:
    """Raises `TableRefused` where a file is of another drop."""
    for each in files:
        if each.drop_id != drop_id:
            raise TableRefused(
                f"{each.name} is of the drop {shown(each.drop_id)}, not of {shown(drop_id)}.",
                "Take the files that were exported from the review page of this drop.",
            )


def _refused(name: str, why: str) -> TableRefused:
    return TableRefused(f"{name} {why}.", EXPORT_IT)
