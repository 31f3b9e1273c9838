"""A batch operation over HTTP: its five statuses, its presigned URLs, its results."""

import json
from typing import Any

import pytest

from localcloud.cloud import LocalCloud
from protocol.messages import Model
from shared.join_plan import MIN_PART_BYTES
from tests.support.cloud.breaking import SETTLE, progress
from tests.support.cloud.deployed import TOPIC, changed_function
from tests.support.cloud.service_client import KEY_HEADER, SSE_HEADER, ServiceClient
from tests.support.eventually import eventually

RECORD = {"recordId": "r1", "occp_text": "registered nurse", "tasks_text": "cares for patients"}
ONE = json.dumps(RECORD).encode() + b"\n"


def status(caller: ServiceClient, operation_id: str, model: str | None = None) -> dict[str, Any]:
    answer = caller.operation(TOPIC, operation_id, model)
    assert answer.status == 200, answer.body
    body: dict[str, Any] = answer.json()
    return body


def ended(caller: ServiceClient, operation_id: str) -> dict[str, Any]:
    return eventually(
        lambda: status(caller, operation_id),
        until=lambda body: body["operationStatus"] not in {"awaiting_input", "in_progress"},
    )


def should_await_input_when_nothing_was_uploaded(caller: ServiceClient) -> None:
    created = caller.create(TOPIC)
    assert status(caller, created.operation_id) == {"operationStatus": "awaiting_input"}


def should_code_every_line_in_order_when_a_file_is_uploaded(caller: ServiceClient) -> None:
    created = caller.create(TOPIC)
    records = [{**RECORD, "recordId": f"id-{n % 7}"} for n in range(50)]
    content = b"".join(json.dumps(record).encode() + b"\n" for record in records)
    assert caller.upload(created, content).status == 200
    done = ended(caller, created.operation_id)
    assert done["operationStatus"] == "complete"
    output = caller.fetch(done["responseDownloadUrl"])
    lines = [json.loads(line) for line in output.body.splitlines()]
    assert [line["recordId"] for line in lines] == [record["recordId"] for record in records]
    assert all(("result" in line) != ("suggestions" in line) for line in lines)
    metadata = caller.fetch(done["metadataDownloadUrl"]).json()
    assert Model.from_json(metadata).model_id == metadata["modelId"]


def records(count: int) -> list[bytes]:
    texts = ("registered nurse", "", "glassblower", "school bus driver and cook")
    return [
        json.dumps({**RECORD, "recordId": str(n), "occp_text": texts[n % len(texts)]}).encode()
        for n in range(count)
    ]


def should_give_the_same_bytes_when_many_functions_code_ranges(
    cloud: LocalCloud, caller: ServiceClient
) -> None:
    content = b"\n".join(records(400))
    alone, together = caller.create(TOPIC), caller.create(TOPIC)
    caller.upload(alone, content)
    whole = ended(caller, alone.operation_id)
    with changed_function(cloud, SETTLE, INFERENCE_RANGE_BYTES="3000"):
        caller.upload(together, content)
        shown = [progress(cloud, together.operation_id)]
        while status(caller, together.operation_id)["operationStatus"] != "complete":
            shown.append(progress(cloud, together.operation_id))
    shown.append(progress(cloud, together.operation_id))
    joined = status(caller, together.operation_id)
    assert (
        caller.fetch(joined["responseDownloadUrl"]).body
        == caller.fetch(whole["responseDownloadUrl"]).body
    )
    # The progress grew, and each range was counted once.
    assert shown == sorted(shown)
    assert len(set(shown)) > 2
    ranges, counted = shown[-1]
    assert (ranges, counted) == (-(-len(content) // 3000), 400)
    assert not pieces(cloud, together.operation_id)


def should_join_pieces_by_part_copies_when_they_are_large(
    cloud: LocalCloud, caller: ServiceClient
) -> None:
    content = b"\n".join(records(120_000))
    bodies = []
    for range_bytes in (len(content), len(content) // 2):
        created = caller.create(TOPIC)
        with changed_function(cloud, SETTLE, INFERENCE_RANGE_BYTES=str(range_bytes)):
            caller.upload(created, content)
            done = ended(caller, created.operation_id)
        bodies.append(caller.fetch(done["responseDownloadUrl"]).body)
        ranges, _ = progress(cloud, created.operation_id)
    assert ranges > 1
    assert len(bodies[0]) > 2 * MIN_PART_BYTES
    assert bodies[0] == bodies[1]


def pieces(cloud: LocalCloud, operation_id: str) -> int:
    assert cloud.service is not None
    prefix = f"{operation_id}/pieces/"
    bucket = cloud.service.output_bucket
    begun = cloud.s3().list_multipart_uploads(Bucket=bucket, Prefix=operation_id)
    listed = cloud.s3().list_objects_v2(Bucket=bucket, Prefix=prefix)
    return listed["KeyCount"] + len(begun.get("Uploads", []))


def should_name_the_line_when_one_is_bad_deep_in_a_file_of_many_ranges(
    cloud: LocalCloud, caller: ServiceClient
) -> None:
    lines = records(400)
    lines[299], lines[399] = b'{"recordId": "x"}', b"not json either"
    created = caller.create(TOPIC)
    with changed_function(cloud, SETTLE, INFERENCE_RANGE_BYTES="3000"):
        caller.upload(created, b"\n".join(lines))
        failed = ended(caller, created.operation_id)
    assert failed["operationStatus"] == "failed"
    assert failed["error"].startswith("Line 300 lacks the field occp_text, tasks_text;")
    eventually(lambda: pieces(cloud, created.operation_id), until=lambda count: count == 0)


def should_go_through_in_progress_when_a_file_takes_its_time(caller: ServiceClient) -> None:
    created = caller.create(TOPIC)
    caller.upload(created, ONE * 60_000)
    seen = eventually(
        lambda: status(caller, created.operation_id)["operationStatus"],
        until=lambda s: s != "awaiting_input",
    )
    assert seen == "in_progress"
    assert ended(caller, created.operation_id)["operationStatus"] == "complete"


def should_use_the_named_model_when_the_path_has_one(caller: ServiceClient) -> None:
    model = caller.get(f"/v1/topics/{TOPIC}/models/latest").json()["modelId"]
    created = caller.create(TOPIC, model)
    caller.upload(created, ONE)
    done = ended(caller, created.operation_id)
    assert caller.fetch(done["metadataDownloadUrl"]).json()["modelId"] == model
    # Both forms of the status call are handled identically.
    assert status(caller, created.operation_id, model)["operationStatus"] == "complete"


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (ONE + b"not json\n", "line 2"),
        (ONE + b'{"recordId": "r2", "occp_text": "x"}\n', "tasks_text"),
        (b'{"occp_text": "%s", "tasks_text": ""}\n' % (b"x" * 301), "300"),
        (b"", "empty"),
    ],
    ids=["not JSON", "a field lacks", "too long", "empty"],
)
def should_fail_with_words_to_act_on_when_the_file_is_bad(
    caller: ServiceClient, content: bytes, told: str
) -> None:
    created = caller.create(TOPIC)
    assert caller.upload(created, content).status == 200
    done = ended(caller, created.operation_id)
    assert done["operationStatus"] == "failed"
    assert told in done["error"].lower() or told in done["error"]
    assert "responseDownloadUrl" not in done


def should_time_out_when_the_window_closes_without_an_upload(
    cloud: LocalCloud, caller: ServiceClient
) -> None:
    with changed_function(cloud, "coding_service.api.handler", UPLOAD_WINDOW_SECONDS="1"):
        created = caller.create(TOPIC)
    done = ended(caller, created.operation_id)
    assert done == {"operationStatus": "timed_out"}
    # The URL has closed too.
    assert caller.upload(created, ONE).status == 403


@pytest.mark.parametrize(
    "change",
    [
        {SSE_HEADER: None},
        {KEY_HEADER: None},
        {SSE_HEADER: "AES256"},
        {KEY_HEADER: "arn:aws:kms:ap-southeast-2:000000000000:key/another"},
    ],
    ids=["no encryption", "no key", "another encryption", "another key"],
)
def should_refuse_the_upload_when_a_signed_header_differs(
    caller: ServiceClient, change: dict[str, str | None]
) -> None:
    created = caller.create(TOPIC)
    changed = {**created.upload_headers(), **change}
    headers = {name: value for name, value in changed.items() if value is not None}
    refused = caller.put(created.upload_url, ONE, headers)
    assert refused.status == 403
    assert b"<Code>" in refused.body
    assert status(caller, created.operation_id)["operationStatus"] == "awaiting_input"


def should_give_fresh_urls_when_the_status_is_asked_again(caller: ServiceClient) -> None:
    created = caller.create(TOPIC)
    caller.upload(created, ONE)
    first = ended(caller, created.operation_id)
    again = eventually(
        lambda: status(caller, created.operation_id),
        until=lambda body: body["responseDownloadUrl"] != first["responseDownloadUrl"],
        within=10,
    )
    assert caller.fetch(again["responseDownloadUrl"]).status == 200
    assert "X-Amz-Expires=3600" in again["responseDownloadUrl"]


def should_refuse_the_download_when_the_url_is_not_the_signed_one(caller: ServiceClient) -> None:
    created = caller.create(TOPIC)
    caller.upload(created, ONE)
    url = ended(caller, created.operation_id)["responseDownloadUrl"]
    assert caller.fetch(url.partition("?")[0]).status == 403
    assert caller.fetch(url.replace("output", "input")).status == 403


def should_code_the_first_upload_alone_when_there_are_two(caller: ServiceClient) -> None:
    created = caller.create(TOPIC)
    caller.upload(created, ONE)
    assert ended(caller, created.operation_id)["operationStatus"] == "complete"
    caller.upload(created, ONE * 3)
    done = status(caller, created.operation_id)
    assert done["operationStatus"] == "complete"
    assert len(caller.fetch(done["responseDownloadUrl"]).body.splitlines()) == 1


def should_take_the_files_away_when_the_results_time_is_over(
    cloud: LocalCloud, caller: ServiceClient
) -> None:
    with changed_function(cloud, "coding_service.inference.lifecycle_handler", RESULTS_SECONDS="1"):
        created = caller.create(TOPIC)
        caller.upload(created, ONE)
        gone = eventually(
            lambda: status(caller, created.operation_id), until=lambda body: "error" in body
        )
    assert gone["operationStatus"] == "complete"
    assert "deleted" in gone["error"]
    assert "responseDownloadUrl" not in gone
    assert cloud.service is not None
    bucket = cloud.service.output_bucket
    eventually(
        lambda: cloud.s3().list_objects_v2(Bucket=bucket, Prefix=created.operation_id)["KeyCount"],
        until=lambda count: count == 0,
    )
