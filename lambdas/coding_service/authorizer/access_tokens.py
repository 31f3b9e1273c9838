"""Checks Cognito's access tokens: who signed them, for whom, what for and until when.

Rules: "Verifying JSON web tokens" of the Cognito developer guide. Neither a token nor any part of
one stands in an exception text.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import jwt
import urllib3

from coding_service.errors import KeysUnavailable
from shared.received_json import JsonFault, read_object

ALGORITHM = "RS256"  # the only one that Cognito signs with
BEARER = "bearer "
REFETCH_SECONDS = 60.0  # a new key is known so late; forged ids cause few fetches; ours
FETCH_SECONDS = 3.0  # of each of three tries; API Gateway waits 29 s for an authorizer; ours
TOKEN_MAX_CHARACTERS = 8_192  # API Gateway's limit for all headers together is 10,240 bytes

FetchKeys = Callable[[], Mapping[str, Any]]


class TokenRefused(Exception):
    """The token is not valid. The text says why, without the token."""


@dataclass(frozen=True, slots=True)
class Caller:
    """The client that a checked token belongs to."""

    client_id: str
    expires_at: int
    """Epoch seconds."""
    is_public: bool = False
    """Whether it may code records and small batches, but no files."""


@dataclass
class KeySet:
    """The user pool's public keys, kept for the life of the process."""

    fetch: FetchKeys
    """Reads the pool's JWKS document. Raises `KeysUnavailable`."""
    clock: Callable[[], float] = time.monotonic
    """Monotonic seconds."""
    _keys: dict[str, jwt.PyJWK] = field(default_factory=dict)
    _fetched_at: float | None = None

    def key(self, key_id: str) -> jwt.PyJWK | None:
        """The key with an id, or None; an unknown id fetches the keys anew, at most once a minute.

        Raises `KeysUnavailable`.
        """
        found = self._keys.get(key_id)
        if found is None and self._may_fetch():
            self._fetched_at = self.clock()
            self._keys = _usable_keys(self.fetch())
            found = self._keys.get(key_id)
        return found

    def _may_fetch(self) -> bool:
        if not self._keys or self._fetched_at is None:
            return True
        return self.clock() - self._fetched_at >= REFETCH_SECONDS


def _usable_keys(document: Mapping[str, Any]) -> dict[str, jwt.PyJWK]:
    try:
        return {
            key.key_id: key for key in jwt.PyJWKSet.from_dict(dict(document)).keys if key.key_id
        }
    except jwt.PyJWTError:
        raise KeysUnavailable("the user pool's key document holds no usable key") from None


@dataclass(frozen=True, slots=True)
class TokenCheck:
    """The rules of one user pool."""

    keys: KeySet
    issuer: str
    scope: str
    """The scope of a client that may do everything."""
    public_scope: str
    """The scope of a client that may code no files."""

    def caller(self, authorization: str) -> Caller:
        """The caller of an Authorization header: a bare token or `Bearer <token>`.

        Raises `TokenRefused`; `KeysUnavailable` where no key could be read.
        """
        claims = self._claims(_bare(authorization))
        if claims.get("token_use") != "access":
            raise TokenRefused("not an access token")
        scopes = str(claims.get("scope", "")).split()
        if self.scope not in scopes and self.public_scope not in scopes:
            raise TokenRefused("without a scope of the service")
        client_id = claims.get("client_id")
        if not isinstance(client_id, str) or not client_id:
            raise TokenRefused("without a client")
        return Caller(client_id, int(claims["exp"]), is_public=self.scope not in scopes)

    def _claims(self, token: str) -> Mapping[str, Any]:
        try:
            key = self.keys.key(str(jwt.get_unverified_header(token).get("kid", "")))
            if key is None:
                raise TokenRefused("signed with an unknown key")
            return jwt.decode(
                token,
                key,
                algorithms=[ALGORITHM],
                issuer=self.issuer,
                options={"require": ["exp", "iss"], "verify_aud": False},
            )
        except (jwt.PyJWTError, RecursionError) as error:  # PyJWT reads any nesting
            raise TokenRefused(type(error).__name__) from None


def _bare(authorization: str) -> str:
    text = authorization.strip()
    if len(text) > TOKEN_MAX_CHARACTERS:
        raise TokenRefused("too long for a token")
    return text[len(BEARER) :].strip() if text.lower().startswith(BEARER) else text


def key_fetcher(url: str, ca_bundle: str | None) -> FetchKeys:
    """A reader of the JWKS document at `url` over TLS; None trusts the system's roots."""
    pool = urllib3.PoolManager(
        cert_reqs="CERT_REQUIRED", ca_certs=ca_bundle, timeout=FETCH_SECONDS, retries=2
    )

    def fetch() -> Mapping[str, Any]:
        try:
            answer = pool.request("GET", url)
            document = read_object(answer.data)
        except (urllib3.exceptions.HTTPError, JsonFault) as error:
            raise KeysUnavailable(
                f"the user pool's keys could not be read: {type(error).__name__}"
            ) from None
        if answer.status != HTTPStatus.OK:
            raise KeysUnavailable(f"the user pool's keys: HTTP {answer.status}")
        return document

    return fetch
