"""Whatever table people have goes in, and the same table comes back with its codes."""

import json
from pathlib import Path

import pytest

from localcloud.cloud import LocalCloud
from tests.support.cloud.deployed import TOPIC, changed_function, queue_in_front_of
from tests.support.cloud.drops import check_given_back
from tests.support.cloud.people import FILES, HEADER, PEOPLE, delimited, json_lines, zipped
from tests.support.cloud.subscriber import Subscriber, check_schema

PREPARE = "pipeline.prepare.handler"


@pytest.mark.parametrize("name", FILES)
def should_give_the_table_back_with_its_codes_whatever_its_format(
    cloud: LocalCloud, subscriber: Subscriber, tmp_path: Path, name: str
) -> None:
    drop = subscriber.drop(f"{TOPIC}/tables/{name}", FILES[name](tmp_path))
    told = subscriber.ended(drop)
    assert check_given_back(cloud, drop, told, tmp_path)[0] == "coded"
    assert told.rows is not None
    assert sum(told.rows.values()) == len(PEOPLE)


@pytest.mark.parametrize(("distinct", "most_bytes"), [("false", "200000"), ("true", "250")])
def should_give_a_large_table_back_whole_when_it_was_coded_in_parts(
    cloud: LocalCloud, subscriber: Subscriber, tmp_path: Path, distinct: str, most_bytes: str
) -> None:
    content = delimited(rows=2_000)
    receive = "pipeline.receive.handler"
    with (
        changed_function(cloud, PREPARE, DISTINCT_TEXTS=distinct),
        changed_function(cloud, receive, MAX_FILE_BYTES=most_bytes, SHARE_MAX_BYTES="0"),
    ):
        drop = subscriber.drop(f"{TOPIC}/tables/large.csv", content)
        told = subscriber.ended(drop, within=180)
    statuses = check_given_back(cloud, drop, told, tmp_path)
    assert len(statuses) == 2_000 * len(PEOPLE)
    assert len(subscriber.document(told.results.manifest)["operations"]) > 1


def should_give_the_same_back_when_each_text_was_sent_once(
    cloud: LocalCloud, subscriber: Subscriber, tmp_path: Path
) -> None:
    content = delimited(rows=50)
    once = subscriber.drop(f"{TOPIC}/tables/repeats.csv", content)
    told_once = subscriber.ended(once)
    with changed_function(cloud, PREPARE, DISTINCT_TEXTS="false"):
        each = subscriber.drop(f"{TOPIC}/tables/repeats.csv", content)
        told_each = subscriber.ended(each)
    check_given_back(cloud, once, told_once, tmp_path)
    assert told_once.records == {**(told_each.records or {}), "input": len(PEOPLE)}
    assert told_each.records is not None
    assert told_each.records["input"] == told_each.records["output"] == 50 * len(PEOPLE)
    for name in ("output", "table", "metadata"):
        mine, theirs = (told.body["results"][name] for told in (told_once, told_each))
        assert subscriber.result(mine) == subscriber.result(theirs), name
    operations = subscriber.document(told_once.results.manifest)["operations"]
    assert [each["records"] for each in operations] == [len(PEOPLE)]


def should_say_what_became_of_each_row_when_some_are_blank_too_long_or_unreadable(
    cloud: LocalCloud, subscriber: Subscriber, tmp_path: Path
) -> None:
    rows = [json.dumps({"Job title": "registered nurse"})] * 37
    rows += [
        json.dumps({"Job title": " ", "Main tasks": None}),
        json.dumps({"Job title": "bus driver", "Main tasks": "drives " * 100}),
        "{not JSON}",
    ]
    drop = subscriber.drop(f"{TOPIC}/tables/mixed.jsonl", "\n".join(rows).encode())
    told = subscriber.ended(drop)
    statuses = check_given_back(cloud, drop, told, tmp_path)
    assert statuses[37:] == ["blank", "shortened", "refused"]
    assert told.records is not None
    assert (told.records["input"], told.records["output"]) == (2, 38)
    report = subscriber.document(told.results.page and told.results.page.replace(".html", ".json"))
    check_schema(report, "report")


UNUSUAL = delimited().replace(b"Job title", b"Q17").replace(b"Main tasks", b"Q18")


def should_take_the_mapping_that_comes_with_the_object(
    cloud: LocalCloud, subscriber: Subscriber, tmp_path: Path
) -> None:
    drop = subscriber.drop(
        f"{TOPIC}/mapped/metadata.csv", UNUSUAL, columns="occp_text=Q17 + Town; tasks_text=Q18"
    )
    told = subscriber.ended(drop)
    check_given_back(cloud, drop, told, tmp_path)
    columns = subscriber.document(told.results.manifest)["table"]["columns"]
    assert columns == {"occp_text": ["Q17", "Town"], "tasks_text": ["Q18"]}


def should_take_the_mapping_of_the_file_beside_it(
    cloud: LocalCloud, subscriber: Subscriber, tmp_path: Path
) -> None:
    beside = subscriber.drop(
        f"{TOPIC}/mapped/folder/columns.yaml", b"columns:\n  occp_text: Q17\n  tasks_text: Q18\n"
    )
    drop = subscriber.drop(f"{TOPIC}/mapped/folder/beside.csv", UNUSUAL)
    check_given_back(cloud, drop, subscriber.ended(drop), tmp_path)
    assert subscriber.executions(beside) == []


def should_take_the_mapping_of_the_setting(
    cloud: LocalCloud, subscriber: Subscriber, tmp_path: Path
) -> None:
    setting = json.dumps({TOPIC: {"occp_text": ["Q17"], "tasks_text": ["Q18"]}})
    with changed_function(cloud, PREPARE, COLUMNS=setting):
        drop = subscriber.drop(f"{TOPIC}/mapped/setting.csv", UNUSUAL)
        check_given_back(cloud, drop, subscriber.ended(drop), tmp_path)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"%PDF-1.7\n", "PDF"),
        (bytes.fromhex("D0CF11E0A1B11AE1") + bytes(600), "xls"),
        (b"\x89PNG\r\n\x1a\n" + bytes(50), "image"),
        (UNUSUAL, "occp_text"),
        (b"Occupation,Job title\nnurse,nurse\n", "Job title"),
        (b"Job title\n\n \nn/a\n", "text"),
        (b'Job title\n"nurse\n' + b"cook\n" * 300_000, "quote"),
        (json_lines() + b"{nurse}\n" * 3, "can't be read"),
        (zipped("a.csv", zipped("b.csv", delimited())), "packed"),
        (b"PK\x03\x04 and nothing more", "zip"),
    ],
    ids=[
        *("PDF", "xls", "image", "no column", "two columns", "no text", "open quote"),
        *("refused rows", "packed twice", "broken zip"),
    ],
)
def should_reject_it_with_words_when_a_file_can_not_be_coded(
    subscriber: Subscriber, content: bytes, said: str, request: pytest.FixtureRequest
) -> None:
    drop = subscriber.drop(f"{TOPIC}/refused/{request.node.callspec.id}", content)
    told = subscriber.ended(drop)
    assert told.status == "rejected"
    assert said.lower() in (told.reason or "").lower()
    assert told.next_step
    check_schema(subscriber.document(told.results.report), "rejection")


def should_code_a_table_once_when_its_event_comes_twice(
    cloud: LocalCloud, subscriber: Subscriber, tmp_path: Path
) -> None:
    drop = subscriber.drop(f"{TOPIC}/tables/twice.csv", delimited())
    queue = queue_in_front_of(cloud, PREPARE)
    queue.put(json.dumps(drop.event()))
    told = subscriber.ended(drop)
    queue.put(json.dumps(drop.event()))
    check_given_back(cloud, drop, told, tmp_path)
    assert len(subscriber.executions(drop)) == 1


def should_give_it_back_in_more_formats_when_the_setting_asks(
    cloud: LocalCloud, subscriber: Subscriber
) -> None:
    with changed_function(cloud, "pipeline.finish.handler", RESULT_FORMATS="xlsx,parquet"):
        drop = subscriber.drop(f"{TOPIC}/tables/formats.csv", delimited())
        subscriber.ended(drop)
    assert subscriber.results_of(drop) >= {
        *("results.csv", "results.csv-metadata.json", "results.xlsx", "results.parquet"),
    }


def should_name_the_header_of_the_tables_that_are_dropped() -> None:
    """What the other tests rely on."""
    assert delimited().decode().splitlines()[0] == ",".join(HEADER)
