"""A coding service whose limits are the documented ones and whose operations take time.

It is strict: it refuses a call that reaches it less than a second after the one before. Besides,
it notes when calls came, so that every window can be counted afterwards.
"""

import json
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from coding_service.api.rate_limit import Limits, Usage
from coding_service.errors import Refusal
from pipeline.engines.coding_service.http import HttpAnswer, HttpRequest
from protocol.errors import ServiceAnswer
from protocol.messages import CreatedOperation, Model, OperationState
from protocol.statuses import OperationStatus

DAY = 86_400
RESULTS_SECONDS = DAY  # results are deleted within 24 hours of success (the protocol)
THERE, BACK = 0.015, 0.045  # seconds; modelled: the way to the service, its answer and the way back
JITTER = 0.002  # seconds; modelled: mean of an exponential, on either way
BUSY_HOURS = range(8, 18)  # UTC; modelled
MODEL = Model(
    model_id="5f3c9f0e-1111-4222-8333-000000000000",
    model_version=1,
    model_release_date="2026-11-01T00:00:00Z",
    model_type="linear",
    input_format=("occp_text", "tasks_text"),
    topic_standard="ANZSCO",
    topic_version="2022",
)


@dataclass(frozen=True, slots=True)
class Durations:
    """How long operations take: a wait in the service's queue, then the coding.

    The wait is lognormal, so that some wait many times longer than most, and longer in busy
    hours. Modelled: nothing is published about it.
    """

    median_wait: float = 20.0
    """Seconds, in quiet hours."""
    spread: float = 1.0
    """Of the wait's logarithm: at 1.0 one in a hundred waits ten times the median."""
    busy: float = 3.0
    """Times as long in busy hours."""
    records_per_second: float = 2_000.0

    def draw(self, records: int, at: float, chance: Random) -> float:
        busy = self.busy if (at % DAY) // 3600 in BUSY_HOURS else 1.0
        wait = self.median_wait * busy * math.exp(chance.gauss(0, self.spread))
        return min(wait + records / self.records_per_second, 2 * DAY)


@dataclass(slots=True)
class Operation:
    created_at: float
    ends_at: float | None = None
    """None until it has its input."""
    fails: bool = False

    def status(self, now: float) -> OperationStatus:
        if self.ends_at is None:
            return OperationStatus.AWAITING_INPUT
        if now < self.ends_at:
            return OperationStatus.IN_PROGRESS
        return OperationStatus.FAILED if self.fails else OperationStatus.COMPLETE


@dataclass(slots=True)
class SimulatedService:
    """Answers as a `Transport`; `elapse` moves the caller's clock by so many seconds."""

    now: Callable[[], float]
    elapse: Callable[[float], None]
    chance: Random
    durations: Durations
    limits: Limits
    operations: dict[str, Operation] = field(default_factory=dict)
    call_times: list[float] = field(default_factory=list)
    """When each call reached the service, in seconds since 1970."""
    refused: dict[ServiceAnswer, int] = field(default_factory=dict)
    usage: Usage = field(default_factory=Usage)

    def __call__(self, request: HttpRequest) -> HttpAnswer:
        self.elapse(THERE + self.chance.expovariate(1 / JITTER))
        answer = self._answer(request)
        self.elapse(BACK + self.chance.expovariate(1 / JITTER))
        return answer

    def upload(self, operation_id: str, records: int, *, fails: bool) -> None:
        """The input is stored; the operation waits in the service's queue."""
        now = self.now()
        operation = self.operations[operation_id]
        operation.ends_at = now + self.durations.draw(records, now, self.chance)
        operation.fails = fails

    @property
    def last_end(self) -> float:
        return max((each.ends_at or 0.0 for each in self.operations.values()), default=0.0)

    def _answer(self, request: HttpRequest) -> HttpAnswer:
        now = self.now()
        self.call_times.append(now)
        try:
            self.usage = self.limits.take(self.usage, round(now * 1000))
        except Refusal as refusal:
            row = refusal.answer
            self.refused[row] = self.refused.get(row, 0) + 1
            return _json(row.http_status, row.to_json())
        path = urlsplit(request.url).path.split("/")
        if request.method == "POST":
            return self._create()
        if path[-1] == "latest":
            return _json(200, MODEL.to_json())
        return self._status(path[-1])

    def _create(self) -> HttpAnswer:
        operation_id = str(UUID(int=self.chance.getrandbits(128), version=4))
        self.operations[operation_id] = Operation(self.now())
        created = CreatedOperation(
            operation_id=operation_id,
            request_upload_url="https://storage.example/in",
            bucket_kms_key_arn="arn:aws:kms:ap-southeast-2:000000000000:key/input",
        )
        return _json(200, created.to_json())

    def _status(self, operation_id: str) -> HttpAnswer:
        operation = self.operations[operation_id]
        status = operation.status(self.now())
        there = status is OperationStatus.COMPLETE and (
            self.now() < (operation.ends_at or 0.0) + RESULTS_SECONDS
        )
        state = OperationState(
            status=status,
            response_download_url="https://storage.example/out" if there else None,
            metadata_download_url="https://storage.example/meta" if there else None,
            error="a record could not be coded" if operation.fails else None,
        )
        return _json(200, state.to_json())


def _json(status: int, body: Any) -> HttpAnswer:
    return HttpAnswer(status, json.dumps(body).encode())
