"""Builds what the tests of Pipeline start from; every argument has a sensible default."""

from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

import boto3
import urllib3

from pipeline.clock import Clock
from pipeline.domain.drop import Drop
from pipeline.domain.execution import TaskInput
from pipeline.domain.identity import drop_id, part_id, results_prefix
from pipeline.domain.part import Part, whole_file
from pipeline.domain.progress import PartStatus, Progress
from pipeline.engines.base import OperationRequest
from pipeline.engines.coding_service.client import CodingServiceClient
from pipeline.engines.coding_service.engine import CodingServiceEngine
from pipeline.engines.coding_service.http import Transport
from pipeline.engines.coding_service.presigned import PresignedHosts, presigned_pool
from pipeline.engines.coding_service.tokens import Tokens
from pipeline.ledger.table import Ledger
from pipeline.rate_limit.limiter import Limiter
from pipeline.rate_limit.polling import NO_LOAD, CallLoad, Polling
from tests.support.pipeline.clouds import DROPS, REGION
from tests.support.pipeline.memory_service import (
    CLIENT_ID,
    CLIENT_SECRET,
    TOPIC,
    MemoryService,
    a_model,
)

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC).timestamp()
FILLED = f'{{"clientId": "{CLIENT_ID}", "clientSecret": "{CLIENT_SECRET}"}}'


@dataclass
class SimulatedIo:
    """A clock that stands still until somebody moves it or sleeps."""

    time: float = NOON
    slept: list[float] = field(default_factory=list)

    @property
    def clock(self) -> Clock:
        return Clock(seconds=lambda: self.time, sleep=self.sleep)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += seconds


@dataclass
class Measured:
    """Takes the place of metrics, and remembers them."""

    seen: list[tuple[str, float, dict[str, str]]] = field(default_factory=list)

    def __call__(self, name: str, value: float = 1, *, unit: str = "Count", **dims: str) -> None:
        self.seen.append((name, value, dims))

    def total(self, name: str) -> float:
        return sum(value for seen, value, _ in self.seen if seen == name)


def a_drop(key: str = "anzsco/jobs.jsonl", **changes: Any) -> Drop:
    identity = drop_id(DROPS, key, "v1")
    topic = changes.get("topic", TOPIC)
    drop = Drop(
        drop_id=identity,
        bucket=DROPS,
        key=key,
        version_id="v1",
        size=100,
        etag="0123",
        topic=TOPIC,
        model=None,
        results_prefix=results_prefix(key, topic, identity),
        dropped_at="2026-11-21T11:59:00.000Z",
    )
    return replace(drop, **changes)


def a_part(drop: Drop | None = None) -> Part:
    """The one part of a drop."""
    drop = drop or a_drop()
    return Part(
        part_id=part_id(drop.drop_id),
        topic=drop.topic or TOPIC,
        model=drop.model,
        bytes=drop.sent.size,
        segments=(whole_file(drop),),
    )


def a_task(
    status: PartStatus = PartStatus.IN_PROGRESS, *, part: Part | None = None, **progress: Any
) -> TaskInput:
    return TaskInput(part or a_part(), Progress(status=status, **progress))


def lines(count: int, *, text: str = "nurse") -> bytes:
    """A file of records with the recordIds r1, r2…"""
    return b"".join(
        f'{{"recordId": "r{n}", "occp_text": "{text} {n}", "tasks_text": ""}}\n'.encode()
        for n in range(1, count + 1)
    )


def a_limiter(ledger: Ledger, io: SimulatedIo, **changes: Any) -> Limiter:
    settings: dict[str, Any] = {"requests_per_second": 1, "requests_per_day": 10_000}
    return Limiter(ledger=ledger, clock=io.clock, chance=lambda: 0.5, **{**settings, **changes})


def a_polling() -> Polling:
    return Polling(first_seconds=10, fraction=0.1, ceiling_seconds=7200, chance=lambda: 0.0)


@cache
def _secrets_client() -> "SecretsManagerClient":
    """One for all tests: making a client takes longer than most of them."""
    return boto3.client(
        "secretsmanager",
        region_name=REGION,
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )


def secrets(credentials: str = FILLED) -> "SecretsManagerClient":
    """moto's Secrets Manager (inside `cloud()`) with the two secrets, named as below."""
    client = _secrets_client()
    client.create_secret(Name="credentials", SecretString=credentials)
    client.create_secret(Name="token", SecretString="{}")
    return client


def a_tokens(
    memory: MemoryService,
    ledger: Ledger,
    io: SimulatedIo,
    client: "SecretsManagerClient",
    transport: Transport | None = None,
) -> Tokens:
    return Tokens(
        secrets=client,
        transport=transport or memory.transport,
        ledger=ledger,
        auth_url=memory.base_url,
        credentials_secret_arn="credentials",
        token_secret_arn="token",
        clock=io.clock,
    )


def an_operation_request(model_id: str | None = None) -> OperationRequest:
    return OperationRequest(topic=TOPIC, model_id=model_id, model=a_model(), name="a-part-1")


def an_engine(
    memory: MemoryService,
    ledger: Ledger,
    io: SimulatedIo,
    *,
    pool: urllib3.PoolManager | None = None,
    host: str = "storage.example",
    client: "SecretsManagerClient | None" = None,
    **changes: Any,
) -> CodingServiceEngine:
    """The shipped engine in front of the service in memory; moto holds its secrets.

    The service's storage is at `host`, over plain http. `changes` are those of the client."""
    return CodingServiceEngine(
        client=CodingServiceClient(
            transport=memory.transport,
            tokens=a_tokens(memory, ledger, io, client or secrets()),
            limiter=a_limiter(ledger, io),
            service_url=memory.base_url,
            clock=io.clock,
            **changes,
        ),
        pool=pool or presigned_pool(None),
        hosts=PresignedHosts((host,), allow_plain_http=True),
        ledger=ledger,
        clock=io.clock,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Unlimited(CodingServiceEngine):
    """The shipped engine where nobody counts calls: remembers which operations ended."""

    heard: list[float] = field(default_factory=list)
    seen: CallLoad = NO_LOAD

    def check_can_open(self, *, turn: str | None = None) -> None:
        """Every call is due."""

    def load(self) -> CallLoad:
        return self.seen

    def release(self, started_at: float) -> None:
        self.heard.append(started_at)


def unlimited(engine: CodingServiceEngine, **changes: Any) -> Unlimited:
    same = {each.name: getattr(engine, each.name) for each in fields(CodingServiceEngine)}
    return Unlimited(**same, **changes)
