"""Submitting on real parts: moto's AWS, and the service in memory over loopback."""

from dataclasses import dataclass, replace
from typing import Any

from pipeline.domain.execution import TaskInput
from pipeline.domain.part import Part
from pipeline.domain.progress import PartStatus, Progress
from pipeline.engines.coding_service.engine import CodingServiceEngine
from pipeline.ledger.parts import Parts
from pipeline.submit.handler import Submitter
from tests.support.pipeline.builders import Measured, SimulatedIo
from tests.support.pipeline.clouds import Cloud
from tests.support.pipeline.memory_service import TOPIC, MemoryService

KEY = "anzsco/jobs.jsonl"


class Died(BaseException):
    """The process is killed here: nothing is caught, nothing released by hand."""


@dataclass
class Bench:
    """Submitting on real parts: moto's AWS, the service in memory over loopback."""

    aws: Cloud
    memory: MemoryService
    io: SimulatedIo
    measured: Measured
    submitter: Submitter
    engine: CodingServiceEngine
    seconds: float = 900.0

    def part(self, content: bytes, key: str = KEY) -> Part:
        segment = self.aws.segment(key, content)
        return Part(
            part_id=f"{segment.drop_id}-0001",
            topic=TOPIC,
            model=None,
            bytes=len(content),
            segments=(segment,),
        )

    def submit(
        self, part: Part, progress: Progress | None = None, *, owner: str = "first"
    ) -> Progress:
        task = TaskInput(part, progress or Progress(status=PartStatus.NEW))
        return self.submitter.submit(task, owner=owner, seconds_left=lambda: self.seconds)

    def submit_when_due(
        self, part: Part, progress: Progress | None = None, *, owner: str = "later"
    ) -> Progress:
        """Comes back after each wait that it is given."""
        submitted = self.submit(part, progress, owner=owner)
        while submitted.status is PartStatus.AWAITING_SLOT:
            self.io.time += submitted.wait_seconds
            submitted = self.submit(part, submitted, owner=owner)
        return submitted

    def with_(self, **changes: Any) -> "Bench":
        return replace(self, submitter=replace(self.submitter, **changes))

    def with_engine(self, engine: CodingServiceEngine) -> "Bench":
        return replace(self.with_(engine_of=lambda _topic: engine), engine=engine)

    def with_closed_gate(self) -> "Bench":
        """No call is free till midnight; the model is known."""
        self.engine.model(TOPIC, None)
        self.engine.client.limiter.close()
        return self

    @property
    def parts(self) -> Parts:
        return self.submitter.parts

    def uploads(self) -> list[bytes]:
        return [each.input for each in self.memory.uploaded if each.input is not None]
