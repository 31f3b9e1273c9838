"""The functions' settings at run time: typed, read once a process, and read nowhere else."""

import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal, Self

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
    ca_bundle: str | None
    """File of trusted roots; None trusts the system's."""

    @classmethod
    def of(cls, variables: Variables) -> Self:
        return cls(
            jwks_url=variables.text("JWKS_URL"),
            issuer=variables.text("TOKEN_ISSUER"),
            scope=variables.text("OAUTH_SCOPE"),
            ca_bundle=variables.optional("AWS_CA_BUNDLE") or variables.optional("SSL_CERT_FILE"),
        )


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

    @classmethod
    def of(cls, variables: Variables) -> Self:
        return cls(
            table=variables.text("OPERATIONS_TABLE"),
            input_bucket=variables.text("INPUT_BUCKET"),
            output_bucket=variables.text("OUTPUT_BUCKET"),
            models_bucket=variables.text("MODELS_BUCKET"),
            input_key_arn=variables.text("INPUT_KEY_ARN"),
            addressing_style=variables.one_of("S3_ADDRESSING_STYLE", "virtual", "path"),
        )


@dataclass(frozen=True, slots=True)
class ServiceEnvironment:
    """The service's limits and times."""

    upload_window_seconds: int
    results_seconds: int
    requests_per_second: float
    burst: int
    requests_per_day: int
    max_file_bytes: int
    range_bytes: int
    """About as much of a file as one function codes."""
    models: Path

    @classmethod
    def of(cls, variables: Variables) -> Self:
        return cls(
            upload_window_seconds=variables.count("UPLOAD_WINDOW_SECONDS"),
            results_seconds=variables.count("RESULTS_SECONDS"),
            requests_per_second=variables.number("REQUESTS_PER_SECOND"),
            burst=variables.count("REQUEST_BURST"),
            requests_per_day=variables.count("REQUESTS_PER_DAY"),
            max_file_bytes=variables.count("MAX_FILE_BYTES"),
            range_bytes=variables.count("INFERENCE_RANGE_BYTES"),
            models=Path(variables.optional("MODELS_DIR") or PACKAGED_MODELS),
        )


@dataclass(frozen=True, slots=True)
class StartEnvironment:
    """The state machine that an upload starts."""

    state_machine_arn: str

    @classmethod
    def of(cls, variables: Variables) -> Self:
        return cls(state_machine_arn=variables.text("INFERENCE_STATE_MACHINE_ARN"))


@dataclass(frozen=True, slots=True)
class MachineLearningEnvironment:
    """The table, clients and addresses of Amazon ML's API."""

    table: str
    state_machine_arn: str
    access_keys: str
    """JSON: access key ids with their client and the ARN of their secret."""
    signed_path: str
    """The path that clients sign, where the gateway's event lacks it; else empty."""
    account: str
    region: str

    @classmethod
    def of(cls, variables: Variables) -> Self:
        return cls(
            table=variables.text("MACHINE_LEARNING_TABLE"),
            state_machine_arn=variables.text("PREDICTIONS_STATE_MACHINE_ARN"),
            access_keys=variables.text("ACCESS_KEYS"),
            signed_path=variables.values.get("SIGNED_PATH", ""),
            account=variables.text("ACCOUNT_ID"),
            region=variables.text("SERVICE_REGION"),
        )


def variables() -> Variables:
    """This process's variables."""
    return Variables(dict(os.environ), EnvironmentIncomplete)


@cache
def authorize_environment() -> AuthorizeEnvironment:
    return AuthorizeEnvironment.of(variables())


@cache
def storage_environment() -> StorageEnvironment:
    return StorageEnvironment.of(variables())


@cache
def service_environment() -> ServiceEnvironment:
    return ServiceEnvironment.of(variables())


@cache
def start_environment() -> StartEnvironment:
    return StartEnvironment.of(variables())


@cache
def machine_learning_environment() -> MachineLearningEnvironment:
    return MachineLearningEnvironment.of(variables())


def machine_learning_table() -> str:
    """The table of data sources and predictions."""
    return variables().text("MACHINE_LEARNING_TABLE")
