"""Who signed a request: Signature Version 4, checked as AWS checks it.

The API's gateway cannot do it: its IAM authorizer takes signatures for `execute-api` alone, and a
client of Amazon ML signs for `machinelearning`. botocore's own signer computes what the signature
must be. Texts of refusals never hold a signature that would have been right, or a key.
"""

import hashlib
import hmac
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from botocore.auth import SIGV4_TIMESTAMP, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from coding_service.amazon_ml.errors import ApiError

ALGORITHM = "AWS4-HMAC-SHA256"
SERVICE = "machinelearning"
TERMINATOR = "aws4_request"
MUST_BE_SIGNED = ("host", "x-amz-date", "x-amz-target")
OLDEST = timedelta(minutes=5)  # "Signature expired … (now - 5 min.)": what AWS answers
NEWEST = timedelta(minutes=5)
_PART = re.compile(r"\s*(Credential|SignedHeaders|Signature)=([^,\s]+)\s*")
_SCOPE_PARTS = 5
_FORGED = "0" * 64

SecretOf = Callable[[str], str | None]
"""The secret of an access key id; None for one that the service has not issued."""


@dataclass(frozen=True, slots=True)
class SignedRequest:
    """A request as it was signed."""

    method: str
    path: str
    """The path of the address that the client called, as it stands there."""
    headers: Mapping[str, str] = field(repr=False)
    """Values by lower-case name."""
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Authorization:
    access_key_id: str
    date: str
    region: str
    service: str
    signed: tuple[str, ...]
    signature: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class SignatureCheck:
    """Checks signatures for one region."""

    region: str
    secret_of: SecretOf = field(repr=False)
    now: Callable[[], datetime]
    """The time in UTC."""

    def access_key_id(self, request: SignedRequest) -> str:
        """The key that signed the request. Raises `ApiError` with AWS's names."""
        authorization = _authorization(request.headers)
        signed_at = self._in_time(request.headers, authorization)
        self._in_scope(authorization)
        secret = self.secret_of(authorization.access_key_id)
        if secret is None:
            raise ApiError(
                "UnrecognizedClientException",
                "The security token included in the request is invalid.",
            )
        wanted = _signature(request, authorization, secret, signed_at)
        if not hmac.compare_digest(wanted.encode(), authorization.signature.encode()):
            raise ApiError(
                "InvalidSignatureException",
                "The request signature we calculated does not match the signature you provided. "
                "Check your secret access key and signing method.",
            )
        return authorization.access_key_id

    def _in_time(self, headers: Mapping[str, str], authorization: _Authorization) -> datetime:
        stamp = headers["x-amz-date"]
        try:
            signed_at = datetime.strptime(stamp, SIGV4_TIMESTAMP).replace(tzinfo=UTC)
        except ValueError:
            raise _incomplete(f"Date must be in ISO-8601 'basic format'. Got '{stamp}'.") from None
        if stamp[:8] != authorization.date:
            raise _invalid("Date in Credential scope does not match YYYYMMDD from X-Amz-Date.")
        now = self.now()
        if signed_at < now - OLDEST:
            bound = f"{_stamp(now - OLDEST)} ({_stamp(now)} - 5 min.)"
            raise _invalid(f"Signature expired: {stamp} is now earlier than {bound}")
        if signed_at > now + NEWEST:
            bound = f"{_stamp(now + NEWEST)} ({_stamp(now)} + 5 min.)"
            raise _invalid(f"Signature not yet current: {stamp} is still later than {bound}")
        return signed_at

    def _in_scope(self, authorization: _Authorization) -> None:
        if authorization.region != self.region:
            raise _invalid(
                "Credential should be scoped to a valid region, "
                f"not '{authorization.region}'; this service is in {self.region}."
            )
        if authorization.service != SERVICE:
            raise _invalid(f"Credential should be scoped to correct service: '{SERVICE}'.")


def _authorization(headers: Mapping[str, str]) -> _Authorization:
    header = headers.get("authorization", "")
    if not header:
        raise ApiError("MissingAuthenticationTokenException", "Missing Authentication Token")
    algorithm, _, rest = header.partition(" ")
    if algorithm != ALGORITHM:
        raise _incomplete(f"Authorization must begin with {ALGORITHM}.")
    found = (_PART.fullmatch(part) for part in rest.split(","))
    parts = {each[1]: each[2] for each in found if each}
    for name in ("Credential", "Signature", "SignedHeaders"):
        if name not in parts:
            raise _incomplete(f"Authorization header requires '{name}' parameter.")
    scope = parts["Credential"].split("/")
    if len(scope) != _SCOPE_PARTS or scope[-1] != TERMINATOR:
        raise _incomplete(
            "Credential must have exactly 5 slash-delimited elements, "
            f"e.g. keyid/date/region/service/{TERMINATOR}."
        )
    signed = tuple(parts["SignedHeaders"].lower().split(";"))
    for name in MUST_BE_SIGNED:
        if name not in signed or name not in headers:
            raise _invalid(f"'{name}' must be a 'SignedHeader' in the AWS Authorization.")
    access_key_id, date, region, service, _ = scope
    return _Authorization(access_key_id, date, region, service, signed, parts["Signature"])


def _signature(
    request: SignedRequest, authorization: _Authorization, secret: str, signed_at: datetime
) -> str:
    signer = SigV4Auth(
        Credentials(authorization.access_key_id, secret),
        authorization.service,
        authorization.region,
    )
    signed = AWSRequest(
        method=request.method,
        url=f"https://{request.headers['host']}{request.path}",
        data=request.body,
    )
    for name in authorization.signed:
        if name not in request.headers:
            return _FORGED  # a header that was signed did not come
        signed.headers[name] = request.headers[name]
    signed.context["timestamp"] = _stamp(signed_at)
    canonical = "\n".join(
        [
            request.method,
            request.path,
            "",  # no query: the address of a JSON service has none
            signer.canonical_headers(signed.headers),
            "",
            ";".join(authorization.signed),
            hashlib.sha256(request.body).hexdigest(),
        ]
    )
    return str(signer.signature(signer.string_to_sign(signed, canonical), signed))


def _stamp(moment: datetime) -> str:
    return moment.strftime(SIGV4_TIMESTAMP)


def _incomplete(message: str) -> ApiError:
    return ApiError("IncompleteSignatureException", message)


def _invalid(message: str) -> ApiError:
    return ApiError("InvalidSignatureException", message)
