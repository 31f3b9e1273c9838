"""The composition root: builds clients, repositories and engines, once for each process.

Nothing here runs at import: a cold start pays for what its function uses, and a test builds
its own.
"""

from dataclasses import dataclass
from functools import cache, cached_property, partial
from typing import TYPE_CHECKING

import boto3

from pipeline.aws import AWS, S3, session
from pipeline.clock import Clock
from pipeline.config import Environment, environment
from pipeline.engines.base import Engine
from pipeline.engines.coding_service.client import CodingServiceClient
from pipeline.engines.coding_service.engine import CodingServiceEngine
from pipeline.engines.coding_service.http import HttpTransport, Transport
from pipeline.engines.coding_service.presigned import PresignedHosts, presigned_pool
from pipeline.engines.coding_service.tokens import Tokens
from pipeline.engines.settings import EngineName
from pipeline.errors import SettingInvalid
from pipeline.executions.pieces import PieceLists
from pipeline.executions.starter import ExecutionStarter
from pipeline.ledger.drops import Drops
from pipeline.ledger.groups import ExecutionGroups
from pipeline.ledger.parts import Parts
from pipeline.ledger.shared_files import SharedFiles
from pipeline.ledger.table import Ledger
from pipeline.observability import Measures, emit
from pipeline.rate_limit.limiter import Limiter
from pipeline.rate_limit.polling import Polling
from pipeline.storage.block_reader import BlockReader
from pipeline.storage.multipart import MultipartFiles
from pipeline.storage.prepared_bucket import PreparedBucket
from pipeline.storage.results_bucket import ResultsBucket

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_stepfunctions import SFNClient

TABLE_BLOCKS_AHEAD = 1  # a block of 8 MB comes in less time than its rows take; ours


@dataclass(frozen=True)
class Dependencies:
    """The clients, repositories and engines of a process, each built on first use."""

    environment: Environment
    clock: Clock
    measure: Measures = emit

    @cached_property
    def s3(self) -> "S3Client":
        return boto3.client("s3", config=S3)

    @cached_property
    def secrets(self) -> "SecretsManagerClient":
        return boto3.client("secretsmanager", config=AWS)

    @cached_property
    def executions(self) -> "SFNClient":
        return boto3.client("stepfunctions", config=AWS)

    @cached_property
    def sqs(self) -> "SQSClient":
        return boto3.client("sqs", config=AWS)

    @cached_property
    def ledger_table(self) -> "Table":
        return boto3.resource("dynamodb", config=AWS).Table(self.environment.ledger_table)

    @cached_property
    def ledger(self) -> Ledger:
        return Ledger(self.ledger_table)

    @cached_property
    def drops(self) -> Drops:
        return Drops(self.ledger, self.clock)

    @cached_property
    def parts(self) -> Parts:
        return Parts(self.ledger, self.clock)

    @cached_property
    def shared_files(self) -> SharedFiles:
        return SharedFiles(self.ledger, self.clock)

    @cached_property
    def groups(self) -> ExecutionGroups:
        return ExecutionGroups(self.ledger, self.clock)

    @cached_property
    def pieces(self) -> PieceLists:
        return PieceLists(self.results)

    @cached_property
    def block_reader(self) -> BlockReader:
        return BlockReader(self.s3, sleep=self.clock.sleep)

    @cached_property
    def table_reader(self) -> BlockReader:
        """Of tables, whose rows take longer than their bytes: with little ahead, in less memory."""
        return BlockReader(self.s3, sleep=self.clock.sleep, ahead=TABLE_BLOCKS_AHEAD)

    @cached_property
    def results(self) -> ResultsBucket:
        return ResultsBucket(self.s3, self.environment.results_bucket)

    @cached_property
    def prepared(self) -> PreparedBucket:
        return PreparedBucket(self.s3, self.environment.tables.prepared_bucket)

    @cached_property
    def result_files(self) -> MultipartFiles:
        return MultipartFiles(self.s3, self.environment.results_bucket)

    @cached_property
    def drop_bucket(self) -> str:
        """The name of the bucket in which people drop files. Raises `SettingInvalid`."""
        name = self.environment.drop_bucket
        if name is None:
            raise SettingInvalid("the environment variable DROP_BUCKET is missing; deploy again")
        return name

    @cached_property
    def state_machine_arn(self) -> str:
        """The ARN of the state machine whose executions are started. Raises `SettingInvalid`."""
        arn = self.environment.state_machine_arn
        if arn is None:
            raise SettingInvalid(
                "the environment variable STATE_MACHINE_ARN is missing; deploy again"
            )
        return arn

    def starter(self, state_machine_arn: str) -> ExecutionStarter:
        """Starts executions of this state machine."""
        return ExecutionStarter(
            drops=self.drops,
            groups=self.groups,
            pieces=self.pieces,
            executions=self.executions,
            state_machine_arn=state_machine_arn,
        )

    @cached_property
    def transport(self) -> Transport:
        """The transport of small answers; streams have connections of their own."""
        return HttpTransport(
            allow_plain_http=self.environment.allow_plain_http,
            ca_bundle=self.environment.ca_bundle,
        )

    @cached_property
    def limiter(self) -> Limiter:
        return Limiter(
            ledger=self.ledger,
            requests_per_second=self.environment.requests_per_second,
            requests_per_day=self.environment.requests_per_day,
            clock=self.clock,
            on_wait=partial(self.measure, "CallsWaited"),
            checks_ahead=self.polling.most_checks,
        )

    @cached_property
    def tokens(self) -> Tokens:
        return Tokens(
            secrets=self.secrets,
            transport=self.transport,
            ledger=self.ledger,
            auth_url=self.environment.auth_url,
            credentials_secret_arn=self.environment.credentials_secret_arn,
            token_secret_arn=self.environment.token_secret_arn,
            clock=self.clock,
        )

    @cached_property
    def coding_service_client(self) -> CodingServiceClient:
        return CodingServiceClient(
            transport=self.transport,
            tokens=self.tokens,
            limiter=self.limiter,
            service_url=self.environment.service_url,
            token_prefix=self.environment.token_prefix,
            clock=self.clock,
            on_limit_exceeded=partial(self.measure, "LimitExceeded"),
        )

    @cached_property
    def coding_service(self) -> CodingServiceEngine:
        return CodingServiceEngine(
            client=self.coding_service_client,
            pool=presigned_pool(self.environment.ca_bundle),
            hosts=PresignedHosts(
                self.environment.presigned_hosts, self.environment.allow_plain_http
            ),
            ledger=self.ledger,
            clock=self.clock,
        )

    @cached_property
    def amazon_ml(self) -> Engine:
        settings = self.environment.engines.amazon_ml
        if settings is None:
            raise SettingInvalid(
                "the environment variable EXCHANGE_BUCKET is missing; deploy again"
            )
        # Here, so that functions of a deployment without it need not load it.
        from pipeline.engines.amazon_ml.build import amazon_ml_engine  # noqa: PLC0415

        return amazon_ml_engine(settings, s3=self.s3, secrets=lambda: self.secrets)

    @cached_property
    def small_batches(self) -> Engine:
        # Here, so that functions of a deployment without it need not load it.
        from pipeline.engines.exchange_bucket import ExchangeBucket  # noqa: PLC0415
        from pipeline.engines.small_batches.engine import SmallBatchEngine  # noqa: PLC0415

        bucket = ExchangeBucket(self.s3, self.environment.tables.prepared_bucket)
        return SmallBatchEngine(service=self.coding_service, exchange=bucket)

    def engine_of(self, topic: str) -> Engine:
        """The engine that codes the topic."""
        match self.environment.engines.name_of(topic):
            case EngineName.AMAZON_ML:
                return self.amazon_ml
            case EngineName.SMALL_BATCHES:
                return self.small_batches
            case EngineName.CODING_SERVICE:
                return self.coding_service

    @cached_property
    def polling(self) -> Polling:
        return Polling(
            first_seconds=self.environment.poll_first_seconds,
            fraction=self.environment.poll_fraction,
            ceiling_seconds=self.environment.poll_ceiling_seconds,
        )


@cache
def dependencies() -> Dependencies:
    """This process's dependencies, from its environment."""
    boto3.setup_default_session(botocore_session=session())
    return Dependencies(environment(), Clock())
