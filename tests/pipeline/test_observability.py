import io
import json
import logging
from dataclasses import dataclass
from typing import Any

import pytest

from pipeline.errors import DropcoderError, Rejected, ServiceBusy, StorageBusy
from pipeline.observability import (
    HIDDEN,
    LONGEST_TEXT,
    Hidden,
    RedactingFormatter,
    correlation_id_of,
    emit,
    observed,
)
from tests.support.pipeline.builders import a_drop, a_task

CANARY = "canary-signature-42"
URL = f"https://b.example/k?X-Amz-Signature={CANARY}"


@dataclass
class Context:
    function_name: str = "check"
    memory_limit_in_mb: int = 256
    invoked_function_arn: str = "arn:aws:lambda:x:1:function:check"
    aws_request_id: str = "1"


def should_hide_secrets_when_a_log_line_holds_one() -> None:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(RedactingFormatter())
    record = logging.makeLogRecord(
        {"msg": "asked %s", "args": (URL,), "headers": {"Authorization": CANARY}}
    )
    handler.handle(record)
    line = json.loads(stream.getvalue())
    assert CANARY not in stream.getvalue()
    assert line["message"] == "asked https://b.example/k?[hidden]"


def should_print_one_metric_in_cloudwatchs_format_when_something_is_counted(
    capsys: pytest.CaptureFixture[str],
) -> None:
    emit("DropsEnded", 2, status="complete")
    line = json.loads(capsys.readouterr().out)
    (directive,) = line["_aws"]["CloudWatchMetrics"]
    assert directive["Namespace"] == "Dropcoder"
    assert sorted(directive["Dimensions"][0]) == ["service", "status"]
    assert directive["Metrics"] == [{"Name": "DropsEnded", "Unit": "Count"}]
    assert (line["service"], line["status"], line["DropsEnded"]) == ("pipeline", "complete", [2.0])


def should_count_in_the_deployments_own_namespace(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "Dropcoder/survey")
    emit("DropsEnded", status="complete")
    (directive,) = json.loads(capsys.readouterr().out)["_aws"]["CloudWatchMetrics"]
    assert directive["Namespace"] == "Dropcoder/survey"


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (a_task().to_state(), a_drop().drop_id),
        ({"drops": [a_drop().to_state()], "parts": []}, a_drop().drop_id),
        ({"detail": {}}, None),
        ({"drops": []}, None),
        ({"part": {"segments": [{}]}}, None),
    ],
)
def should_correlate_by_the_drop_id_when_a_task_begins(
    event: dict[str, Any], expected: str | None
) -> None:
    assert correlation_id_of(event) == expected


def should_raise_errors_of_ours_as_they_are_when_a_handler_ends_with_one() -> None:
    @observed
    def handler(event: dict[str, Any], context: Any) -> None:
        raise ServiceBusy("the service answered HTTP 503")

    with pytest.raises(ServiceBusy):
        handler({}, Context())  # type: ignore[arg-type]


def ended_by(error: Exception) -> Exception:
    """What a handler ends with where this error is raised in it."""

    @observed
    def handler(event: dict[str, Any], context: Any) -> None:
        raise error

    with pytest.raises(Exception) as raised:  # noqa: PT011 (whatever it is)
        handler({}, Context())  # type: ignore[arg-type]
    return raised.value


def _leaves(kind: type[DropcoderError]) -> list[type[DropcoderError]]:
    below = kind.__subclasses__()
    return [leaf for each in below for leaf in _leaves(each)] if below else [kind]


@pytest.mark.parametrize(
    "kind", [each for each in _leaves(DropcoderError) if not issubclass(each, Rejected)]
)
def should_keep_the_class_of_each_error_of_ours_when_its_text_is_redacted(
    kind: type[DropcoderError],
) -> None:
    ended = ended_by(kind(f"no answer from {URL}"))
    assert type(ended) is kind
    assert str(ended) == f"no answer from https://b.example/k?{HIDDEN}"


def should_leave_the_error_alone_when_its_key_has_words_like_those_of_headers() -> None:
    busy = StorageBusy("S3 is busy with anzsco/basic survey.jsonl")
    assert ended_by(busy) is busy
    assert str(busy) == "S3 is busy with anzsco/basic survey.jsonl"


def should_hide_the_text_when_an_unexpected_error_would_show_a_secret() -> None:
    ended = ended_by(OSError(5, f"no such host: {URL}"))
    assert isinstance(ended, Hidden)
    assert type(ended).__name__ == "OSError"  # Lambda's errorType
    assert CANARY not in f"{ended} {ended!r}"
    assert ended.__suppress_context__


def should_shorten_the_text_when_an_unexpected_error_has_a_very_long_one() -> None:
    ended = ended_by(ValueError("word " * LONGEST_TEXT))
    assert type(ended).__name__ == "ValueError"
    assert len(str(ended)) <= LONGEST_TEXT


def should_return_what_the_handler_returns() -> None:
    @observed
    def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
        return {"seen": event}

    assert handler({"a": 1}, Context()) == {"seen": {"a": 1}}  # type: ignore[arg-type]
