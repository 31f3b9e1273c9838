"""The report of a rejected drop: what is wrong with which line, beside where results would be.

Its schema is docs/schemas/rejection.json. It names lines and fields, and quotes nothing of the
file's content. It is short whatever the file holds: a hundred faults, each text cut.
"""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

from pipeline.domain.drop import Drop, Rejection
from pipeline.domain.part import Segment
from pipeline.storage.results_bucket import ResultsBucket, folder_of_results
from pipeline.validation.input_lines import FAULTS_KEPT, InputFault, InputFaults
from protocol.short_texts import LONGEST_FAULT, LONGEST_REASON, cut, named

SCHEMA_VERSION = "1"
READERS = 8  # of pieces' reports, which are small; ours
REPORT_NAME = "rejection.json"
NEXT_STEP = (
    "Correct the lines listed here and drop the file again under the same key. Each line must be "
    "one JSON object with the fields: {fields}, and, on all lines or on none, recordId."
)
FIELDS_NAMED = 15  # of a model, in what to do next: with their names cut it stays complete; ours
NO_LINES = InputFaults(first=(), count=0, whole_file=False)
"""Of a file that was refused as a whole."""


def piece_report(results_prefix: str, piece: int | None) -> str:
    """The report's key; that of a piece, until the reports of all pieces are joined."""
    return f"{folder_of_results(results_prefix, piece)}{REPORT_NAME}"


@dataclass(frozen=True, slots=True)
class Rejections:
    """Writes reports to the results bucket. Its methods may raise `AwsBusy`."""

    results: ResultsBucket

    def report(
        self,
        source: Segment,
        faults: InputFaults,
        input_format: tuple[str, ...],
        *,
        piece: int | None = None,
    ) -> None:
        """Writes the report of a faulty file, or of a piece of a file."""
        self._put(
            source,
            Rejection(faults.summary(), _next_step(input_format)),
            faults,
            lines_from_byte=source.first_byte,
            piece=piece,
        )

    def report_refused(self, drop: Drop, rejection: Rejection) -> str:
        """Writes the report of a file that was refused as a whole: it names no lines. Its key."""
        return self._put(drop, rejection, NO_LINES)

    def report_rows(self, drop: Drop, rejection: Rejection, faults: InputFaults) -> str:
        """Writes the report of a table of which too many rows can't be read. Its key."""
        return self._put(drop, rejection, faults)

    def join_pieces(self, drop: Drop, records: Mapping[int | None, int | None]) -> str | None:
        """Joins the reports of a file's pieces; the reason, or None where no piece has a report.

        `records` says how many records each piece has, by its number and in the file's order; None
        where they were not counted. Lines are numbered from the file's beginning, as far as the
        lines before them were counted, and else as in the first report.
        """
        reports: list[_PieceReport] = []
        lines: int | None = 0
        keys = [piece_report(drop.results_prefix, piece) for piece in records]
        with ThreadPoolExecutor(READERS, thread_name_prefix="report") as executor:
            found = list(executor.map(self.results.get_json, keys))
        for stored, counted in zip(found, records.values(), strict=True):
            report = None if stored is None else _PieceReport.from_json(stored)
            if report is not None:
                reports.append(report if lines is None else report.after(lines))
            own = counted if report is None else report.faults.lines
            lines = None if lines is None or own is None else lines + own
        if not reports:
            return None
        first_byte = reports[0].lines_from_byte
        faults = InputFaults(
            first=tuple(
                fault
                for report in reports
                if report.lines_from_byte == first_byte
                for fault in report.faults.first
            )[:FAULTS_KEPT],
            count=sum(report.faults.count for report in reports),
            whole_file=all(report.faults.whole_file for report in reports),
            lines=lines,
        )
        from_where = f" (counted from byte {first_byte:,} on)" if first_byte else ""
        rejection = Rejection(f"{faults.summary()}{from_where}", reports[0].next_step)
        self._put(drop, rejection, faults, lines_from_byte=first_byte)
        return rejection.reason

    def _put(
        self,
        dropped: Drop | Segment,
        rejection: Rejection,
        faults: InputFaults,
        *,
        lines_from_byte: int = 0,
        piece: int | None = None,
    ) -> str:
        key = piece_report(dropped.results_prefix, piece)
        body = {
            "schemaVersion": SCHEMA_VERSION,
            "dropId": dropped.drop_id,
            "bucket": dropped.bucket,
            "key": dropped.key,
            "versionId": dropped.version_id,
            "reason": cut(rejection.reason, LONGEST_REASON),
            "faultCount": faults.count,
            "wholeFileRead": faults.whole_file,
            "lineCount": faults.lines,
            "linesFromByte": lines_from_byte,
            "faults": [
                {"line": fault.line, "fault": cut(fault.text, LONGEST_FAULT)}
                for fault in faults.first[:FAULTS_KEPT]
            ],
            "nextStep": cut(rejection.next_step, LONGEST_REASON),
        }
        self.results.put_json(key, body)
        return key


def _next_step(input_format: tuple[str, ...]) -> str:
    return NEXT_STEP.format(fields=named(input_format, most=FIELDS_NAMED))


@dataclass(frozen=True, slots=True)
class _PieceReport:
    """What the joined report takes from that of a piece."""

    faults: InputFaults
    lines_from_byte: int
    next_step: str

    @classmethod
    def from_json(cls, report: dict[str, Any]) -> "_PieceReport":
        faults = InputFaults(
            first=tuple(InputFault(fault["line"], fault["fault"]) for fault in report["faults"]),
            count=report["faultCount"],
            whole_file=report["wholeFileRead"],
            lines=report["lineCount"],
        )
        return cls(faults, report["linesFromByte"], report["nextStep"])

    def after(self, lines: int) -> "_PieceReport":
        """The report with its lines numbered from the file's beginning, `lines` before them."""
        first = tuple(InputFault(fault.line + lines, fault.text) for fault in self.faults.first)
        return replace(self, faults=replace(self.faults, first=first), lines_from_byte=0)
