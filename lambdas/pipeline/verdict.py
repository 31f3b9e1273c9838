"""How a drop ended: decided from its failure, its rejection, or its part's outcome.

Where all went well, what came out is reconciled with what went in, and the manifest is written.
"""

from collections.abc import Callable
from dataclasses import dataclass

from pipeline.announcement import Records
from pipeline.attempts import PartRecord
from pipeline.errors import ResultsMismatch
from pipeline.manifest import MANIFEST_NAME, manifest_of
from pipeline.rejection import REPORT_NAME, SCHEMA_VERSION
from pipeline.results import ResultsBucket
from pipeline.states import Drop, Execution, MalformedState, PartStatus, Progress, Rejection
from pipeline.telling import Telling, of_error, of_part


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
    """What judging works with."""

    part_record: Callable[[str], PartRecord]
    results: ResultsBucket

    def verdict(self, drop: Drop, execution: Execution, ended_at: str) -> Verdict:
        """Writes the manifest, or the report of a whole file refused. Raises `AwsBusy`."""
        if drop.failure is not None:
            telling = of_error(drop.failure.error, drop.failure.cause)
            return Verdict(status="failed", telling=telling, model=drop.model)
        if drop.rejection is not None:
            return self._rejected(drop, drop.rejection)
        part_id, progress = _outcome_of(drop, execution)
        if progress.status is PartStatus.COLLECTED:
            return self._reconciled(drop, self.part_record(part_id), ended_at)
        telling = of_part(progress)
        if progress.status is PartStatus.REJECTED and progress.faults is None:
            return self._rejected(drop, Rejection(telling.reason or "", telling.next_step))
        if progress.status is PartStatus.REJECTED:
            report = f"{drop.results_prefix}{REPORT_NAME}"
            return Verdict(status="rejected", telling=telling, model=drop.model, report=report)
        status = "timed_out" if progress.status is PartStatus.TIMED_OUT else "failed"
        return Verdict(status=status, telling=telling, model=drop.model)

    def _rejected(self, drop: Drop, rejection: Rejection) -> Verdict:
        """A drop that was refused as a whole: its report names no lines."""
        report = f"{drop.results_prefix}{REPORT_NAME}"
        self.results.put_json(
            report,
            {
                "schemaVersion": SCHEMA_VERSION,
                "dropId": drop.drop_id,
                "bucket": drop.bucket,
                "key": drop.key,
                "versionId": drop.version_id,
                "reason": rejection.reason,
                "faultCount": 0,
                "wholeFileRead": False,
                "faults": [],
                "nextStep": rejection.next_step,
            },
        )
        return Verdict(
            status="rejected",
            telling=Telling(rejection.reason, rejection.next_step),
            model=drop.model,
            report=report,
        )

    def _reconciled(self, drop: Drop, record: PartRecord, ended_at: str) -> Verdict:
        try:
            manifest = manifest_of(drop, record, completed_at=ended_at)
        except ResultsMismatch as mismatch:
            telling = of_error(type(mismatch).__name__, str(mismatch))
            return Verdict(
                status="failed", telling=telling, model=drop.model, records=_records_of(record)
            )
        key = f"{drop.results_prefix}{MANIFEST_NAME}"
        self.results.put_json(key, manifest)
        model = manifest["model"].get("modelId") or drop.model
        return Verdict(
            status="complete",
            telling=Telling(
                None, f"Fetch the results below s3://{self.results.name}/{drop.results_prefix}."
            ),
            model=model,
            records=_records_of(record),
            output=manifest["output"]["key"],
            metadata=manifest["metadata"]["key"],
            manifest=key,
        )


def _outcome_of(drop: Drop, execution: Execution) -> tuple[str, Progress]:
    """How the drop's part ended. A drop has one part, which no other drop shares."""
    mine = [
        part.part_id
        for part in execution.parts
        if any(segment.drop_id == drop.drop_id for segment in part.segments)
    ]
    found = [each for each in execution.outcomes if each.part_id in mine]
    if len(mine) != 1 or len(found) != 1:
        raise MalformedState(
            f"drop {drop.drop_id} has {len(mine)} parts and {len(found)} outcomes; this version "
            "joins one of each"
        )
    return found[0].part_id, found[0].progress


def _records_of(record: PartRecord) -> Records | None:
    if record.input is None or record.output is None:
        return None
    return Records(
        input=record.input.records,
        output=record.output.records,
        coded=record.output.coded,
        suggested=record.output.suggested,
    )
