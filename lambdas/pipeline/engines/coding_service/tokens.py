"""One access token, shared by all functions until shortly before it ends.

The service forbids asking for a token on every call: too many requests lead to 403s for the
whole organisation. So the token lies in a secret of its own, and a lease in the ledger lets one
function at a time ask for a new one; the others wait for it to appear.
"""

import base64
import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NoReturn, TypeGuard

from botocore.exceptions import ClientError

from pipeline.aws import aws_busy_as_try_again
from pipeline.clock import Clock
from pipeline.engines.coding_service.address import host_of
from pipeline.engines.coding_service.http import FIRST_ERROR, HttpAnswer, HttpRequest, Transport
from pipeline.errors import (
    AddressRefused,
    AwsBusy,
    CredentialsMissing,
    CredentialsRefused,
    ServiceBusy,
)
from pipeline.ledger.table import Ledger
from shared.aws_errors import code_of
from shared.received_json import JsonFault, read_object

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

LIFETIME_SECONDS = 3_600  # the service's guide; where the answer does not say (`expires_in`)
RENEWED_BEFORE_END_SECONDS = 300  # longer than any call that uses the token may take; ours
# Between two writes of the secret: Secrets Manager keeps each version for a day, and takes no more
# once there are too many, which is so at more than one in ten minutes (its quotas).
LEAST_KEPT_SECONDS = 660
LEAST_MARGIN_SECONDS = 60  # a call that begins then has been authorised in time; ours
SHORTEST_SECONDS = LEAST_KEPT_SECONDS + LEAST_MARGIN_SECONDS
YOUNGEST_REPLACED_SECONDS = 60  # a token refused at that age is not mended by another one; ours
LEASE_MS = 30_000  # longer than the transport's timeouts; ours
LATEST = 1 << 40  # seconds since 1970: no end that we wrote is later; ours
LONGEST_SECONDS = 86_400  # Cognito's; a token that lives on is asked for again; ours
WAIT_SECONDS, WAITS = 0.5, 40  # for the token that another function fetches, 20 s in all; ours
NOT_FOUND, TOO_MANY, SERVER_FAULT = 404, 429, 500  # HTTP statuses
PK, SK = "token", "lease"
ENDPOINT, CALL = "the token endpoint", "POST /oauth2/token"


@dataclass(frozen=True, slots=True)
class Token:
    """An access token and the time it is good for, in seconds since 1970."""

    value: str = field(repr=False)
    issued_at: float
    ends_at: float

    def serves(self, now: float) -> bool:
        """Whether a call may still begin with this token; `now` in seconds since 1970."""
        spare = max(self.ends_at - self.issued_at - LEAST_KEPT_SECONDS, LEAST_MARGIN_SECONDS)
        return now < self.ends_at - min(RENEWED_BEFORE_END_SECONDS, spare)

    def to_secret(self) -> str:
        return json.dumps(
            {"accessToken": self.value, "issuedAt": self.issued_at, "endsAt": self.ends_at}
        )

    @classmethod
    def from_secret(cls, text: str) -> "Token | None":
        """None where the secret has not been filled, or not by us."""
        body = _json_object(text)
        value, issued_at, ends_at = (body.get(n) for n in ("accessToken", "issuedAt", "endsAt"))
        if not isinstance(value, str) or not value:
            return None
        if not isinstance(issued_at, int | float) or not isinstance(ends_at, int | float):
            return None
        if not 0 <= issued_at <= ends_at <= LATEST:
            return None
        return cls(value, issued_at, ends_at)


@dataclass(slots=True, kw_only=True)
class Tokens:
    """The shared token. One for each process: it remembers the token it saw last.

    Methods may raise `AwsBusy`, `ServiceBusy`, `CredentialsMissing`, `CredentialsRefused`,
    `AddressRefused`.
    """

    secrets: "SecretsManagerClient"
    transport: Transport
    ledger: Ledger
    auth_url: str
    credentials_secret_arn: str
    token_secret_arn: str
    clock: Clock = field(default_factory=Clock)
    new_owner: Callable[[], str] = lambda: uuid.uuid4().hex
    _seen: Token | None = field(default=None, init=False, repr=False)

    def current(self) -> Token:
        """A token that is good for a call; a new one only where no function has one."""
        if self._seen is None or not self._seen.serves(self.clock.seconds()):
            self._seen = self._shared() or self._fetched_once(stale=None)
        return self._seen

    def replace(self, stale: Token) -> bool:
        """Replaces a token that a call was refused with; whether another one is there to try.

        Another function may have replaced it by now. One so young that a new one would be refused
        as well is not replaced."""
        self._seen = None
        shared = self._shared()
        if shared is not None and shared.value != stale.value:
            self._seen = shared
            return True
        if self.clock.seconds() - stale.issued_at < YOUNGEST_REPLACED_SECONDS:
            return False
        self._seen = self._fetched_once(stale=stale)
        return True

    def _shared(self) -> Token | None:
        token = Token.from_secret(self._secret(self.token_secret_arn))
        return token if token is not None and token.serves(self.clock.seconds()) else None

    def _fetched_once(self, stale: Token | None) -> Token:
        """A new token, asked for by this function or by the one that holds the lease."""
        owner = self.new_owner()
        for _ in range(WAITS):
            if self._lease(owner):
                try:
                    return self._shared_but(stale) or self._fetched()
                finally:
                    self._release(owner)
            self.clock.sleep(WAIT_SECONDS)
            shared = self._shared_but(stale)
            if shared is not None:
                return shared
        raise ServiceBusy(
            "another function has been fetching a token for too long; try again", may_be_done=False
        )

    def _shared_but(self, stale: Token | None) -> Token | None:
        shared = self._shared()
        same = shared is not None and stale is not None and shared.value == stale.value
        return None if same else shared

    def _lease(self, owner: str) -> bool:
        now = self.clock.milliseconds()
        return self.ledger.update(
            PK,
            SK,
            set={"owner": owner, "until": now + LEASE_MS},
            when="attribute_not_exists(#until) OR #until < :now",
            names={"#until": "until"},
            values={":now": now},
        )

    def _release(self, owner: str) -> None:
        self.ledger.update(
            PK,
            SK,
            set={},
            remove=("owner", "until"),
            when="#owner = :me",
            names={"#owner": "owner"},
            values={":me": owner},
        )

    def _fetched(self) -> Token:
        client_id, client_secret = self._credentials()
        basic = base64.b64encode(f"{client_id}:{client_secret}".encode()).decode("ascii")
        issued_at = self.clock.seconds()
        request = HttpRequest(
            "POST",
            f"{self.auth_url}/oauth2/token",
            headers={
                "Authorization": f"Basic {basic}",
                "Content-Type": "application/x-www-form-urlencoded",
                "Accept": "application/json",
            },
            body=b"grant_type=client_credentials",
            to=ENDPOINT,
        )
        try:
            answer = self.transport(request)
        except ServiceBusy as busy:
            busy.may_be_done = False  # the call that the token is for was not made
            raise
        name = f"{ENDPOINT} at {host_of(self.auth_url)}"
        if answer.status >= FIRST_ERROR:
            _refuse(answer, name)
        body = _json_object(answer.body)
        value, lifetime = body.get("access_token"), body.get("expires_in")
        if not _is_header_value(value):
            raise AddressRefused(
                f"{name} answered {CALL} without an access_token; correct the setting authUrl"
            )
        if isinstance(lifetime, bool) or not isinstance(lifetime, int | float) or lifetime <= 0:
            lifetime = LIFETIME_SECONDS
        lifetime = min(lifetime, LONGEST_SECONDS)
        if lifetime < SHORTEST_SECONDS:
            raise CredentialsRefused(
                f"the token endpoint gives this client tokens of {lifetime:g} seconds, and they "
                f"must live for {SHORTEST_SECONDS} at least: Secrets Manager, which keeps them, "
                "takes no new one so often; have the service's operator give the client longer ones"
            )
        token = Token(value, issued_at, issued_at + lifetime)
        self._keep(token)
        return token

    def _keep(self, token: Token) -> None:
        with aws_busy_as_try_again():
            try:
                self.secrets.put_secret_value(
                    SecretId=self.token_secret_arn, SecretString=token.to_secret()
                )
            except ClientError as error:
                if code_of(error) != "LimitExceededException":
                    raise
                raise AwsBusy(
                    f"Secrets Manager has too many versions of {_name_of(self.token_secret_arn)}, "
                    "each kept for a day: tokens are refused or replaced too often; ask the "
                    "service's operator whether the client may call it"
                ) from None

    def _credentials(self) -> tuple[str, str]:
        body = _json_object(self._secret(self.credentials_secret_arn))
        client_id, client_secret = body.get("clientId"), body.get("clientSecret")
        if not (isinstance(client_id, str) and isinstance(client_secret, str)) or not (
            client_id and client_secret
        ):
            raise CredentialsMissing(
                f"the secret {_name_of(self.credentials_secret_arn)} has no credentials; fill it "
                'with {"clientId": "...", "clientSecret": "..."}'
            )
        return client_id, client_secret

    def _secret(self, arn: str) -> str:
        """A secret's text; empty where it has never had a value."""
        with aws_busy_as_try_again():
            try:
                return self.secrets.get_secret_value(SecretId=arn).get("SecretString", "")
            except ClientError as error:
                if code_of(error) != "ResourceNotFoundException":
                    raise
                return ""


def _refuse(answer: HttpAnswer, name: str) -> NoReturn:
    """What the token endpoint's error means; its body is not quoted, as it may echo a secret."""
    status = answer.status
    if status == TOO_MANY or status >= SERVER_FAULT:
        raise ServiceBusy(f"{name} answered {CALL} with HTTP {status}", may_be_done=False)
    if status == NOT_FOUND:
        raise AddressRefused(f"{name} does not know {CALL} (HTTP 404); correct the setting authUrl")
    raise CredentialsRefused(
        f"{name} refuses the client's credentials (HTTP {status}); correct the credentials secret, "
        "or ask the service's operator"
    )


def _is_header_value(value: Any) -> TypeGuard[str]:
    return isinstance(value, str) and value != "" and value.isascii() and value.isprintable()


def _json_object(text: bytes | str) -> dict[str, Any]:
    """An object; an empty one in place of anything else."""
    try:
        return read_object(text)
    except JsonFault:
        return {}


def _name_of(arn: str) -> str:
    return arn.rpartition(":")[2]
