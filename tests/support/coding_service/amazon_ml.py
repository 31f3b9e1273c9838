"""Amazon ML's API with everything real but AWS, which moto plays, and the clock.

Calls come from an unmodified boto3 client: what it would send goes through the gateway's event to
`Operations`, and every success is held to botocore's service model on its way back.
"""

import gzip
import json
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import boto3
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.config import Config

from coding_service.amazon_ml.api.access_keys import AccessKeys, IssuedKey
from coding_service.amazon_ml.api.batch_predictions import Predictions
from coding_service.amazon_ml.api.data_sources import DataSources
from coding_service.amazon_ml.api.dispatch import Operations
from coding_service.amazon_ml.api.models import MlModels
from coding_service.amazon_ml.api.signature_v4 import SignatureCheck
from coding_service.amazon_ml.prediction_log import Logs
from coding_service.amazon_ml.start_execution import Starter
from coding_service.amazon_ml.table import Store
from coding_service.amazon_ml.work.handler import run_step
from coding_service.amazon_ml.work.ranges import RANGE_BYTES, Range
from coding_service.amazon_ml.work.step import WorkDependencies
from coding_service.api.rate_limit import CallCounter, Limits
from coding_service.aws import configuration
from coding_service.coder.catalogue import Catalogue
from coding_service.models.bucket import ModelsBucket
from coding_service.models.registry import DeployedModels, ModelRegistry
from tests.support.coding_service.amazon_ml_model import faults_of

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table
    from mypy_boto3_s3.client import S3Client
    from mypy_boto3_secretsmanager.client import SecretsManagerClient

REGION: Final = "ap-southeast-2"
ACCOUNT: Final = "123456789012"
ALICE, BOB = "alice", "bob"
OUTPUTS, DATA, MODELS, FOREIGN = "outputs", "data", "models", "foreign"
ENDPOINT = "https://api.example/live/machinelearning"
TOPIC = "trades"
FIELDS = ("occp_text", "tasks_text")
MAX_FILE_BYTES = 1_000_000
SCHEMA: Final[dict[str, Any]] = {
    "version": "1.0",
    "rowId": "id",
    "dataFormat": "CSV",
    "dataFileContainsHeader": True,
    "attributes": [
        {"attributeName": "id", "attributeType": "CATEGORICAL"},
        {"attributeName": "occp_text", "attributeType": "TEXT"},
        {"attributeName": "tasks_text", "attributeType": "TEXT"},
    ],
}
HEADER = "id,occp_text,tasks_text\n"


def key_id(client: str) -> str:
    return f"DCML{client.upper():0<16}"


def secret_of(client: str) -> str:
    return f"secret-of-{client}"


@dataclass
class States:
    """Remembers what was started; a test runs it when it wants to."""

    started: dict[str, dict[str, Any]] = field(default_factory=dict)
    starts: int = 0

    def start_execution(self, **asked: str) -> None:
        self.starts += 1
        self.started.setdefault(asked["name"], json.loads(asked["input"]))


@dataclass
class World:
    """The service, its users' buckets and two clients."""

    s3: "S3Client"
    table: "Table"
    counters: "Table"
    secrets: "SecretsManagerClient"
    issued: dict[str, IssuedKey]
    catalogue: ModelRegistry
    states: States = field(default_factory=States)
    per_second: float = 1_000
    per_day: int = 10_000
    ahead_seconds: float = 0
    """The service's clock against the clients'."""

    def __post_init__(self) -> None:
        self._deployed = DeployedModels(self.catalogue)

    def now_ms(self) -> int:
        return int((datetime.now(UTC).timestamp() + self.ahead_seconds) * 1000)

    @property
    def store(self) -> Store:
        return Store(self.table)

    @property
    def operations(self) -> Operations:
        kept: dict[str, Any] = {
            "store": self.store,
            "account": ACCOUNT,
            "now_ms": self.now_ms,
            "starter": Starter(self.states, "machine"),  # type: ignore[arg-type]
        }
        models = MlModels(self.catalogue, ACCOUNT)
        sources = DataSources(**kept, own_buckets=frozenset({OUTPUTS}))
        keys = AccessKeys(self.issued, self.secrets, lambda: self.now_ms() / 1000)
        return Operations(
            models=models,
            sources=sources,
            predictions=Predictions(
                **kept, sources=sources, models=models, logs=Logs(self.s3, OUTPUTS)
            ),
            signatures=SignatureCheck(
                REGION,
                keys.secret_of,
                lambda: datetime.fromtimestamp(self.now_ms() / 1000, UTC),
            ),
            keys=keys,
            counter=CallCounter(self.counters, Limits(self.per_second, 1_000, self.per_day)),
            signed_path="",
            now_ms=self.now_ms,
        )

    def step(
        self, event: dict[str, Any], *, range_bytes: int | None = None, time_remains: bool = True
    ) -> dict[str, Any]:
        """The state after the step that an event names."""
        deps = WorkDependencies(
            store=self.store,
            s3=self.s3,
            deployed=self._deployed,  # each model is loaded once, as in a function's process
            output_bucket=OUTPUTS,
            max_file_bytes=MAX_FILE_BYTES,
            now_ms=self.now_ms,
            spent_ms=lambda: 7,
            range_bytes=range_bytes or RANGE_BYTES,
        )
        return run_step(deps, event, time_remains=lambda: time_remains)

    def client(self, name: str = ALICE, *, secret: str | None = None, **options: Any) -> Any:
        """An unmodified boto3 client whose requests end in `Operations`."""
        made: Any = _session().client(
            "machinelearning",
            region_name=options.get("region", REGION),
            endpoint_url=options.get("endpoint", ENDPOINT),
            aws_access_key_id=options.get("access_key", key_id(name)),
            aws_secret_access_key=secret_of(name) if secret is None else secret,
            config=Config(retries={"total_max_attempts": 1}),
        )
        made.meta.events.register("before-send.*", self._sent)
        return made

    def _sent(self, request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        answer = self.operations.answer(event_of(request))
        if answer.status == 200:
            operation = header(request, "X-Amz-Target").partition(".")[2]
            assert faults_of(operation, answer.body) == []
        sent = answer.to_gateway(str(uuid.uuid4()))
        return AWSResponse(
            request.url, sent["statusCode"], sent["headers"], _Raw(sent["body"].encode())
        )

    # --- Users' data -------------------------------------------------------------------------

    def put(self, key: str, content: str | bytes, bucket: str = DATA) -> str:
        body = content.encode() if isinstance(content, str) else content
        self.s3.put_object(Bucket=bucket, Key=key, Body=body)
        return f"s3://{bucket}/{key}"

    def get(self, uri: str) -> bytes:
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        return self.s3.get_object(Bucket=bucket, Key=key)["Body"].read()

    def keys(self, bucket: str) -> list[str]:
        return [each["Key"] for each in self.s3.list_objects_v2(Bucket=bucket).get("Contents", [])]

    def result_lines(self, uri: str) -> list[str]:
        return gzip.decompress(self.get(uri)).decode().split("\n")[:-1]

    # --- What the state machine does ---------------------------------------------------------

    def work(self, range_bytes: int | None = None) -> None:
        """Runs what was started and has not ended, as statemachine/predictions.asl.json does."""
        for name, state in list(self.states.started.items()):
            del self.states.started[name]
            self._execute(state, range_bytes)

    def _execute(self, state: dict[str, Any], range_bytes: int | None) -> None:
        def step(name: str, **more: Any) -> dict[str, Any]:
            return self.step({"step": name, **state, **more}, range_bytes=range_bytes)

        try:
            if state["kind"] == "DataSource":
                step("inspect")
                return
            progress = step("begin")
            if progress["status"] == "waiting":
                self.work()
                progress = step("begin")
            if progress["status"] != "begun":
                return
            plan = json.loads(self.get(f"s3://{progress['bucket']}/{progress['key']}"))
            for part in plan:
                assert Range.from_state(part).to_state() == part
                step("predict", range=part)
            while progress["status"] in ("begun", "joining"):
                progress = step("join", progress=progress)
            if progress["status"] == "joined":
                step("complete", progress=progress)
        except Exception as error:
            cause = json.dumps({"errorMessage": str(error)})
            failed = step("fail", error=type(error).__name__, cause=cause)
            if failed["status"] == "broken":
                raise

    def source(self, source_id: str = "ds", *, location: str, client: str = ALICE) -> None:
        """A data source that is ready."""
        self.client(client).create_data_source_from_s3(
            DataSourceId=source_id,
            DataSpec={"DataLocationS3": location, "DataSchema": json.dumps(SCHEMA)},
        )
        self.work()

    def predict(
        self,
        prediction_id: str = "bp",
        *,
        source_id: str = "ds",
        output: str = f"s3://{DATA}/out",
        client: str = ALICE,
    ) -> None:
        self.client(client).create_batch_prediction(
            BatchPredictionId=prediction_id,
            MLModelId=self.catalogue.latest(TOPIC).model_id,
            BatchPredictionDataSourceId=source_id,
            OutputUri=output,
        )


@dataclass(frozen=True)
class _Raw:
    """The body of an answer, as botocore reads it."""

    content: bytes

    def stream(self) -> Iterator[bytes]:
        yield self.content


def header(request: AWSPreparedRequest, name: str) -> str:
    value = request.headers[name]
    return value.decode() if isinstance(value, bytes) else str(value)


def event_of(request: AWSPreparedRequest) -> dict[str, Any]:
    """API Gateway's proxy event of a request."""
    address = urlsplit(request.url)
    body = request.body
    return {
        "httpMethod": request.method,
        "headers": {
            **{name: header(request, name) for name in request.headers},
            "Host": address.netloc,
        },
        "requestContext": {"path": address.path, "requestId": str(uuid.uuid4())},
        "body": body.decode() if isinstance(body, bytes) else body,
        "isBase64Encoded": False,
    }


@cache
def _session() -> boto3.Session:
    return boto3.Session()


@cache
def _clients() -> tuple[Any, Any, Any]:
    """Made once: they keep no state, and making one takes longer than most tests."""
    return (
        boto3.client("s3", region_name=REGION, config=configuration()),
        boto3.resource("dynamodb", region_name=REGION),
        boto3.client("secretsmanager", region_name=REGION),
    )


def make_world(packaged: Catalogue) -> World:
    """Empty storage, two clients with keys. Call inside `played_aws`."""
    s3, dynamodb, secrets = _clients()
    for bucket in (OUTPUTS, DATA, MODELS):
        s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    keys = ["pk", "sk"]
    table, counters = (
        dynamodb.create_table(
            TableName=name,
            KeySchema=[
                {"AttributeName": key, "KeyType": kind}
                for key, kind in zip(keys[:width], ("HASH", "RANGE"), strict=False)
            ],
            AttributeDefinitions=[
                {"AttributeName": key, "AttributeType": "S"} for key in keys[:width]
            ],
            BillingMode="PAY_PER_REQUEST",
        )
        for name, width in (("entities", 2), ("counters", 1))
    )
    issued = {}
    for client in (ALICE, BOB):
        content = {"accessKeyId": key_id(client), "secretAccessKey": secret_of(client)}
        arn = secrets.create_secret(Name=client, SecretString=json.dumps(content))["ARN"]
        issued[key_id(client)] = IssuedKey(client, arn)
    registry = ModelRegistry(packaged, ModelsBucket(s3, MODELS), time.time)
    return World(s3, table, counters, secrets, issued, registry)
