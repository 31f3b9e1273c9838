"""Calls of the Coding Service: within its limits, with the shared token, and its errors sorted."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NoReturn

from pipeline.clock import Clock
from pipeline.engines.coding_service.address import host_of
from pipeline.engines.coding_service.http import FIRST_ERROR, HttpAnswer, HttpRequest, Transport
from pipeline.engines.coding_service.tokens import Tokens
from pipeline.errors import (
    CredentialsRefused,
    DropcoderError,
    ModelUnknown,
    ServiceBusy,
    ServiceRefused,
    TopicUnknown,
)
from pipeline.observability import quoted
from pipeline.rate_limit.limiter import Limiter
from pipeline.rate_limit.state import CallKind
from protocol.errors import ServiceAnswer
from protocol.short_texts import LONGEST_REASON, cut
from shared.received_json import JsonFault, read_json, read_object

REQUEST_TIMEOUT, TOO_MANY, SERVER_FAULT = 408, 429, 500  # HTTP statuses
DENIALS = (401, 403)  # HTTP statuses that another token may mend
GATEWAY_GAVE_UP = (
    502,
    504,
)  # HTTP statuses of who stands before the service, which may have done it
SERVICE = "the coding service"

NEXT_STEP_TOPIC = "Use a folder that is named like one of the service's topics, and drop it again."
NEXT_STEP_MODEL = (
    "Drop the file below <topic>/models/<id of a model of that topic>/, or directly below "
    "<topic>/ for its latest model."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CodingServiceClient:
    """Makes calls of the Coding Service's API: each with the shared token, in a slot of its own.

    Every method raises `RateLimited`, and of `errors`: `AwsBusy`, `ServiceBusy`, `ServiceRefused`,
    `TopicUnknown`, `ModelUnknown`, `CredentialsMissing`, `CredentialsRefused`, `AddressRefused`.
    """

    transport: Transport
    tokens: Tokens
    limiter: Limiter
    service_url: str
    token_prefix: str = ""
    clock: Clock = field(default_factory=Clock)
    on_limit_exceeded: Callable[[], None] = lambda: None
    """Called when the service's daily quota turns out to be gone; counts a metric."""

    def call(
        self,
        method: str,
        path: str,
        kind: CallKind,
        *,
        turn: str | None,
        body: bytes | None = None,
    ) -> Any:
        """The decoded JSON body of a success. `turn` is what the last `RateLimited` gave.

        `body` is JSON; None sends none."""
        # The token first: where there is none, no slot is spent on the call.
        token = self.tokens.current()
        answer = self._send(method, path, kind, token.value, turn, body=body)
        if answer.status in DENIALS and self.tokens.replace(token):
            answer = self._send(method, path, kind, self.tokens.current().value, turn, body=body)
        if answer.status >= FIRST_ERROR:
            self._refuse(answer, f"{method} {path}")
        try:
            return read_json(answer.body)
        except JsonFault as fault:
            raise ServiceRefused(
                f"{self.name} answered {method} {path} with something that {fault}; check "
                "that the setting serviceUrl names the service"
            ) from None

    @property
    def name(self) -> str:
        """The service with its host, for messages."""
        return f"{SERVICE} at {host_of(self.service_url)}"

    def _send(
        self,
        method: str,
        path: str,
        kind: CallKind,
        token: str,
        turn: str | None,
        *,
        body: bytes | None,
    ) -> HttpAnswer:
        self.limiter.take(kind, turn=turn)
        headers = {"Authorization": f"{self.token_prefix}{token}", "Accept": "application/json"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        url = f"{self.service_url}{path}"
        try:
            answer = self.transport(
                HttpRequest(method, url, headers=headers, body=body, to=SERVICE)
            )
        except DropcoderError:
            self._nothing_began(kind)
            raise
        if answer.status >= FIRST_ERROR:
            self._nothing_began(kind)
        return answer

    def _nothing_began(self, kind: CallKind) -> None:
        """No operation came of a slot that was taken for one: none will ask for its status."""
        if kind is CallKind.SUBMISSION:
            self.limiter.release(self.clock.seconds())

    def _refuse(self, answer: HttpAnswer, call: str) -> NoReturn:
        """Raises what an error of the service means (the table in `protocol.errors`)."""
        text = _message_of(answer)
        row = ServiceAnswer.of(answer.status, text)
        if row is ServiceAnswer.LIMIT_EXCEEDED:
            self.on_limit_exceeded()
            raise self.limiter.close()
        said = f"{self.name} answered {call} with HTTP {answer.status}"
        if text:
            said += f": {quoted(cut(text, LONGEST_REASON))}"
        if answer.status == TOO_MANY:
            raise self.limiter.slow_down(said)
        raise _meaning(row, answer.status, said)


def _meaning(row: ServiceAnswer | None, status: int, said: str) -> DropcoderError:
    if row is ServiceAnswer.TOPIC_UNKNOWN:
        return TopicUnknown(said, next_step=NEXT_STEP_TOPIC)
    if row in (ServiceAnswer.MODEL_UNKNOWN, ServiceAnswer.MODEL_OF_OTHER_TOPIC):
        return ModelUnknown(said, next_step=NEXT_STEP_MODEL)
    if row in (ServiceAnswer.NO_MODELS, ServiceAnswer.NOT_YOUR_OPERATION):
        return ServiceRefused(said)
    if status in DENIALS:
        return CredentialsRefused(
            f"{said}; it refuses a fresh token: check the client's rights with the service's "
            "operator, and whether other programs ask for too many tokens"
        )
    if status == REQUEST_TIMEOUT or status >= SERVER_FAULT:
        return ServiceBusy(said, may_be_done=status in GATEWAY_GAVE_UP)
    return ServiceRefused(said)


def _message_of(answer: HttpAnswer) -> str:
    try:
        body = read_object(answer.body)
    except JsonFault:
        return ""
    message = body.get("message", body.get("Message"))
    return message if isinstance(message, str) else ""
