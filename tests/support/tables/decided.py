"""Files as the review page exports them, made without a browser."""

import csv
import io
from collections.abc import Iterable, Mapping
from typing import Any

from tables.review.reviewed_file import COLUMNS

FIELDS = ("text:occp_text", "text:tasks_text")


def a_line(item: Mapping[str, Any], decision: str, **cells: str) -> dict[str, str]:
    """A decision on an item of a page."""
    return {
        "item": item["id"],
        "drop": "3f2a" * 8,
        "round": "review",
        "by": "Ann",
        "at": "2026-03-06T08:00:00.000Z",
        "decision": decision,
        "label": "",
        "blind": "yes" if item.get("blind") else "no",
        "flag": "no",
        "note": "",
        "rows": str(item["rows"]),
        **dict(zip(FIELDS, item["texts"], strict=True)),
        **cells,
    }


def exported(lines: Iterable[Mapping[str, str]], separator: str = ",") -> bytes:
    """The file of these lines."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, [*COLUMNS, *FIELDS], delimiter=separator, quoting=csv.QUOTE_ALL)
    writer.writeheader()
    writer.writerows(lines)
    return b"\xef\xbb\xbf" + text.getvalue().encode()


SAVED = ((";", "cp1252"), ("\t", "utf-16"), (",", "utf-8"), ("\t", "utf-16-be"))
"""As Excel saves what it calls CSV and Unicode text, other programs alike: separator, encoding."""


def saved_again(content: bytes, encoding: str) -> bytes:
    """The file as a spreadsheet saves it: without needless quotes, in an encoding of its own."""
    text = content.decode("utf-8-sig").replace('"', "")
    return (f"\ufeff{text}" if encoding == "utf-16-be" else text).encode(encoding)
