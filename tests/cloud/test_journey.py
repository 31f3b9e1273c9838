"""Files through both deployed stacks under enforced IAM: each ends in results or clear words, once.

What is held here is what a user sees: buckets, notifications, events, executions.
"""

import json
from contextlib import ExitStack
from pathlib import Path

import pytest

from dropcoder.deployed.reach import Pipeline
from dropcoder.deployed.results import download
from infra.settings.settings import Settings
from localcloud.cloud import LocalCloud
from localcloud.registration import Client
from localcloud.results import disagreements
from pipeline.domain.drop import ReadyDrops
from pipeline.domain.identity import results_prefix
from tests.support.cloud.breaking import (
    API,
    INFER,
    PREPARE,
    credentials_of,
    new_operation,
    operations,
    uploads_unnoticed,
)
from tests.support.cloud.deployed import (
    OTHER_MODEL,
    OTHER_TOPIC,
    TOPIC,
    changed_function,
    queue_in_front_of,
)
from tests.support.cloud.drops import COMPLETE, check_complete, lines, operation_of
from tests.support.cloud.service_client import ServiceClient
from tests.support.cloud.subscriber import Subscriber, check_schema
from tests.support.eventually import eventually
from tests.support.pipeline.builders import a_drop

REJECTED = {"rejection.json"}
AWAITING = "awaiting_input"
HEAD_BYTES = 8 << 20  # so much of a file is checked before its operation is created


def should_bring_it_back_coded_when_a_file_has_one_line(subscriber: Subscriber) -> None:
    drop = subscriber.drop(f"{TOPIC}/one.jsonl", lines(1))
    check_complete(subscriber, drop, subscriber.ended(drop))
    assert len(subscriber.executions(drop)) == 1


def should_bring_all_back_in_their_order_when_there_are_ten_thousand_lines(
    cloud: LocalCloud, subscriber: Subscriber, tmp_path: Path
) -> None:
    drop = subscriber.drop(f"{TOPIC}/2026/november.jsonl", lines(10_000))
    told = subscriber.ended(drop, within=120)
    check_complete(subscriber, drop, told)
    dropped = tmp_path / "november.jsonl"
    dropped.write_bytes(drop.content)
    # Every figure of the manifest is measured again: bytes, checksums, digests.
    folder = tmp_path / "results"
    folder.mkdir()
    pipeline = Pipeline(cloud.clients, cloud.pipeline)
    assert disagreements(dropped, download(pipeline, told.body["results"], folder)) == []


@pytest.mark.parametrize(
    "name",
    ["with spaces .jsonl", "a+b=c&d.jsonl", "100%25 of%20it.jsonl", "Pflege/Ärztin 🐙 医者.jsonl"],
    ids=["spaces", "plus", "percent", "Unicode"],
)
def should_mirror_the_key_when_it_has_odd_characters(subscriber: Subscriber, name: str) -> None:
    drop = subscriber.drop(f"{TOPIC}/{name}", lines(2))
    told = subscriber.ended(drop)
    check_complete(subscriber, drop, told)
    assert told.results.output == f"{TOPIC}/{name}/{drop.drop_id}/output.jsonl"


def should_use_the_named_model_when_the_key_has_one(subscriber: Subscriber) -> None:
    drop = subscriber.drop(f"{OTHER_TOPIC}/models/{OTHER_MODEL}/jobs.jsonl", lines(3))
    manifest = check_complete(subscriber, drop, subscriber.ended(drop))
    assert (manifest["topic"], manifest["model"]["modelId"]) == (OTHER_TOPIC, OTHER_MODEL)


@pytest.mark.parametrize(
    ("key", "told"),
    [
        ("jobs.jsonl", "topic"),
        ("nosuch/jobs.jsonl", "topic"),
        (f"{TOPIC}/models/{OTHER_MODEL}/jobs.jsonl", "model"),
        (f"{TOPIC}/models/latest/jobs.jsonl", "model"),
    ],
    ids=["no topic", "unknown topic", "another topic's model", "no model's id"],
)
def should_not_code_when_the_key_names_what_is_not_there(
    subscriber: Subscriber, key: str, told: str
) -> None:
    drop = subscriber.drop(key, lines(1))
    ended = subscriber.ended(drop)
    assert ended.status in {"rejected", "failed"}
    assert told in (ended.reason or "")
    assert ended.results.output is None


def should_pass_over_a_folder_marker_and_reject_an_empty_file(subscriber: Subscriber) -> None:
    marker = subscriber.drop(f"{TOPIC}/folder/", b"")
    empty = subscriber.drop(f"{TOPIC}/folder/empty.jsonl", b"")
    told = subscriber.ended(empty)
    assert told.status == "rejected"
    assert "empty" in (told.reason or "")
    check_schema(subscriber.document(told.results.report), "rejection")
    assert subscriber.results_of(empty) == REJECTED
    assert subscriber.executions(marker) == []


def should_report_the_lines_when_a_file_is_rejected(
    cloud: LocalCloud, subscriber: Subscriber
) -> None:
    before = operations(cloud)
    good = lines(1)
    drop = subscriber.drop(
        f"{TOPIC}/bad.jsonl", good + b"not json\n" + good + b"{nurse}\n[1]\n" + good
    )
    told = subscriber.ended(drop)
    assert (told.status, told.records) == ("rejected", None)
    report = subscriber.document(told.results.report)
    check_schema(report, "rejection")
    assert [fault["line"] for fault in report["faults"]] == [2, 4, 5]
    assert report["faultCount"] == 3
    assert subscriber.results_of(drop) == REJECTED
    assert operations(cloud) == before  # not a call of the day's quota was spent


def should_code_nothing_when_the_last_line_of_a_large_file_that_was_not_prepared_is_bad(
    cloud: LocalCloud, subscriber: Subscriber
) -> None:
    before = operations(cloud)
    good = lines(500)
    times = 2 * HEAD_BYTES // len(good) + 1
    with changed_function(cloud, PREPARE, DROP_BUCKET="another"):  # it leaves the event alone
        drop = subscriber.drop(f"{TOPIC}/unprepared.jsonl", good * times + b"{}\n")
        eventually(queue_in_front_of(cloud, PREPARE).is_empty)
    unprepared = a_drop(
        drop.key,
        drop_id=drop.drop_id,
        bucket=drop.bucket,
        version_id=drop.version_id,
        etag=drop.etag,
        size=len(drop.content),
        topic=TOPIC,
        results_prefix=results_prefix(drop.key, TOPIC, drop.drop_id),
    )
    queue_in_front_of(cloud, "pipeline.receive.handler").put(
        json.dumps(ReadyDrops((unprepared,)).to_state())
    )
    told = subscriber.ended(drop)
    assert told.status == "rejected"
    report = subscriber.document(told.results.report)
    assert [fault["line"] for fault in report["faults"]] == [500 * times + 1]
    assert subscriber.results_of(drop) == REJECTED
    # The upload had begun; it was broken off, so that the service never got a file.
    assert operations(cloud)[new_operation(cloud, before)] == AWAITING


def should_code_nothing_when_it_is_strict_and_only_the_last_line_of_a_large_file_is_bad(
    cloud: LocalCloud, subscriber: Subscriber
) -> None:
    before = operations(cloud)
    good = lines(500)
    times = 2 * HEAD_BYTES // len(good) + 1
    with changed_function(cloud, PREPARE, STRICT="true"):
        drop = subscriber.drop(f"{TOPIC}/bad-at-last.jsonl", good * times + b"{nurse\n")
        told = subscriber.ended(drop)
    assert told.status == "rejected"
    report = subscriber.document(told.results.report)
    assert [fault["line"] for fault in report["faults"]] == [500 * times + 1]
    assert subscriber.results_of(drop) == REJECTED
    assert operations(cloud) == before


def should_tell_why_when_the_operation_fails(cloud: LocalCloud, subscriber: Subscriber) -> None:
    with changed_function(cloud, INFER, MAX_FILE_BYTES="10"):
        drop = subscriber.drop(f"{TOPIC}/fails.jsonl", lines(2))
        told = subscriber.ended(drop)
    assert told.status == "failed"
    assert f"{len(drop.content):,} bytes; at most 10 are allowed" in (told.reason or "")
    assert told.next_step
    assert subscriber.results_of(drop) == set()


def should_tell_timed_out_when_no_operation_ever_gets_its_input(
    cloud: LocalCloud, subscriber: Subscriber
) -> None:
    # So long that a busy machine begins each upload within it: one that comes late is a try more.
    with uploads_unnoticed(cloud), changed_function(cloud, API, UPLOAD_WINDOW_SECONDS="5"):
        drop = subscriber.drop(f"{TOPIC}/times-out.jsonl", lines(2))
        told = subscriber.ended(drop)
    assert told.status == "timed_out"
    assert f"{Settings().max_attempts} times" in (told.reason or "")
    assert subscriber.results_of(drop) == set()


def should_complete_by_another_operation_when_the_first_one_times_out(
    cloud: LocalCloud, subscriber: Subscriber
) -> None:
    before = operations(cloud)
    with uploads_unnoticed(cloud), changed_function(cloud, API, UPLOAD_WINDOW_SECONDS="1"):
        drop = subscriber.drop(f"{TOPIC}/times-out-once.jsonl", lines(2))
        first = new_operation(cloud, before, "timed_out")
    manifest = check_complete(subscriber, drop, subscriber.ended(drop))
    assert operation_of(manifest) != first
    assert manifest["operations"][0]["attempt"] > 1


def should_run_and_tell_once_when_the_event_is_delivered_again(
    cloud: LocalCloud, subscriber: Subscriber
) -> None:
    drop = subscriber.drop(f"{TOPIC}/told-thrice.jsonl", lines(2))
    queue = queue_in_front_of(cloud, "pipeline.prepare.handler")
    queue.put(json.dumps(drop.event()))
    queue.put(json.dumps(drop.event()))
    check_complete(subscriber, drop, subscriber.ended(drop))
    queue.put(json.dumps(drop.event()))  # after the end
    eventually(queue.is_empty)
    assert len(subscriber.executions(drop)) == 1
    subscriber.ended(drop)


def should_give_each_its_own_when_small_files_share_an_operation(subscriber: Subscriber) -> None:
    drops = [
        subscriber.drop(f"{TOPIC}/form-{n}.jsonl", lines(n, first=10 * n)) for n in range(1, 6)
    ]
    drops.append(subscriber.drop(f"{TOPIC}/form-bad.jsonl", b"not json\n"))
    *coded, bad = [(drop, subscriber.ended(drop)) for drop in drops]
    shared = {operation_of(check_complete(subscriber, drop, told)) for drop, told in coded}
    assert len(shared) < len(coded)
    assert bad[1].status == "rejected"
    assert subscriber.results_of(bad[0]) == REJECTED


def should_run_again_when_the_key_gets_a_new_version(subscriber: Subscriber) -> None:
    first = subscriber.drop(f"{TOPIC}/twice.jsonl", lines(2))
    check_complete(subscriber, first, subscriber.ended(first))
    second = subscriber.drop(f"{TOPIC}/twice.jsonl", lines(3, first=20))
    check_complete(subscriber, second, subscriber.ended(second))
    assert first.drop_id != second.drop_id
    assert subscriber.results_of(first) - {"review.html"} == COMPLETE


def should_not_mix_operations_when_pipeline_becomes_another_client(
    cloud: LocalCloud, subscriber: Subscriber, pipelines_client: Client, other_client: Client
) -> None:
    caller = ServiceClient.of(cloud, pipelines_client)
    stranger = ServiceClient.of(cloud, other_client)
    ours = subscriber.drop(f"{TOPIC}/ours.jsonl", lines(2))
    our_operation = operation_of(check_complete(subscriber, ours, subscriber.ended(ours)))
    with ExitStack() as unnoticed:
        unnoticed.enter_context(uploads_unnoticed(cloud))
        between = subscriber.drop(f"{TOPIC}/changes-io.jsonl", lines(2))
        eventually(lambda: subscriber.status_seen(between), until=lambda seen: seen == AWAITING)
        with credentials_of(cloud, other_client, afterwards=pipelines_client):
            lost = subscriber.ended(between)
            unnoticed.close()
            theirs = subscriber.drop(f"{TOPIC}/theirs.jsonl", lines(3))
            their_operation = operation_of(
                check_complete(subscriber, theirs, subscriber.ended(theirs))
            )
    assert lost.status == "failed"
    assert "not authorised to retrieve operation" in (lost.reason or "")
    assert caller.operation(TOPIC, our_operation).status == 200
    assert stranger.operation(TOPIC, our_operation).status == 401
    assert caller.operation(TOPIC, their_operation).status == 401
    assert stranger.operation(TOPIC, their_operation).status == 200


def should_have_told_each_drop_once_when_all_have_ended(subscriber: Subscriber) -> None:
    eventually(lambda: not any(subscriber.running(drop) for drop in subscriber.drops))
    subscriber.listen()
    assert len(subscriber.endings) > 15
    for heard in (subscriber.told, subscriber.events):
        # What the command line has dropped is known by what is heard of it alone.
        others = dict.fromkeys(heard.keys() - subscriber.endings.keys(), 1)
        times = {drop_id: len(each) for drop_id, each in heard.items()}
        assert times == subscriber.endings | others
