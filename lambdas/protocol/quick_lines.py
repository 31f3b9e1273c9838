"""Checks many lines in one go: returns their facts for the usual ones, None for all others.

Each check returns what the functions of `records` would find line by line, or None: then those have
to be called. The quick check decodes every line straight into a type that has exactly the usual
fields, which costs a fraction of decoding it into a dict and looking at that; msgspec decodes in
both.
"""

from collections.abc import Callable, Iterable
from operator import attrgetter
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from protocol.records import (
    MAX_LINE_BYTES,
    MAX_TEXT_CHARACTERS,
    RECORD_ID,
    RecordFault,
    RecordForm,
    is_no_suggestion,
)

NOT_OF_THE_TYPE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
AROUND_A_FIELD = len('"":"",')  # bytes that each field takes at least beside its name and text

Decode = Callable[[bytes], Any]


class QuickRecords:
    """The quick check of input lines, in step with the `RecordForm` of the same file."""

    def __init__(self, form: RecordForm) -> None:
        self._form = form
        self._typed: TextRecords | None = None

    def record_ids(self, lines: list[bytes]) -> list[str] | None:
        """The recordIds (`""` without) if every line is good; None where one may not be.

        Lines come without their newlines, in the order of the file; at least one.
        """
        if self._typed is None:
            if self._form.has_record_id is None and not self._first_is_good(lines):
                return None
            has_record_id = bool(self._form.has_record_id)
            self._typed = TextRecords(self._form.input_format, has_record_id=has_record_id)
        records = self._typed.read(lines)
        return None if records is None else self._typed.record_ids(records)

    def _first_is_good(self, lines: list[bytes]) -> bool:
        """Whether the first line is a record, which also decides whether the file has recordIds."""
        try:
            self._form.parse(lines[0])
        except RecordFault:
            return False
        return True


class TextRecords:
    """Decodes lines that have exactly the fields of a model, all of them text."""

    def __init__(self, fields: Iterable[str], *, has_record_id: bool) -> None:
        names = {name: f"text_{place}" for place, name in enumerate(dict.fromkeys(fields))}
        attributes = tuple(names.values())
        self.texts: Callable[[Any], tuple[str, ...]] = (
            attrgetter(*attributes)
            if len(attributes) > 1
            else lambda record: tuple(getattr(record, name) for name in attributes)
        )
        """Gives a decoded record's texts, in the order of the fields."""
        self._id_of = attrgetter("record_id") if has_record_id else None
        if has_record_id:
            names[RECORD_ID] = "record_id"
        self._decoder = _text_decoder(names)
        self._short_bytes = MAX_TEXT_CHARACTERS + sum(len(n) + AROUND_A_FIELD for n in names)
        """A line of so many bytes has no room for more text than is allowed."""

    def read(self, lines: list[bytes]) -> list[Any] | None:
        """The decoded records; None where a line may not be one."""
        longest = max(map(len, lines))
        if self._decoder is None or longest > MAX_LINE_BYTES:
            return None
        try:
            records = list(map(self._decoder.decode, lines))
        except NOT_OF_THE_TYPE:
            return None
        if longest > self._short_bytes:
            long = [
                record
                for line, record in zip(lines, records, strict=True)
                if len(line) > self._short_bytes
            ]
            if any(len("".join(each)) > MAX_TEXT_CHARACTERS for each in map(self.texts, long)):
                return None
        return records

    def read_block(
        self, block: bytes, *, lines: int, longest: int
    ) -> tuple[list[str], list[tuple[str, ...]]] | None:
        """The recordIds and the texts in a block of lines; None where a line may be no record.

        `lines` is how many it has, each ended by a brace and its newline, perhaps with a carriage
        return between; the longest has `longest` bytes.
        """
        if self._decoder is None or longest > MAX_LINE_BYTES:
            return None
        # A newline stands in no text, and no brace between texts: each line ends with a record, so
        # that with as many records as lines each line is one.
        try:
            records = self._decoder.decode_lines(block)
        except NOT_OF_THE_TYPE:
            return None
        if len(records) != lines:
            return None
        texts = list(map(self.texts, records))
        is_long = longest > self._short_bytes
        if is_long and max(map(len, map("".join, texts))) > MAX_TEXT_CHARACTERS:
            return None
        return self.record_ids(records), texts

    def record_ids(self, records: list[Any]) -> list[str]:
        """The recordIds of decoded records, `""` where lines have none."""
        return list(map(self._id_of, records)) if self._id_of else [""] * len(records)


def _text_decoder(attributes: dict[str, str]) -> msgspec.json.Decoder[Any] | None:
    """A decoder of objects with exactly these fields, all text, into attributes of these names.

    None for names that msgspec can't take.
    """
    try:
        record = msgspec.defstruct(
            "Record",
            [(attribute, str) for attribute in attributes.values()],
            rename={attribute: name for name, attribute in attributes.items()},
            forbid_unknown_fields=True,
            gc=False,
        )
    except ValueError:
        return None
    return msgspec.json.Decoder(record)


def _coded_decoder(record_id: str) -> Decode:
    """A decoder of lines of output as documented, with `record_id` as the name of the recordId.

    The content of a result is checked for JSON's grammar and kept as it is written; that it is
    UTF-8 is not checked.
    """
    coded = msgspec.defstruct(
        "Coded",
        [
            ("record_id", str),
            ("result", msgspec.Raw | UnsetType, UNSET),
            ("suggestions", msgspec.Raw | UnsetType, UNSET),
        ],
        rename={"record_id": record_id},
        forbid_unknown_fields=True,
        gc=False,
    )
    return msgspec.json.Decoder(coded).decode


class QuickOutput:
    """The quick check of lines of output; takes `id` for `recordId` as well, as samples have it."""

    def __init__(self) -> None:
        self._decoders = [_coded_decoder(RECORD_ID), _coded_decoder("id")]

    def ids_and_counts(self, lines: list[bytes]) -> tuple[list[str], int, int] | None:
        """The recordIds, how many lines have a result, and how many have nothing to code.

        None where a line is unusual.

        Lines come without their newlines; at least one.
        """
        text = b"\n".join(lines)
        if len(text) > MAX_LINE_BYTES and max(map(len, lines)) > MAX_LINE_BYTES:
            return None
        if not _is_utf8(text):
            return None
        for decode in self._decoders:
            try:
                coded = list(map(decode, lines))
            except NOT_OF_THE_TYPE:
                continue
            uncoded = [each.suggestions for each in coded if each.result is UNSET]
            nothing = sum(each is UNSET or is_no_suggestion(bytes(each)) for each in uncoded)
            ids = list(map(attrgetter("record_id"), coded))
            return ids, len(lines) - len(uncoded), nothing
        return None


def _is_utf8(text: bytes) -> bool:
    if text.isascii():
        return True
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True
