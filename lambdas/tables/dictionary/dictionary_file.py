"""A version of a dictionary as a file that people can read: a line for each text.

Its columns are in docs/review.md. The number of the version stands in its name.
"""

import re
from collections.abc import Iterable, Mapping
from itertools import count
from sys import intern

from tables.dictionary.dictionary import Dictionary, KnownText
from tables.errors import TableRefused
from tables.review.decided_csv import (
    CANNOT,
    CODE_PREFIX,
    TEXT_PREFIX,
    code_said,
    rows_of,
    texts_of,
    written,
)

COLUMNS = ("decision", "label", "by", "at", "drop", "version")
MOST_BYTES = 32 << 20  # of 200,000 texts, which take 300 MB of memory (measured); ours
_NAME = re.compile(r"(?:.*/)?dictionary-(\d{1,9})\.csv")
NEXT_STEP = "Take a file that `dropcoder dictionary` or Pipeline has written."


def name_of(version: int) -> str:
    """The file's name, such as `dictionary-0007.csv`."""
    return f"dictionary-{version:04d}.csv"


def version_in(name: str) -> int | None:
    """The version that a file's name, or an object's key, says; None where it is no such name."""
    found = _NAME.fullmatch(name)
    return None if found is None else int(found[1])


def newest(names: Iterable[str]) -> str | None:
    """The name of the highest version; None where none is there."""
    versions = {name: version_in(name) or 0 for name in names if version_in(name)}
    return max(versions, key=lambda name: versions[name], default=None)


def read_dictionary(content: bytes, name: str) -> Dictionary:
    """The dictionary in a file. Raises `TableRefused` where it is none, or damaged."""
    version = version_in(name)
    if not version:
        raise _refused(name, f"is not named as a dictionary is, such as {name_of(1)}")
    if len(content) > MOST_BYTES:
        raise _refused(name, f"has more than {MOST_BYTES:,} bytes")
    rows = rows_of(content, COLUMNS, lambda why: _refused(name, why))
    return Dictionary.of(
        version, [_entry(row, name, number) for row, number in zip(rows, count(2))]
    )


def dictionary_bytes(dictionary: Dictionary) -> bytes:
    """The file of a dictionary, in the order of its entries.

    Raises `TableRefused` where it is larger than it may be."""
    entries = dictionary.entries.values()
    fields = list(dict.fromkeys(name for each in entries for name in each.texts))
    columns = (*COLUMNS, *(f"{TEXT_PREFIX}{name}" for name in fields))
    content = written(columns, (_row(each, fields) for each in entries))
    if len(content) > MOST_BYTES:
        raise TableRefused(
            f"The dictionary would have more than {MOST_BYTES:,} bytes.",
            "Write its next version without texts that do not come any more.",
        )
    return content


def _row(each: KnownText, fields: Iterable[str]) -> list[str]:
    decision = CANNOT if each.code is None else f"{CODE_PREFIX}{each.code}"
    about = [decision, each.label, each.by, each.at, each.drop_id, str(each.version)]
    return [*about, *(each.texts.get(name, "") for name in fields)]


def _entry(row: Mapping[str, str], name: str, number: int) -> KnownText:
    """The entry of the row with this number."""
    said, code = row["decision"], code_said(row["decision"])
    version = row.get("version", "")
    texts = texts_of(row)
    if not (code or said == CANNOT) or not version.isdecimal() or not any(texts.values()):
        raise _refused(name, f"is damaged in row {number:,}")
    # The same few stand in many rows.
    label, by, at, drop_id = (intern(row.get(each, "")) for each in ("label", "by", "at", "drop"))
    return KnownText(texts, code, label, by, at, drop_id, int(version))


def _refused(name: str, why: str) -> TableRefused:
    return TableRefused(f"{name} {why}.", NEXT_STEP)
