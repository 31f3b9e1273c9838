"""What people and programs get when a drop has ended."""

import json
from collections.abc import Iterator
from urllib.parse import quote

import pytest

from pipeline.domain.drop import Rejection
from pipeline.finish.coded_tables import TableFacts
from pipeline.finish.drop_result import DropResult
from pipeline.finish.explanations import Explanation
from pipeline.finish.notification import MAX_SUBJECT, notification_of, text_of
from tests.support.pipeline.builders import a_drop
from tests.support.pipeline.clouds import cloud
from tests.support.pipeline.finish_fixture import DROP, FinishFixture, a_record, email_of


@pytest.fixture
def fixture() -> Iterator[FinishFixture]:
    with cloud() as aws:
        yield FinishFixture(aws)


@pytest.mark.parametrize(
    "key",
    [
        "anzsco/" + "a" * 200 + ".jsonl",
        "anzsco/職業 ä+%20.jsonl",
        "anzsco/line\nbreak\t.jsonl",
        "anzsco/'\"{}<&>\\.jsonl",
    ],
)
def should_be_fit_for_sns_whatever_the_key(fixture: FinishFixture, key: str) -> None:
    drop = a_drop(key)
    fixture.record = a_record(drop)
    (notification,) = fixture.finish(drop)["announcements"]
    subject = notification["subject"]
    assert subject.isascii()
    assert subject.isprintable()
    assert len(subject) <= MAX_SUBJECT
    assert json.loads(notification["detail"])["key"] == key
    assert notification["drop_prefix"] == "anzsco/"
    assert len(json.dumps(notification)) < 30_000


def should_say_all_that_matters_to_a_person_when_the_email_is_read(fixture: FinishFixture) -> None:
    text = email_of(fixture.finish())
    assert text.startswith("Your file has been coded.\n")
    for part in ("s3://drops/anzsco/jobs.jsonl", "3 (2 coded, 1 suggested only)", DROP.drop_id):
        assert part in text
    assert "Report" not in text


def should_stay_one_line_a_row_when_the_key_has_line_breaks(fixture: FinishFixture) -> None:
    drop = a_drop("anzsco/a\nReport:   s3://forged")
    fixture.record = a_record(drop)
    assert "\nReport:" not in email_of(fixture.finish(drop))


def should_name_the_root_as_folder_when_the_key_has_no_slash(fixture: FinishFixture) -> None:
    drop = a_drop("x.jsonl", topic=None, rejection=Rejection("No topic.", "Use a folder."))
    (notification,) = fixture.finish(drop, None)["announcements"]
    assert notification["drop_prefix"] == "/"
    assert notification_of(json.loads(notification["detail"])) == notification


def should_say_what_became_of_the_rows_and_where_to_look_when_a_table_came_back() -> None:
    files = {"csv": {"key": "p/results.csv", "bytes": 9}}
    counts = {"coded": 8_412, "broader": 0, "suggested": 1_570, "nothing_to_code": 10, "blank": 8}
    tables = TableFacts(rows=counts, files=files, page="p/report.html", review="p/review.html")
    result = DropResult(status="complete", explanation=Explanation(None, "Look."), tables=tables)
    body = result.body(DROP, bucket="results", ended_at="2026-11-21T12:00:00.000Z")
    text = text_of(body)
    for part in (
        "10,000 (8,412 coded, 1,570 suggested, 10 nothing to code, 8 blank)",
        "s3://results/p/results.csv",
        "s3://results/p/report.html",
        "s3://results/p/review.html",
        f"https://console.aws.amazon.com/s3/buckets/results?prefix={quote(DROP.results_prefix)}",
    ):
        assert part in text
