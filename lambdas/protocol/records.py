"""The form of input records and of coded records, line by line.

Input is JSONL: one JSON object a line, the same fields on every line; the fields are the model's
`inputFormat`, all of them, plus an optional `recordId`. The text fields of one record hold at
most 300 characters together (the service's user guide).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from protocol.short_texts import LONGEST_FAULT, cut, named

RECORD_ID = "recordId"
MAX_TEXT_CHARACTERS = 300  # of a record's text fields together: the service's user guide
MAX_LINE_BYTES = 1 << 20  # 300 characters need under 4 kB fully escaped; the rest is ids; ours

UTF8_BOM = b"\xef\xbb\xbf"

_decode = msgspec.json.Decoder().decode
_decode_object = msgspec.json.Decoder(dict[str, Any]).decode
_decode_outline = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


class RecordFault(ValueError):
    """One line is not a record of the model; the text says why, without the line's number.

    It has at most `LONGEST_FAULT` characters, whatever stands in the line.
    """

    def __init__(self, text: str) -> None:
        super().__init__(cut(text, LONGEST_FAULT))


@dataclass(slots=True)
class RecordForm:
    """Checks the lines of one file against a model's `inputFormat`.

    The first good line decides whether the file has `recordId`; every later line must agree.
    A form therefore belongs to one file, whose lines it must check in order.
    """

    input_format: tuple[str, ...]
    has_record_id: bool | None = None
    """None until the first line has been seen."""
    _names: frozenset[str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._names = frozenset(self.input_format)

    def parse(self, line: bytes) -> dict[str, str]:
        """The record on `line` (without its line end). Raises `RecordFault`."""
        record = _object_of(line, _decode_object)
        extra = record.keys() - self._names
        if len(record) - len(extra) != len(self._names):
            missing = named([n for n in self.input_format if n not in record])
            raise RecordFault(
                f"lacks the field {missing}; a line has: {self._expected()} (may be empty)"
            )
        if extra and extra != {RECORD_ID}:
            names = named(sorted(extra - {RECORD_ID}))
            raise RecordFault(f"has the field {names}, which the model does not know")
        if self.has_record_id is not bool(extra):
            if self.has_record_id is not None:
                raise RecordFault(self._disagreement())
            self.has_record_id = bool(extra)
        return self._with_checked_text(record)

    def _with_checked_text(self, record: dict[str, Any]) -> dict[str, str]:
        characters = 0
        for name, value in record.items():
            if not isinstance(value, str):
                raise RecordFault(f"has {named([name])} that is not text; put the value in quotes")
            if name != RECORD_ID:
                characters += len(value)
        if characters > MAX_TEXT_CHARACTERS:
            raise RecordFault(
                f"has {characters} characters of text; at most {MAX_TEXT_CHARACTERS} are allowed"
            )
        return record

    def _expected(self) -> str:
        return named(self.input_format)

    def _disagreement(self) -> str:
        if self.has_record_id:
            return f"lacks {RECORD_ID}, which earlier lines have; all lines need the same fields"
        return f"has {RECORD_ID}, which earlier lines lack; all lines need the same fields"


def _object_of(line: bytes, decode: Callable[[bytes], dict[str, Any]]) -> dict[str, Any]:
    if len(line) > MAX_LINE_BYTES:
        raise RecordFault(f"is {len(line):,} bytes long; at most {MAX_LINE_BYTES:,} are allowed")
    if not line.strip():
        raise RecordFault("is empty; remove it")
    if line.startswith(UTF8_BOM):
        raise RecordFault("starts with a byte order mark; save the file as UTF-8 without one")
    try:
        return decode(line)
    except msgspec.ValidationError:
        raise RecordFault("is JSON, but not an object in { }") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _no_json(error) from None
    except RecursionError:
        raise RecordFault("is nested too deeply") from None


def _no_json(error: Exception) -> RecordFault:
    """The fault with the decoder's message, which names a position, never the content."""
    return RecordFault(f"is not JSON in UTF-8: {str(error)[:120]}")


def record_id_of(coded: Mapping[str, Any]) -> str:
    """The recordId of a line of output; `""` where the input had none.

    Accepts two slips of the documented samples: `id` for `recordId`, and keys that begin
    with a space.
    """
    for name, value in coded.items():
        if name.strip() in (RECORD_ID, "id"):
            return value if isinstance(value, str) else ""
    return ""


def is_coded(coded: Mapping[str, Any]) -> bool:
    """Whether a line of output has a `result`, and not only suggestions."""
    return any(name.strip() == "result" for name in coded)


def has_nothing(coded: Mapping[str, Any]) -> bool:
    """Whether a line of output, as `decode_output_line` gives it, finds nothing to code.

    It has no result, and no suggestion in its list, or no list.
    """
    said = {name.strip(): value for name, value in coded.items()}
    return "result" not in said and is_no_suggestion(said.get("suggestions", b"null"))


def is_no_suggestion(written: Any) -> bool:
    """Whether the value of `suggestions` is an empty list or null; bytes are JSON."""
    if not isinstance(written, bytes):
        return not written
    return written == b"null" or (written[:1] == b"[" and not written[1:-1].strip())


def decode_output_line(line: bytes) -> dict[str, Any]:
    """A line of output as an object: text decoded, other values as bytes as they are written.

    Those reach the user byte for byte, and JSON knows no greatest number. Raises `RecordFault`
    where the line is no object.
    """
    coded = _object_of(line, _decode_outline)
    try:
        line.decode()
        return {name: _text_of(value) for name, value in coded.items()}
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _no_json(error) from None


def _text_of(value: msgspec.Raw) -> Any:
    written = bytes(value)
    return _decode(written) if written.startswith(b'"') else written


def input_format_of(names: Sequence[str]) -> tuple[str, ...]:
    """A model's `inputFormat` without `recordId`, should a service list that too."""
    return tuple(name for name in names if name != RECORD_ID)
