"""The service with everything real but AWS, which moto plays, and the clock, which a test moves."""

import itertools
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn

import boto3

from coding_service.api.batch_coding import BatchApi
from coding_service.api.code_handler import CODE_ROUTES
from coding_service.api.presigned_urls import Presigner
from coding_service.api.rate_limit import CallCounter, Limits
from coding_service.api.real_time import RealTimeApi
from coding_service.api.routes import ROUTES, Routes
from coding_service.aws import configuration
from coding_service.coder.catalogue import Catalogue
from coding_service.inference.code import CodeStep
from coding_service.inference.cut import cut_input
from coding_service.inference.explain import explain_failure
from coding_service.inference.lifecycle import OperationLifecycle, Upload
from coding_service.inference.state import Coded, StepStatus
from coding_service.models.bucket import ModelsBucket
from coding_service.models.registry import DeployedModels, ModelRegistry
from coding_service.operations.files import InputFile, input_of
from coding_service.operations.operation import input_key, metadata_key, output_key
from coding_service.operations.table import OperationTable, current_operation
from protocol.messages import CreatedOperation, OperationState

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import DynamoDBServiceResource, Table
    from mypy_boto3_s3.client import S3Client

REGION: Final = "ap-southeast-2"
INPUTS, OUTPUTS, MODELS, OPERATIONS = "inputs", "outputs", "models", "operations"
KEY_ARN = f"arn:aws:kms:{REGION}:123456789012:key/11111111-2222-3333-4444-555555555555"
TOPIC, OTHER_TOPIC, EMPTY_TOPIC = "trades", "crafts", "unborn"
WINDOW_SECONDS, RESULTS_SECONDS, MAX_FILE_BYTES = 100, 1000, 50_000_000
PUBLIC_PER_DAY = 3
START = 1_800_000_000.0
ALICE, BOB = "alice", "bob"


@dataclass
class Clock:
    """Epoch seconds that only the test moves."""

    now: float = START

    def __call__(self) -> float:
        return self.now


def record(number: int, text: str = "school bus driver") -> bytes:
    return json.dumps({"recordId": str(number), "occp_text": text, "tasks_text": ""}).encode()


def file_of(records: int) -> bytes:
    """A good file; its texts differ, so that results and suggestions both occur."""
    texts = itertools.cycle(["school bus driver", "glassblower", "night baker", ""])
    return b"".join(record(number, next(texts)) + b"\n" for number in range(records))


@dataclass
class Service:
    """CodingService's own code, joined as its functions join it."""

    s3: "S3Client"
    table: "Table"
    registry: ModelRegistry
    clock: Clock = field(default_factory=Clock)
    range_bytes: int = 1 << 25

    @property
    def operations(self) -> OperationTable:
        return OperationTable(self.table)

    @property
    def batch(self) -> BatchApi:
        return BatchApi(
            registry=self.registry,
            operations=self.operations,
            presigner=Presigner(self.s3, INPUTS, OUTPUTS, KEY_ARN),
            upload_window_seconds=WINDOW_SECONDS,
            clock=self.clock,
        )

    @property
    def lifecycle(self) -> OperationLifecycle:
        return OperationLifecycle(
            self.operations,
            self.s3,
            INPUTS,
            OUTPUTS,
            RESULTS_SECONDS,
            self.range_bytes,
            self.clock,
        )

    def cut(self, state: Mapping[str, Any]) -> dict[str, Any]:
        return cut_input(
            state,
            s3=self.s3,
            operations=self.operations,
            input_bucket=INPUTS,
            max_file_bytes=MAX_FILE_BYTES,
            range_bytes=self.range_bytes,
            clock=self.clock,
        )

    def explain(self, state: Mapping[str, Any]) -> NoReturn:
        operation = current_operation(self.operations, state, now=int(self.clock()))
        explain_failure(operation, input_of(state, s3=self.s3, bucket=INPUTS))

    def code_step(self, **changes: Any) -> CodeStep:
        parts: dict[str, Any] = {
            "s3": self.s3,
            "operations": self.operations,
            "input_bucket": INPUTS,
            "output_bucket": OUTPUTS,
            "models": DeployedModels(self.registry),
            "max_file_bytes": MAX_FILE_BYTES,
            "clock": self.clock,
        }
        return CodeStep(**{**parts, **changes})

    def routes(
        self, *, per_second: float = 1000, burst: int = 1000, per_day: int = 1000
    ) -> Routes[BatchApi]:
        counter = CallCounter(self.table, Limits(per_second, burst, per_day), PUBLIC_PER_DAY)
        return Routes(served=self.batch, routes=ROUTES, counter=counter, clock=self.clock)

    def code_routes(
        self, *, per_second: float = 1000, burst: int = 1000, per_day: int = 1000
    ) -> Routes[RealTimeApi]:
        return Routes(
            served=RealTimeApi(DeployedModels(self.registry)),
            routes=CODE_ROUTES,
            counter=CallCounter(self.table, Limits(per_second, burst, per_day), PUBLIC_PER_DAY),
            clock=self.clock,
        )

    def create(self, *, client_id: str = ALICE, topic: str = TOPIC) -> CreatedOperation:
        return self.batch.create(client_id=client_id, topic=topic, model_id=None, body=None)

    def state(self, operation_id: str, *, client_id: str = ALICE) -> OperationState:
        return self.batch.state(client_id=client_id, topic=TOPIC, operation_id=operation_id)

    def upload(self, operation_id: str, content: bytes, *, execution: str = "first") -> Upload:
        """What the presigned PUT does, and the execution that the event would start."""
        version = self.s3.put_object(Bucket=INPUTS, Key=input_key(operation_id), Body=content)
        return Upload(operation_id, version["VersionId"], len(content), execution)

    def coded(self, upload: Upload, **changes: Any) -> Coded:
        """Everything coded and joined, step by step as the state machine does it."""
        begun = self.lifecycle.begin(upload)
        state = state_of(upload)
        if begun is StepStatus.SMALL:
            return Coded.from_state(self.code_step(**changes).run(state))
        code = self.code_step(**changes)
        ranges = [Coded.from_state(code.run(each)) for each in self.ranges_of(upload)]
        return self.lifecycle.join(upload, ranges)

    def ranges_of(self, upload: Upload) -> list[dict[str, Any]]:
        """The states that the Map makes of what Cut gives."""
        cut = self.cut(state_of(upload))
        return [
            {**state_of(upload), "range": each, "has_record_id": cut["has_record_id"]}
            for each in cut["ranges"]
        ]

    def output(self, operation_id: str) -> bytes:
        return self.s3.get_object(Bucket=OUTPUTS, Key=output_key(operation_id))["Body"].read()

    def metadata(self, operation_id: str) -> Any:
        stored = self.s3.get_object(Bucket=OUTPUTS, Key=metadata_key(operation_id))
        return json.loads(stored["Body"].read())

    def files(self) -> list[str]:
        """Every stored version in both buckets."""
        return [
            version["Key"]
            for bucket in (INPUTS, OUTPUTS)
            for version in self.s3.list_object_versions(Bucket=bucket).get("Versions", [])
        ]

    def unfinished_uploads(self) -> int:
        return len(self.s3.list_multipart_uploads(Bucket=OUTPUTS).get("Uploads", []))


def input_file(service: Service) -> InputFile:
    """An upload that is read with the service's client."""
    return InputFile(service.s3, INPUTS, "any", "version", 10)


def state_of(upload: Upload) -> dict[str, Any]:
    """The state that the state machine hands to "Code" and "Cut"."""
    return {
        "operation_id": upload.operation_id,
        "version_id": upload.version_id,
        "bytes": upload.size,
        "execution": upload.execution,
    }


def event_of(
    method: str,
    resource: str,
    *,
    client_id: str = ALICE,
    body: str | None = None,
    token_expires_at: float = START + 3600,
    is_public: bool = False,
    **parameters: str,
) -> dict[str, Any]:
    """API Gateway's proxy event, the parts that the service reads."""
    return {
        "httpMethod": method,
        "resource": resource,
        "pathParameters": parameters or None,
        "body": body,
        "isBase64Encoded": False,
        "requestContext": {
            "authorizer": {
                "client_id": client_id,
                "token_expires_at": str(token_expires_at),
                "is_public": "true" if is_public else "false",
            }
        },
    }


@cache
def _clients() -> "tuple[S3Client, DynamoDBServiceResource]":
    """Made once: they keep no state, and making one takes longer than most tests."""
    s3 = boto3.client("s3", region_name=REGION, config=configuration())
    return s3, boto3.resource("dynamodb", region_name=REGION)


def make_service(models: Path) -> Service:
    """Empty storage and the models in a directory. Call inside `played_aws`."""
    s3, dynamodb = _clients()
    for bucket in (INPUTS, OUTPUTS, MODELS):
        s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_bucket_versioning(Bucket=INPUTS, VersioningConfiguration={"Status": "Enabled"})
    table = dynamodb.create_table(
        TableName=OPERATIONS,
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    return Service(s3, table, registry_of(s3, Catalogue.read(models)))


def registry_of(s3: "S3Client", packaged: Catalogue) -> ModelRegistry:
    """The models of a deployment, and none published."""
    return ModelRegistry(packaged, ModelsBucket(s3, MODELS), clock=lambda: START)


def new_guid() -> str:
    return str(uuid.uuid4())
