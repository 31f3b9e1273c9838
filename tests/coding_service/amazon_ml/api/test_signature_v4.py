"""Signature Version 4: what is let in, and AWS's word for everything that is not."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from coding_service.amazon_ml.api.signature_v4 import SignatureCheck, SignedRequest
from coding_service.amazon_ml.errors import ApiError
from tests.support.coding_service.amazon_ml import BOB, World, secret_of

NOW = datetime.now(UTC)
KEY, SECRET = "DCML0000000000000000", "a-secret"
PATH = "/live/machinelearning"
BODY = b'{"BatchPredictionId": "x"}'
TARGET = "AmazonML_20141212.GetBatchPrediction"


def signed(
    *,
    secret: str = SECRET,
    region: str = "ap-southeast-2",
    service: str = "machinelearning",
    target: str | None = TARGET,
    **more: str,
) -> SignedRequest:
    """A request as botocore signs it."""
    headers = {"Content-Type": "application/x-amz-json-1.1", **more}
    if target is not None:
        headers["X-Amz-Target"] = target
    request = AWSRequest("POST", f"https://api.example{PATH}", headers=headers, data=BODY)
    SigV4Auth(Credentials(KEY, secret), service, region).add_auth(request)
    found = {name.lower(): str(value) for name, value in request.headers.items()}
    return SignedRequest("POST", PATH, {"host": "api.example", **found}, BODY)


def changed(request: SignedRequest, **changes: Any) -> SignedRequest:
    parts = {
        "method": request.method,
        "path": request.path,
        "headers": request.headers,
        "body": request.body,
    }
    return SignedRequest(**{**parts, **changes})


def with_authorization(change: Callable[[str], str]) -> SignedRequest:
    request = signed()
    value = change(request.headers["authorization"])
    return changed(request, headers={**request.headers, "authorization": value})


def check(request: SignedRequest, *, now: datetime | None = None) -> str:
    secrets = {KEY: SECRET}
    made = SignatureCheck("ap-southeast-2", secrets.get, lambda: now or datetime.now(UTC))
    return made.access_key_id(request)


def refused(request: SignedRequest, *, now: datetime | None = None) -> ApiError:
    with pytest.raises(ApiError) as caught:
        check(request, now=now)
    assert caught.value.http_status == 400
    return caught.value


def should_tell_the_key_when_the_signature_is_right() -> None:
    assert check(signed()) == KEY


def should_take_further_signed_headers_and_a_session_token() -> None:
    assert check(signed(**{"X-Amz-Security-Token": "t", "X-Custom": "  a   b "})) == KEY


def should_let_a_boto3_client_in_whatever_the_path_of_its_address(world: World) -> None:
    for endpoint in ("https://api.example", "https://api.example/a/b-c_d/", "https://x:8443/y"):
        assert world.client(endpoint=endpoint).describe_ml_models()["Results"]


@pytest.mark.parametrize(
    "request_",
    [
        signed(secret="another"),
        changed(signed(), body=b"{}"),
        changed(signed(), path="/other"),
        changed(signed(), method="PUT"),
        changed(
            signed(),
            headers={**signed().headers, "x-amz-target": "AmazonML_20141212.DeleteBatchPrediction"},
        ),
        changed(signed(), headers={**signed().headers, "host": "elsewhere.example"}),
        with_authorization(lambda text: text[:-1] + ("0" if text[-1] != "0" else "1")),
        with_authorization(lambda text: text.replace("content-type;", "content-type;gone;")),
    ],
    ids=["secret", "body", "path", "method", "target", "host", "signature", "missing header"],
)
def should_not_let_in_what_was_not_signed_so(request_: SignedRequest) -> None:
    error = refused(request_)
    assert error.name == "InvalidSignatureException"
    assert SECRET not in str(error)


def should_not_know_a_key_that_was_not_issued() -> None:
    request = with_authorization(lambda text: text.replace(KEY, "AKIAUNKNOWN000000000"))
    assert refused(request).name == "UnrecognizedClientException"


@pytest.mark.parametrize(
    ("change", "word"),
    [
        (lambda text: text.replace("AWS4-HMAC-SHA256", "Bearer"), "AWS4-HMAC-SHA256"),
        (lambda text: text.partition(", Signature")[0], "'Signature'"),
        (lambda text: text.replace("SignedHeaders=", "Headers="), "'SignedHeaders'"),
        (lambda text: text.replace("/aws4_request", ""), "5 slash-delimited"),
    ],
)
def should_say_what_an_incomplete_signature_lacks(change: Callable[[str], str], word: str) -> None:
    error = refused(with_authorization(change))
    assert error.name == "IncompleteSignatureException"
    assert word in error.message


def should_ask_for_a_signature_when_there_is_none() -> None:
    headers = {name: value for name, value in signed().headers.items() if name != "authorization"}
    error = refused(changed(signed(), headers=headers))
    assert error.name == "MissingAuthenticationTokenException"


@pytest.mark.parametrize("name", ["host", "x-amz-date", "x-amz-target"])
def should_insist_on_the_headers_that_must_be_signed(name: str) -> None:
    request = with_authorization(lambda text: text.replace(name, "content-type"))
    assert f"'{name}'" in refused(request).message


def should_refuse_an_unsigned_target() -> None:
    request = signed(target=None)
    headers = {**request.headers, "x-amz-target": TARGET}
    assert "'x-amz-target'" in refused(changed(request, headers=headers)).message


@pytest.mark.parametrize(
    ("shift", "word"),
    [(timedelta(minutes=6), "Signature expired"), (timedelta(minutes=-6), "not yet current")],
)
def should_refuse_a_request_out_of_its_time(shift: timedelta, word: str) -> None:
    error = refused(signed(), now=datetime.now(UTC) + shift)
    assert error.name == "InvalidSignatureException"
    assert word in error.message


def should_bear_clocks_that_are_four_minutes_apart() -> None:
    for minutes in (-4, 4):
        assert check(signed(), now=datetime.now(UTC) + timedelta(minutes=minutes)) == KEY


def should_refuse_another_region_service_or_date() -> None:
    assert "valid region" in refused(signed(region="us-east-1")).message
    assert "correct service" in refused(signed(service="execute-api")).message
    day = datetime.now(UTC).strftime("%Y%m%d")
    assert (
        "Date in Credential"
        in refused(with_authorization(lambda text: text.replace(f"/{day}/", "/20010101/"))).message
    )
    bad = changed(signed(), headers={**signed().headers, "x-amz-date": "yesterday"})
    assert refused(bad).name == "IncompleteSignatureException"


def should_read_a_secret_anew_after_five_minutes_and_not_before(world: World) -> None:
    operations = world.operations
    key = next(key for key, issued in operations.keys.issued.items() if issued.client == BOB)
    assert operations.keys.secret_of(key) == secret_of(BOB)
    new = f'{{"accessKeyId": "{key}", "secretAccessKey": "new"}}'
    world.secrets.put_secret_value(SecretId=BOB, SecretString=new)
    assert operations.keys.secret_of(key) == secret_of(BOB)
    world.ahead_seconds = 301
    assert operations.keys.secret_of(key) == "new"
