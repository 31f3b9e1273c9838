"""Whether JSON Lines are already as the service wants them, so that they need not be written anew.

They are where each line would come out of its preparation as it is: all fields there, all of them
text as `plain_texts` gives it, none of them left out, shortened or refused.
"""

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from operator import itemgetter
from typing import Any

import msgspec

from protocol.quick_lines import TextRecords
from protocol.records import MAX_LINE_BYTES, MAX_TEXT_CHARACTERS, RECORD_ID
from shared.lines import NEWLINE, batches, rest_after
from tables.decisions import MAX_ID_CHARACTERS
from tables.plan import ColumnMapping, RowCounts, TableFormat, TablePlan
from tables.text.plain_text import encodable, plain_texts

QUOTE, BACKSLASH = b'"', b"\\"
QUOTES_OF_A_FIELD = 4  # around its name and around its text
_keys = msgspec.json.Decoder(dict[str, Any]).decode


def plan_as_wanted(
    blocks: Iterable[bytes], fields: tuple[str, ...], most_characters: int = MAX_TEXT_CHARACTERS
) -> TablePlan | None:
    """The plan of the file that comes in these blocks; None if it can't go to the service as it is.

    It can where it is UTF-8 without a byte order mark, one object on each line with exactly
    `fields`, their texts together of at most so many characters, and, on all lines or on none, a
    recordId. Ends at the first line that is otherwise; closes `blocks`.
    """
    lines = _Lines(fields, most_characters)
    try:
        wanted = all(map(lines.are_wanted, blocks)) and lines.end_is_wanted()
        return lines.plan() if wanted else None
    finally:
        close: Callable[[], None] | None = getattr(blocks, "close", None)
        if close is not None:
            close()


class _Lines:
    """The lines so far; the first one says whether there are recordIds."""

    def __init__(self, fields: tuple[str, ...], most_characters: int) -> None:
        self._fields = fields
        self._most = most_characters
        self._records: TextRecords | None = None
        self._columns: tuple[str, ...] = ()
        self._count = 0
        self._rest = b""

    @property
    def _has_record_id(self) -> bool:
        return RECORD_ID in self._columns

    def plan(self) -> TablePlan:
        """The plan, once all lines are seen to be wanted."""
        columns = self._columns
        return TablePlan(
            format=TableFormat.JSON_LINES,
            columns=columns,
            mapping=ColumnMapping(
                fields={name: (columns.index(name),) for name in self._fields},
                record_id=columns.index(RECORD_ID) if self._has_record_id else None,
            ),
            prepared=False,
            width=len(columns),
            max_text_characters=self._most,
            counts=RowCounts(rows=self._count, sent=self._count),
        )

    def are_wanted(self, block: bytes) -> bool:
        """Whether all lines that end in this block are."""
        good = all(map(self._batch_is_wanted, batches(self._rest, block)))
        self._rest = rest_after(self._rest, block)
        return good and len(self._rest) <= MAX_LINE_BYTES

    def end_is_wanted(self) -> bool:
        """Whether the last line is, where no newline ends it, and there was one at all."""
        if self._rest:
            return self._batch_is_wanted([self._rest])
        return self._records is not None

    def _batch_is_wanted(self, lines: list[bytes]) -> bool:
        reader = self._records or self._reader_for(lines[0])
        self._count += len(lines)
        records = reader.read(lines)
        return (
            records is not None
            and not self._have_key_twice(lines)
            and self._are_short(list(map(reader.texts, records)))
            and self._are_plain(list(map(reader.texts, records)))
            and (not self._has_record_id or _are_ids(reader.record_ids(records)))
        )

    def _reader_for(self, line: bytes) -> TextRecords:
        with suppress(msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            self._columns = tuple(_keys(line))  # else the reader refuses the line
        self._records = TextRecords(self._fields, has_record_id=self._has_record_id)
        return self._records

    def _have_key_twice(self, lines: list[bytes]) -> bool:
        """Whether an object may have a key twice: then it has more quotes than its fields need.

        The decoder passes over that. Quotes within texts are escaped, and don't count; as the
        decoder has found all fields on each line, none has fewer.
        """
        text = NEWLINE.join(lines)
        quotes = text.count(QUOTE)
        if BACKSLASH in text:  # read from the left: one that is escaped escapes nothing
            quotes -= text.replace(BACKSLASH * 2, b"").count(BACKSLASH + QUOTE)
        keys = len(self._fields) + self._has_record_id
        return quotes != QUOTES_OF_A_FIELD * keys * len(lines)

    def _are_short(self, texts: list[tuple[str, ...]]) -> bool:
        """Whether none would be shortened; the decoder lets no more pass than any service takes."""
        return self._most >= MAX_TEXT_CHARACTERS or all(
            sum(map(len, record)) <= self._most for record in texts
        )

    def _are_plain(self, texts: list[tuple[str, ...]]) -> bool:
        """Whether preparing would leave all texts as they are, and no row out."""
        columns = [list(map(itemgetter(place), texts)) for place in range(len(self._fields))]
        return ("",) * len(columns) not in texts and all(
            column == plain_texts(column) for column in columns
        )


def _are_ids(ids: Sequence[str]) -> bool:
    texts = list(ids)
    return encodable(texts) == texts and max(map(len, texts)) <= MAX_ID_CHARACTERS
