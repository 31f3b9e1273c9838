"""The file that the review page exports: a line for each text that somebody has decided on.

Its columns are in docs/review.md. Spreadsheets may have saved it again, with other separators or in
their own encoding; the page imports what is read here (`decisions.js`).
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import count

from tables.errors import TableRefused
from tables.mapping.names import shown
from tables.review.decided_csv import CANNOT, CODE_PREFIX, code_said, rows_of, text_of, texts_of
from tables.review.page_data import DECIDE, REVIEW

COLUMNS = (
    *("item", "drop", "round", "by", "at", "decision", "label"),
    *("blind", "flag", "note", "rows"),
)
EXPORT_IT = "Export the decisions again from the review page, and leave the file as it is."
_BEGINNING = re.compile(r"item([,;\t|])drop\1round\1by\1")
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
    begun = text_of(head).replace('"', "")
    return _BEGINNING.match(begun) is not None


def read_reviewed(content: bytes, name: str) -> ReviewedFile:
    """The decisions of an exported file. Raises `TableRefused` where it is none, or damaged."""
    if len(content) > MOST_BYTES:
        raise _refused(name, "is larger than any that the review page exports")
    rows = rows_of(content, COLUMNS, lambda why: _refused(name, why))
    decisions = tuple(_decision(row, name, number) for row, number in zip(rows, count(2)))
    drops = {row["drop"] for row in rows}
    if len(drops) > 1:
        raise _refused(name, "has decisions of several drops")
    if not drops:
        raise _refused(name, "has no decision")
    return ReviewedFile(name, sha256(content).hexdigest(), drops.pop(), decisions)


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
        code=code_said(said),
        label=row["label"],
        cannot=said == CANNOT,
        blind=row["blind"] == "yes",
        flag=row["flag"] == "yes",
        note=row["note"],
        rows=int(row["rows"]) if row["rows"].isdecimal() else 0,
        texts=texts_of(row),
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
