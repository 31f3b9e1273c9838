"""What other systems send in place of what was agreed on ends as an error that says whose it is."""

import json
import zlib
from collections.abc import Callable
from contextlib import suppress
from io import BytesIO
from types import SimpleNamespace
from typing import Any

import pytest
import urllib3
from hypothesis import example, given
from hypothesis import strategies as st

from pipeline.clock import Clock
from pipeline.collect.handler import _metadata
from pipeline.domain.state_fields import MalformedState
from pipeline.engines.amazon_ml.build import connection
from pipeline.engines.amazon_ml.convert_output import OutputConversion
from pipeline.engines.amazon_ml.models import fields_of
from pipeline.engines.amazon_ml.scores import LineRenderer, ScoreLines
from pipeline.engines.base import (
    FetchedRange,
    OperationFailed,
    OperationRequest,
    StorageAnswer,
    StorageOutcome,
)
from pipeline.engines.coding_service.client import CodingServiceClient
from pipeline.engines.coding_service.engine import CodingServiceEngine
from pipeline.engines.coding_service.http import HttpAnswer
from pipeline.engines.coding_service.presigned import PresignedHosts
from pipeline.engines.coding_service.tokens import Token, Tokens
from pipeline.engines.settings import AmazonMlSettings
from pipeline.errors import (
    AddressRefused,
    CredentialsMissing,
    CredentialsRefused,
    DropcoderError,
    ModelUnknown,
    ResultsMismatch,
    ServiceBusy,
    ServiceRefused,
)
from pipeline.finish.explanations import explain_error
from pipeline.prepare.queues import smallest_first
from pipeline.rate_limit.limiter import RateLimited
from pipeline.receive.handler import read_messages
from pipeline.report_failure.handler import report_failure
from pipeline.storage.results_bucket import ResultsBucket
from pipeline.validation.output_lines import OutputScan
from tests.support.garbage import garbage
from tests.support.pipeline.builders import an_operation_request

STATUSES = st.sampled_from([400, 401, 403, 404, 409, 429, 500, 503])
MODEL_FIELDS = (
    *("modelId", "modelVersion", "modelReleaseDate", "modelType"),
    *("inputFormat", "topicStandard", "topicVersion"),
)
REQUEST: OperationRequest = an_operation_request()


def stand_in(**members: Any) -> Any:
    return SimpleNamespace(**members)


def engine(status: int, body: bytes) -> CodingServiceEngine:
    """The engine over a service that always answers so."""
    limiter = stand_in(
        take=lambda *_, **__: None,
        release=lambda _: None,
        slow_down=lambda _: RateLimited(1, None),
        close=lambda: RateLimited(1, None),
    )
    token = Token("value", 0, 1e9)
    return CodingServiceEngine(
        client=CodingServiceClient(
            transport=lambda _: HttpAnswer(status, body),
            tokens=stand_in(current=lambda: token, replace=lambda _: False),
            limiter=limiter,
            service_url="https://service.example",
        ),
        pool=stand_in(),
        hosts=PresignedHosts(()),
        ledger=stand_in(get=lambda *_: None, put=lambda _: None),
        clock=Clock(),
    )


CALLS: tuple[Callable[[CodingServiceEngine], object], ...] = (
    lambda engine: engine.model("anzsco", None),
    lambda engine: engine.model("anzsco", "5f3c9f0e-1111-4222-8333-000000000001"),
    lambda engine: engine.open(REQUEST),
    lambda engine: engine.check("anzsco", "id"),
)


@pytest.mark.parametrize("call", CALLS)
@given(
    body=garbage(
        *MODEL_FIELDS,
        *("operationId", "requestUploadUrl", "bucketKmsKeyArn"),
        *("operationStatus", "responseDownloadUrl", "metadataDownloadUrl", "error"),
    )
)
def should_refuse_an_answer_of_the_service(
    call: Callable[[CodingServiceEngine], object], body: bytes
) -> None:
    with suppress(ServiceRefused, ModelUnknown):
        call(engine(200, body))


@given(status=STATUSES, body=garbage("message", "Message"))
def should_sort_an_error_of_the_service_by_its_status(status: int, body: bytes) -> None:
    with pytest.raises((DropcoderError, RateLimited)) as raised:
        engine(status, body).check("anzsco", "id")
    assert len(str(raised.value)) <= 1_000


def tokens(kept: str, credentials: str, answer: HttpAnswer) -> Tokens:
    secrets = {"token": kept, "credentials": credentials}
    return Tokens(
        secrets=stand_in(
            get_secret_value=lambda **asked: {"SecretString": secrets[asked["SecretId"]]},
            put_secret_value=lambda **_: None,
        ),
        transport=lambda _: answer,
        ledger=stand_in(update=lambda *_, **__: True),
        auth_url="https://auth.example",
        credentials_secret_arn="credentials",
        token_secret_arn="token",
    )


GOOD = json.dumps({"clientId": "a", "clientSecret": "b"})


@given(kept=garbage("accessToken", "issuedAt", "endsAt").map(lambda raw: raw.decode("latin-1")))
def should_ask_for_a_token_where_the_secret_holds_none(kept: str) -> None:
    good = HttpAnswer(200, b'{"access_token": "new"}')
    assert tokens(kept, GOOD, good).current().value


@given(credentials=garbage("clientId", "clientSecret").map(lambda raw: raw.decode("latin-1")))
def should_ask_for_credentials_where_the_secret_holds_none(credentials: str) -> None:
    with suppress(CredentialsMissing):
        tokens("", credentials, HttpAnswer(200, b'{"access_token": "new"}')).current()


@given(st.just(200) | STATUSES, garbage("access_token", "expires_in"))
def should_refuse_an_answer_of_the_token_endpoint(status: int, body: bytes) -> None:
    with suppress(AddressRefused, CredentialsRefused, ServiceBusy):
        assert tokens("", GOOD, HttpAnswer(status, body)).current().value.isascii()


@example(text='{"accessKeyId": "\\u0000", "secretAccessKey": "\\u0000"}')
@given(text=garbage("accessKeyId", "secretAccessKey").map(lambda raw: raw.decode("latin-1")))
def should_ask_for_an_access_key_where_the_secret_holds_none(text: str) -> None:
    settings = AmazonMlSettings(
        exchange_bucket="b",
        url="https://ml.example",
        key_secret_arn="arn",
        models=(),
        threshold=0.5,
    )
    secrets = stand_in(get_secret_value=lambda **_: {"SecretString": text})
    with suppress(CredentialsMissing):
        client: Any = connection(settings, lambda: secrets)()
        found = client._request_signer._credentials
        assert (found.access_key + found.secret_key).isprintable()


@given(
    garbage(
        *("attributes", "attributeName", "attributeType", "excludedAttributeNames", "rowId"),
        *("fieldName", "variables", "targetAttributeName"),
    ).map(lambda raw: raw.decode("latin-1"))
)
def should_refuse_a_models_schema(schema: str) -> None:
    with suppress(ServiceRefused):
        assert all(isinstance(name, str) for name in fields_of(schema, "ml"))


@given(garbage("in"))
def should_refuse_a_manifest_of_scores(content: bytes) -> None:
    s3 = stand_in(get_object=lambda **_: {"Body": stand_in(read=lambda: content)})
    exchange = stand_in(objects=ResultsBucket(s3, "b"), uri=lambda *_: "in", key_of=lambda *_: None)
    conversion = OutputConversion(
        exchange=exchange,
        prediction_id="p",
        rollup_of=lambda _: pytest.fail("no scores were read"),
        keep=lambda _: None,
        has_time=lambda: True,
    )
    with pytest.raises(ResultsMismatch, match="manifest"):
        conversion.run(None)


@given(header=st.sampled_from([b"tag,1,2\n", b"tag,trueLabel,1,2\n", b""]), rows=garbage())
def should_refuse_scores(header: bytes, rows: bytes) -> None:
    packed = zlib.compressobj(wbits=31)
    content = packed.compress(header + rows) + packed.flush()
    with suppress(ResultsMismatch, OperationFailed):
        scores = ScoreLines(iter([content]))
        renderer = LineRenderer(scores.header, lambda _: stand_in(answer=lambda _: ""))
        for lines in scores.batches():
            renderer.of(lines)


@given(garbage(*MODEL_FIELDS))
def should_refuse_metadata(content: bytes) -> None:
    found = FetchedRange(StorageAnswer(StorageOutcome.DONE, "OK"), content, "e", len(content))
    with suppress(ResultsMismatch):
        facts, _ = _metadata(stand_in(get=lambda *_: found))
        json.dumps(facts.model, allow_nan=False)


@given(st.lists(garbage("recordId", "id", "result", "suggestions", "codeCategory")))
def should_refuse_lines_of_output(lines: list[bytes]) -> None:
    with suppress(ResultsMismatch):
        scan = OutputScan()
        scan.add(b"\n".join(lines))
        scan.finish()


@given(
    st.sampled_from([400, 403, 404, 500, 503]),
    st.binary(max_size=40).map(lambda raw: b"<Code>AccessDenied</Code>" + raw) | garbage(),
)
def should_sort_an_error_of_the_storage_by_its_status(status: int, body: bytes) -> None:
    answer = StorageAnswer.of(
        urllib3.HTTPResponse(BytesIO(body), status=status, preload_content=False)
    )
    assert answer.outcome is not StorageOutcome.DONE


MESSAGE_FIELDS = (
    *("continues", "attempt", "encoding", "turn", "tries", "deaths"),
    *("detail", "object", "bucket", "name", "key", "size", "version-id", "etag", "time", "account"),
)


@given(garbage(*MESSAGE_FIELDS).map(lambda raw: raw.decode("latin-1")))
def should_put_aside_a_message_in_front_of_prepare(body: str) -> None:
    unreadable: list[str] = []
    found = [*smallest_first([{"messageId": "m", "body": body}], unreadable=unreadable)]
    assert bool(found) is not bool(unreadable)
    assert all(isinstance(each.message.created.key, str) for each in found)


@given(garbage("drops", "drop_id", "bucket", "key", "size").map(lambda raw: raw.decode("latin-1")))
def should_put_aside_a_message_in_front_of_receive(body: str) -> None:
    messages, unreadable = read_messages([{"messageId": "m", "body": body}])
    assert [*messages, *unreadable] == ["m"]


@given(garbage("drops", "drop_id", "failure").map(lambda raw: raw.decode("latin-1")))
def should_refuse_the_input_of_an_execution_that_died(given_input: str) -> None:
    died = {"status": "FAILED", "error": "E", "input": given_input}
    executions = stand_in(
        describe_execution=lambda **_: died, start_execution=lambda **_: None, exceptions=None
    )
    with suppress(MalformedState):
        report_failure(
            {"detail": {"executionArn": "a:b"}}, executions=executions, state_machine_arn="m"
        )


@given(garbage("errorMessage").map(lambda raw: raw.decode("latin-1")))
def should_explain_any_cause(cause: str) -> None:
    assert explain_error("ServiceBusy", cause).reason
    explain_error("Other", f'{{"errorMessage": "{cause}').reason.encode()  # type: ignore[union-attr]
