"""The report of a rejected drop: what is wrong with which line, beside where results would be."""

from pipeline.parts import Segment
from pipeline.results import ResultsBucket, folder_of_results
from pipeline.validating import Faults

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
        faults: Faults,
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
