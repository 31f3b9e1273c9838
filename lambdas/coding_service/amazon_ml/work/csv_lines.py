"""The lines of data files: found in blocks of bytes, read as values, and written as results.

The developer guide ("Understanding the Data Format for Amazon ML"): one observation a line, commas
between values, double quotes around a value with a comma, no line end inside quotes, at most
100 KB a line. So a line's end is a newline wherever it stands, and a file can be cut anywhere.
"""

import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

MAX_LINE_BYTES = 100 * 1024  # "Each observation must be no larger than 100 KB"
UTF8_BOM = b"\xef\xbb\xbf"
_QUOTED = frozenset('",\r\n')


class CsvLineFault(ValueError):
    """A line is no observation of the schema; the text says why, and quotes nothing of it."""


@dataclass(frozen=True, slots=True)
class Observation:
    """What a prediction needs of a line."""

    texts: tuple[str, ...]
    """The values of the model's fields, in its order."""
    tag: str
    """The value of the schema's rowId; "" without one."""


@dataclass(frozen=True, slots=True)
class LineForm:
    """Reads lines of one schema."""

    width: int
    """How many attributes the schema has."""
    columns: tuple[int, ...]
    """Where the model's fields stand."""
    tag_column: int | None

    def read(self, line: bytes | None) -> Observation:
        """The observation on a line, None for one that is too long. Raises `CsvLineFault`."""
        values = values_of(line)
        if len(values) != self.width:
            raise CsvLineFault(f"has {len(values)} values; the schema has {self.width} attributes")
        return Observation(
            tuple([values[column] for column in self.columns]),
            "" if self.tag_column is None else values[self.tag_column],
        )


def values_of(line: bytes | None) -> list[str]:
    """The values on a line without its end. Raises `CsvLineFault`."""
    if line is None or len(line) > MAX_LINE_BYTES:
        raise CsvLineFault("is longer than 100 KB")
    try:
        text = line.decode()
    except UnicodeDecodeError:
        raise CsvLineFault("is not UTF-8") from None
    if '"' not in text:
        return text.split(",")
    try:
        return next(csv.reader([text], strict=True))
    except csv.Error:
        raise CsvLineFault("has quotes that do not match") from None


def owned_lines(blocks: Iterable[bytes], *, start: int, end: int) -> Iterator[bytes | None]:
    """The lines that begin at `start` or after it and before `end`, without their ends.

    Every line of a file so belongs to exactly one of its ranges. `blocks` are the file's bytes from
    `start - 1` on (0 from the beginning), to its end or until no more are asked for. None stands
    for a line that is too long to be an observation.
    """
    foreign = start > 0  # up to the first newline it is a line of the range before
    here = max(start - 1, 0)  # where `rest` begins in the file
    begun, rest, too_long = here, b"", False
    for block in blocks:
        *whole, rest = (rest + block).split(b"\n")
        for line in whole:
            if not foreign:
                if begun >= end:
                    return
                yield None if too_long else _bounded(line)
            foreign, too_long = False, False
            here += len(line) + 1
            begun = here
        if not foreign and begun >= end:
            return
        if len(rest) > MAX_LINE_BYTES + 1:  # 1: a CR may still belong to the end
            here, rest, too_long = here + len(rest), b"", True
    if not foreign and begun < end and (rest or too_long):
        yield None if too_long else _bounded(rest)


def _bounded(line: bytes) -> bytes | None:
    line = line.removesuffix(b"\r")
    return line if len(line) <= MAX_LINE_BYTES else None


def written(value: str) -> str:
    """A value as it stands in a line: in quotes where it must be."""
    if _QUOTED.isdisjoint(value):
        return value
    return '"' + value.replace('"', '""') + '"'


def header_of(codes: Sequence[str], *, tagged: bool) -> str:
    """The first line of a result."""
    return ",".join([*(["tag"] if tagged else []), *map(written, codes)]) + "\n"
