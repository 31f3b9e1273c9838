"""How a drop ended, by its failure, its rejection or its parts' outcome.

Where all went well, what came out is reconciled with what went in, and the manifest is written.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.domain.drop import Drop, Rejection
from pipeline.domain.facts import InputFacts, MetadataFacts, OutputFacts, metadata_facts
from pipeline.domain.identity import folder_of
from pipeline.domain.progress import PartStatus
from pipeline.errors import DropGone, ResultsMismatch
from pipeline.finish.coded_tables import CodedTables, TableFacts
from pipeline.finish.expanded_outputs import ExpandedOutputs
from pipeline.finish.explanations import (
    Explanation,
    explain_error,
    explain_part,
    explain_piece,
    explain_too_large,
)
from pipeline.finish.finish_input import EndedExecution
from pipeline.finish.join_output import JoinedOutputs
from pipeline.finish.manifest import agreed_facts, check_model, manifest_of
from pipeline.finish.notification import console_link
from pipeline.finish.outcomes import DropOutcome, Outcomes, PieceFacts
from pipeline.finish.reviewed_tables import ReviewedTables
from pipeline.storage.results_bucket import (
    METADATA_NAME,
    OUTPUT_NAME,
    PIECES,
    ResultsBucket,
)
from pipeline.validation.output_lines import OutputScan
from pipeline.validation.rejection_report import Rejections, piece_report
from protocol.short_texts import reason_cut
from shared.join_plan import TooLargeToJoin
from tables.errors import TableRefused
from tables.report.files import MANIFEST

SCHEMA_VERSION = "2"  # docs/schemas/notification.json
NO_MODEL = b"{}\n"
"""The metadata of a drop of which nothing was sent: no model has coded it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DropResult:
    """How a drop ended, why, and the keys of what lies in the results bucket; None: it does not."""

    status: str
    """complete, failed, timed_out or rejected."""
    explanation: Explanation
    model: str | None = None
    """The id of the model that coded the drop; None where it names none, or nothing was coded."""
    records: Mapping[str, int] | None = None
    """As `record_counts` gives them; None where they were not counted."""
    output: str | None = None
    metadata: str | None = None
    manifest: str | None = None
    report: str | None = None
    """The report of a rejection."""
    tables: TableFacts | None = None
    """None: only the service's output is given back."""

    def body(self, drop: Drop, *, bucket: str, ended_at: str) -> dict[str, Any]:
        """The notification's body; `bucket` is the results bucket.

        Its `messageId` is the same whenever the same result is sent.
        """
        reason = self.explanation.reason
        return {
            "schemaVersion": SCHEMA_VERSION,
            "messageId": f"{drop.drop_id}-{self.status}",
            "dropId": drop.drop_id,
            "status": self.status,
            "topic": drop.topic,
            "model": self.model or drop.model,
            "bucket": drop.bucket,
            "key": drop.key,
            "versionId": drop.version_id,
            "drop_prefix": folder_of(drop.key),
            "reason": reason and reason_cut(reason),
            "nextStep": reason_cut(self.explanation.next_step),
            "records": self.records,
            "rows": (self.tables.rows or None) if self.tables else None,
            "results": {
                "bucket": bucket,
                "prefix": drop.results_prefix,
                "output": self.output,
                "metadata": self.metadata,
                "manifest": self.manifest,
                "report": self.report,
                "table": self.tables.table if self.tables else None,
                "page": self.tables.page if self.tables else None,
                "review": self.tables.review if self.tables else None,
                "console": console_link(bucket, drop.results_prefix),
            },
            "droppedAt": drop.dropped_at,
            "endedAt": ended_at,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class DropResults:
    """Decides how drops ended, and writes their manifests and reports."""

    outcomes: Outcomes
    joined_outputs: JoinedOutputs
    expanded_outputs: ExpandedOutputs
    coded_tables: CodedTables
    reviewed_tables: ReviewedTables
    results: ResultsBucket

    def of(
        self, drop: Drop, ended: EndedExecution, ended_at: str, has_time: Callable[[], bool]
    ) -> DropResult | None:
        """The result; None where there was no time to write all of it: another call goes on.

        Raises `AwsBusy`, `PartTaken`.
        """
        if drop.failure is not None:
            explanation = explain_error(drop.failure.error, drop.failure.cause)
            return DropResult(status="failed", explanation=explanation)
        if drop.rejection is not None:
            return self._refused(drop, drop.rejection)
        if drop.reviews is not None:
            return self._merged(drop)
        if drop.is_known:
            return self._given_back(drop, (), ended_at, has_time)
        outcome = self.outcomes.of(drop.drop_id, ended)
        if outcome.progress.status is PartStatus.COLLECTED:
            return self._given_back(drop, outcome.pieces, ended_at, has_time)
        self.outcomes.give_up(drop.drop_id, ended)
        return self._not_coded(drop, outcome)

    def _not_coded(self, drop: Drop, outcome: DropOutcome) -> DropResult:
        progress, pieces = outcome.progress, outcome.pieces
        explanation = explain_part(progress)
        if progress.status is PartStatus.REJECTED:
            if progress.faults is None:
                rejection = Rejection(explanation.reason or "", explanation.next_step)
                return self._refused(drop, rejection)
            if len(pieces) > 1:
                records = {
                    each.number: None if each.input is None else each.input.records
                    for each in pieces
                }
                reason = Rejections(self.results).join_pieces(drop, records)
                explanation = Explanation(reason or explanation.reason, explanation.next_step)
                self.joined_outputs.discard(drop, pieces)
            report = piece_report(drop.results_prefix, None)
            return DropResult(status="rejected", explanation=explanation, report=report)
        if len(pieces) > 1:
            inputs = [each.input for each in pieces]
            explanation = explain_piece(explanation, outcome.worst, inputs)
        status = "timed_out" if progress.status is PartStatus.TIMED_OUT else "failed"
        return DropResult(status=status, explanation=explanation)

    def _merged(self, drop: Drop) -> DropResult:
        """The file holds people's decisions on another drop."""
        try:
            tables, manifest = self.reviewed_tables.of(drop)
        except TableRefused as refused:
            return self._refused(drop, Rejection(refused.reason, refused.next_step))
        except DropGone as gone:
            return DropResult(status="failed", explanation=explain_error("DropGone", str(gone)))
        next_step = f"Fetch the merged table below s3://{self.results.name}/{drop.results_prefix}."
        return DropResult(
            status="complete",
            explanation=Explanation(None, next_step),
            manifest=manifest,
            tables=tables,
        )

    def _refused(self, drop: Drop, rejection: Rejection) -> DropResult:
        """The file was refused as a whole, or so many of its rows that it can't be coded."""
        return DropResult(
            status="rejected",
            explanation=Explanation(rejection.reason, rejection.next_step),
            report=piece_report(drop.results_prefix, None)
            if rejection.has_report
            else Rejections(self.results).report_refused(drop, rejection),
        )

    def _whole(
        self, drop: Drop, pieces: Sequence[PieceFacts], has_time: Callable[[], bool]
    ) -> tuple[OutputFacts, OutputFacts, MetadataFacts] | None:
        """What came out of the service, and the output and metadata that are the drop's results.

        None where no time was left."""
        found: tuple[OutputFacts, MetadataFacts] | None
        if not pieces:
            output, metadata = self._nothing_sent(drop)
            return output, output, metadata
        if len(pieces) == 1:
            found = agreed_facts(pieces[0])[1:]
        else:
            found = self.joined_outputs.of(drop, pieces, has_time)
        if found is None:
            return None
        received, metadata = found
        check_model(drop, metadata)
        if drop.distinct:
            found = self.expanded_outputs.of(drop, received, metadata, has_time)
        return found and (received, *found)

    def _given_back(
        self,
        drop: Drop,
        pieces: Sequence[PieceFacts],
        ended_at: str,
        has_time: Callable[[], bool],
    ) -> DropResult | None:
        """What came out, reconciled with what went in; without pieces nothing had to be sent."""
        try:
            whole = self._whole(drop, pieces, has_time)
            if whole is None:
                return None
            received, output, metadata = whole
            tables = None
            if drop.table is not None:
                tables = self.coded_tables.of(drop, output, metadata, ended_at, has_time)
                if tables is None:
                    return None
            manifest = manifest_of(
                drop,
                pieces,
                output,
                metadata,
                received=received,
                tables=tables,
                completed_at=ended_at,
            )
        except (ResultsMismatch, DropGone) as error:
            return DropResult(
                status="failed",
                explanation=explain_error(type(error).__name__, str(error)),
                records=_counted(pieces),
            )
        except TooLargeToJoin as error:
            explanation = explain_too_large(
                str(error), f"s3://{self.results.name}/{PIECES}{drop.results_prefix}"
            )
            return DropResult(status="failed", explanation=explanation, records=_counted(pieces))
        key = f"{drop.results_prefix}{MANIFEST}"
        self.results.put_json(key, manifest)
        if len(pieces) > 1:
            self.joined_outputs.discard(drop, pieces)
        if output.key != received.key:
            self.results.delete([received.key])
        place = f"s3://{self.results.name}/{drop.results_prefix}"
        return DropResult(
            status="complete",
            explanation=Explanation(None, f"Fetch the results below {place}."),
            model=metadata.model_id,
            records=record_counts([each.input for each in pieces if each.input], [output]),
            output=output.key,
            metadata=metadata.key,
            manifest=key,
            tables=tables[0] if tables else None,
        )

    def _nothing_sent(self, drop: Drop) -> tuple[OutputFacts, MetadataFacts]:
        """An empty output, and metadata without a model: the dictionary has all rows."""
        output, metadata = (f"{drop.results_prefix}{n}" for n in (OUTPUT_NAME, METADATA_NAME))
        self.results.put(output, b"")
        self.results.put(metadata, NO_MODEL)
        return OutputScan().facts(output), metadata_facts(metadata, NO_MODEL, {})


def record_counts(sent: Iterable[InputFacts], received: Iterable[OutputFacts]) -> dict[str, int]:
    """How many records went in and came out; have a code, suggestions, nothing to code."""
    received = list(received)
    return {
        "input": sum(each.records for each in sent),
        "output": sum(each.records for each in received),
        "coded": sum(each.coded for each in received),
        "suggested": sum(each.suggested for each in received),
        "nothingToCode": sum(each.nothing for each in received),
    }


def _counted(pieces: Sequence[PieceFacts]) -> dict[str, int] | None:
    """The counts of a drop whose facts do not agree; None where a piece's are missing."""
    sent = [piece.input for piece in pieces if piece.input is not None]
    received = [piece.output for piece in pieces if piece.output is not None]
    if not len(sent) == len(received) == len(pieces):
        return None
    return record_counts(sent, received)
