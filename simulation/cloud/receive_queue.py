"""The queue in front of receive, and which drops share an operation."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from random import Random

from pipeline.domain.drop import Drop
from pipeline.receive.batching import batches
from simulation.agenda import Agenda
from simulation.cloud.functions import SimulatedFunction

SHARE_WAIT_SECONDS = 3  # cdk.json: the queue's batching window
RECEIVE_AT_ONCE = 2  # infra/pipeline: invocations of receive
BATCH_OF_MANY, BATCH_OF_FEW = 1_000, 10  # infra/pipeline: as many as one execution's input holds
SHARE_MAX_BYTES = 32 << 20  # cdk.json
EVENT_SECONDS = (0.3, 1.5)  # modelled: from S3 over EventBridge to the queue of prepare
PREPARE_SECONDS = (0.2, 1.0)  # modelled: a small file, with both ways through SQS


@dataclass(frozen=True, slots=True)
class Dropped:
    """One dropped file."""

    number: int
    at: float
    records: int
    bytes: int
    fails: bool = False
    """The service can't code it, nor what shares an operation with it."""
    pieces: int = 1
    """Operations that code it, each a piece of near the same size."""

    @property
    def piece(self) -> "Dropped":
        """One of its pieces; of a file that the service can't code, each is such a one."""
        return replace(self, records=self.records // self.pieces, bytes=self.bytes // self.pieces)


SharedOperation = tuple[Dropped, ...]


def shared_operations(drops: Iterable[Dropped]) -> list[SharedOperation]:
    """Groups the drops of one batch of the queue by the shipped rule."""
    known = {str(drop.number): drop for drop in drops}
    groups = batches(map(as_shipped, known.values()), max_bytes=SHARE_MAX_BYTES)
    return [tuple(known[each.drop_id] for each in group) for group in groups]


def as_shipped(drop: Dropped) -> Drop:
    """What the rule looks at; all are of one topic and its latest model."""
    return Drop(
        drop_id=str(drop.number),
        bucket="drops",
        key=f"anzsco/2026-11/forms/{drop.number:013d}.jsonl",  # 40 letters
        version_id="1",
        size=drop.bytes,
        etag="0",
        topic="anzsco",
        model=None,
        results_prefix="anzsco/",
        dropped_at="2026-11-24T09:00:00.000Z",
    )


def halves(group: SharedOperation) -> tuple[SharedOperation, SharedOperation]:
    """Smaller groups for drops whose operation failed."""
    middle = (len(group) + 1) // 2
    return group[:middle], group[middle:]


@dataclass(slots=True)
class ReceiveQueue:
    """The queue in front of receive. Lambda gathers a batch, up to the window, and calls it."""

    agenda: Agenda
    receive: SimulatedFunction
    start: Callable[[SharedOperation], None]
    shares: bool
    chance: Random
    _queued: list[Dropped] = field(default_factory=list)
    _idle: int = RECEIVE_AT_ONCE

    def expect(self, drop: Dropped) -> None:
        """Will queue the drop when its event is there."""
        way = self.chance.uniform(*EVENT_SECONDS) + self.chance.uniform(*PREPARE_SECONDS)
        queued_at = drop.at + way
        self.agenda.at(queued_at, lambda: self._add(drop))

    def _add(self, drop: Dropped) -> None:
        self._queued.append(drop)
        self._gather()

    def _gather(self) -> None:
        if not self._idle or not self._queued:
            return
        self._idle -= 1
        full = len(self._queued) >= self._batch
        window = SHARE_WAIT_SECONDS if self.shares and not full else 0
        self.agenda.at(self.agenda.now + window, self._receive_batch)

    @property
    def _batch(self) -> int:
        return BATCH_OF_MANY if self.shares else BATCH_OF_FEW

    def _receive_batch(self) -> None:
        batch, self._queued = self._queued[: self._batch], self._queued[self._batch :]
        ran = self.receive(len(batch))
        groups: list[SharedOperation] = [(drop,) for drop in batch]
        if self.shares:
            groups = shared_operations(batch)
        self.agenda.at(self.agenda.now + ran.seconds, lambda: self._received(groups))

    def _received(self, groups: list[SharedOperation]) -> None:
        for group in groups:
            if group:
                self.start(group)
        self._idle += 1
        self._gather()
