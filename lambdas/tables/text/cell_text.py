"""Cells of any type as text, and as JSON: in CSV, in JSON, in what is sent to a service."""

import re
from base64 import b64encode
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final

import msgspec

from tables.rows import Cell, Written

MAX_PLAIN_INTEGER = 1e16  # below, a float without a fraction is written as an integer, exactly
HOUR_SECONDS, MINUTE_SECONDS = 3_600, 60

_SURROGATE: Final = re.compile("[\ud800-\udfff]")


def cell_text(cell: Cell) -> str:
    """The cell as a person would type it: `5` for 5.0, `true`, `2024-02-29`, `27:30:00`.

    Empty cells are "". Bytes are text in UTF-8 or else Base64; lists and objects are JSON.
    """
    if isinstance(cell, str):
        return cell
    if cell is None:
        return ""
    if isinstance(cell, (float, Decimal)):
        return _number_text(cell)
    if isinstance(cell, (date, time, timedelta)):
        return _time_text(cell)
    return _bytes_text(cell) if isinstance(cell, bytes) else cell_json(cell).decode()


def cell_json(cell: Cell) -> bytes:
    """The cell as JSON in UTF-8. Numbers stay numbers; NaN and infinity are null."""
    try:
        return _encode(cell)
    except (UnicodeEncodeError, TypeError):
        return _encode(_plain(cell))


def whole_text(text: str) -> bytes:
    """Text in UTF-8, with U+FFFD for the halves of characters, which no encoding has."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        return _SURROGATE.sub("\ufffd", text).encode()


def _number_text(number: float | Decimal) -> str:
    if isinstance(number, Decimal):
        return format(number, "f")
    if number.is_integer() and abs(number) < MAX_PLAIN_INTEGER:
        return str(int(number))
    return str(number)


def _time_text(moment: date | time | timedelta) -> str:
    if isinstance(moment, datetime):
        return moment.isoformat(sep=" ")
    if not isinstance(moment, timedelta):
        return moment.isoformat()
    sign = "-" if moment < timedelta() else ""
    moment = abs(moment)
    seconds = moment.days * 24 * HOUR_SECONDS + moment.seconds
    hours, rest = divmod(seconds, HOUR_SECONDS)
    minutes, whole = divmod(rest, MINUTE_SECONDS)
    fraction = f".{moment.microseconds:06}".rstrip("0").rstrip(".")
    return f"{sign}{hours}:{minutes:02}:{whole:02}{fraction}"


def _bytes_text(content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError:
        return b64encode(content).decode()


def _hook(value: Any) -> Any:
    if isinstance(value, Written):
        return msgspec.Raw(value.encode())
    return str(value)


def _plain(cell: Any) -> Any:
    """What JSON can't hold as text: halves of characters, keys of any type.

    Lists and objects are as deep as a column's type says, a few levels."""
    if isinstance(cell, dict):
        return {whole_text(cell_text(key)).decode(): _plain(each) for key, each in cell.items()}
    if isinstance(cell, (list, tuple)):
        return [_plain(each) for each in cell]
    if isinstance(cell, str) and not isinstance(cell, Written):
        return whole_text(cell).decode()
    return cell


_encode = msgspec.json.Encoder(enc_hook=_hook, decimal_format="number").encode
