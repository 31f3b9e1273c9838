"""The functions' settings at run time: typed, read once a process, and read nowhere else."""

import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from coding_service.errors import EnvironmentIncomplete
from shared.environment import Variables

PACKAGED_MODELS = Path(__file__).resolve().parents[1] / "models"  # beside the package, in the asset

AddressingStyle = Literal["virtual", "path"]


@dataclass(frozen=True, slots=True)
class AuthorizeEnvironment:
    """The user pool whose tokens the authorizer accepts."""

    jwks_url: str
    issuer: str
    scope: str
    public_scope: str
    ca_bundle: str | None
    """File of trusted roots; None trusts the system's."""


@dataclass(frozen=True, slots=True)
class StorageEnvironment:
    """The table and the buckets of operations, files and models."""

    table: str
    input_bucket: str
    output_bucket: str
    models_bucket: str
    """Models published since the deployment."""
    input_key_arn: str
    """KMS key of the input bucket; callers send it with their upload."""
    addressing_style: AddressingStyle
    """`virtual` (AWS) or `path` (the local cloud): how presigned URLs name a bucket."""


@dataclass(frozen=True, slots=True)
class ServiceEnvironment:
    """The service's limits and times."""

    upload_window_seconds: int
    results_seconds: int
    requests_per_second: float
    burst: int
    requests_per_day: int
    public_requests_per_day: int
    """Of a client that may code no files."""
    max_file_bytes: int
    range_bytes: int
    """About as much of a file as one function codes."""
    models: Path


@dataclass(frozen=True, slots=True)
class MachineLearningEnvironment:
    """The clients and addresses of Amazon ML's API."""

    state_machine_arn: str
    access_keys: str
    """JSON: access key ids with their client and the ARN of their secret."""
    signed_path: str
    """The path that clients sign, where the gateway's event lacks it; else empty."""
    account: str
    region: str


def variables() -> Variables:
    """This process's variables."""
    return Variables(dict(os.environ), EnvironmentIncomplete)


@cache
def authorize_environment() -> AuthorizeEnvironment:
    read = variables()
    return AuthorizeEnvironment(
        jwks_url=read.text("JWKS_URL"),
        issuer=read.text("TOKEN_ISSUER"),
        scope=read.text("OAUTH_SCOPE"),
        public_scope=read.text("PUBLIC_OAUTH_SCOPE"),
        ca_bundle=read.optional("AWS_CA_BUNDLE") or read.optional("SSL_CERT_FILE"),
    )


@cache
def storage_environment() -> StorageEnvironment:
    read = variables()
    return StorageEnvironment(
        table=read.text("OPERATIONS_TABLE"),
        input_bucket=read.text("INPUT_BUCKET"),
        output_bucket=read.text("OUTPUT_BUCKET"),
        models_bucket=read.text("MODELS_BUCKET"),
        input_key_arn=read.text("INPUT_KEY_ARN"),
        addressing_style=read.one_of("S3_ADDRESSING_STYLE", "virtual", "path"),
    )


@cache
def service_environment() -> ServiceEnvironment:
    read = variables()
    return ServiceEnvironment(
        upload_window_seconds=read.amount("UPLOAD_WINDOW_SECONDS"),
        results_seconds=read.amount("RESULTS_SECONDS"),
        requests_per_second=read.number("REQUESTS_PER_SECOND"),
        burst=read.count("REQUEST_BURST"),
        requests_per_day=read.count("REQUESTS_PER_DAY"),
        public_requests_per_day=read.count("PUBLIC_REQUESTS_PER_DAY"),
        max_file_bytes=read.count("MAX_FILE_BYTES"),
        range_bytes=read.count("INFERENCE_RANGE_BYTES"),
        models=Path(read.optional("MODELS_DIR") or PACKAGED_MODELS),
    )


def inference_state_machine() -> str:
    """The ARN of the state machine that an upload starts."""
    return variables().text("INFERENCE_STATE_MACHINE_ARN")


@cache
def machine_learning_environment() -> MachineLearningEnvironment:
    read = variables()
    return MachineLearningEnvironment(
        state_machine_arn=read.text("PREDICTIONS_STATE_MACHINE_ARN"),
        access_keys=read.text("ACCESS_KEYS"),
        signed_path=read.values.get("SIGNED_PATH", ""),
        account=read.text("ACCOUNT_ID"),
        region=read.text("SERVICE_REGION"),
    )


def machine_learning_table() -> str:
    """The table of data sources and predictions."""
    return variables().text("MACHINE_LEARNING_TABLE")
