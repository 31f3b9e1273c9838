"""What people decide on a drop's review page, dropped back, with IAM enforced on every function."""

import csv
import io
from typing import Any

import pytest

from localcloud.places import PROJECT
from tables.review.page.document import data_of_page
from tests.support.cloud.deployed import OTHER_TOPIC, TOPIC
from tests.support.cloud.subscriber import Drop, Subscriber, check_schema
from tests.support.tables.decided import a_line, exported

SURVEY = (PROJECT / "samples" / "survey.csv").read_bytes()
CHEF = "code 351311"


def reviewed(subscriber: Subscriber, drop: Drop) -> tuple[dict[str, Any], bytes]:
    """An item of the page that has suggestions alone, and the export that decides on it."""
    page = data_of_page(subscriber.result(subscriber.ended(drop).results.review))
    assert page is not None
    assert page["drop"] == drop.drop_id
    item = next(each for each in page["items"] if not each.get("blind"))
    return item, exported([a_line(item, CHEF, label="Chef", drop=drop.drop_id)])


def should_merge_what_people_decided_when_it_is_dropped_back(
    subscriber: Subscriber,
) -> None:
    first = subscriber.drop(f"{TOPIC}/surveys/survey.csv", SURVEY)
    item, decided = reviewed(subscriber, first)
    table = subscriber.ended(first).results.table
    before = subscriber.result(table)

    back = subscriber.drop(f"{TOPIC}/reviewed/ann.csv", decided)
    told = subscriber.ended(back)
    assert told.status == "complete", told.reason
    assert subscriber.results_of(back) == {
        *("results.csv", "report.json", "report.html", "manifest.json"),
    }
    manifest = subscriber.document(told.results.manifest)
    check_schema(manifest, "merged")
    assert manifest["dropId"] == first.drop_id
    assert [each["people"] for each in manifest["files"]] == [["Ann"]]
    assert manifest["texts"]["coded"] == 1

    rows = list(csv.DictReader(io.StringIO(subscriber.result(told.results.table).decode())))
    kept = list(csv.DictReader(io.StringIO(before.decode())))
    assert [{name: row[name] for name in kept[0]} for row in rows] == kept
    by_ann = [row for row in rows if row[f"{TOPIC}_final_by"] == "Ann"]
    assert [row[f"{TOPIC}_final_code"] for row in by_ann] == ["351311"] * item["rows"]
    assert {row["Job title"] for row in by_ann} == {item["texts"][0]}
    assert subscriber.result(table) == before, "the reviewed drop's results stay"
    assert len(subscriber.executions(back)) == 1


@pytest.mark.parametrize("topic", [TOPIC, OTHER_TOPIC])
def should_reject_a_review_when_it_is_of_no_drop_of_its_topic(
    subscriber: Subscriber, topic: str
) -> None:
    first = subscriber.drop(f"{TOPIC}/surveys/of-{topic}.csv", SURVEY)
    _, decided = reviewed(subscriber, first)
    if topic == TOPIC:  # then nothing is known of the drop; else it is another topic's
        decided = decided.replace(first.drop_id.encode(), b"f" * 32)
    told = subscriber.ended(subscriber.drop(f"{topic}/reviewed/bob.csv", decided))
    assert told.status == "rejected"
    assert "that has a table" in (told.reason or "")
    assert told.next_step
    check_schema(subscriber.document(told.results.report), "rejection")
