"""Records as rows of CSV: the input of a batch prediction.

The first column is the row's id, which comes back beside the scores: the number of the line, so
that no row can be lost or change places unseen, and after a space the recordId, escaped as in JSON
with letters of ASCII alone. The others are the model's fields.
"""

import csv
import json
import re
from collections.abc import Iterable, Sequence
from io import StringIO

import msgspec

from protocol.records import RECORD_ID
from shared.lines import batches, rest_after

ROW_ID = "rowId"
# Amazon ML's values hold no line ends (developer guide, "Understanding the data format"); these
# are all that some reader takes for one. They become spaces, which texts are cut into words at.
LINE_ENDS = re.compile("[\x00\n\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")

_decode = msgspec.json.Decoder(dict[str, str]).decode


def row_id(line: int, record_id: str) -> str:
    """The id of the row of a line (the first is 1)."""
    return f"{line} {json.dumps(record_id)[1:-1]}" if record_id else str(line)


def row_id_column(fields: Sequence[str]) -> str:
    """A name that no field has."""
    name = ROW_ID
    while name in fields:
        name += "_"
    return name


def data_schema(fields: Sequence[str]) -> str:
    """The schema of the rows, as JSON (developer guide, "Creating a data schema")."""
    column = row_id_column(fields)
    attributes = [{"attributeName": column, "attributeType": "CATEGORICAL"}]
    attributes += [{"attributeName": name, "attributeType": "TEXT"} for name in fields]
    return json.dumps(
        {
            "version": "1.0",
            "rowId": column,
            "dataFormat": "CSV",
            "dataFileContainsHeader": True,
            "attributes": attributes,
        }
    )


class Rows:
    """Makes rows of validated lines of JSONL that come in blocks, cut anywhere."""

    def __init__(self, fields: Sequence[str]) -> None:
        self._fields = tuple(fields)
        self._line = 0
        self._rest = b""

    def header(self) -> bytes:
        return _csv([(row_id_column(self._fields), *self._fields)])

    def of(self, block: bytes) -> bytes:
        """The rows of the lines that end in `block`."""
        made = b"".join(self._made(lines) for lines in batches(self._rest, block))
        self._rest = rest_after(self._rest, block)
        return made

    def finish(self) -> bytes:
        """The row of a last line without a newline, if there is one."""
        rest, self._rest = self._rest, b""
        return self._made([rest]) if rest else b""

    def _made(self, lines: Sequence[bytes]) -> bytes:
        first, fields = self._line + 1, self._fields
        self._line += len(lines)
        records = map(_decode, lines)
        return _csv(
            (row_id(line, record.get(RECORD_ID, "")), *(_clean(record[name]) for name in fields))
            for line, record in enumerate(records, first)
        )


def _clean(text: str) -> str:
    return text if text.isprintable() else LINE_ENDS.sub(" ", text)


def _csv(rows: Iterable[Sequence[str]]) -> bytes:
    written = StringIO()
    csv.writer(written, lineterminator="\n").writerows(rows)
    return written.getvalue().encode("utf-8", "replace")  # half a surrogate pair is no character
