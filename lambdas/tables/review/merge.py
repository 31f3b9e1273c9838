"""Merges what people have decided into the table that was given back, and renews its report."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from shared.received_json import read_object
from tables.coded.coded_rows import CodeAnswer, CodedRows, CodedStatus
from tables.errors import TableRefused
from tables.report.files import MANIFEST, PAGE, REPORT, REVIEW, as_json, report_files
from tables.report.page.document import html_of
from tables.report.page.reviewed import ENDS
from tables.review.distinct_texts import text_id
from tables.review.final_columns import (
    DICTIONARY,
    MODEL,
    UNDECIDED,
    FinalAnswer,
    FinalColumns,
    FinalRows,
)
from tables.review.final_decisions import FinalDecision, final_decisions
from tables.review.measured import MachineAnswers, measured
from tables.review.measures import levels_of
from tables.review.page.document import data_of_page
from tables.review.result_table import GIVEN_BACK, ResultTable
from tables.review.reviewed_file import ReviewedFile, check_drop, read_reviewed
from tables.rows import RowBatch
from tables.source import ByteSource, LocalFile
from tables.writers.files import reader_for, written_file
from tables.writers.layout import TableLayout, rows_above
from tables.writers.streams import STREAMED, streamed

MANIFEST_VERSION = "1"


@dataclass(slots=True)
class Merging:
    """What passes while a table is merged: the rows' ends, counted, and the machine's answers."""

    decisions: Mapping[str, FinalDecision]
    drop_id: str
    coded_at: str
    """When the machine gave its codes, ISO 8601."""
    rows: Counter[str] = field(default_factory=Counter)
    """By end: as `reviewed.ENDS`."""
    machine: MachineAnswers = field(default_factory=MachineAnswers)
    matched: set[str] = field(default_factory=set)
    """The texts with a decision that rows have."""

    def finals(self, coded: CodedRows) -> list[FinalAnswer]:
        """What each row of a batch ended as."""
        return [self._final(coded, place) for place in range(len(coded.statuses))]

    def _final(self, coded: CodedRows, place: int) -> FinalAnswer:
        texts, result = coded.texts[place], coded.results[place]
        if coded.statuses[place] in (CodedStatus.BLANK, CodedStatus.REFUSED):
            self.rows["unsent"] += 1
            return UNDECIDED
        is_known = coded.statuses[place] is CodedStatus.DICTIONARY
        item = text_id(texts, self.drop_id)
        decision = self.decisions.get(item)
        if decision is not None:
            self.matched.add(item)
            if not is_known:
                self.machine.add(item, result, coded.suggestions[place])
            if decision.is_made:
                self.rows["cannotBeCoded" if decision.cannot else "person"] += 1
                code, label = decision.code, decision.label
                return FinalAnswer(code, label, decision.by, decision.at, decision.note)
        note = decision.note if decision is not None else None
        if is_known:
            self.rows["dictionary"] += 1
            answer = FinalAnswer(by=DICTIONARY, at=self.coded_at, note=note)
            return answer if result is None else answer._replace(code=result[0], label=result[1])
        if result is None:
            self.rows[_end_without_code(decision, coded.suggestions[place])] += 1
            return UNDECIDED._replace(note=note)
        self.rows["model"] += 1
        return FinalAnswer(result.code, result.label, MODEL, self.coded_at, note)


def _end_without_code(decision: FinalDecision | None, suggestions: tuple[CodeAnswer, ...]) -> str:
    """The end of a row that neither the machine nor a person has given a code, or none."""
    if decision is not None and decision.disagreed:
        return "disagreed"
    return "open" if suggestions else "nothingToCode"


def merge(table: Path, reviewed: Sequence[Path], out: Path) -> dict[str, Any]:
    """Writes the table, its report and a manifest to the folder `out`; gives the manifest.

    Beside `table`, of any format that is given back, lies its `report.json`; `reviewed` are files
    that the review page has exported. Rows and their order stay; `out` is another folder than the
    table's. Raises `TableRefused`, and `OSError` where a file can't be read or written.
    """
    files = [read_reviewed(path.read_bytes(), path.name) for path in reviewed]
    manifest = merge_source(
        LocalFile(table), _report_beside(table), files, out / table.name, _levels_beside(table)
    )
    (out / MANIFEST).write_bytes(as_json(manifest))
    return manifest


def merge_source(
    source: ByteSource,
    report: Mapping[str, Any],
    files: Sequence[ReviewedFile],
    merged: Path,
    levels: Sequence[int] = (),
) -> dict[str, Any]:
    """The same, of a table that is anywhere; `levels` as `measured` has them.

    It is written to the file `merged`, and its report beside that; the manifest, which vouches for
    them, is the caller's to write. Raises `TableRefused`, and what `source` raises.
    """
    check_drop(files, report["dropId"])
    result = ResultTable.opened(source, report)
    merging = Merging(final_decisions(files), report["dropId"], report["codedAt"])
    out = merged.parent
    out.mkdir(parents=True, exist_ok=True)
    write_merged(result, merging, report["topic"], merged)
    unmatched = len(merging.decisions.keys() - merging.matched)
    review = {
        "files": [_about(each) for each in files],
        "texts": _texts(merging.decisions, unmatched),
        "rows": {each: merging.rows[each] for each in ENDS},
        **measured(merging.machine, merging.decisions, levels),
    }
    renewed = {**report, "review": review, "files": [merged.name, REPORT, MANIFEST]}
    manifest = {
        "manifestVersion": MANIFEST_VERSION,
        "dropId": report["dropId"],
        "topic": report["topic"],
        "table": {"file": merged.name, "bytes": merged.stat().st_size, "sha256": _sha256(merged)},
        **{name: review[name] for name in ("files", "texts", "rows")},
        "report": REPORT,
        "page": PAGE,
        "mergedAt": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    for name, content in report_files(renewed).items():
        (out / name).write_bytes(content)
    return manifest


def write_merged(result: ResultTable, merging: Merging, topic: str, path: Path) -> None:
    """Writes the table in its own format, with the final columns behind. Raises `TableRefused`.

    Where it fails the file is not there."""
    form = result.plan.format
    columns = FinalColumns(topic, result.plan.columns)
    layout = TableLayout(result.plan, columns, rows_above(result.source, result.plan))
    reader = result.reader(lambda reader, plan: reader_for(form, reader, plan))
    batches = _with_finals(result.rows(reader), merging)
    if form not in STREAMED:
        with written_file(form, layout, path, reader) as writer:
            for rows, coded in batches:
                writer.rows(rows, coded)
            writer.close()
        return
    try:
        with path.open("wb") as file:
            file.writelines(streamed(form, layout, batches))
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def _with_finals(
    batches: Iterator[tuple[RowBatch, CodedRows]], merging: Merging
) -> Iterator[tuple[RowBatch, FinalRows]]:
    for rows, coded in batches:
        yield (
            rows,
            FinalRows(
                coded.numbers,
                coded.statuses,
                coded.results,
                coded.levels,
                coded.suggestions,
                coded.texts,
                finals=merging.finals(coded),
            ),
        )


def _report_beside(table: Path) -> dict[str, Any]:
    path = table.parent / REPORT
    content = path.read_bytes() if path.is_file() else b""
    return report_of_drop(content, f"There is no {REPORT} of a drop beside {table.name}.")


def report_of_drop(content: bytes, missing: str) -> dict[str, Any]:
    """A drop's `report.json`. Raises `TableRefused` where it is none; empty is `missing`."""
    if not content:
        raise TableRefused(missing, GIVEN_BACK)
    try:
        report = read_object(content)
        html_of(report)  # what can be drawn is whole
    except (LookupError, TypeError, AttributeError, ValueError):
        raise TableRefused(
            f"The {REPORT} is no report of a drop, or damaged.", GIVEN_BACK
        ) from None
    return report


def _levels_beside(table: Path) -> list[int]:
    """The classification's levels, where the review page lies beside the table."""
    page = table.parent / REVIEW
    data = data_of_page(page.read_bytes()) if page.is_file() else None
    return [] if data is None else levels_of(code for code, _, _ in data["codes"])


def _about(each: ReviewedFile) -> dict[str, Any]:
    made = sum(decision.is_made for decision in each.decisions)
    return {"file": each.name, "sha256": each.sha256, "people": list(each.people), "texts": made}


def _texts(decisions: Mapping[str, FinalDecision], unmatched: int) -> dict[str, int]:
    found = decisions.values()
    return {
        "coded": sum(each.code is not None for each in found),
        "cannotBeCoded": sum(each.cannot for each in found),
        "disagreed": sum(each.disagreed for each in found),
        "flagged": sum(each.flag for each in found),
        "blind": sum(each.blind and each.is_made for each in found),
        "unmatched": unmatched,
    }


def _sha256(path: Path) -> str:
    digest = sha256()
    for block in LocalFile(path).blocks():
        digest.update(block)
    return digest.hexdigest()
