"""Rows with what the service said of them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple


class CodedStatus(StrEnum):
    """What became of a row; the column `<topic>_status` says it."""

    CODED = "coded"
    """Has a code of the deepest level."""
    BROADER = "broader"
    """Has a code of a level above."""
    SUGGESTED = "suggested"
    """Has suggestions alone."""
    NOTHING_TO_CODE = "nothing_to_code"
    """Has neither: the service found nothing to code in its text."""
    BLANK = "blank"
    """Had no text, and was not sent."""
    SHORTENED = "shortened"
    """Went by the beginning of its text, which was too long, whatever came of it."""
    REFUSED = "refused"
    """Could not be read, and was not sent."""
    DICTIONARY = "dictionary"
    """Has what people have decided on its text before, a code or none, and was not sent."""


class CodeAnswer(NamedTuple):
    """A code as the service gives it."""

    code: str
    label: str
    confidence: float | None
    """From 0 to 1; None where the service gives none."""


@dataclass(slots=True)
class CodedRows:
    """A batch of rows of the table, in order, whatever became of them. Lists of the same length."""

    numbers: Sequence[int]
    """As `rows.RowBatch.numbers`."""
    statuses: list[CodedStatus]
    results: list[CodeAnswer | None]
    """None where the row has suggestions alone, was not sent, or can't be coded."""
    levels: list[int | None]
    """The letters and digits of the result's code, such as 6 of `241213`; None without one."""
    suggestions: list[tuple[CodeAnswer, ...]]
    """Up to three; () where there are none."""
    texts: list[tuple[str, ...]]
    """The texts as they were sent, in the order of the fields; () where the row was not sent."""
    reasons: dict[int, str] = field(default_factory=dict)
    """Place in this batch → why the row was refused."""
