"""From an uploaded file to its results: what is coded, refused, resumed and deleted."""

import json
from pathlib import Path

import boto3
import pytest
from botocore.stub import Stubber

from coding_service.coder.catalogue import Catalogue
from coding_service.errors import (
    AwsBusy,
    InputGone,
    InputRefused,
    ModelGone,
    OperationLost,
    OutputMismatch,
)
from coding_service.inference.json_lines import lines_of
from coding_service.inference.lifecycle import UNEXPECTED, Upload, reason_of
from coding_service.inference.state import Coded
from coding_service.operations.operation import input_key
from protocol.statuses import OperationStatus
from tests.support.coding_service import service as world
from tests.support.coding_service.service import Service, state_of

MIB = 1 << 20


def uploaded(service: Service, content: bytes) -> Upload:
    return service.upload(service.create().operation_id, content)


def begin_upload(service: Service, upload: Upload, name: str) -> None:
    """What a function leaves that was killed while it wrote a large piece."""
    service.s3.create_multipart_upload(Bucket=world.OUTPUTS, Key=f"{upload.operation_id}/{name}")


def refusal_of(service: Service, content: bytes) -> str:
    with pytest.raises(InputRefused) as refused:
        service.coded(uploaded(service, content))
    return str(refused.value)


def should_code_every_line_in_order_with_results_and_suggestions(service: Service) -> None:
    upload = uploaded(service, world.file_of(8))
    progress = service.coded(upload)
    coded = [json.loads(line) for line in service.output(upload.operation_id).splitlines()]
    assert [line["recordId"] for line in coded] == [str(number) for number in range(8)]
    assert coded[0]["result"]["codeCategory"] == "21"
    assert 1 <= len(coded[1]["suggestions"]) <= 3
    assert progress == Coded(
        records=8,
        output_bytes=len(service.output(upload.operation_id)),
        coded=sum("result" in line for line in coded),
        suggested=sum(bool(line.get("suggestions")) for line in coded),
        nothing=sum(line.get("suggestions") == [] for line in coded),
    )
    assert progress.coded > 0
    assert progress.suggested > 0


def should_write_an_empty_record_id_where_the_input_has_none(service: Service) -> None:
    upload = uploaded(service, b'{"occp_text": "cook", "tasks_text": ""}')
    service.coded(upload)
    assert json.loads(service.output(upload.operation_id))["recordId"] == ""


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
@pytest.mark.parametrize("last", [True, False])
def should_take_either_line_end_and_an_unended_last_line(
    service: Service, end: bytes, last: bool
) -> None:
    content = end.join(world.record(number) for number in range(3)) + (end if last else b"")
    upload = uploaded(service, content)
    assert service.coded(upload).records == 3
    assert len(service.output(upload.operation_id).splitlines()) == 3


def should_code_any_unicode(service: Service) -> None:
    texts = ["", "消防士 🚒", "\u0000\u2028", "é" * 300, '"\\']
    content = b"".join(
        json.dumps({"occp_text": text, "tasks_text": ""}).encode() + b"\n" for text in texts
    )
    assert service.coded(uploaded(service, content)).records == len(texts)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "The input file is empty."),
        (world.record(1) + b"\nnope\n", "Line 2 is not JSON"),
        (world.record(1) + b"\n\n" + world.record(2), "Line 2 is empty; remove it"),
        (b'{"occp_text": "cook"}', "Line 1 lacks the field tasks_text;"),
        (
            b'{"occp_text": "cook", "tasks_text": "", "wage": "1"}',
            "Line 1 has the field wage, which the model does not know",
        ),
        (b'{"occp_text": "cook", "tasks_text": 1}', "Line 1 has tasks_text that is not text;"),
        (
            world.record(1) + b'\n{"occp_text": "cook", "tasks_text": ""}',
            "Line 2 lacks recordId, which earlier lines have;",
        ),
        (world.record(1, "x" * 301), "Line 1 has 301 characters of text; at most 300"),
        (b"[1]", "Line 1 is JSON, but not an object"),
        (b"\xef\xbb\xbf" + world.record(1), "Line 1 starts with a byte order mark"),
        (b"\xff\xfe", "Line 1 is not JSON in UTF-8"),
        (b"x" * (9 * MIB), "Line 1 is 8,388,608 bytes long; at most 1,048,576"),
    ],
)
def should_say_what_to_mend_when_a_file_is_refused(
    service: Service, content: bytes, told: str
) -> None:
    message = refusal_of(service, content)
    assert message.startswith(told)
    assert "new operation" in message


def should_refuse_a_file_over_the_limit_without_reading_it(service: Service) -> None:
    upload = uploaded(service, b"anything")
    with pytest.raises(InputRefused, match=r"has 8 bytes; at most 7 are allowed\. Split it"):
        service.coded(upload, max_file_bytes=7)


def should_say_so_when_the_upload_is_gone(service: Service) -> None:
    upload = uploaded(service, world.file_of(1))
    service.s3.delete_object(
        Bucket=world.INPUTS, Key=input_key(upload.operation_id), VersionId=upload.version_id
    )
    with pytest.raises(InputGone, match="Create a new operation and upload it again"):
        service.coded(upload)


def should_say_so_when_the_model_is_no_longer_deployed(service: Service) -> None:
    upload = uploaded(service, world.file_of(1))
    service.registry = world.registry_of(service.s3, Catalogue(Path(), {world.TOPIC: ()}))
    with pytest.raises(ModelGone, match="is no longer offered"):
        service.coded(upload)


def should_complete_with_metadata_counts_and_no_input(service: Service) -> None:
    lines = [world.record(number) for number in range(4)]
    upload = uploaded(service, b"\n".join([*lines, world.record(4, "?!")]))
    coded = service.coded(upload)
    kept = service.lifecycle.complete(upload, coded)
    operation = service.operations.find(upload.operation_id, now=0)
    assert operation is not None
    assert kept == world.RESULTS_SECONDS
    assert operation.status is OperationStatus.COMPLETE
    assert operation.results_until == service.clock.now + world.RESULTS_SECONDS
    metadata = service.metadata(upload.operation_id)
    assert metadata.pop("recordCounts") == {
        "records": 5,
        "coded": coded.coded,
        "suggested": coded.suggested,
        "nothingToCode": 1,
    }
    assert metadata == service.batch.latest_model(world.TOPIC)
    assert sorted(service.files()) == [
        f"{upload.operation_id}/metadata.json",
        f"{upload.operation_id}/output.jsonl",
    ]


def should_complete_again_when_the_first_answer_was_lost(service: Service) -> None:
    service.range_bytes = 400
    upload = uploaded(service, world.file_of(20))
    progress = service.coded(upload)
    service.lifecycle.complete(upload, progress)
    output = service.output(upload.operation_id)
    assert service.lifecycle.complete(upload, progress) == world.RESULTS_SECONDS
    assert service.output(upload.operation_id) == output


def should_not_complete_when_the_output_is_not_what_was_written(service: Service) -> None:
    upload = uploaded(service, world.file_of(4))
    progress = service.coded(upload)
    key = f"{upload.operation_id}/output.jsonl"
    service.s3.put_object(Bucket=world.OUTPUTS, Key=key, Body=b"short")
    with pytest.raises(OutputMismatch):
        service.lifecycle.complete(upload, progress)
    assert service.state(upload.operation_id).status is OperationStatus.IN_PROGRESS


def should_not_complete_what_another_execution_began(service: Service) -> None:
    upload = uploaded(service, world.file_of(4))
    progress = service.coded(upload)
    other = Upload(upload.operation_id, upload.version_id, upload.size, execution="other")
    with pytest.raises(OperationLost):
        service.lifecycle.complete(other, progress)


def should_delete_the_results_when_their_time_is_over(service: Service) -> None:
    upload = uploaded(service, world.file_of(4))
    service.lifecycle.complete(upload, service.coded(upload))
    service.lifecycle.expire(upload)
    service.lifecycle.expire(upload)
    assert service.files() == []
    assert service.state(upload.operation_id).error is not None


def should_fail_with_the_reason_and_leave_no_files(service: Service) -> None:
    service.range_bytes = 400
    upload = uploaded(service, world.file_of(20))
    service.coded(upload)
    begin_upload(service, upload, "pieces/00003.jsonl")
    cause = json.dumps({"errorMessage": "Line 7 is empty; remove it.", "errorType": "any"})
    for _ in range(2):  # the second time changes nothing
        service.lifecycle.fail(upload, error="InputRefused", cause=cause)
    assert service.state(upload.operation_id).to_json() == {
        "operationStatus": "failed",
        "error": "Line 7 is empty; remove it.",
    }
    assert service.files() == []
    assert service.unfinished_uploads() == 0


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        ("OutputMismatch", '{"errorMessage": "internals"}'),
        ("States.Timeout", "internals"),
        ("InputRefused", "internals"),
        ("InputRefused", '["internals"]'),
    ],
)
def should_tell_no_internals_when_an_error_is_not_the_owners(error: str, cause: str) -> None:
    assert reason_of(error, cause) == UNEXPECTED


@pytest.mark.parametrize(
    ("block", "lines"),
    [
        (b"one\r\n\ntwo\nthr\ree", [b"one", b"", b"two", b"thr\ree"]),
        (b"one\n", [b"one"]),
        (b"\n", [b""]),
    ],
)
def should_find_lines_whatever_their_ends(block: bytes, lines: list[bytes]) -> None:
    assert lines_of(block) == lines


def should_be_retried_when_s3_is_busy(service: Service) -> None:
    upload = uploaded(service, world.file_of(1))
    broken = service.code_step(s3=_busy_s3())
    service.lifecycle.begin(upload)
    with pytest.raises(AwsBusy):
        broken.run(state_of(upload))


def _busy_s3() -> object:
    """An S3 that answers SlowDown."""
    s3 = boto3.client("s3", region_name=world.REGION)
    stubber = Stubber(s3)
    stubber.add_client_error("get_object", "SlowDown", http_status_code=503)
    stubber.activate()
    return s3
