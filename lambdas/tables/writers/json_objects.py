"""JSON Lines and a JSON array: an object a row, of JSON as it is written, with the codes' keys."""

import re
from collections.abc import Sequence
from typing import Final

import msgspec

from tables.coded.code_columns import CodeCell
from tables.coded.coded_rows import CodedRows
from tables.rows import RowBatch
from tables.text.cell_text import cell_json, whole_text
from tables.writers.column_names import unique_names
from tables.writers.layout import TableLayout

MAX_LINE_CHARACTERS = 1_000  # of a line that is no object; ours

_TEXT_OR_LINE_END: Final = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|[\r\n][ \t\r\n]*', re.DOTALL)
_BYTE_ORDER_MARK: Final = "\ufeff".encode()


class JsonLinesWriter:
    """Writes a line for each row."""

    opening, between, closing = b"", b"", b""

    def __init__(self, layout: TableLayout) -> None:
        self._layout = layout
        names = unique_names(layout.plan.columns, layout.width)
        self._names = [*(whole_text(name).decode() for name in names), *layout.codes.names]

    def head(self) -> bytes:
        """What stands above the rows."""
        return self.opening

    def rows(self, rows: RowBatch, coded: CodedRows, *, first: bool) -> bytes:
        """The rows of a batch; `first` says that none stand above them."""
        codes = self._layout.codes.values(coded)
        lines = (
            self._of_cells(rows, codes)
            if rows.written is None
            else [
                self._of_written(written, cells, refused=place in rows.faults)
                for place, (written, cells) in enumerate(zip(rows.written, codes, strict=True))
            ]
        )
        if not lines:
            return b""
        separator = self.between + b"\n"
        return (b"" if first else separator) + separator.join(lines)

    def tail(self, *, empty: bool) -> bytes:
        """What stands below the rows; `empty` says that there are none."""
        return (b"" if empty else b"\n") + self.closing

    def _of_cells(self, rows: RowBatch, codes: Sequence[Sequence[CodeCell]]) -> list[bytes]:
        lines = []
        for cells, code_cells, number in zip(rows.cells, codes, rows.numbers, strict=True):
            self._layout.check_width(cells, number)
            missing = (None,) * (self._layout.width - len(cells))
            members = zip(self._names, (*cells, *missing, *code_cells), strict=True)
            lines.append(cell_json(dict(members)))
        return lines

    def _of_written(self, written: bytes, cells: Sequence[CodeCell], *, refused: bool) -> bytes:
        """The object byte for byte, on one line, with the new members before its end."""
        body = written.removeprefix(_BYTE_ORDER_MARK).strip()
        if not body.startswith(b"{") or (refused and not _is_json(body)):
            return self._of_line(written, cells)
        if b"\n" in body or b"\r" in body:
            body = _TEXT_OR_LINE_END.sub(_on_one_line, body)
        body = body[:-1].rstrip()
        members = cell_json(dict(zip(self._layout.codes.names, cells, strict=True)))
        return body + (b"" if body == b"{" else b",") + members[1:]

    def _of_line(self, written: bytes, cells: Sequence[CodeCell]) -> bytes:
        """An object in place of a line that is none."""
        codes = self._layout.codes
        status = cells[codes.names.index(codes.status_name)]
        text = written[: 4 * MAX_LINE_CHARACTERS].decode(errors="replace")[:MAX_LINE_CHARACTERS]
        return cell_json({codes.status_name: status, codes.line_name: text})


class JsonArrayWriter(JsonLinesWriter):
    """Writes an array with an object a line."""

    opening, between, closing = b"[\n", b",", b"]\n"


def _on_one_line(found: re.Match[bytes]) -> bytes:
    """A text with its line ends escaped, as JSON wants it; a space for those between tokens."""
    text = found[0]
    if not text.startswith(b'"'):
        return b" "
    return text.replace(b"\n", b"\\n").replace(b"\r", b"\\r")


def _is_json(text: bytes) -> bool:
    try:
        _decode(text)
        text.decode()
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return True


_decode = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
