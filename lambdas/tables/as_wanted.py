"""Whether JSON Lines are already as the service wants them, so that they need not be written anew.

They are where each line would come out of its preparation as it is: all fields there, all of them
text as `plain_texts` gives it, none of them left out, shortened or refused.
"""

from collections.abc import Callable, Iterable, Sequence
from operator import itemgetter
from typing import Any

import msgspec

from protocol.quick_lines import TextRecords
from protocol.records import MAX_LINE_BYTES, RECORD_ID
from shared.lines import NEWLINE, batches, rest_after
from tables.decisions import MAX_ID_CHARACTERS
from tables.text.plain_text import encodable, plain_texts

QUOTE, BACKSLASH = b'"', b"\\"
QUOTES_OF_A_FIELD = 4  # around its name and around its text
_keys = msgspec.json.Decoder(dict[str, Any]).decode


def is_as_wanted(blocks: Iterable[bytes], fields: tuple[str, ...]) -> bool:
    """Whether the file that comes in these blocks can go to the service as it is.

    It is UTF-8 without a byte order mark, one object on each line with exactly `fields` and, on all
    lines or on none, a recordId. Ends at the first line that is otherwise; closes `blocks`.
    """
    lines = _Lines(fields)
    try:
        return all(map(lines.are_wanted, blocks)) and lines.end_is_wanted()
    finally:
        close: Callable[[], None] | None = getattr(blocks, "close", None)
        if close is not None:
            close()


class _Lines:
    """The lines so far; the first one says whether there are recordIds."""

    def __init__(self, fields: tuple[str, ...]) -> None:
        self._fields = fields
        self._records: TextRecords | None = None
        self._has_record_id = False
        self._rest = b""

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
        records = reader.read(lines)
        return (
            records is not None
            and not self._have_key_twice(lines)
            and self._are_plain(list(map(reader.texts, records)))
            and (not self._has_record_id or _are_ids(reader.record_ids(records)))
        )

    def _reader_for(self, line: bytes) -> TextRecords:
        try:
            self._has_record_id = RECORD_ID in _keys(line)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            self._has_record_id = False  # the reader refuses the line
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

    def _are_plain(self, texts: list[tuple[str, ...]]) -> bool:
        """Whether preparing would leave all texts as they are, and no row out."""
        columns = [list(map(itemgetter(place), texts)) for place in range(len(self._fields))]
        return ("",) * len(columns) not in texts and all(
            column == plain_texts(column) for column in columns
        )


def _are_ids(ids: Sequence[str]) -> bool:
    texts = list(ids)
    return encodable(texts) == texts and max(map(len, texts)) <= MAX_ID_CHARACTERS
