"""Which lines of JSON Lines make a row each: nearly always one."""

from dataclasses import dataclass

from tables.readers.json_objects import ObjectFault, Read, read_object, read_quickly
from tables.readers.text_windows import MAX_ROW_BYTES

MORE_LINES = 20  # that an object may go on over; ours


@dataclass(slots=True)
class LineRows:
    """The rows that lines make. Lists of the same length."""

    places: list[int]
    """Of the line at which each row begins, among the lines."""
    written: list[bytes]
    """Each as it is written; of several lines with a newline between."""
    read: list[Read]
    taken: int
    """How many of the lines these are: behind them may be one that goes on."""


def lines_of(text: bytes) -> list[bytes]:
    """The lines of `text`, which ends with one, without their ends."""
    if b"\r" in text:
        text = text.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    lines = text.split(b"\n")
    if not lines[-1]:
        del lines[-1]
    return lines


def line_rows(lines: list[bytes], *, is_all: bool) -> LineRows:
    """The rows of `lines`; with `is_all`, no line behind them can be part of one."""
    places = [place for place, line in enumerate(lines) if line and not line.isspace()]
    written = lines if len(places) == len(lines) else [lines[place] for place in places]
    rows = LineRows(places, written, read_quickly(written), len(lines))
    return rows if all(map(_is_read, rows.read)) else _joined(lines, rows, is_all=is_all)


def _is_read(found: Read) -> bool:
    return found is not None


def _joined(lines: list[bytes], alone: LineRows, *, is_all: bool) -> LineRows:
    """The same rows, but for those that go on in the next lines."""
    rows = LineRows([], [], [], len(lines))
    behind = 0
    for place, text, quickly in zip(alone.places, alone.written, alone.read, strict=True):
        if place < behind:
            continue
        found, more = (quickly, 0) if quickly is not None else _carefully(lines, place)
        if more is None and not is_all:
            rows.taken = place
            break
        behind = place + 1 + (more or 0)
        rows.places.append(place)
        rows.written.append(b"\n".join(lines[place:behind]) if more else text)
        rows.read.append(found)
    return rows


def _carefully(lines: list[bytes], place: int) -> tuple[Read, int | None]:
    """What the line at `place` is, and how many lines behind it belong to its object; None where
    `lines` end before that is known.

    0 where the line is whole, or no object with the lines behind it."""
    found, may_go_on = _read(lines[place])
    if not may_go_on:
        return found, 0
    for more in range(1, MORE_LINES + 1):
        if place + more >= len(lines):
            return found, None
        if not lines[place + more].rstrip().endswith(b"}"):
            continue
        text = b"\n".join(lines[place : place + more + 1])
        longer, may_go_on = (None, False) if len(text) > MAX_ROW_BYTES else _read(text)
        if isinstance(longer, dict):
            return longer, more
        if not may_go_on:
            break
    return found, 0


def _read(text: bytes) -> tuple[Read, bool]:
    """What `text` is, and whether more behind it could make it an object."""
    try:
        return read_object(text), False
    except ObjectFault as fault:
        return str(fault), fault.may_go_on
