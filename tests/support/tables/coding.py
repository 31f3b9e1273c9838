"""Tables prepared, coded by a made-up service, and given back, as the pipeline does it."""

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import openpyxl

from tables.dictionary.dictionary import Dictionary
from tables.errors import EncodingAssumed
from tables.join import CodedTable
from tables.open_table import open_table
from tables.plan import TableFormat, TableOptions, TablePlan
from tables.prepare import Preparation
from tables.rows import Cell
from tables.source import ByteSource
from tests.support.tables.held_bytes import HeldBytes

FIELDS = ("occp_text", "tasks_text")
OPTIONS = TableOptions(fields=FIELDS, max_refused_share=1)
MAPPED = TableOptions(fields=FIELDS[:1], columns={FIELDS[0]: ("job title",)}, max_refused_share=1)
"""For texts that Hypothesis finds: it knows the names that columns are known by."""
TOPIC = "occupation"
MODEL = {"modelId": "anzsco-7"}
CODED = {"codeCategory": "024113", "codeLabel": 'Cook, "head"', "codeConfidence": 0.97312}
BROADER = {"codeCategory": "0241", "codeLabel": "Cooks", "codeConfidence": 1}
SUGGESTED = [CODED | {"codeConfidence": 0.5}, BROADER | {"codeConfidence": 0.00001}]

Answer = Callable[[int, dict[str, str]], dict[str, Any]]


def in_turn(number: int, _record: dict[str, str]) -> dict[str, Any]:
    """A code, a broader one, suggestions, and so on."""
    return ({"result": CODED}, {"result": BROADER}, {"suggestions": SUGGESTED})[number % 3]


def coded_table(
    content: bytes | ByteSource,
    form: TableFormat,
    *,
    options: TableOptions = OPTIONS,
    answer: Answer = in_turn,
    output: Callable[[bytes], bytes] = lambda lines: lines,
    drop_id: str = "",
    blind_share: float = 0.05,
    dictionary: Dictionary | None = None,
) -> CodedTable:
    """The table that `content` is, after the service has answered; `output` may spoil that."""
    source = HeldBytes(content, block=1000) if isinstance(content, bytes) else content
    plan, lines = prepared(source, form, options, dictionary)
    answers = [
        json.dumps({"recordId": record["recordId"], **answer(number, record)}, ensure_ascii=False)
        for number, record in enumerate(map(json.loads, lines.splitlines()))
    ]
    out = output("".join(line + "\n" for line in answers).encode())
    return CodedTable(
        source,
        plan,
        HeldBytes(out, block=70 if len(out) < 1 << 20 else 1 << 20),
        topic=TOPIC,
        model=MODEL,
        drop_id=drop_id,
        blind_share=blind_share,
        dictionary=dictionary,
    )


def prepared(
    source: ByteSource,
    form: TableFormat,
    options: TableOptions,
    dictionary: Dictionary | None = None,
) -> tuple[TablePlan, bytes]:
    """The finished plan, and the lines for the service."""
    encoding = None
    while True:
        _, plan = open_table(source, form, options, encoding=encoding)
        preparation = Preparation(source, plan, options, dictionary=dictionary)
        try:
            lines = b"".join(chunk.content for chunk in preparation.chunks(1 << 20))
        except EncodingAssumed as assumed:
            encoding = assumed.encoding
            continue
        return preparation.finished_plan(), lines


def streamed(table: CodedTable, form: TableFormat) -> bytes:
    """The whole stream."""
    return b"".join(chunk.content for chunk in table.stream(form, chunk_bytes=1 << 20))


def resumed(table: CodedTable, form: TableFormat, chunk_bytes: int) -> bytes:
    """The stream, begun anew behind each chunk by its state as JSON keeps it."""
    content, state = b"", None
    while True:
        chunk = next(table.stream(form, chunk_bytes=chunk_bytes, state=state), None)
        if chunk is None:
            return content
        content += chunk.content
        assert chunk.state is not None
        state = json.loads(json.dumps(chunk.state))


def workbook(path: Path, rows: Sequence[Sequence[Any]], *, title: str = "People") -> HeldBytes:
    """A workbook as openpyxl writes it."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = title
    for number, row in enumerate(rows, start=1):
        for place, cell in enumerate(row, start=1):
            if cell is not None:
                written = sheet.cell(number, place)
                written.value = cell
                if isinstance(cell, str):
                    written.data_type = "s"  # else "=1" is a formula
    book.save(path)
    book.close()
    return HeldBytes(path.read_bytes())


def sheet_rows(path: Path) -> Iterator[tuple[Cell, ...]]:
    """The cells of the only sheet, as openpyxl reads them."""
    book = openpyxl.load_workbook(path)
    assert book.active is not None
    yield from book.active.iter_rows(values_only=True)  # type: ignore[misc]
    book.close()
