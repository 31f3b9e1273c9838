"""Function collect: copies a part's results, the output in resumable steps, then the metadata."""

from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from pipeline.clock import Clock, parsed
from pipeline.collect.copy_output import OutputCopy, abandon_copy
from pipeline.collect.split_output import DROPS_PER_STEP, OutputSplit
from pipeline.dependencies import Dependencies, dependencies
from pipeline.domain.execution import TaskInput
from pipeline.domain.facts import MetadataFacts, OutputFacts, metadata_facts
from pipeline.domain.part import Part
from pipeline.domain.progress import PartStatus, Progress
from pipeline.domain.state_fields import MalformedState
from pipeline.engines.base import (
    EngineOf,
    OperationFailed,
    ResultFile,
    ResultFiles,
    ResultsChanged,
    ResultsMissing,
)
from pipeline.errors import Final, ResultsGone, ResultsMismatch, StorageBusy
from pipeline.executions.compact_input import expanded_task
from pipeline.ledger.parts import PartLease, Parts
from pipeline.ledger.shared_files import SharedFiles
from pipeline.observability import Measures, logger, observed, quoted
from pipeline.rate_limit.limiter import RateLimited, sent_away
from pipeline.storage.multipart import PART_BYTES, MultipartFiles
from pipeline.storage.results_bucket import METADATA_NAME, folder_of_results, key_of_output
from protocol.short_texts import LONGEST_REASON, cut
from shared.received_json import JsonFault, read_object

HANDOVER_SECONDS = 60.0  # a step may take so long; with less, the next function goes on; ours
MAX_METADATA_BYTES = 64 << 10  # the documented file has a few hundred bytes, and it has to fit into
# an item of the ledger; ours
SECONDS_PER_HOUR, SECONDS_PER_MINUTE = 3600, 60
MISSING_WAITS = (15, 45, 90, 180)  # seconds until results that are not found are asked for again,
# with a fresh URL: a storage's fault of minutes passes, deleted ones cost no hour; ours
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
                return _next(progress, PartStatus.COLLECTED)
            results = engine.results(part.topic, progress.operation_id, turn=progress.turn)
            try:
                with closing(results):
                    collected = self._collected(
                        part, lease, results, lambda: seconds_left() > HANDOVER_SECONDS
                    )
            except ResultsMissing as missing:
                return self._again(part, lease, progress, missing)
            except RateLimited as pending:
                return sent_away(progress, pending)
            except OperationFailed as failed:
                reason = quoted(cut(str(failed), LONGEST_REASON))
                return replace(progress, status=PartStatus.FAILED, reason=reason)
            if collected is None:
                return _next(progress, PartStatus.COLLECTING)
            lease.collected(*collected)
            engine.delete_results(part.topic, progress.operation_id)
        self._measure_age(progress)
        return _next(progress, PartStatus.COLLECTED)

    def _again(
        self, part: Part, lease: PartLease, progress: Progress, missing: ResultsMissing
    ) -> Progress:
        """The wait until results that were not found are asked for again.

        Raises `ResultsGone` where they have been asked for often enough."""
        times = progress.not_found or 0
        if times < len(MISSING_WAITS):
            waiting = progress.awaiting_slot(MISSING_WAITS[times])
            return replace(waiting, throttled=None, not_found=times + 1)
        abandon_copy(lease, self.files, _output_key(part))
        minutes = sum(MISSING_WAITS) / SECONDS_PER_MINUTE
        raise ResultsGone(
            f"{missing}; they were asked for {times + 1} times within {minutes:.0f} min, each "
            "time with a fresh URL; drop the file again"
        )

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
        copy = OutputCopy(
            lease=lease,
            results=results,
            files=self.files,
            key=_output_key(part),
            has_time=has_time,
            part_bytes=self.part_bytes,
        )
        try:
            metadata, content = _metadata(results)  # first: where it fails, no copy is in vain
            output = copy.run()
        except Final:
            abandon_copy(lease, self.files, _output_key(part))
            raise
        if output is None:
            return None
        metadata = replace(metadata, key=f"{_folder(part)}{METADATA_NAME}")
        self.files.put(metadata.key, content)
        return output, metadata


def _next(progress: Progress, status: PartStatus) -> Progress:
    return replace(
        progress, status=status, wait_seconds=0, turn=None, throttled=None, not_found=None
    )


def _folder(part: Part) -> str:
    return folder_of_results(part.segments[0].results_prefix, part.piece)


def _output_key(part: Part) -> str:
    first = part.segments[0]
    return key_of_output(first.results_prefix, part.piece, distinct=first.distinct)


def _metadata(results: ResultFiles) -> tuple[MetadataFacts, bytes]:
    """The metadata file's facts (it is not stored yet: they lack its key) and its content."""
    try:
        found = results.get(ResultFile.METADATA, 0, MAX_METADATA_BYTES - 1, None)
    except ResultsChanged:
        raise StorageBusy("the service's storage refused a plain request; trying again") from None
    content = found.content
    try:
        model = read_object(content)
    except JsonFault as fault:  # so does what is cut off behind `MAX_METADATA_BYTES`
        raise ResultsMismatch(
            f"the operation's metadata file {fault}, so it is unknown which model coded the file; "
            "drop it again, and tell the service's operator"
        ) from None
    return metadata_facts("", content, model), content


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
