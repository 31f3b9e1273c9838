"""A drop of many rows, coded by a made-up service, for the review of what it left uncoded."""

import csv
import io
import random
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from shared.codelist import Codelist
from tables.join import CodedTable
from tables.plan import TableFormat
from tables.report.report import AboutDrop, report_of
from tables.review.page_data import page_data
from tests.support.tables.coding import MODEL, coded_table

PROJECT = Path(__file__).parents[3]
CODELIST = Codelist.read(PROJECT / "topics/anzsco/codes.csv")
LEAVES = [code for code in CODELIST.codes if len(code) == 6]
ADJECTIVES = ("senior", "trainee", "self-employed", "casual", "deputy", "night", "relief", "lead")
ABOUT = AboutDrop(
    topic="occupation",
    key="occupation/survey.csv",
    drop_id="3f2a" * 8,
    dropped_at="2026-03-05T14:02:11Z",
    coded_at="2026-03-05T14:09:40Z",
    files=("results.csv", "output.jsonl", "metadata.json", "manifest.json"),
)


@dataclass(frozen=True, slots=True)
class ReviewedDrop:
    """What lies beside each other when such a drop has ended."""

    table: CodedTable
    results: bytes
    """`results.csv`."""
    report: dict[str, Any]
    data: dict[str, Any]


def some_answer(_number: int, record: dict[str, str]) -> dict[str, Any]:
    """By the text alone: two of three have a code, the others suggestions."""
    chance = random.Random(record["occp_text"].casefold())  # noqa: S311  made-up answers
    codes = chance.sample(LEAVES, 3)
    sure = round(chance.uniform(0.3, 0.7), 4)
    if chance.random() < 2 / 3:
        return {"result": _said(codes[0], 0.75 + sure / 4)}
    return {
        "suggestions": [_said(codes[0], sure), _said(codes[1], sure / 2), _said(codes[2], 0.05)]
    }


def some_rows(count: int, seed: int = 3) -> list[list[str]]:
    """Rows of people, with texts of which a few are frequent and many are rare."""
    chance = random.Random(seed)  # noqa: S311  made-up rows
    titles = [each.label.lower() for code, each in CODELIST.codes.items() if len(code) == 6]
    rows = []
    for number in range(1, count + 1):
        title = titles[int(len(titles) * chance.random() ** 2)]
        if chance.random() < 0.6:
            title = f"{chance.choice(ADJECTIVES)} {title}"
        rows.append([str(number), title, chance.choice(["", "", "serving people", "=SUM(A1)"])])
    return rows


def a_csv(rows: list[list[str]]) -> bytes:
    """The rows below their header."""
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows([["Case", "Job title", "Main tasks"], *rows])
    return text.getvalue().encode()


def a_reviewed_drop(
    content: bytes, *, codelist: Codelist | None = CODELIST, blind_share: float = 0.05, **how: Any
) -> ReviewedDrop:
    """The drop of a CSV, coded by `some_answer` or as `how` says."""
    table = coded_table(
        content,
        TableFormat.CSV,
        **({"answer": some_answer} | how),
        drop_id=ABOUT.drop_id,
        blind_share=blind_share,
    )
    results = b"".join(c.content for c in table.stream(TableFormat.CSV, chunk_bytes=1 << 20))
    fields = table.plan.mapping.fields
    data = page_data(table.texts, table.tally, about=ABOUT, fields=fields, codelist=codelist)
    assert data is not None
    about = replace(ABOUT, files=(*ABOUT.files, "review.html"))
    report = report_of(table.tally, plan=table.plan, about=about, model=MODEL, previous=None)
    return ReviewedDrop(table, results, report, data)


def _said(code: str, confidence: float) -> dict[str, Any]:
    label = CODELIST.codes[code].label
    return {"codeCategory": code, "codeLabel": label, "codeConfidence": round(confidence, 4)}
