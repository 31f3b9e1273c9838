"""What callers and others send in place of what was agreed on is refused as such."""

import base64
import json
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given
from jwt.algorithms import RSAAlgorithm

from coding_service.amazon_ml.api.access_keys import AccessKeys, IssuedKey, KeyUnusable
from coding_service.amazon_ml.api.describe_filters import Entry, described
from coding_service.amazon_ml.api.dispatch import _content
from coding_service.amazon_ml.api.request_shapes import INPUTS
from coding_service.amazon_ml.errors import ApiError, SchemaFault
from coding_service.amazon_ml.schema import Schema
from coding_service.api.batch_coding import _is_empty
from coding_service.api.code_request import CodeRequest
from coding_service.authorizer.access_tokens import KeySet, TokenCheck, TokenRefused
from coding_service.coder.errors import ModelError
from coding_service.coder.model_card import card_of
from coding_service.errors import Refusal, caught_text
from tests.support.garbage import garbage

PUBLIC_KEY = rsa.generate_private_key(65_537, 2_048).public_key()
JWKS = {"keys": [{**RSAAlgorithm.to_jwk(PUBLIC_KEY, as_dict=True), "kid": "x"}]}


def text_of(raw: bytes) -> str:
    return raw.decode("latin-1")


@given(garbage().map(text_of))
def should_take_no_garbage_for_an_empty_body(body: str) -> None:
    assert _is_empty(body) in (True, False)


@given(garbage("record", "records", "recordId", "occp_text", "numberOfSuggestions").map(text_of))
def should_refuse_what_is_no_record_to_code(body: str) -> None:
    with suppress(Refusal):
        CodeRequest.of(body).checked(("occp_text", "tasks_text"))


@given(garbage("DataSourceId", "DataSpec", "DataLocationS3", "Limit", "FilterVariable"))
def should_refuse_requests(body: bytes) -> None:
    for shape in INPUTS.values():
        with suppress(ApiError):
            shape.check("", _content(body))


@given(
    garbage(
        *("version", "dataFormat", "attributes", "attributeName", "attributeType"),
        *("excludedAttributeNames", "rowId", "dataFileContainsHeader"),
    ).map(text_of)
)
def should_refuse_schemas(text: str) -> None:
    with suppress(SchemaFault):
        Schema.parse(text)


@pytest.mark.parametrize("excluded", ["5", "[[1]]", '"a"', "[5]"])
def should_refuse_a_schema_that_excludes_what_is_no_name(excluded: str) -> None:
    text = (
        '{"version": "1.0", "dataFormat": "CSV", "excludedAttributeNames": '
        f'{excluded}, "attributes": [{{"attributeName": "a", "attributeType": "TEXT"}}]}}'
    )
    with pytest.raises(SchemaFault, match="list of names"):
        Schema.parse(text)


@given(garbage().filter(bool))
def should_refuse_tokens_of_pages(content: bytes) -> None:
    entries = [Entry("a", {"CreatedAt": 1.0}), Entry("b", {"CreatedAt": 2.0})]
    first = described(entries, {"Limit": 1})
    query = json.loads(base64.urlsafe_b64decode(first["NextToken"]))[0]
    crafted = json.dumps([query, "text", 1, "a"]).encode()
    for each in (content, crafted):
        token = base64.urlsafe_b64encode(each).decode()
        with pytest.raises(ApiError, match="NextToken"):
            described(entries, {"NextToken": token})


@given(garbage("kid", "alg"), garbage("exp", "iss", "scope"))
def should_refuse_access_tokens(header: bytes, claims: bytes) -> None:
    check = TokenCheck(keys=KeySet(fetch=lambda: JWKS), issuer="i", scope="s", public_scope="p")
    parts = [base64.urlsafe_b64encode(each).decode().rstrip("=") for each in (header, claims)]
    with pytest.raises(TokenRefused):
        check.caller(f"{'.'.join(parts)}.AAAA")


@given(garbage("accessKeyId", "secretAccessKey").map(text_of))
def should_refuse_secrets_of_clients(text: str) -> None:
    secrets: Any = SimpleNamespace(get_secret_value=lambda **_: {"SecretString": text})
    keys = AccessKeys({"id": IssuedKey("client", "arn")}, secrets, lambda: 0.0)
    with pytest.raises(KeyUnusable):
        keys.secret_of("id")


@given(
    garbage(
        *("format", "topic", "uriName", "modelId", "levels", "threshold", "temperatures", "metrics")
    )
)
def should_refuse_cards_of_models(text: bytes) -> None:
    with pytest.raises(ModelError):
        card_of(text, Path("card"))


@given(garbage("errorMessage").map(text_of))
def should_find_no_text_in_garbage(cause: str) -> None:
    found = caught_text("InputRefused", cause, {"InputRefused"})
    assert found is None or isinstance(found, str)
