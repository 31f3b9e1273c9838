"""The shipped composition of the stream functions, over moto's AWS and the service in memory."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from bench.streams.function_variables import VARIABLES
from pipeline.config import Environment
from pipeline.dependencies import Dependencies
from tests.support.pipeline.builders import Measured, SimulatedIo, secrets
from tests.support.pipeline.clouds import Cloud, cloud
from tests.support.pipeline.memory_service import MemoryService

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_secretsmanager import SecretsManagerClient


@dataclass(frozen=True)
class OnMoto(Dependencies):
    """The shipped composition, with moto's AWS under it."""

    aws: Cloud | None = None
    filled: "SecretsManagerClient | None" = None

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
        assert self.filled is not None
        return self.filled


@dataclass
class Composed:
    """The dependencies of composed functions, and the doubles below them."""

    aws: Cloud
    memory: MemoryService
    filled: "SecretsManagerClient"

    def deps(self, **variables: str) -> OnMoto:
        settings = VARIABLES | {
            "SERVICE_URL": self.memory.base_url,
            "AUTH_URL": self.memory.base_url,
            "PRESIGNED_HOSTS": self.memory.base_url.removeprefix("http://"),
            "ALLOW_PLAIN_HTTP": "true",
            "CREDENTIALS_SECRET_ARN": "credentials",
            "TOKEN_SECRET_ARN": "token",
            "REQUESTS_PER_SECOND": "1000",
        }
        environment = Environment.read(settings | variables)
        return OnMoto(
            environment, SimulatedIo().clock, Measured().__call__, aws=self.aws, filled=self.filled
        )


@contextmanager
def composed() -> Iterator[Composed]:
    memory = MemoryService()
    with cloud() as aws, memory.listening():
        yield Composed(aws, memory, secrets())
