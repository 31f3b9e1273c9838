"""People's own tables are given back with codes, and what they decide is merged and learned."""

import csv
from collections.abc import Mapping
from itertools import count
from pathlib import Path

import pytest

from pipeline.storage import chunked_file
from tables.review.distinct_texts import text_id
from tests.support.pipeline.clouds import RESULTS
from tests.support.pipeline.finish_fixture import schema
from tests.support.pipeline.journey import Context, Journey
from tests.support.tables.decided import a_line, exported

pytestmark = pytest.mark.slow


def should_give_the_persons_own_table_back_when_a_csv_is_dropped(journey: Journey) -> None:
    content = b'Town;Job title;Age\nPerth;nurse;034\nDubbo;;7\n"a;b";bus driver;=1+1\n'
    dropped = journey.drop(content, "anzsco/people.csv")
    (body,) = journey.notifications()
    prefix = f"anzsco/people.csv/{dropped}/"
    assert body["status"] == "complete"
    assert body["results"]["table"] == f"{prefix}results.csv"
    assert body["results"]["page"] == f"{prefix}report.html"
    rows = list(
        csv.reader(journey.aws.result(f"{prefix}results.csv").decode().splitlines(), delimiter=";")
    )
    before = list(csv.reader(content.decode().splitlines(), delimiter=";"))
    assert [row[:3] for row in rows] == before
    assert [row[rows[0].index("anzsco_status")] for row in rows[1:]] == ["coded", "blank", "coded"]
    assert body["rows"]["coded"] == 2
    assert b"<html" in journey.aws.result(f"{prefix}report.html")
    schema("report").validate(journey.document(f"{prefix}report.json"))
    schema("manifest").validate(journey.document(f"{prefix}manifest.json"))
    schema("notification").validate(body)


def should_merge_a_reviewers_file_when_it_is_dropped_back(
    journey: Journey, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "anzsco.csv").write_text("code,label,parent\n2,,\n254,,2\n", "utf-8")
    monkeypatch.setenv("CODELISTS_FOLDER", str(tmp_path))
    content = b"Job title;Age\nnurse;34\nbus driver;56\nNURSE ;9\n"
    coded = journey.drop(content, "anzsco/people.csv")
    item = {"id": text_id(("nurse", ""), coded), "texts": ["nurse", ""], "rows": 2}
    line = a_line(item, "code 254499", drop=coded, label="Registered Nurse", blind="yes")
    review = journey.drop(exported([line]), "anzsco/reviewed/ann.csv")
    _, body = journey.notifications()
    schema("notification").validate(body)
    assert body["status"] == "complete"
    prefix = f"anzsco/reviewed/ann.csv/{review}/"
    assert body["results"]["table"] == f"{prefix}results.csv"
    lines = journey.aws.result(f"{prefix}results.csv").decode().splitlines()
    rows = list(csv.DictReader(lines, delimiter=";"))
    assert [row["Age"] for row in rows] == ["34", "56", "9"]
    assert [row["anzsco_final_by"] for row in rows] == ["Ann", "model", "Ann"]
    assert rows[2]["anzsco_final_code"] == "254499"
    schema("merged").validate(journey.document(f"{prefix}manifest.json"))
    report = journey.document(f"{prefix}report.json")
    schema("report").validate(report)
    assert report["review"]["codes"]["texts"] == 1
    assert {1, 3} < {each["level"] for each in report["review"]["codes"]["levels"]}
    assert len(journey.memory.operations) == 1


def _reviewed(journey: Journey, coded: str, decisions: Mapping[str, str], **cells: str) -> str:
    """What people have decided of titles of a drop is dropped back; the review's id."""
    lines = []
    for title, decision in decisions.items():
        item = {"id": text_id((title, ""), coded), "texts": [title, ""], "rows": 1}
        lines.append(a_line(item, decision, drop=coded, label="By Ann", **cells))
    return journey.drop(exported(lines), "anzsco/reviewed/ann.csv")


DECIDED = {"nurse": "code 254499", "stuff": "cannot be coded"}
DICTIONARY = {"USE_DICTIONARY": "other,anzsco"}


@pytest.mark.parametrize("settings", [DICTIONARY])
def should_look_up_what_people_have_decided_and_send_the_rest(journey: Journey) -> None:
    coded = journey.drop(b"Job title\nnurse\nbus driver\nstuff\n", "anzsco/people.csv")
    review = _reviewed(journey, coded, DECIDED)
    merged = journey.document(f"anzsco/reviewed/ann.csv/{review}/manifest.json")
    schema("merged").validate(merged)
    assert (merged["dictionary"]["version"], merged["dictionary"]["entries"]) == (1, 2)
    assert merged["dictionary"]["texts"]["added"] == 2
    journey.notifications()

    again = journey.drop(
        b"Job title,Age\nNURSE ,1\ncook,2\nStuff,3\n,4\ncook,5\n", "anzsco/next.csv"
    )
    (body,) = journey.notifications()
    assert body["status"] == "complete"
    assert (body["records"]["input"], body["records"]["output"]) == (1, 2), "cook is sent once"
    assert body["rows"]["dictionary"] == 2
    schema("notification").validate(body)
    prefix = f"anzsco/next.csv/{again}/"
    rows = list(csv.DictReader(journey.aws.result(f"{prefix}results.csv").decode().splitlines()))
    assert [row["Age"] for row in rows] == ["1", "2", "3", "4", "5"]
    statuses = ["dictionary", "coded", "dictionary", "blank", "coded"]
    assert [row["anzsco_status"] for row in rows] == statuses
    assert [rows[0][f"anzsco_{n}"] for n in ("code", "label", "level", "confidence", "model")] == [
        *("254499", "By Ann", "6", "", "dictionary 1")
    ]
    assert rows[2]["anzsco_code"] == ""
    manifest = journey.document(f"{prefix}manifest.json")
    schema("manifest").validate(manifest)
    assert manifest["table"]["dictionary"] == 1
    schema("report").validate(journey.document(f"{prefix}report.json"))


@pytest.mark.parametrize("settings", [DICTIONARY])
@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("next.csv", b"Job title\nSTUFF\n\nnurse\n"),
        ("next.jsonl", b'{"occp_text":"nurse","tasks_text":""}\n' * 2),
    ],
)
def should_give_a_table_back_of_which_all_is_known_and_call_nobody(
    journey: Journey, name: str, content: bytes
) -> None:
    coded = journey.drop(b"Job title\nnurse\nstuff\n", "anzsco/people.csv")
    _reviewed(journey, coded, DECIDED)
    journey.notifications()
    operations = len(journey.memory.operations)
    dropped = journey.drop(content, f"anzsco/{name}")
    (body,) = journey.notifications()
    assert body["status"] == "complete"
    schema("notification").validate(body)
    assert body["rows"]["dictionary"] == 2
    assert set(body["records"].values()) == {0}
    assert len(journey.memory.operations) == operations
    prefix = f"anzsco/{name}/{dropped}/"
    manifest = journey.document(f"{prefix}manifest.json")
    schema("manifest").validate(manifest)
    assert manifest["operations"] == []
    assert journey.aws.result(f"{prefix}output.jsonl") == b""
    assert journey.aws.result(body["results"]["table"]).count(b"By Ann") > 0
    schema("report").validate(journey.document(f"{prefix}report.json"))


def should_learn_and_look_nothing_up_unless_it_is_asked_for(journey: Journey) -> None:
    coded = journey.drop(b"Job title\nnurse\n", "anzsco/people.csv")
    _reviewed(journey, coded, {"nurse": "code 254499"})
    _reviewed(journey, coded, {"nurse": "code 254412"}, at="2026-03-07T08:00:00.000Z")
    keys = [key for key in journey.aws.result_keys() if key.startswith(".dictionaries/")]
    assert [key.rpartition("/")[2] for key in keys] == [
        "dictionary-0001.csv",
        "dictionary-0002.csv",
    ]
    assert b"code 254499" in journey.aws.result(keys[0])
    assert b"code 254412" in journey.aws.result(keys[1])
    journey.notifications()
    journey.drop(b"Job title\nnurse\n", "anzsco/next.csv")
    (body,) = journey.notifications()
    assert (body["records"]["input"], body["rows"]["dictionary"]) == (1, 0)


def should_give_a_merged_table_back_when_the_dictionary_can_learn_nothing(journey: Journey) -> None:
    coded = journey.drop(b"Job title\nnurse\n", "anzsco/people.csv")
    journey.aws.s3.put_object(
        Bucket=RESULTS, Key=".dictionaries/anzsco/dictionary-0001.csv", Body=b"no dictionary"
    )
    review = _reviewed(journey, coded, {"nurse": "code 254499"})
    merged = journey.document(f"anzsco/reviewed/ann.csv/{review}/manifest.json")
    schema("merged").validate(merged)
    assert "dictionary-0001.csv" in merged["dictionary"]["nothing"]
    assert journey.notifications()[-1]["status"] == "complete"


@pytest.mark.parametrize(
    ("key", "reason"),
    [
        ("anzsco/reviewed/ann.csv", "No drop"),
        ("other/reviewed/ann.csv", "of the topic other is known"),
    ],
)
def should_reject_a_reviewers_file_when_its_drop_is_not_of_that_topic(
    journey: Journey, key: str, reason: str
) -> None:
    coded = journey.drop(b"Job title\nnurse\n", "anzsco/people.csv")
    item = {"id": text_id(("nurse", ""), coded), "texts": ["nurse", ""], "rows": 1}
    of = "0" * 32 if key.startswith("anzsco") else coded
    journey.drop(exported([a_line(item, "code 1", drop=of)]), key)
    _, body = journey.notifications()
    assert body["status"] == "rejected"
    assert reason in body["reason"]


def should_code_a_table_when_it_lies_in_a_folder_for_reviews(journey: Journey) -> None:
    journey.drop(b"Job title\nnurse\n", "anzsco/reviewed/people.csv")
    (body,) = journey.notifications()
    assert body["status"] == "complete"
    assert body["rows"]["coded"] == 1


def should_compare_a_report_with_the_topics_last_one(journey: Journey) -> None:
    first = journey.drop(b"Job title\nnurse\n", "anzsco/first.csv")
    second = journey.drop(b"Job title\nnurse\n\n", "anzsco/second.csv")
    reports = [
        journey.document(f"anzsco/{name}.csv/{drop}/report.json")
        for name, drop in (("first", first), ("second", second))
    ]
    assert [each["previous"] and each["previous"]["dropId"] for each in reports] == [None, first]


def should_go_on_with_a_table_where_it_ended_when_the_time_is_over(
    journey: Journey, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chunked_file, "CHUNK_BYTES", 5 << 20)
    asked = {"prepare": count(), "finish": count()}
    rows = b"".join(b"%d,registered nurse %d,night shifts\n" % (n, n % 97) for n in range(90_000))

    def left(context: Context) -> int:
        late = context.function_name in asked and next(asked[context.function_name]) < 2
        return 0 if late else 600_000

    monkeypatch.setattr(Context, "get_remaining_time_in_millis", left)
    dropped = journey.drop(b"Id,Job title,Main tasks\n" + rows, "anzsco/many.csv")
    (body,) = journey.notifications()
    assert body["status"] == "complete", body["reason"]
    table = journey.aws.result(f"anzsco/many.csv/{dropped}/results.csv").decode().splitlines()
    assert [line.partition(",")[0] for line in table] == ["Id", *map(str, range(90_000))]
    finishes = [each for each in journey.states if isinstance(each, dict) and "outcomes" in each]
    assert len(finishes) > 1
