"""`python -m training`, as a person types it, and the files that it writes."""

import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from openpyxl import Workbook

from training.cli import main

Cells = Sequence[Sequence[object]]


def run(*arguments: str | Path, stdin: bytes = b"") -> tuple[int, str, str]:
    """Exit status, standard output, standard error."""
    out, err = io.StringIO(), io.StringIO()
    status = main(list(map(str, arguments)), stdin=io.BytesIO(stdin), stdout=out, stderr=err)
    return status, out.getvalue(), err.getvalue()


def lines_of(path: Path) -> list[dict[str, Any]]:
    """The records of a JSON Lines file."""
    return [json.loads(line) for line in path.read_text("utf-8").split("\n") if line]


def workbook(
    path: Path, sheets: Mapping[str, Cells], merged: Mapping[str, str] | None = None
) -> Path:
    """Write a workbook of these sheets; `merged` are ranges by sheet, such as `A1:G1`."""
    book = Workbook()
    book.remove(book["Sheet"])
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(list(row))
        if merged and name in merged:
            sheet.merge_cells(merged[name])
    book.save(path)
    return path
