"""Submit and collect as the functions compose them, over real HTTP to the service in memory."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import pytest

from pipeline.collaborators import Collaborators
from pipeline.collect import collecting
from pipeline.environment import Environment
from pipeline.errors import AddressRefused
from pipeline.states import Part, PartStatus, Progress, Ticket
from pipeline.submit import submitting
from tests.pipeline.builders import VARIABLES, Hands, Measured, lines, secrets
from tests.pipeline.clouds import Cloud, cloud
from tests.pipeline.memory_service import TOPIC, MemoryService, coded

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_secretsmanager import SecretsManagerClient


@dataclass(frozen=True)
class OnMoto(Collaborators):
    """The shipped composition, with moto's AWS under it."""

    aws: Cloud | None = None

    @cached_property
    def s3(self) -> "S3Client":
        assert self.aws is not None
        return self.aws.s3

    @cached_property
    def ledger_table(self) -> "Table":
        assert self.aws is not None
        return self.aws.ledger.table

    @cached_property
    def secrets(self) -> "SecretsManagerClient":
        return secrets()


@dataclass
class Bench:
    aws: Cloud
    memory: MemoryService

    def found(self, **variables: str) -> OnMoto:
        settings = VARIABLES | {
            "SERVICE_URL": self.memory.base_url,
            "AUTH_URL": self.memory.base_url,
            "PRESIGNED_HOSTS": self.memory.base_url.removeprefix("http://"),
            "ALLOW_PLAIN_HTTP": "true",
            "CREDENTIALS_SECRET_ARN": "credentials",
            "TOKEN_SECRET_ARN": "token",
        }
        environment = Environment.read(settings | variables)
        return OnMoto(environment, Hands().clock, Measured().__call__, aws=self.aws)

    def part(self, content: bytes) -> Part:
        segment = self.aws.segment("anzsco/jobs.jsonl", content)
        return Part(
            part_id="d-0001", topic=TOPIC, model=None, bytes=len(content), segments=(segment,)
        )


@pytest.fixture
def bench() -> Iterator[Bench]:
    memory = MemoryService()
    with cloud() as aws, memory.served():
        yield Bench(aws, memory)


def should_take_a_part_there_and_back(bench: Bench) -> None:
    part, found = bench.part(lines(50)), bench.found()

    submitted = submitting(found).submit(
        Ticket(part, Progress(status=PartStatus.NEW)), owner="a", seconds_left=lambda: 900
    )
    collected = collecting(found).collect(
        Ticket(part, submitted), owner="b", seconds_left=lambda: 900
    )

    assert collected.status is PartStatus.COLLECTED
    assert bench.memory.uploaded[0].input == lines(50)
    prefix = part.segments[0].results_prefix
    assert bench.aws.result(f"{prefix}output.jsonl") == coded(lines(50))
    assert set(bench.aws.result_keys()) == {f"{prefix}output.jsonl", f"{prefix}metadata.json"}


def should_send_nothing_over_plain_http_unless_it_is_allowed(bench: Bench) -> None:
    part, found = bench.part(lines(1)), bench.found(ALLOW_PLAIN_HTTP="false")

    with pytest.raises(AddressRefused, match="allowPlainHttp"):
        submitting(found).submit(
            Ticket(part, Progress(status=PartStatus.NEW)), owner="a", seconds_left=lambda: 900
        )
    assert bench.memory.calls == []
