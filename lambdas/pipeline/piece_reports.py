"""One report for a large file, out of those that its pieces wrote when they were checked."""

from dataclasses import dataclass
from typing import Any

from pipeline.dropped import Drop
from pipeline.outcomes import Piece
from pipeline.rejection import REPORT_NAME, piece_report
from pipeline.results import ResultsBucket
from pipeline.validating import FAULTS_KEPT, Fault, Faults


@dataclass(frozen=True, slots=True)
class PieceReports:
    """Lines are counted from the file's beginning, as far as the lines before are known."""

    results: ResultsBucket

    def put_together(self, drop: Drop, pieces: tuple[Piece, ...]) -> str | None:
        """Writes `rejection.json` of the drop; its reason, or None where no piece has a report.

        Raises `AwsBusy`."""
        reports: list[dict[str, Any]] = []
        lines: int | None = 0
        for piece in pieces:
            report = self.results.get_json(piece_report(drop.results_prefix, piece.number))
            if report is not None:
                reports.append(_moved(report, lines))
            own = report["lineCount"] if report is not None else _records_of(piece)
            lines = None if lines is None or own is None else lines + own
        if not reports:
            return None
        whole = _whole(reports, lines)
        self.results.put_json(f"{drop.results_prefix}{REPORT_NAME}", whole)
        reason: str = whole["reason"]
        return reason


def _records_of(piece: Piece) -> int | None:
    return None if piece.input is None else piece.input.records


def _moved(report: dict[str, Any], lines_before: int | None) -> dict[str, Any]:
    """The report with its lines counted from the file's beginning, where that is known."""
    if lines_before is None:
        return report
    faults = [{**fault, "line": fault["line"] + lines_before} for fault in report["faults"]]
    return {**report, "linesFromByte": 0, "faults": faults}


def _whole(reports: list[dict[str, Any]], lines: int | None) -> dict[str, Any]:
    """The reports as one; lines are counted as in the first of them."""
    first_byte = reports[0]["linesFromByte"]
    alike = [each for each in reports if each["linesFromByte"] == first_byte]
    faults = [fault for each in alike for fault in each["faults"]][:FAULTS_KEPT]
    found = Faults(
        first=(Fault(faults[0]["line"], faults[0]["fault"]),),
        count=sum(each["faultCount"] for each in reports),
        whole_file=all(each["wholeFileRead"] for each in reports),
    )
    from_where = f" (counted from byte {first_byte:,} on)" if first_byte else ""
    return {
        **reports[0],
        "reason": f"{found.summary()}{from_where}",
        "faultCount": found.count,
        "wholeFileRead": found.whole_file,
        "lineCount": lines,
        "faults": faults,
    }
