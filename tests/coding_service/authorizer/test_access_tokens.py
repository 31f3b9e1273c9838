"""Whom the authorizer lets in: callers with a sound access token of the pool, and nobody else."""

import base64
import io
import json
import time
from collections.abc import Mapping
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from coding_service.authorizer.access_tokens import REFETCH_SECONDS, KeySet, TokenCheck, key_fetcher
from coding_service.authorizer.handler import authorized
from coding_service.errors import KeysUnavailable

ISSUER = "https://cognito-idp.ap-southeast-2.amazonaws.com/ap-southeast-2_pool"
SCOPE, PUBLIC_SCOPE = "dropcoder/batch-code", "dropcoder/code"
METHOD = "arn:aws:execute-api:ap-southeast-2:123456789012:api/live/GET/v1/topics"
STAGE = "arn:aws:execute-api:ap-southeast-2:123456789012:api/live/*"


class Pool:
    """A user pool with one key that can be changed, and a count of how often it was asked."""

    def __init__(self) -> None:
        self.asked = 0
        self.new_key("first")

    def new_key(self, key_id: str) -> None:
        self.key_id = key_id
        self.private = rsa.generate_private_key(public_exponent=65537, key_size=2048)

    def document(self) -> Mapping[str, Any]:
        self.asked += 1
        public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self.private.public_key()))
        return {"keys": [{**public, "kid": self.key_id, "alg": "RS256", "use": "sig"}]}

    def token(self, *, key_id: str | None = None, **claims: Any) -> str:
        content = {
            "iss": ISSUER,
            "token_use": "access",
            "client_id": "client",
            "scope": f"other/scope {SCOPE}",
            "exp": int(time.time()) + 600,
            **claims,
        }
        sound = {name: value for name, value in content.items() if value is not None}
        headers = {"kid": key_id or self.key_id}
        return jwt.encode(sound, self.private, algorithm="RS256", headers=headers)


@pytest.fixture(scope="module")
def pool() -> Pool:
    return Pool()


@pytest.fixture
def check(pool: Pool) -> TokenCheck:
    return TokenCheck(KeySet(pool.document), ISSUER, SCOPE, PUBLIC_SCOPE)


def decision(check: TokenCheck, headers: Mapping[str, str] | None) -> tuple[str, Any]:
    answer = authorized({"methodArn": METHOD, "headers": headers}, check)
    (statement,) = answer["policyDocument"]["Statement"]
    assert statement["Resource"] == STAGE
    return statement["Effect"], answer.get("context")


@pytest.mark.parametrize("form", ["{}", "Bearer {}", "bearer {}", " {} "])
@pytest.mark.parametrize("header", ["Authorization", "authorization"])
def should_let_a_sound_token_in_bare_or_as_bearer(
    pool: Pool, check: TokenCheck, form: str, header: str
) -> None:
    end = int(time.time()) + 60
    effect, context = decision(check, {header: form.format(pool.token(exp=end))})
    assert effect == "Allow"
    assert context == {"client_id": "client", "token_expires_at": str(end), "is_public": "false"}


@pytest.mark.parametrize(
    ("scope", "public"), [(PUBLIC_SCOPE, "true"), (f"{PUBLIC_SCOPE} {SCOPE}", "false")]
)
def should_tell_clients_apart_that_may_code_no_files(
    pool: Pool, check: TokenCheck, scope: str, public: str
) -> None:
    effect, context = decision(check, {"Authorization": pool.token(scope=scope)})
    assert (effect, context["is_public"]) == ("Allow", public)


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": 1},
        {"exp": None},
        {"iss": ISSUER + "x"},
        {"iss": None},
        {"token_use": "id"},
        {"scope": "dropcoder/batch-codes"},
        {"scope": None},
        {"client_id": None},
        {"client_id": ""},
        {"key_id": "unknown"},
    ],
)
def should_deny_a_token_that_proves_too_little(
    pool: Pool, check: TokenCheck, claims: dict[str, Any]
) -> None:
    assert decision(check, {"Authorization": pool.token(**claims)}) == ("Deny", None)


def should_deny_a_token_that_someone_else_signed(pool: Pool, check: TokenCheck) -> None:
    forger = Pool()
    assert decision(check, {"Authorization": forger.token()})[0] == "Deny"


def should_deny_an_unsigned_token_and_one_signed_with_the_public_key(
    pool: Pool, check: TokenCheck
) -> None:
    header, payload, _ = pool.token().split(".")
    unsigned = (
        base64.urlsafe_b64encode(json.dumps({"alg": "none", "kid": pool.key_id}).encode())
        .decode()
        .rstrip("=")
    )
    assert decision(check, {"Authorization": f"{unsigned}.{payload}."})[0] == "Deny"
    symmetric = (
        base64.urlsafe_b64encode(json.dumps({"alg": "HS256", "kid": pool.key_id}).encode())
        .decode()
        .rstrip("=")
    )
    assert decision(check, {"Authorization": f"{symmetric}.{payload}.{header}"})[0] == "Deny"


@pytest.mark.parametrize(
    "headers", [None, {}, {"Authorization": ""}, {"Authorization": "x" * 9000}]
)
def should_deny_what_is_no_token(check: TokenCheck, headers: dict[str, str] | None) -> None:
    assert decision(check, headers)[0] == "Deny"


def should_log_why_and_never_the_token(pool: Pool, check: TokenCheck, log: io.StringIO) -> None:
    token = pool.token(exp=1)
    decision(check, {"Authorization": token})
    assert "ExpiredSignatureError" in log.getvalue()
    for part in token.split("."):
        assert part not in log.getvalue()


def should_read_the_keys_once_and_again_at_most_once_a_minute_for_unknown_ones() -> None:
    now = [0.0]
    pool = Pool()
    check = TokenCheck(KeySet(pool.document, clock=lambda: now[0]), ISSUER, SCOPE, PUBLIC_SCOPE)
    for _ in range(3):
        assert decision(check, {"Authorization": pool.token()})[0] == "Allow"
    assert pool.asked == 1
    pool.new_key("second")
    assert decision(check, {"Authorization": pool.token()})[0] == "Deny"
    assert pool.asked == 1
    now[0] += REFETCH_SECONDS
    assert decision(check, {"Authorization": pool.token()})[0] == "Allow"
    assert pool.asked == 2


def should_fail_rather_than_deny_when_the_keys_cannot_be_read(pool: Pool) -> None:
    fetch = key_fetcher("https://127.0.0.1:9/keys", None)
    check = TokenCheck(KeySet(fetch), ISSUER, SCOPE, PUBLIC_SCOPE)
    with pytest.raises(KeysUnavailable):
        decision(check, {"Authorization": pool.token()})


def should_fail_rather_than_deny_when_the_document_has_no_keys(pool: Pool) -> None:
    check = TokenCheck(KeySet(lambda: {"keys": []}), ISSUER, SCOPE, PUBLIC_SCOPE)
    with pytest.raises(KeysUnavailable):
        decision(check, {"Authorization": pool.token()})
