"""The access keys that the service has issued: each client's, in a secret of its own."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

from coding_service.aws import busy_is_retried
from coding_service.errors import OperatorNeeded
from shared.received_json import JsonFault, read_object

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager.client import SecretsManagerClient

KEPT_SECONDS = 300  # a secret that was replaced counts after that at the latest


class KeyUnusable(OperatorNeeded):
    """A client's secret is not `{"accessKeyId": …, "secretAccessKey": …}`. Never tells what is."""


@dataclass(frozen=True, slots=True)
class IssuedKey:
    """A client's key, as the stack declares it."""

    client: str
    secret_arn: str

    @classmethod
    def all_of(cls, text: str) -> dict[str, Self]:
        """By access key id, from the JSON `{id: [client, ARN]}` of the environment."""
        return {key_id: cls(client, arn) for key_id, (client, arn) in json.loads(text).items()}


@dataclass
class AccessKeys:
    """Finds secrets by access key id; asks Secrets Manager once in five minutes for each."""

    issued: Mapping[str, IssuedKey]
    secrets: "SecretsManagerClient"
    clock: Callable[[], float]
    """Epoch seconds."""
    _kept: dict[str, tuple[float, str]] = field(default_factory=dict, repr=False)

    def client_of(self, access_key_id: str) -> str:
        return self.issued[access_key_id].client

    def secret_of(self, access_key_id: str) -> str | None:
        """None for a key that was not issued. Raises `AwsBusy`, `KeyUnusable`."""
        key = self.issued.get(access_key_id)
        if key is None:
            return None
        read_at, secret = self._kept.get(access_key_id, (float("-inf"), ""))
        if self.clock() - read_at >= KEPT_SECONDS:
            secret = self._read(access_key_id, key)
            self._kept[access_key_id] = (self.clock(), secret)
        return secret

    def _read(self, access_key_id: str, key: IssuedKey) -> str:
        with busy_is_retried():
            text = self.secrets.get_secret_value(SecretId=key.secret_arn)["SecretString"]
        try:
            content = read_object(text)
            if content["accessKeyId"] == access_key_id and content["secretAccessKey"]:
                return str(content["secretAccessKey"])
        except (JsonFault, KeyError):
            pass
        raise KeyUnusable(f"the secret of the client {key.client} is not an access key")
