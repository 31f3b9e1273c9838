"""Brings a part's results home: the output in resumable steps, then the metadata."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, replace

from pipeline.attempts import Attempts, Claim, MetadataFacts
from pipeline.clock import Clock, parsed
from pipeline.copying import OutputCopy
from pipeline.downloading import Downloader
from pipeline.errors import Final, ResultsMismatch, StorageBusy
from pipeline.limiter import CallNotDue
from pipeline.multipart import PART_BYTES, ResultFiles
from pipeline.observability import Measures
from pipeline.segments import only_segment
from pipeline.service_port import CodingServicePort
from pipeline.service_results import Result, ResultsChanged, ServiceResults
from pipeline.states import MalformedState, PartStatus, Progress, Ticket

HANDOVER_SECONDS = 60.0  # ours: a step may take so long; with less time the next function goes on
MAX_METADATA_BYTES = 1 << 20  # ours: the documented file has a few hundred bytes
SECONDS_PER_HOUR = 3600
OUTPUT_NAME, METADATA_NAME = "output.jsonl", "metadata.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Collecting:
    """What collecting works with."""

    attempts: Attempts
    service: CodingServicePort
    downloader: Downloader
    files: ResultFiles
    clock: Clock
    measure: Measures
    part_bytes: int = PART_BYTES

    def collect(self, ticket: Ticket, *, owner: str, seconds_left: Callable[[], float]) -> Progress:
        """As much of the collection as there is time for; the part's next progress.

        `owner` names this invocation, `seconds_left` the time that it may still take. Raises of
        `errors` the leaves of `TryAgain`, `Final` and `OperatorNeeded`.
        """
        part, progress = ticket.part, ticket.progress
        if progress.operation_id is None:
            raise MalformedState("a part without an operation_id can't be collected")
        with self.attempts.claimed(part.part_id, owner=owner, seconds=seconds_left()) as claim:
            if claim.record.output is not None:  # an earlier run's answer was lost
                return replace(progress, status=PartStatus.COLLECTED, wait_seconds=0, turn=None)
            results = ServiceResults(
                self.service, self.downloader, part.topic, progress.operation_id, progress.turn
            )
            copy = OutputCopy(
                claim=claim,
                results=results,
                files=self.files,
                key=f"{only_segment(part).results_prefix}{OUTPUT_NAME}",
                has_time=lambda: seconds_left() > HANDOVER_SECONDS,
                part_bytes=self.part_bytes,
            )
            try:
                collected = self._collect(ticket, claim, copy)
            except CallNotDue as pending:
                return progress.awaiting_slot(pending.wait_seconds, pending.turn)
            except Final:
                copy.abandon()
                raise
        if not collected:
            return replace(progress, status=PartStatus.COLLECTING, wait_seconds=0, turn=None)
        self._measure_age(progress)
        return replace(progress, status=PartStatus.COLLECTED, wait_seconds=0, turn=None)

    def _collect(self, ticket: Ticket, claim: Claim, copy: OutputCopy) -> bool:
        output = copy.run()
        if output is None:
            return False
        prefix = only_segment(ticket.part).results_prefix
        claim.collected(output, self._metadata(copy.results, f"{prefix}{METADATA_NAME}"))
        return True

    def _metadata(self, results: ServiceResults, key: str) -> MetadataFacts:
        try:
            piece = results.get(Result.METADATA, 0, MAX_METADATA_BYTES - 1, None)
        except ResultsChanged:
            raise StorageBusy(
                "the service's storage refused a plain request; trying again"
            ) from None
        content = piece.content
        try:
            model = json.loads(content)
        except ValueError:
            model = None
        if not isinstance(model, dict) or piece.total > MAX_METADATA_BYTES:
            raise ResultsMismatch(
                "the operation's metadata file is no JSON object, so it is unknown which model "
                "coded the file; drop it again, and tell the service's operator"
            )
        self.files.put(key, content)
        return MetadataFacts(
            key=key,
            bytes=len(content),
            sha256=hashlib.sha256(content).hexdigest(),
            model=model,
        )

    def _measure_age(self, progress: Progress) -> None:
        """In hours. When the results were ready is unknown: they are no older than the upload."""
        if progress.uploaded_at is not None:
            age = self.clock.now() - parsed(progress.uploaded_at)
            hours = age.total_seconds() / SECONDS_PER_HOUR
            self.measure("ResultsAgeAtCollection", hours, unit="None")
