"""A deployed local cloud: what the stacks put out, and AWS clients that reach it."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import boto3
from botocore.config import Config

from erasure.deployment import Clients, Deployment
from localcloud.environment import ACCESS_KEY, ACCOUNT, REGION, SECRET_KEY, Reach
from localcloud.errors import DeployFailed

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cognito_idp import CognitoIdentityProviderClient
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_iam import IAMClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_stepfunctions import SFNClient

# With the deployment's name in front, whatever that is (the setting `name`).
PIPELINE = "Pipeline"
CODING_SERVICE = "CodingService"

_CONFIG = Config(
    region_name=REGION,
    signature_version="v4",
    retries={"mode": "standard", "total_max_attempts": 4},
    connect_timeout=5,
    read_timeout=60,
    s3={"addressing_style": "path"},
    proxies={},
)


@dataclass(frozen=True, slots=True)
class ServiceOutputs:
    """Names and addresses that the CodingService stack puts out."""

    api_url: str
    auth_url: str
    user_pool: str
    oauth_scope: str
    input_bucket: str
    output_bucket: str
    models_bucket: str
    operations_table: str
    inference_state_machine: str
    machine_learning_url: str = ""
    """Of Amazon ML's API; this and the next are "" where the settings ask for none."""
    machine_learning_key_secret: str = ""


@dataclass(frozen=True, slots=True)
class LocalCloud:
    """A running local cloud with its stacks deployed."""

    reach: Reach
    pipeline: Deployment
    service: ServiceOutputs | None
    """None where Pipeline drives somebody else's service."""

    @classmethod
    def from_outputs(cls, reach: Reach, outputs: Path) -> Self:
        """Reads what the CDK CLI wrote. Raises `DeployFailed` where something is missing."""
        try:
            named: dict[str, dict[str, str]] = json.loads(outputs.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise DeployFailed(f"The stacks' outputs can't be read: {error}") from None
        stacks = {name.rpartition("-")[2]: (name, values) for name, values in named.items()}
        name, values = stacks.get(PIPELINE, (PIPELINE, {}))
        _, of_service = stacks.get(CODING_SERVICE, ("", None))
        try:
            pipeline = Deployment.of(name, values)
        except KeyError as missing:
            raise DeployFailed(f"The stack {name} has no output {missing.args[0]}.") from None
        return cls(reach=reach, pipeline=pipeline, service=_service_outputs(of_service))

    @property
    def account(self) -> str:
        return ACCOUNT

    @property
    def clients(self) -> Clients:
        """As a command line has them that is pointed here."""
        return Clients(self._client)

    def s3(self) -> "S3Client":
        client: S3Client = self._client("s3")
        return client

    def sns(self) -> "SNSClient":
        client: SNSClient = self._client("sns")
        return client

    def sqs(self) -> "SQSClient":
        client: SQSClient = self._client("sqs")
        return client

    def stepfunctions(self) -> "SFNClient":
        client: SFNClient = self._client("stepfunctions")
        return client

    def logs(self) -> "CloudWatchLogsClient":
        client: CloudWatchLogsClient = self._client("logs")
        return client

    def cognito(self) -> "CognitoIdentityProviderClient":
        client: CognitoIdentityProviderClient = self._client("cognito-idp")
        return client

    def secrets(self) -> "SecretsManagerClient":
        client: SecretsManagerClient = self._client("secretsmanager")
        return client

    def dynamodb(self) -> "DynamoDBClient":
        client: DynamoDBClient = self._client("dynamodb")
        return client

    def events(self) -> "EventBridgeClient":
        client: EventBridgeClient = self._client("events")
        return client

    def functions(self) -> "LambdaClient":
        client: LambdaClient = self._client("lambda")
        return client

    def cloudformation(self) -> "CloudFormationClient":
        client: CloudFormationClient = self._client("cloudformation")
        return client

    def iam(self) -> "IAMClient":
        client: IAMClient = self._client("iam")
        return client

    def _client(self, name: str) -> Any:
        session = boto3.Session(
            aws_access_key_id=ACCESS_KEY, aws_secret_access_key=SECRET_KEY, region_name=REGION
        )
        client: Callable[..., Any] = session.client
        return client(
            name,
            endpoint_url=self.reach.endpoint,
            verify=str(self.reach.bundle),
            config=_CONFIG.merge(Config(signature_version="s3v4")) if name == "s3" else _CONFIG,
        )


class _Reader:
    """A stack's outputs; a missing one is named."""

    def __init__(self, stack: str, outputs: dict[str, str]) -> None:
        self._stack = stack
        self._outputs = outputs

    def __getitem__(self, name: str) -> str:
        try:
            return self._outputs[name]
        except KeyError:
            raise DeployFailed(f"The stack {self._stack} has no output {name}.") from None


def _service_outputs(outputs: dict[str, str] | None) -> ServiceOutputs | None:
    if outputs is None:
        return None
    service = _Reader(CODING_SERVICE, outputs)
    return ServiceOutputs(
        api_url=service["ApiUrl"],
        auth_url=service["AuthUrl"],
        user_pool=service["UserPoolId"],
        oauth_scope=service["OAuthScope"],
        input_bucket=service["InputBucketName"],
        output_bucket=service["OutputBucketName"],
        models_bucket=service["ModelsBucketName"],
        operations_table=service["OperationsTableName"],
        inference_state_machine=service["InferenceStateMachineArn"],
        machine_learning_url=outputs.get("MachineLearningUrl", ""),
        machine_learning_key_secret=outputs.get("MachineLearningKeySecretArn", ""),
    )
