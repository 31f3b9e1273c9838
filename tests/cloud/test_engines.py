"""Files that Amazon ML codes, through both deployed stacks under enforced IAM.

The topic has Amazon ML as its engine and the model of another topic, so that the same files can be
coded by either engine with the same model.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from localcloud.cloud import LocalCloud
from pipeline.engines.small_batches.files import OPERATIONS
from tests.support.cloud.breaking import COLLECT, SUBMIT, operations, revoked
from tests.support.cloud.deployed import (
    OTHER_MODEL,
    OTHER_TOPIC,
    PREDICTED_TOPIC,
    SMALL_MODEL,
    SMALL_TOPIC,
    TOPIC,
    changed_function,
)
from tests.support.cloud.drops import check_complete, lines
from tests.support.cloud.subscriber import Drop, Subscriber

ODD = (
    json.dumps({"recordId": each, "occp_text": text, "tasks_text": ""}) + "\n"
    for each, text in (
        ('"quoted", with commas', 'nurse, "senior"'),
        ("two\nlines", "primary\nschool\r\nteacher"),
        ("Ä 医者 🐙", "Ärztin 医者"),
        ("-", "-"),
    )
)


def answers(subscriber: Subscriber, drop: Drop, within: float = 120) -> list[dict[str, object]]:
    told = subscriber.ended(drop, within=within)
    check_complete(subscriber, drop, told)
    return [json.loads(line) for line in subscriber.result(told.results.output).splitlines()]


def left_behind(cloud: LocalCloud) -> list[str]:
    """The keys in the exchange bucket."""
    assert cloud.pipeline.exchange_bucket is not None
    listed = cloud.s3().list_objects_v2(Bucket=cloud.pipeline.exchange_bucket)
    return [each["Key"] for each in listed.get("Contents", [])]


def should_code_alike_whichever_engine_has_the_model(
    cloud: LocalCloud, subscriber: Subscriber
) -> None:
    content = lines(200) + "".join(ODD).encode()
    before = operations(cloud)
    predicted = subscriber.drop(f"{PREDICTED_TOPIC}/2026/jobs.jsonl", content)
    found = answers(subscriber, predicted)
    assert operations(cloud) == before  # the Coding Service was not asked
    metadata = subscriber.document(subscriber.told[predicted.drop_id][0].results.metadata)
    assert (metadata["engine"], metadata["modelId"]) == ("amazon-ml", OTHER_MODEL)
    assert left_behind(cloud) == []
    expected = answers(subscriber, subscriber.drop(f"{OTHER_TOPIC}/2026/jobs.jsonl", content))
    for ours, theirs in zip(found, expected, strict=True):
        assert _codes(ours) == _codes(theirs)
        assert _confidences(ours) == pytest.approx(_confidences(theirs), abs=2e-4)


def _codings(answer: dict[str, object]) -> list[dict[str, object]]:
    """Of a line of output: its result, or its suggestions."""
    found = answer["suggestions"] if "suggestions" in answer else [answer["result"]]
    assert isinstance(found, list)
    return found


def _codes(answer: dict[str, object]) -> list[object]:
    kind = "result" if "result" in answer else "suggestions"
    codes = [(each["codeCategory"], each["codeLabel"]) for each in _codings(answer)]
    return [answer["recordId"], kind, *codes]


def _confidences(answer: dict[str, object]) -> list[object]:
    return [each["codeConfidence"] for each in _codings(answer)]


def should_code_alike_in_small_batches(cloud: LocalCloud, subscriber: Subscriber) -> None:
    odd = {"recordId": 'two\nÄ "lines" 🐙', "occp_text": "nurse", "tasks_text": ""}
    each = [json.loads(line) for line in lines(650).splitlines()]
    each = [{**record, "tasks_text": f"task {n}"} for n, record in enumerate(each)]
    content = b"".join(json.dumps(record).encode() + b"\n" for record in [*each, odd, *each])
    before = operations(cloud)
    small = subscriber.drop(f"{SMALL_TOPIC}/2026/jobs.jsonl", content)
    answers(subscriber, small)
    assert operations(cloud) == before  # nothing was uploaded to the Coding Service
    told = subscriber.told[small.drop_id][0]
    assert subscriber.document(told.results.metadata)["modelId"] == SMALL_MODEL
    buckets = [bucket["Name"] for bucket in cloud.s3().list_buckets()["Buckets"]]
    (prepared,) = [name for name in buckets if "prepared" in name]
    left = cloud.s3().list_objects_v2(Bucket=prepared, Prefix=OPERATIONS)
    assert not left.get("Contents")
    batch = subscriber.drop(f"{OTHER_TOPIC}/2026/again.jsonl", content)
    answers(subscriber, batch)
    outputs = [
        subscriber.result(subscriber.told[each.drop_id][0].results.output)
        for each in (small, batch)
    ]
    assert outputs[0] == outputs[1]


def should_mark_the_rows_that_are_too_long_for_small_batches(
    cloud: LocalCloud, subscriber: Subscriber
) -> None:
    table = "id,Job title\n1,nurse\n2," + "registered nurse in charge of wards " * 5 + "\n"
    drop = subscriber.drop(f"{SMALL_TOPIC}/2026/long.csv", table.encode())
    told = subscriber.ended(drop, within=120)
    assert told.status == "complete", told.reason
    assert told.rows is not None
    assert told.rows["shortened"] == 1


def should_share_a_prediction_among_small_files(cloud: LocalCloud, subscriber: Subscriber) -> None:
    files = {f"{PREDICTED_TOPIC}/forms/{n}.jsonl": lines(n + 1, first=n) for n in range(6)}
    files[f"{PREDICTED_TOPIC}/forms/3.jsonl"] = b"not json\n"
    drops = [subscriber.drop(key, content) for key, content in files.items()]
    told = [subscriber.ended(drop, within=120) for drop in drops]
    assert [each.status for each in told].count("rejected") == 1
    manifests = [
        check_complete(subscriber, drop, each)
        for drop, each in zip(drops, told, strict=True)
        if each.status == "complete"
    ]
    predictions = {m["operations"][0]["operationId"] for m in manifests}
    assert len(manifests) == 5
    assert all(each.startswith("dropcoder-") for each in predictions)
    assert left_behind(cloud) == []


def should_join_what_several_predictions_gave_for_a_large_file(
    cloud: LocalCloud, subscriber: Subscriber
) -> None:
    content = lines(300)
    limit = str(len(content) // 3 + 60)
    with changed_function(
        cloud, "pipeline.receive.handler", MAX_FILE_BYTES=limit, SHARE_MAX_BYTES="0"
    ):
        drop = subscriber.drop(f"{PREDICTED_TOPIC}/large.jsonl", content)
        found = answers(subscriber, drop, within=240)
    told = subscriber.told[drop.drop_id][0]
    assert len(subscriber.document(told.results.manifest)["operations"]) >= 3
    alone = subscriber.drop(f"{PREDICTED_TOPIC}/large-in-one.jsonl", content)
    assert answers(subscriber, alone) == found


def should_use_the_named_model_and_reject_one_that_is_not_there(subscriber: Subscriber) -> None:
    named = subscriber.drop(f"{PREDICTED_TOPIC}/models/{OTHER_MODEL}/jobs.jsonl", lines(2))
    unknown = subscriber.drop(f"{PREDICTED_TOPIC}/models/no-such.model/jobs.jsonl", lines(2))
    check_complete(subscriber, named, subscriber.ended(named))
    told = subscriber.ended(unknown)
    assert told.status == "rejected"
    assert "no model no-such.model" in (told.reason or "")


def should_tell_the_operator_what_to_do_when_the_access_key_is_wrong(
    cloud: LocalCloud, subscriber: Subscriber
) -> None:
    other = cloud.pipeline.credentials_secret  # holds no access key
    with changed_function(cloud, SUBMIT, AMAZON_ML_KEY_SECRET_ARN=other):
        drop = subscriber.drop(f"{PREDICTED_TOPIC}/no-key.jsonl", lines(1))
        told = subscriber.ended(drop, within=120)
    assert told.status == "failed"
    assert "has no access key of Amazon ML" in (told.reason or "")
    assert "redrive" in told.body["nextStep"]


def should_tell_why_when_the_engine_may_not_read_the_input(
    cloud: LocalCloud, subscriber: Subscriber
) -> None:
    with _shut_out(cloud):
        drop = subscriber.drop(f"{PREDICTED_TOPIC}/shut-out.jsonl", lines(1))
        told = subscriber.ended(drop, within=120)
    assert told.status == "failed"
    assert "access" in (told.reason or "").lower()


@contextmanager
def _shut_out(cloud: LocalCloud) -> Iterator[None]:
    """The exchange bucket's policy lets nobody in but its owner's roles."""
    s3, bucket = cloud.s3(), cloud.pipeline.exchange_bucket
    assert bucket is not None
    policy = s3.get_bucket_policy(Bucket=bucket)["Policy"]
    statements = json.loads(policy)["Statement"]
    kept = [each for each in statements if each["Effect"] == "Deny"]
    assert len(kept) < len(statements)
    less = {"Version": "2012-10-17", "Statement": kept}
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(less))
    try:
        yield
    finally:
        s3.put_bucket_policy(Bucket=bucket, Policy=policy)


def should_complete_although_nothing_can_be_deleted(
    cloud: LocalCloud, subscriber: Subscriber
) -> None:
    with revoked(cloud, COLLECT, "s3:DeleteObject"):
        drop = subscriber.drop(f"{PREDICTED_TOPIC}/kept.jsonl", lines(2))
        check_complete(subscriber, drop, subscriber.ended(drop))
    assert all(key.startswith("dropcoder-") for key in left_behind(cloud))


def should_leave_the_other_topics_to_the_coding_service(
    cloud: LocalCloud, subscriber: Subscriber
) -> None:
    before = len(operations(cloud))
    drop = subscriber.drop(f"{TOPIC}/as-ever.jsonl", lines(2))
    check_complete(subscriber, drop, subscriber.ended(drop))
    assert len(operations(cloud)) == before + 1
