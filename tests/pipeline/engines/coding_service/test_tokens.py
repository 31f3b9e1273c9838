import json
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from pipeline.engines.coding_service.http import HttpAnswer, HttpRequest
from pipeline.engines.coding_service.tokens import PK, SHORTEST_SECONDS, SK, Token, Tokens
from pipeline.errors import (
    AddressRefused,
    AwsBusy,
    CredentialsMissing,
    CredentialsRefused,
    ServiceBusy,
)
from pipeline.ledger.table import Ledger
from tests.support.pipeline.builders import NOON, SimulatedIo, a_tokens, secrets
from tests.support.pipeline.clouds import cloud
from tests.support.pipeline.memory_service import CLIENT_SECRET, TOKEN_CANARY, MemoryService

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient


class Fixture:
    def __init__(self, ledger: Ledger, credentials: str | None = None) -> None:
        self.io = SimulatedIo()
        self.memory = MemoryService()
        self.ledger = ledger
        self.secrets: SecretsManagerClient = (
            secrets() if credentials is None else secrets(credentials)
        )

    def function(self, answer: HttpAnswer | None = None) -> Tokens:
        """Another function's process, with nothing remembered."""
        transport = None if answer is None else (lambda _: answer)
        return a_tokens(self.memory, self.ledger, self.io, self.secrets, transport)

    def stored(self) -> str:
        return self.secrets.get_secret_value(SecretId="token")["SecretString"]


@pytest.fixture
def ledger() -> Iterator[Ledger]:
    with cloud() as aws:
        yield aws.ledger


@pytest.fixture
def fixture(ledger: Ledger) -> Fixture:
    return Fixture(ledger)


def should_ask_once_when_many_functions_need_a_token(fixture: Fixture) -> None:
    tokens = {fixture.function().current().value for _ in range(5)}
    assert tokens == {f"{TOKEN_CANARY}1"}
    assert fixture.memory.token_requests == 1


def should_read_the_secret_once_when_one_function_asks_again(fixture: Fixture) -> None:
    tokens = fixture.function()
    first = tokens.current()
    fixture.secrets.put_secret_value(SecretId="token", SecretString="{}")
    assert tokens.current() is first


def should_ask_again_only_five_minutes_before_the_end(fixture: Fixture) -> None:
    tokens = fixture.function()
    tokens.current()
    fixture.io.time = NOON + 3600 - 301
    assert tokens.current().value == f"{TOKEN_CANARY}1"
    fixture.io.time = NOON + 3600 - 299
    assert tokens.current().value == f"{TOKEN_CANARY}2"
    assert fixture.memory.token_requests == 2


@pytest.mark.parametrize(("lifetime", "serves"), [(None, 3299), (900, 659), (720, 659)])
def should_know_when_it_ends_when_the_answer_does_not_say_or_says_soon(
    fixture: Fixture, lifetime: int | None, serves: int
) -> None:
    fixture.memory.token_seconds = lifetime
    token = fixture.function().current()
    assert token.serves(NOON + serves)
    assert not token.serves(NOON + serves + 2)


@given(st.integers(SHORTEST_SECONDS, 200_000))
def should_be_written_at_most_once_in_ten_minutes(lifetime: int) -> None:
    token = Token("value", NOON, NOON + lifetime)
    assert token.serves(NOON + 600)
    assert not token.serves(NOON + lifetime - 59)


def should_use_a_short_token_that_was_kept_before_to_a_minute_before_its_end() -> None:
    old = Token("value", NOON, NOON + 300)
    assert old.serves(NOON + 239)
    assert not old.serves(NOON + 241)


@pytest.mark.parametrize("lifetime", [1, 300, SHORTEST_SECONDS - 1])
def should_refuse_tokens_that_secrets_manager_could_not_keep_so_often(
    fixture: Fixture, lifetime: int
) -> None:
    fixture.memory.token_seconds = lifetime
    with pytest.raises(
        CredentialsRefused, match=f"of {lifetime} seconds.* 720 at least"
    ) as refused:
        fixture.function().current()
    assert TOKEN_CANARY not in str(refused.value)
    assert TOKEN_CANARY not in fixture.stored()


def should_try_again_when_the_secret_has_too_many_versions(fixture: Fixture) -> None:
    full = ClientError({"Error": {"Code": "LimitExceededException"}}, "PutSecretValue")
    with pytest.raises(AwsBusy, match="too many versions of token"):
        replace(fixture.function(), secrets=cast(Any, _Full(fixture.secrets, full))).current()


class _Full:
    """Secrets that can be read and not written."""

    def __init__(self, secrets: Any, error: ClientError) -> None:
        self.get_secret_value = secrets.get_secret_value
        self._error = error

    def put_secret_value(self, **_: object) -> None:
        raise self._error


def should_replace_a_refused_token_once_when_several_functions_were_refused(
    fixture: Fixture,
) -> None:
    functions = [fixture.function() for _ in range(3)]
    stale = [function.current() for function in functions]
    fixture.io.time += 120
    assert all(f.replace(token) for f, token in zip(functions, stale, strict=True))
    assert {f.current().value for f in functions} == {f"{TOKEN_CANARY}2"}
    assert fixture.memory.token_requests == 2


def should_not_ask_for_another_when_the_refused_one_is_fresh(fixture: Fixture) -> None:
    tokens = fixture.function()
    assert not tokens.replace(tokens.current())
    assert fixture.memory.token_requests == 1


def should_wait_for_the_token_of_the_function_that_holds_the_lease(fixture: Fixture) -> None:
    other = fixture.function()
    held = {"pk": PK, "sk": SK, "owner": "other", "until": round((NOON + 30) * 1000)}
    fixture.ledger.put(held)

    def sleep(seconds: float) -> None:
        fixture.io.sleep(seconds)
        if fixture.io.time > NOON + 3:
            token = Token("from-the-other", fixture.io.time, fixture.io.time + 3600)
            fixture.secrets.put_secret_value(SecretId="token", SecretString=token.to_secret())

    waiting = other
    waiting.clock = type(waiting.clock)(seconds=lambda: fixture.io.time, sleep=sleep)
    assert waiting.current().value == "from-the-other"
    assert fixture.memory.token_requests == 0


def should_ask_itself_when_the_holder_of_the_lease_has_died(fixture: Fixture) -> None:
    fixture.ledger.put({"pk": PK, "sk": SK, "owner": "dead", "until": round((NOON + 5) * 1000)})
    assert fixture.function().current().value == f"{TOKEN_CANARY}1"
    assert fixture.io.time > NOON + 5


def should_be_busy_when_the_lease_is_never_let_go(fixture: Fixture) -> None:
    fixture.ledger.put({"pk": PK, "sk": SK, "owner": "x", "until": round((NOON + 999) * 1000)})
    with pytest.raises(ServiceBusy):
        fixture.function().current()


def should_let_the_lease_go_when_the_token_endpoint_fails(fixture: Fixture) -> None:
    with pytest.raises(ServiceBusy):
        fixture.function(HttpAnswer(503, b"")).current()
    assert fixture.function().current().value == f"{TOKEN_CANARY}1"
    assert fixture.io.slept == []


@pytest.mark.parametrize("credentials", ["{}", "", "nonsense", '{"clientId": "a"}', "[]"])
def should_say_which_secret_to_fill_when_there_are_no_credentials(
    ledger: Ledger, credentials: str
) -> None:
    # Secrets Manager takes no empty text: a secret without a value stands for it.
    fixture = Fixture(ledger, credentials or "{}")
    with pytest.raises(CredentialsMissing, match="the secret credentials"):
        fixture.function().current()
    assert fixture.memory.token_requests == 0


def should_see_the_credentials_without_a_new_process_when_they_are_filled_later(
    ledger: Ledger,
) -> None:
    fixture = Fixture(ledger, "{}")
    tokens = fixture.function()
    with pytest.raises(CredentialsMissing):
        tokens.current()
    fixture.secrets.put_secret_value(
        SecretId="credentials",
        SecretString=json.dumps({"clientId": "client-of-the-tests", "clientSecret": CLIENT_SECRET}),
    )
    assert tokens.current().value == f"{TOKEN_CANARY}1"


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (HttpAnswer(400, b'{"error": "invalid_client"}'), CredentialsRefused),
        (HttpAnswer(401, b""), CredentialsRefused),
        (HttpAnswer(403, b"too many"), CredentialsRefused),
        (HttpAnswer(404, b""), AddressRefused),
        (HttpAnswer(429, b""), ServiceBusy),
        (HttpAnswer(500, b""), ServiceBusy),
        (HttpAnswer(200, b"<html>"), AddressRefused),
        (HttpAnswer(200, b'{"access_token": 7}'), AddressRefused),
        (HttpAnswer(200, b'{"access_token": "two\\nlines"}'), AddressRefused),
        (HttpAnswer(200, b'{"access_token": ""}'), AddressRefused),
    ],
)
def should_say_who_can_mend_it_when_the_token_endpoint_answers_without_a_token(
    fixture: Fixture, answer: HttpAnswer, error: type[Exception]
) -> None:
    with pytest.raises(error) as raised:
        fixture.function(answer).current()
    assert CLIENT_SECRET not in str(raised.value)


def should_speak_oauth_as_documented_when_it_asks(fixture: Fixture) -> None:
    seen: list[HttpRequest] = []

    def transport(request: HttpRequest) -> HttpAnswer:
        seen.append(request)
        return fixture.memory.transport(request)

    a_tokens(fixture.memory, fixture.ledger, fixture.io, fixture.secrets, transport).current()
    (request,) = seen
    assert (request.method, request.url) == ("POST", "https://coder.example/oauth2/token")
    assert request.body == b"grant_type=client_credentials"
    assert request.headers["Authorization"].startswith("Basic ")


def should_keep_the_token_out_of_ledger_and_reprs(fixture: Fixture) -> None:
    tokens = fixture.function()
    token = tokens.current()
    assert token.value in fixture.stored()
    items = fixture.ledger.table.scan()["Items"]
    for text in (repr(items), repr(token), repr(tokens)):
        assert TOKEN_CANARY not in text
        assert CLIENT_SECRET not in text


@pytest.mark.parametrize("text", ["", "{}", "[1]", "x", '{"accessToken": "a", "endsAt": 5}'])
def should_be_no_token_when_the_secret_holds_something_else(text: str) -> None:
    assert Token.from_secret(text) is None
