"""Coded rows and reports of them, made up for tests."""

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tables.coded.coded_rows import CodeAnswer, CodedRows, CodedStatus
from tables.plan import ColumnMapping, TableFormat, TablePlan
from tables.report.report import AboutDrop, report_of
from tables.report.tally import Tally

MODEL: Mapping[str, Any] = {
    "modelId": "anzsco-7",
    "modelVersion": 7,
    "modelReleaseDate": "2026-03-02",
    "modelType": "hsvm",
    "inputFormat": ["occp_text", "tasks_text"],
    "topicStandard": "ANZSCO",
    "topicVersion": "1.3",
    "evaluation": {"records": 2050, "accuracy": {"6": 0.742, "4": 0.836}},
}
ABOUT = AboutDrop(
    topic="occupations",
    key="survey/people.csv",
    drop_id="3f2a" * 8,
    dropped_at="2026-03-05T14:02:11Z",
    coded_at="2026-03-05T14:09:40Z",
    files=("results.csv", "output.jsonl", "manifest.json"),
)
PLAN = TablePlan(
    format=TableFormat.CSV,
    columns=("Nr.", "Beruf", "Tätigkeit", "Branche"),
    mapping=ColumnMapping(fields={"occp_text": (1,), "tasks_text": (2, 3)}, record_id=0),
    header_row=1,
    width=4,
    encoding="cp1252",
    encoding_assumed=True,
    assumed_examples=("Köchin", "Büro", "Straßenbau"),
    separator=";",
    refusals=((17, "has 7 cells, three more than the header"),),
    shortened_rows=(40, 210),
)
CODES = (("241213", "Teacher"), ("261313", "Software Engineer"), ("351411", "Cook"))
HARD = ("manager", "self employed", "consultant", "office")


@dataclass(frozen=True, slots=True)
class CodedRow:
    """One row, however it ended."""

    status: CodedStatus
    result: CodeAnswer | None = None
    suggestions: tuple[CodeAnswer, ...] = ()
    texts: tuple[str, ...] = ()


def a_coded(
    code: str = "241213", label: str = "Teacher", confidence: float | None = 0.9
) -> CodedRow:
    """A row with a code of the deepest level, or of one above."""
    status = CodedStatus.CODED if len(code) == 6 else CodedStatus.BROADER
    return CodedRow(status, CodeAnswer(code, label, confidence), (), ("teacher", ""))


def a_suggested(*texts: str, confidence: float | None = 0.4) -> CodedRow:
    """A row with suggestions alone."""
    suggestion = CodeAnswer("2412", "Teachers", confidence)
    return CodedRow(CodedStatus.SUGGESTED, None, (suggestion,), texts or ("manager", ""))


A_NOTHING = CodedRow(CodedStatus.NOTHING_TO_CODE, texts=("retired", ""))
A_KNOWN = CodedRow(CodedStatus.DICTIONARY, CodeAnswer("351311", "Chef", None))
A_BLANK, A_REFUSED = CodedRow(CodedStatus.BLANK), CodedRow(CodedStatus.REFUSED)


def batch_of(rows: Sequence[CodedRow]) -> CodedRows:
    """The rows as a batch."""
    results = [each.result for each in rows]
    return CodedRows(
        numbers=range(2, 2 + len(rows)),
        statuses=[each.status for each in rows],
        results=results,
        levels=[None if each is None else len(each.code) for each in results],
        suggestions=[each.suggestions for each in rows],
        texts=[each.texts for each in rows],
    )


def tally_of(rows: Iterable[CodedRow]) -> Tally:
    """A tally of these rows."""
    tally = Tally()
    tally.add(batch_of(list(rows)))
    return tally


def some_rows(count: int, seed: int = 1) -> list[CodedRow]:
    """Rows of each kind, the same for the same seed."""
    chance = random.Random(seed)  # noqa: S311  made-up rows
    rows: list[CodedRow] = []
    for _ in range(count):
        kind = chance.random()
        sure = round(0.6 + 0.4 * chance.random() ** 0.5, 3)
        if kind < 0.01:
            rows.append(A_BLANK)
        elif kind < 0.02:
            rows.append(A_REFUSED)
        elif kind < 0.15:
            rows.append(a_suggested(chance.choice(HARD), "", confidence=round(sure - 0.4, 3)))
        elif kind < 0.16:
            rows.append(replace(a_coded(confidence=sure), status=CodedStatus.SHORTENED))
        elif kind < 0.25:
            rows.append(a_coded("2412", "Teachers", sure))
        else:
            rows.append(a_coded(*chance.choice(CODES), sure))
    return rows


def a_report(
    rows: Sequence[CodedRow] | None = None,
    *,
    plan: TablePlan = PLAN,
    about: AboutDrop = ABOUT,
    model: Mapping[str, Any] = MODEL,
    previous: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """A report of these rows, or of a thousand."""
    tally = tally_of(some_rows(1_000) if rows is None else rows)
    return report_of(tally, plan=plan, about=about, model=model, previous=previous)
