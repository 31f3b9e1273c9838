"""A client of the coding service that speaks plain HTTP, as the protocol's pages describe it."""

import base64
import json
from dataclasses import dataclass, field
from typing import Any, Self

import urllib3

from localcloud.cloud import LocalCloud, ServiceOutputs
from localcloud.registration import Client

SSE_HEADER = "x-amz-server-side-encryption"
KEY_HEADER = "x-amz-server-side-encryption-aws-kms-key-id"


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer; its body may hold secrets."""

    status: int
    body: bytes = field(repr=False)

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True, slots=True)
class Created:
    """An operation, as creating it answers."""

    operation_id: str
    upload_url: str = field(repr=False)
    key_arn: str = ""

    def upload_headers(self) -> dict[str, str]:
        return {SSE_HEADER: "aws:kms", KEY_HEADER: self.key_arn}


@dataclass(frozen=True, slots=True)
class ServiceClient:
    """Calls the service with one client's token."""

    service: ServiceOutputs
    http: urllib3.PoolManager
    token: str | None = field(repr=False)

    @classmethod
    def of(cls, cloud: LocalCloud, client: Client) -> Self:
        assert cloud.service is not None
        http = urllib3.PoolManager(ca_certs=str(cloud.reach.bundle), retries=False)
        asked = ask_for_token(http, cloud.service, client)
        assert asked.status == 200
        return cls(cloud.service, http, asked.json()["access_token"])

    def without_token(self, token: str | None = None) -> "ServiceClient":
        return ServiceClient(self.service, self.http, token)

    def get(self, path: str) -> Answer:
        return self._call("GET", path, None)

    def post(self, path: str, body: bytes | None = None) -> Answer:
        return self._call("POST", path, body)

    def create(self, topic: str, model: str | None = None) -> Created:
        path = f"/v1/topics/{topic}" + (f"/models/{model}" if model else "") + "/batch-code"
        made = self.post(path)
        assert made.status == 200, made.body
        body = made.json()
        return Created(body["operationId"], body["requestUploadUrl"], body["bucketKmsKeyArn"])

    def upload(self, created: Created, content: bytes) -> Answer:
        return self.put(created.upload_url, content, created.upload_headers())

    def put(self, url: str, content: bytes, headers: dict[str, str]) -> Answer:
        answer = self.http.request("PUT", url, body=content, headers=headers)
        return Answer(answer.status, answer.data)

    def fetch(self, url: str) -> Answer:
        answer = self.http.request("GET", url)
        return Answer(answer.status, answer.data)

    def operation(self, topic: str, operation_id: str, model: str | None = None) -> Answer:
        path = f"/v1/topics/{topic}" + (f"/models/{model}" if model else "")
        return self.get(f"{path}/batch-code/operations/{operation_id}")

    def _call(self, method: str, path: str, body: bytes | None) -> Answer:
        headers = {} if self.token is None else {"Authorization": self.token}
        answer = self.http.request(method, self.service.api_url + path, body=body, headers=headers)
        return Answer(answer.status, answer.data)


def ask_for_token(http: urllib3.PoolManager, service: ServiceOutputs, client: Client) -> Answer:
    """A client-credentials token request, as RFC 6749 section 4.4 has it."""
    basic = base64.b64encode(f"{client.client_id}:{client.client_secret}".encode()).decode()
    answer = http.request(
        "POST",
        f"{service.auth_url}/oauth2/token",
        body=b"grant_type=client_credentials",
        headers={
            "Authorization": f"Basic {basic}",
            "Content-Type": "application/x-www-form-urlencoded",
        },
    )
    return Answer(answer.status, answer.data)
