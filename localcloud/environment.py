"""The one place that touches the process environment, and makes those of the processes we start."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

REGION = "ap-southeast-2"
ACCOUNT = "000000000000"  # the local cloud's only account
ACCESS_KEY = "test"  # the local cloud's root caller; no secret, it opens nothing elsewhere
SECRET_KEY = "test"  # noqa: S105

_PROXIES = ("http_proxy", "https_proxy", "all_proxy")


@dataclass(frozen=True, slots=True)
class Reach:
    """How a client reaches a local cloud: its address and the certificates to trust."""

    endpoint: str
    """`https://localhost:<port>`."""
    bundle: Path
    """PEM: the machine's roots and the local cloud's own."""
    authority: Path
    """PEM: the local cloud's own root alone."""

    @property
    def host_and_port(self) -> str:
        return urlsplit(self.endpoint).netloc


def ambient() -> dict[str, str]:
    """The environment this process was started in."""
    return dict(os.environ)


def client_exports(reach: Reach) -> dict[str, str]:
    """What points the aws CLI, boto3 and the CDK at the local cloud."""
    return {
        "AWS_ENDPOINT_URL": reach.endpoint,
        "AWS_ACCESS_KEY_ID": ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_CA_BUNDLE": str(reach.bundle),
        "AWS_EC2_METADATA_DISABLED": "true",
        "NODE_EXTRA_CA_CERTS": str(reach.authority),
    }


def cdk_environment(
    base: Mapping[str, str], *, node: Path, python: Path, reach: Reach | None = None
) -> dict[str, str]:
    """For the CDK CLI. With `reach`, nothing of the caller's AWS settings or proxies is left.

    The CLI and the app it runs use the Python and the Node of the development environment.
    """
    environment = dict(base)
    if reach is not None:
        environment = {
            name: value
            for name, value in environment.items()
            if not name.startswith("AWS_") and name.lower() not in _PROXIES
        } | client_exports(reach)
    return environment | {
        "PATH": f"{python.parent}{os.pathsep}{environment.get('PATH', os.defpath)}",
        "JSII_NODE": str(node),
        "CDK_DISABLE_CLI_TELEMETRY": "true",
        "CDK_DISABLE_VERSION_CHECK": "true",
    }


def server_environment(*, reach: Reach, port: int, temporary: Path, path: str) -> dict[str, str]:
    """For the server, and so for every Lambda function, which inherits it. Nothing ambient.

    USE_SSL tells the server that its address is https (the certificate is hypercorn's matter);
    AUTH has it check signatures and IAM policies; the rest keeps its other listeners closed.
    """
    return {
        "PATH": path,
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "TMPDIR": str(temporary),
        "HOME": str(temporary),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUNBUFFERED": "1",
        "USE_SSL": "1",
        "AUTH": "true",
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "MINISTACK_REGION": REGION,
        "MINISTACK_ACCOUNT_ID": ACCOUNT,
        "S3_DATA_DIR": str(temporary / "s3"),
        "STATE_DIR": str(temporary / "state"),
        "LOG_LEVEL": "WARNING",
        "AWS_ENDPOINT_URL": reach.endpoint,
        "AWS_ACCESS_KEY_ID": ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CA_BUNDLE": str(reach.bundle),
        "SSL_CERT_FILE": str(reach.bundle),
        "REQUESTS_CA_BUNDLE": str(reach.bundle),
    }
