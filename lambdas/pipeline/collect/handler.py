"""Function collect: copies a part's results, the output in resumable steps, then the metadata."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from pipeline.clock import Clock, parsed
from pipeline.collect.copy_output import OutputCopy
from pipeline.collect.split_output import DROPS_PER_STEP, OutputSplit
from pipeline.dependencies import Dependencies, dependencies
from pipeline.domain.execution import TaskInput
from pipeline.domain.facts import MetadataFacts, OutputFacts
from pipeline.domain.part import Part
from pipeline.domain.progress import PartStatus, Progress
from pipeline.domain.state_fields import MalformedState
from pipeline.engines.base import EngineOf, OperationFailed, ResultFile, ResultFiles, ResultsChanged
from pipeline.errors import Final, ResultsMismatch, StorageBusy
from pipeline.executions.compact_input import expanded_task
from pipeline.ledger.parts import PartLease, Parts
from pipeline.ledger.shared_files import SharedFiles
from pipeline.observability import Measures, logger, observed, quoted
from pipeline.rate_limit.limiter import RateLimited
from pipeline.storage.multipart import PART_BYTES, MultipartFiles
from pipeline.storage.results_bucket import METADATA_NAME, OUTPUT_NAME, folder_of_results
from protocol.short_texts import LONGEST_REASON, cut

HANDOVER_SECONDS = 60.0  # a step may take so long; with less, the next function goes on; ours
MAX_METADATA_BYTES = 1 << 20  # the documented file has a few hundred bytes; ours
SECONDS_PER_HOUR = 3600
PREPARATION = "prepared"
"""Names the engine's own checkpoint, which is kept until the copy begins."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Collector:
    """Collects one part at a time, each in as many invocations as it needs."""

    parts: Parts
    engine_of: EngineOf
    files: MultipartFiles
    shared_files: SharedFiles
    clock: Clock
    measure: Measures
    part_bytes: int = PART_BYTES
    drops_per_step: int = DROPS_PER_STEP

    def collect(
        self, task: TaskInput, *, owner: str, seconds_left: Callable[[], float]
    ) -> Progress:
        """As much of the collection as there is time for; the part's next progress.

        `owner` names this invocation, `seconds_left` the time that it may still take. Raises of
        `errors` the leaves of `TryAgain`, `Final` and `OperatorNeeded`.
        """
        part, progress = task.part, task.progress
        if progress.operation_id is None:
            raise MalformedState("a part without an operation_id can't be collected")
        engine = self.engine_of(part.topic)
        with self.parts.lease(part.part_id, owner=owner, seconds=seconds_left()) as lease:
            if lease.record.output is not None:  # an earlier run's answer was lost
                engine.delete_results(part.topic, progress.operation_id)
                return replace(progress, status=PartStatus.COLLECTED, wait_seconds=0, turn=None)
            results = engine.results(part.topic, progress.operation_id, turn=progress.turn)
            try:
                collected = self._collected(
                    part, lease, results, lambda: seconds_left() > HANDOVER_SECONDS
                )
            except RateLimited as pending:
                return progress.awaiting_slot(pending.wait_seconds, pending.turn)
            except OperationFailed as failed:
                reason = quoted(cut(str(failed), LONGEST_REASON))
                return replace(progress, status=PartStatus.FAILED, reason=reason)
            if collected is None:
                return replace(progress, status=PartStatus.COLLECTING, wait_seconds=0, turn=None)
            lease.collected(*collected)
            engine.delete_results(part.topic, progress.operation_id)
        self._measure_age(progress)
        return replace(progress, status=PartStatus.COLLECTED, wait_seconds=0, turn=None)

    def _measure_age(self, progress: Progress) -> None:
        """In hours. When the results were ready is unknown: they are no older than the upload."""
        if progress.uploaded_at is not None:
            age = self.clock.now() - parsed(progress.uploaded_at)
            hours = age.total_seconds() / SECONDS_PER_HOUR
            self.measure("ResultsAgeAtCollection", hours, unit="None")

    def _collected(
        self, part: Part, lease: PartLease, results: ResultFiles, has_time: Callable[[], bool]
    ) -> tuple[OutputFacts, MetadataFacts] | None:
        """The facts once all is collected; None where no time was left."""

        def keep(checkpoint: Mapping[str, Any]) -> None:
            lease.checkpoint({**(lease.record.collection or {}), PREPARATION: checkpoint})

        kept = (lease.record.collection or {}).get(PREPARATION)
        if not results.prepared(kept, keep, has_time):
            return None
        if not part.is_shared:
            return self._copied(part, lease, results, has_time)
        return OutputSplit(
            part=part,
            lease=lease,
            results=results,
            files=self.files,
            shared_files=self.shared_files,
            metadata=partial(_metadata, results),
            has_time=has_time,
            range_bytes=self.part_bytes,
            drops_per_step=self.drops_per_step,
        ).run()

    def _copied(
        self, part: Part, lease: PartLease, results: ResultFiles, has_time: Callable[[], bool]
    ) -> tuple[OutputFacts, MetadataFacts] | None:
        folder = folder_of_results(part.segments[0].results_prefix, part.piece)
        copy = OutputCopy(
            lease=lease,
            results=results,
            files=self.files,
            key=f"{folder}{OUTPUT_NAME}",
            has_time=has_time,
            part_bytes=self.part_bytes,
        )
        try:
            output = copy.run()
            if output is None:
                return None
            metadata, content = _metadata(results)
        except Final:
            copy.abandon()
            raise
        metadata = replace(metadata, key=f"{folder}{METADATA_NAME}")
        self.files.put(metadata.key, content)
        return output, metadata


def _metadata(results: ResultFiles) -> tuple[MetadataFacts, bytes]:
    """The metadata file's facts (it is not stored yet: they lack its key) and its content."""
    try:
        found = results.get(ResultFile.METADATA, 0, MAX_METADATA_BYTES - 1, None)
    except ResultsChanged:
        raise StorageBusy("the service's storage refused a plain request; trying again") from None
    content = found.content
    try:
        model = json.loads(content)
    except ValueError:
        model = None
    if not isinstance(model, dict) or found.total > MAX_METADATA_BYTES:
        raise ResultsMismatch(
            "the operation's metadata file is no JSON object, so it is unknown which model "
            "coded the file; drop it again, and tell the service's operator"
        )
    digest = hashlib.sha256(content).hexdigest()
    return MetadataFacts(key="", bytes=len(content), sha256=digest, model=model), content


@cache
def collector(deps: Dependencies) -> Collector:
    return Collector(
        parts=deps.parts,
        engine_of=deps.engine_of,
        files=deps.result_files,
        shared_files=deps.shared_files,
        clock=deps.clock,
        measure=deps.measure,
    )


@observed
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    deps = dependencies()
    progress = collector(deps).collect(
        expanded_task(event, deps.drops.known),
        owner=context.aws_request_id,
        seconds_left=lambda: context.get_remaining_time_in_millis() / 1000,
    )
    logger.info(
        "collected",
        extra={
            "status": progress.status,
            "operation_id": progress.operation_id,
            "wait_seconds": progress.wait_seconds,
        },
    )
    return progress.to_state()
