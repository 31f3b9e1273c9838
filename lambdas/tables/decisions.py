"""Decides for each row of a table what becomes of it, and what is sent for it.

Whoever reads the table again by the same plan decides the same: that is how rows find their codes.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from shared.fitted_texts import shortened
from tables.dictionary.dictionary import Dictionary, KnownText
from tables.mapping.names import shown
from tables.plan import TableFormat, TablePlan
from tables.rows import Cell, RowBatch
from tables.text.plain_text import (
    NotOneText,
    encodable,
    exact_texts,
    joined_texts,
    on_one_line,
    places_of,
    plain_texts,
)

MAX_ID_CHARACTERS = 1000  # a longer one is no id; ours


class RowStatus(StrEnum):
    """What becomes of a row."""

    SENT = "sent"
    SHORTENED = "shortened"
    """Sent, but with the beginning of its text alone."""
    BLANK = "blank"
    """Not sent: it has no text."""
    REFUSED = "refused"
    """Not sent: it can't be read."""
    KNOWN = "known"
    """Not sent: the topic's dictionary has its text."""


@dataclass(slots=True)
class Decided:
    """What was decided of a batch of rows. Lists of the batch's length."""

    statuses: list[RowStatus]
    record_ids: list[str]
    """"" where a row is not sent."""
    texts: list[tuple[str, ...]]
    """In the order of the mapping's fields; () where a row is not sent."""
    reasons: dict[int, str]
    """Place in the batch → why the row is refused."""
    known: dict[int, KnownText] = field(default_factory=dict)
    """Place in the batch → what the dictionary says of the row."""


@dataclass(slots=True)
class DecidedColumns:
    """The same, column by column, as it is found; also of rows that are not sent."""

    statuses: list[RowStatus]
    record_ids: list[str]
    texts: list[list[str]]
    """A list for each of the mapping's fields."""
    reasons: dict[int, str]
    unsent: list[int]
    """The places of the rows that are not sent."""
    known: dict[int, KnownText] = field(default_factory=dict)
    """As `Decided.known`."""


class RowDecisions:
    """Decides the rows of one table."""

    def __init__(self, plan: TablePlan, dictionary: Dictionary | None = None) -> None:
        """`dictionary` is of the version that the plan names; without it no row is looked up."""
        self._dictionary = dictionary
        self._names = tuple(plan.mapping.fields)
        self._prepared = plan.prepared
        self._columns = plan.columns
        self._fields = tuple(plan.mapping.fields.values())
        taken = [place for places in self._fields for place in places]
        self._cells_taken = len(taken)
        self._most_often = max(map(taken.count, taken), default=1)  # one cell for several texts
        self._record_id = plan.mapping.record_id
        self._most = plan.max_text_characters
        self._is_text = plan.format is TableFormat.CSV

    def of(self, rows: RowBatch) -> Decided:
        """What becomes of each row of a batch."""
        found = self.columns(rows)
        texts: list[tuple[str, ...]] = list(zip(*found.texts, strict=True))
        for place in found.unsent:
            texts[place] = ()
            found.record_ids[place] = ""
        return Decided(found.statuses, found.record_ids, texts, found.reasons, found.known)

    def columns(self, rows: RowBatch) -> DecidedColumns:
        """What becomes of each row of a batch, column by column."""
        if not self._prepared:
            return self._as_they_are(rows)
        count = len(rows.cells)
        reasons: dict[int, str] = {}
        texts = [self._field_texts(places, rows.cells, reasons) for places in self._fields]
        record_ids = self._record_ids(rows, reasons)
        reasons |= rows.faults
        statuses = [RowStatus.SENT] * count
        if self._may_be_longer(rows, self._most) and (
            sum(max(map(len, column), default=0) for column in texts) > self._most
        ):
            for place in self._shorten(texts):
                statuses[place] = RowStatus.SHORTENED
        unsent = _blank_places(texts)
        for place in unsent:
            statuses[place] = RowStatus.BLANK
        if reasons:
            unsent = sorted({*unsent, *reasons})
            for place in reasons:
                statuses[place] = RowStatus.REFUSED
        known = self._known(texts, statuses)
        if known:
            unsent = sorted({*unsent, *known})
            for place in known:
                statuses[place] = RowStatus.KNOWN
        return DecidedColumns(statuses, record_ids, texts, reasons, unsent, known)

    def _known(self, texts: list[list[str]], statuses: list[RowStatus]) -> dict[int, KnownText]:
        """What the dictionary says of rows that would be sent whole; of the beginning of a text
        it says nothing."""
        if self._dictionary is None:
            return {}
        found = self._dictionary.known(self._names, texts)
        return {place: each for place, each in found.items() if statuses[place] is RowStatus.SENT}

    def _may_be_longer(self, rows: RowBatch, most: int) -> bool:
        """Whether a row's texts, or its id, may have more than `most` characters together: the
        usual batch is of short rows, and need not be measured column by column."""
        # Cells that are taken once are no longer than their row; ", " stands between them.
        longest = rows.longest
        return longest is None or self._most_often * longest + 2 * self._cells_taken > most

    def _shorten(self, texts: list[list[str]]) -> list[int]:
        """Cuts the texts of rows that have too much of it, in place; gives the rows' places."""
        most = self._most
        places = [
            place for place, row in enumerate(zip(*texts, strict=True)) if sum(map(len, row)) > most
        ]
        for place in places:
            kept = shortened([column[place] for column in texts], most)
            for column, text in zip(texts, kept, strict=True):
                column[place] = text
        return places

    def _field_texts(
        self, places: tuple[int, ...], cells: list[Sequence[Cell]], reasons: dict[int, str]
    ) -> list[str]:
        """The texts of one field, from however many columns; notes the rows that have none."""
        if not places:
            return [""] * len(cells)
        columns = [self._column_texts(place, cells, reasons) for place in places]
        return columns[0] if len(columns) == 1 else joined_texts(columns)

    def _column_texts(
        self, place: int, cells: list[Sequence[Cell]], reasons: dict[int, str]
    ) -> list[str]:
        if self._is_text:
            return on_one_line(_text_column(place, cells))
        column = _column(place, cells)
        try:
            return plain_texts(column)
        except NotOneText:
            for row, cell in enumerate(column):
                if isinstance(cell, list | dict):
                    reasons.setdefault(row, self._no_text(place, cell))
                    column[row] = ""
            return plain_texts(column)

    def _no_text(self, place: int, cell: Cell) -> str:
        what = "an object" if isinstance(cell, dict) else "a list"
        return f"has {what} in “{shown(self._columns[place])}”, where one text is needed"

    def _record_ids(self, rows: RowBatch, reasons: dict[int, str]) -> list[str]:
        """The rows' ids; where a row has none, its number."""
        if self._record_id is None:
            return list(map(str, rows.numbers))
        ids = encodable(self._id_texts(self._record_id, rows.cells))
        if not all(ids):
            ids = [each or str(number) for each, number in zip(ids, rows.numbers, strict=True)]
        if self._may_be_longer(rows, MAX_ID_CHARACTERS) and (
            max(map(len, ids), default=0) > MAX_ID_CHARACTERS
        ):
            for place, each in enumerate(ids):
                if len(each) > MAX_ID_CHARACTERS:
                    reasons.setdefault(place, _long_id(each))
        return ids

    def _id_texts(self, place: int, cells: list[Sequence[Cell]]) -> list[str]:
        if self._is_text:
            return _text_column(place, cells)
        column = _column(place, cells)
        try:
            return exact_texts(column)
        except NotOneText:
            return exact_texts(["" if isinstance(cell, list | dict) else cell for cell in column])

    def _as_they_are(self, rows: RowBatch) -> DecidedColumns:
        """Of lines that the service took as they are: every one was sent, with its id or none."""
        count = len(rows.cells)
        texts = [
            exact_texts(_column(places[0], rows.cells)) if places else [""] * count
            for places in self._fields
        ]
        record_ids = (
            [""] * count
            if self._record_id is None
            else exact_texts(_column(self._record_id, rows.cells))
        )
        return DecidedColumns([RowStatus.SENT] * count, record_ids, texts, {}, [])


def _column(place: int, cells: list[Sequence[Cell]]) -> list[Cell]:
    """The cells of one column; None where a row is too short."""
    try:
        return [row[place] for row in cells]
    except IndexError:
        return [row[place] if len(row) > place else None for row in cells]


def _text_column(place: int, cells: list[Sequence[Cell]]) -> list[str]:
    """The cells of one column, all of which are text; "" where a row is too short."""
    try:
        return [row[place] for row in cells]  # type: ignore[misc]
    except IndexError:
        return [row[place] if len(row) > place else "" for row in cells]  # type: ignore[misc]


def _blank_places(columns: list[list[str]]) -> list[int]:
    """The places of the rows without any text."""
    first, *others = columns
    places = places_of("", first)
    for column in others:
        places = [place for place in places if not column[place]]
    return places


def _long_id(record_id: str) -> str:
    return f"has an id of {len(record_id):,} characters; at most {MAX_ID_CHARACTERS:,} are taken"
