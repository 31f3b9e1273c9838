"""The report of a rejected drop: what is wrong with which line, beside where results would be."""

from dataclasses import dataclass
from typing import Any

from pipeline.domain.drop import Drop
from pipeline.domain.part import Segment
from pipeline.finish.outcomes import Piece
from pipeline.storage.results_bucket import ResultsBucket, folder_of_results
from pipeline.validation.input_lines import FAULTS_KEPT, InputFault, InputFaults

SCHEMA_VERSION = "1"  # docs/schemas/rejection.json
REPORT_NAME = "rejection.json"
NEXT_STEP = (
    "Correct the lines listed here and drop the file again under the same key. Each line must be "
    "one JSON object with the fields: {fields}, and, on all lines or on none, recordId."
)


class Rejections:
    """Writes reports to the results bucket."""

    def __init__(self, results: ResultsBucket) -> None:
        self._results = results

    def report(
        self,
        source: Segment,
        faults: InputFaults,
        input_format: tuple[str, ...],
        *,
        piece: int | None = None,
    ) -> str:
        """Writes the report of a faulty file, or piece of a file; its key. Raises `AwsBusy`.

        It names lines and fields, and quotes nothing of the file's content."""
        key = piece_report(source.results_prefix, piece)
        body = {
            "schemaVersion": SCHEMA_VERSION,
            "dropId": source.drop_id,
            "bucket": source.bucket,
            "key": source.key,
            "versionId": source.version_id,
            "reason": faults.summary(),
            "faultCount": faults.count,
            "wholeFileRead": faults.whole_file,
            "lineCount": faults.lines,
            "linesFromByte": source.first_byte,
            "faults": [{"line": fault.line, "fault": fault.text} for fault in faults.first],
            "nextStep": NEXT_STEP.format(fields=", ".join(input_format)),
        }
        self._results.put_json(key, body)
        return key


def piece_report(results_prefix: str, piece: int | None) -> str:
    """Where the report lies; that of a piece, until all pieces have been checked."""
    return f"{folder_of_results(results_prefix, piece)}{REPORT_NAME}"


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
    found = InputFaults(
        first=(InputFault(faults[0]["line"], faults[0]["fault"]),),
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
