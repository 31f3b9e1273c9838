"""How a drop ended: decided from its failure, its rejection, or its part's outcome.

Where all went well, what came out is reconciled with what went in, and the manifest is written.
"""

from collections.abc import Callable
from dataclasses import dataclass

from pipeline.domain.drop import Drop, Rejection
from pipeline.domain.progress import PartStatus
from pipeline.errors import ResultsMismatch
from pipeline.finish.explanations import Telling, of_error, of_part, of_piece
from pipeline.finish.finish_input import EndedExecution
from pipeline.finish.join_output import WholeOutput
from pipeline.finish.manifest import MANIFEST_NAME, manifest_of
from pipeline.finish.notification import Records
from pipeline.finish.outcomes import DropOutcome, Outcomes
from pipeline.storage.results_bucket import ResultsBucket
from pipeline.validation.rejection_report import Rejections, piece_report


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """How a drop ended, before it is put in words; keys of the results bucket."""

    status: str
    telling: Telling
    model: str | None
    records: Records | None = None
    output: str | None = None
    metadata: str | None = None
    manifest: str | None = None
    report: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Judge:
    """What judging works with. Its methods raise `AwsBusy`, `PartTaken`."""

    outcomes: Outcomes
    whole_output: WholeOutput
    results: ResultsBucket

    def tries_again(self, drop_id: str, ended: EndedExecution) -> bool:
        """Whether the drop is not judged here, as it is retried in a smaller batch."""
        return any(
            self.outcomes.retry_groups(part).has(drop_id)
            for part in ended.parts_of(drop_id)
            if part.is_shared
        )

    def retry_groups(self, ended: EndedExecution) -> list[tuple[str, ...]]:
        """The drops that try again, in the groups in which they travel."""
        return [
            group
            for part in ended.parts
            if part.is_shared
            for group in self.outcomes.retry_groups(part).groups
        ]

    def verdict(
        self, drop: Drop, ended: EndedExecution, ended_at: str, has_time: Callable[[], bool]
    ) -> Verdict | None:
        """Joins what has to be joined, writes the manifest, or the report of a file refused.

        None where there was no time to join it all: another call goes on.
        """
        if drop.failure is not None:
            telling = of_error(drop.failure.error, drop.failure.cause)
            return Verdict(status="failed", telling=telling, model=drop.model)
        if drop.rejection is not None:
            return self._rejected(drop, drop.rejection)
        outcome = self.outcomes.of(drop.drop_id, ended)
        if outcome.progress.status is PartStatus.COLLECTED:
            return self._reconciled(drop, outcome, ended_at, has_time)
        for part in ended.parts_of(drop.drop_id):
            if not part.is_shared and part.progress.status is not PartStatus.COLLECTED:
                self.outcomes.give_up(part)
        return self._in_vain(drop, outcome)

    def _in_vain(self, drop: Drop, outcome: DropOutcome) -> Verdict:
        progress = outcome.progress
        telling = of_part(progress)
        if progress.status is PartStatus.REJECTED and progress.faults is None:
            return self._rejected(drop, Rejection(telling.reason or "", telling.next_step))
        many = len(outcome.pieces) > 1
        if progress.status is PartStatus.REJECTED:
            if many:
                records = {
                    piece.number: None if piece.input is None else piece.input.records
                    for piece in outcome.pieces
                }
                reason = Rejections(self.results).join_pieces(drop, records)
                telling = Telling(reason or telling.reason, telling.next_step)
                self.whole_output.discard(drop, outcome.pieces)
            report = piece_report(drop.results_prefix, None)
            return Verdict(status="rejected", telling=telling, model=drop.model, report=report)
        if many:
            telling = of_piece(telling, outcome.worst, [each.input for each in outcome.pieces])
        status = "timed_out" if progress.status is PartStatus.TIMED_OUT else "failed"
        return Verdict(status=status, telling=telling, model=drop.model)

    def _rejected(self, drop: Drop, rejection: Rejection) -> Verdict:
        """A drop that was refused as a whole: its report names no lines."""
        report = Rejections(self.results).report_refused(drop, rejection)
        return Verdict(
            status="rejected",
            telling=Telling(rejection.reason, rejection.next_step),
            model=drop.model,
            report=report,
        )

    def _reconciled(
        self, drop: Drop, outcome: DropOutcome, ended_at: str, has_time: Callable[[], bool]
    ) -> Verdict | None:
        try:
            whole = self.whole_output.of(drop, outcome.pieces, has_time)
            if whole is None:
                return None
            manifest = manifest_of(drop, outcome.pieces, whole, completed_at=ended_at)
        except ResultsMismatch as mismatch:
            return Verdict(
                status="failed",
                telling=of_error(type(mismatch).__name__, str(mismatch)),
                model=drop.model,
                records=_records_of(outcome),
            )
        key = f"{drop.results_prefix}{MANIFEST_NAME}"
        self.results.put_json(key, manifest)
        self.whole_output.discard(drop, outcome.pieces)
        model = manifest["model"].get("modelId") or drop.model
        return Verdict(
            status="complete",
            telling=Telling(
                None, f"Fetch the results below s3://{self.results.name}/{drop.results_prefix}."
            ),
            model=model,
            records=Records(
                input=manifest["input"]["records"],
                output=manifest["output"]["records"],
                coded=manifest["output"]["coded"],
                suggested=manifest["output"]["suggested"],
            ),
            output=manifest["output"]["key"],
            metadata=manifest["metadata"]["key"],
            manifest=key,
        )


def _records_of(outcome: DropOutcome) -> Records | None:
    """As far as they were counted, where they do not agree."""
    sent = [piece.input for piece in outcome.pieces if piece.input is not None]
    received = [piece.output for piece in outcome.pieces if piece.output is not None]
    if not len(sent) == len(received) == len(outcome.pieces):
        return None
    return Records(
        input=sum(each.records for each in sent),
        output=sum(each.records for each in received),
        coded=sum(each.coded for each in received),
        suggested=sum(each.suggested for each in received),
    )
