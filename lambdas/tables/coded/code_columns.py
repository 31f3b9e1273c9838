"""The columns that are put behind a table's own: what the service said of each row."""

import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain, count
from typing import Any, Final

from tables.coded.coded_rows import CodeAnswer, CodedRows, CodedStatus
from tables.writers.column_names import unique_names

CodeCell = str | int | float | None

SUGGESTIONS = 3  # the service's greatest number
CONFIDENCE_DECIMALS = 4  # where it is text; ours

TEXT, LEVEL, CONFIDENCE = "text", "level", "confidence"
_KINDS: Final[dict[str, str]] = {
    "code": TEXT,
    "label": TEXT,
    "level": LEVEL,
    "confidence": CONFIDENCE,
    "status": TEXT,
    **{
        f"alt{number}_{name}": kind
        for number in range(1, SUGGESTIONS + 1)
        for name, kind in (("code", TEXT), ("label", TEXT), ("confidence", CONFIDENCE))
    },
    "model": TEXT,
}
_NO_ANSWER: Final = (None, None, None)


class AddedColumns(ABC):
    """Columns that are put behind a table's own, by their names, and their cells."""

    kinds: tuple[str, ...]
    """Of each column: `TEXT`, `LEVEL` (an integer) or `CONFIDENCE` (a number from 0 to 1)."""

    def __init__(
        self, topic: str, columns: Sequence[str], kinds: Mapping[str, str], status: str, line: str
    ) -> None:
        """`columns` are the table's own, `kinds` those of the new ones by name.

        An object in place of a line of JSON that is none has `status` of them, and `line`."""
        prefix, suffix = _prefix(topic), _suffix(topic, columns, (*kinds, line))
        self.kinds = tuple(kinds.values())
        self.names = tuple(f"{prefix}{name}{suffix}" for name in kinds)
        """Their names, with a number behind each where the table has one of them already."""
        self.status_name = f"{prefix}{status}{suffix}"
        self.line_name = f"{prefix}{line}{suffix}"
        """The key of a line of JSON that is no object, beside its status."""

    @abstractmethod
    def values(self, coded: CodedRows) -> list[tuple[CodeCell, ...]]:
        """The cells of each row with their types; None where there is nothing."""


class CodeColumns(AddedColumns):
    """The columns of what the service said."""

    def __init__(
        self,
        topic: str,
        columns: Sequence[str],
        model: Mapping[str, Any],
        *,
        dictionary: str = "",
    ) -> None:
        """`columns` are the table's own; `model` is the metadata that came with the output.

        `dictionary` stands in the model's place in rows that were looked up."""
        super().__init__(topic, columns, _KINDS, status="status", line="line")
        self._model = str(model.get("modelId") or "")
        self.dictionary = dictionary

    @classmethod
    def places_in(cls, topic: str, columns: Sequence[str]) -> dict[str, int] | None:
        """Name without topic → place, of the columns that were put behind a table last.

        None where the table has no such columns.
        """
        places = {name: place for place, name in enumerate(columns)}
        status = re.compile(re.escape(f"{_prefix(topic)}status") + r"(_\d+)?")
        suffixes = [found[1] or "" for found in map(status.fullmatch, columns) if found]
        for suffix in sorted(suffixes, key=lambda each: int(each[1:] or 1), reverse=True):
            names = {name: f"{_prefix(topic)}{name}{suffix}" for name in _KINDS}
            if set(names.values()) <= places.keys():
                return {name: places[written] for name, written in names.items()}
        return None

    def values(self, coded: CodedRows) -> list[tuple[CodeCell, ...]]:
        """The cells of each row with their types; None where there is nothing."""
        return [
            (
                *(
                    (result.code, result.label, level, result.confidence)
                    if result is not None
                    else (None, None, None, None)
                ),
                status,
                *_suggested_values(suggestions),
                (self.dictionary if status is CodedStatus.DICTIONARY else self._model) or None,
            )
            for result, level, status, suggestions in zip(
                coded.results, coded.levels, coded.statuses, coded.suggestions, strict=True
            )
        ]

    @property
    def model(self) -> str:
        """The last cell of each row, but of those that were looked up: that is `dictionary`."""
        return self._model


def confidence_text(confidence: float | None) -> str:
    """A plain decimal such as `0.9731`, `1` or `0`; "" for None."""
    if confidence is None:
        return ""
    text = repr(confidence)
    if len(text) > len("0.9731") or "e" in text:
        text = f"{confidence:.{CONFIDENCE_DECIMALS}f}".rstrip("0")
    return text.removesuffix("0").removesuffix(".") if "." in text[-2:] else text


def status_of(code_level: int | None, suggestions: int, *, code_digits: int) -> CodedStatus:
    """What a row is that was sent whole.

    `code_level` is the level of its code, None where it has none.
    """
    if code_level is None:
        return CodedStatus.SUGGESTED if suggestions else CodedStatus.NOTHING_TO_CODE
    return CodedStatus.CODED if code_level >= code_digits else CodedStatus.BROADER


def _suggested_values(suggestions: Sequence[CodeAnswer]) -> tuple[CodeCell, ...]:
    cells: list[CodeCell] = []
    for answer in suggestions[:SUGGESTIONS]:
        cells += answer
    return (*cells, *_NO_ANSWER * (SUGGESTIONS - len(suggestions)))


def _prefix(topic: str) -> str:
    return f"{topic}_" if topic else ""


def _suffix(topic: str, columns: Sequence[str], new: Iterable[str]) -> str:
    """What makes all of the names new, the same behind each so that they stay recognisable."""
    named = chain(columns, unique_names(columns, len(columns)))
    taken = {name.strip().casefold() for name in named}
    names = [f"{_prefix(topic)}{name}".casefold() for name in new]
    for number in count(1):
        suffix = "" if number == 1 else f"_{number}"
        if not any(f"{name}{suffix}" in taken for name in names):
            return suffix
    raise AssertionError("numbers end")
