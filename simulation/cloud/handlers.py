"""What the functions do: the shipped policies decide, moving bytes only takes time."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from pipeline.check.handler import check
from pipeline.domain.execution import Execution
from pipeline.domain.identity import part_id
from pipeline.domain.part import Part, whole_file
from pipeline.domain.progress import PartStatus, Progress
from pipeline.engines.base import Engine, OperationRequest
from pipeline.errors import ResultsGone
from pipeline.executions.compact_input import compact_input
from pipeline.executions.pieces import PieceLists
from pipeline.finish.handler import PAGE_DROPS
from pipeline.finish.piece_outcomes import is_of_a_piece
from pipeline.rate_limit.limiter import RateLimited
from pipeline.rate_limit.polling import Polling
from simulation.cloud.functions import FunctionTime
from simulation.cloud.receive_queue import Dropped, SharedOperation, as_shipped, halves
from simulation.cloud.service import SimulatedService
from simulation.state_machine.states import TaskResult

TOPIC = "anzsco"
BYTES_PER_SECOND = 50_000_000  # modelled: streams, in and out
OBJECT_SECONDS, OBJECTS_AT_ONCE = 0.03, 16  # modelled: a small object read or written
COPIED_A_SECOND = 1_000_000_000  # modelled: S3 copies 16 parts at a time, 5 GB in some minute
JOINS_SECONDS = 840  # of an invocation of finish, which then hands over
DROP_SECONDS = 0.004  # modelled: the ledger's share in receiving or finishing one drop


@dataclass(slots=True)
class MemoryBucket:
    """What `PieceLists` uses of the results bucket, and the state machine's reader of items."""

    name: str = "results"
    objects: dict[str, bytes] = field(default_factory=dict)

    def put(self, key: str, content: bytes) -> None:
        self.objects[key] = content

    def read_items(self, payload: Mapping[str, Any]) -> TaskResult:
        return TaskResult(OBJECT_SECONDS, json.loads(self.objects[payload["Key"]]))


@dataclass(slots=True, kw_only=True)
class Handlers:
    """The functions' handlers; each moves `time` ahead by what it takes."""

    engine: Engine
    service: SimulatedService
    polling: Polling
    max_attempts: int
    time: FunctionTime
    start: Callable[[SharedOperation], None]
    created: dict[str, float] = field(default_factory=dict)
    """By part, when its first operation was created."""
    operations: int = 0
    groups: dict[str, SharedOperation] = field(default_factory=dict)
    results: MemoryBucket = field(default_factory=MemoryBucket)
    _outcomes: dict[str, str] = field(default_factory=dict)
    """By piece, the status with which it ended."""
    _joined: float = 0.0
    """Seconds that finish has joined the pieces' results."""
    _retried: set[str] = field(default_factory=set)

    def add_part(self, group: SharedOperation) -> str:
        """The id of a new part, for drops that share an operation."""
        part_id = f"part-{len(self.groups)}"
        self.groups[part_id] = group
        return part_id

    def add_pieces(self, drop: Dropped) -> tuple[dict[str, Any], str]:
        """The input of the execution of a file in pieces, as receive makes it, and its name."""
        shipped = as_shipped(drop)
        size = drop.piece.bytes
        parts = tuple(
            Part(
                part_id=part_id(shipped.drop_id, number),
                topic=TOPIC,
                model=None,
                bytes=size,
                segments=(
                    replace(
                        whole_file(shipped),
                        first_byte=(number - 1) * size,
                        last_byte=number * size - 1,
                    ),
                ),
                piece=number,
            )
            for number in range(1, drop.pieces + 1)
        )
        self.groups |= {part.part_id: (drop.piece,) for part in parts}
        given = compact_input(Execution(drops=(shipped,), parts=parts))
        lists = PieceLists(self.results)  # type: ignore[arg-type]
        return lists.put_in_place(given, shipped.results_prefix), shipped.drop_id

    def receive(self, drops: int) -> None:
        self.time.move(drops * DROP_SECONDS)

    def submit(self, event: Mapping[str, Any]) -> dict[str, Any]:
        group, progress = self._group(event), Progress.from_state(event["progress"])
        try:
            model = self.engine.model(TOPIC, None, turn=progress.turn)
            request = OperationRequest(
                topic=TOPIC, model_id=None, model=model, name=event["part"]["part_id"]
            )
            created = self.engine.open(request, turn=progress.turn)
        except RateLimited as pending:
            return progress.awaiting_slot(pending.wait_seconds, pending.turn).to_state()
        self.operations += 1
        self.created.setdefault(event["part"]["part_id"], self.time.now)
        self._move_bytes(group, 1)
        self.service.upload(
            created.operation_id,
            sum(drop.records for drop in group),
            fails=any(drop.fails for drop in group),
        )
        return Progress(
            status=PartStatus.AWAITING_INPUT,
            wait_seconds=self.polling.wait(0, self.engine.load()),
            operation_id=created.operation_id,
            attempt=progress.attempt + 1,
            uploaded_at=self.time.clock.iso(),
        ).to_state()

    def check(self, event: Mapping[str, Any]) -> dict[str, Any]:
        return check(
            TOPIC,
            Progress.from_state(event["progress"]),
            engine=self.engine,
            polling=self.polling,
            clock=self.time.clock,
            max_attempts=self.max_attempts,
        ).to_state()

    def collect(self, event: Mapping[str, Any]) -> dict[str, Any]:
        progress = Progress.from_state(event["progress"])
        try:
            state = self.engine.check(TOPIC, progress.operation_id or "", turn=progress.turn)
        except RateLimited as pending:
            return progress.awaiting_slot(pending.wait_seconds, pending.turn).to_state()
        if state.response_download_url is None:
            raise ResultsGone("the service no longer has the results")
        self._move_bytes(self._group(event), 2)
        return replace(progress, status=PartStatus.COLLECTED, wait_seconds=0, turn=None).to_state()

    def finish(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """A page of notifications, as the shipped Finish returns them; nothing for a piece."""
        if is_of_a_piece(event):
            self._outcomes[event["part"]["part_id"]] = event["progress"]["status"]
            self.time.move(DROP_SECONDS)
            return {}
        if isinstance(event["parts"], Mapping):
            return self._finish_pieces(event)
        ended: list[dict[str, str]] = []
        for outcome in event["outcomes"]:
            ended += self._endings(outcome["part_id"], outcome["progress"]["status"])
        at = event["ended"]["at"]
        page = PAGE_DROPS
        self.time.move(min(page, len(ended) - at) * DROP_SECONDS)
        worst = "failed" if any(each["status"] == "failed" for each in ended) else "complete"
        return {
            "at": at + page,
            "status": worst,
            "cause": "a record could not be coded",
            "announcements": ended[at : at + page],
            "more": at + page < len(ended),
        }

    def _finish_pieces(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """As `finish`; it takes as many invocations as joining the results does."""
        (drop,) = event["drops"]
        parts = [f"{drop['drop_id']}-{n:04d}" for n in range(1, event["parts"]["count"] + 1)]
        (piece,) = self.groups[parts[0]]
        left = len(parts) * piece.bytes / COPIED_A_SECOND - self._joined
        took = min(left, JOINS_SECONDS)
        self._joined += took
        self.time.move(took + len(parts) * OBJECT_SECONDS / OBJECTS_AT_ONCE)
        coded = all(self._outcomes[part] == PartStatus.COLLECTED for part in parts)
        status = "complete" if coded else "failed"
        return {
            "at": int(took == left),
            "status": status,
            "cause": "a record could not be coded",
            "announcements": [_notification(piece, status)] if took == left else [],
            "more": took < left,
        }

    def _endings(self, part_id: str, status: str) -> list[dict[str, str]]:
        group = self.groups[part_id]
        collected = status == PartStatus.COLLECTED
        if not collected and len(group) > 1:
            if part_id not in self._retried:
                self._retried.add(part_id)
                for half in halves(group):
                    self.start(half)
            return []
        return [_notification(drop, "complete" if collected else "failed") for drop in group]

    def _group(self, event: Mapping[str, Any]) -> SharedOperation:
        return self.groups[event["part"]["part_id"]]

    def _move_bytes(self, group: SharedOperation, objects: int) -> None:
        """All files of a group, each read from or written to so many objects."""
        size, count = sum(drop.bytes for drop in group), objects * len(group)
        self.time.move(size / BYTES_PER_SECOND + count * OBJECT_SECONDS / OBJECTS_AT_ONCE)


@dataclass(frozen=True, slots=True)
class PutEvents:
    """EventBridge's `PutEvents`: a drop's end, the last thing that is sent of it."""

    on_end: Callable[[int, str], None]
    seconds: float = 0.05

    def __call__(self, payload: Mapping[str, Any]) -> TaskResult:
        detail = json.loads(payload["Entries"][0]["Detail"])
        self.on_end(detail["number"], detail["status"])
        return TaskResult(self.seconds)


def _notification(drop: Dropped, status: str) -> dict[str, str]:
    return {
        "subject": "",
        "message": "",
        "status": status,
        "topic": TOPIC,
        "drop_prefix": "/",
        "detail": json.dumps({"number": drop.number, "status": status}),
    }
