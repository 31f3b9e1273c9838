"""What people and programs get when a drop has ended."""

import json
from collections.abc import Iterator

import pytest

from pipeline.domain.drop import Rejection
from pipeline.finish.notification import MAX_SUBJECT, notification_of
from tests.support.pipeline.builders import a_drop
from tests.support.pipeline.clouds import cloud
from tests.support.pipeline.finish_fixture import DROP, World, a_record, email_of


@pytest.fixture
def world() -> Iterator[World]:
    with cloud() as aws:
        yield World(aws)


@pytest.mark.parametrize(
    "key",
    [
        "anzsco/" + "a" * 200 + ".jsonl",
        "anzsco/職業 ä+%20.jsonl",
        "anzsco/line\nbreak\t.jsonl",
        "anzsco/'\"{}<&>\\.jsonl",
    ],
)
def should_be_fit_for_sns_whatever_the_key(world: World, key: str) -> None:
    drop = a_drop(key)
    world.record = a_record(drop)
    (announcement,) = world.finish(drop)["announcements"]
    subject = announcement["subject"]
    assert subject.isascii()
    assert subject.isprintable()
    assert len(subject) <= MAX_SUBJECT
    assert json.loads(announcement["detail"])["key"] == key
    assert announcement["drop_prefix"] == "anzsco/"
    assert len(json.dumps(announcement)) < 30_000


def should_say_all_that_matters_to_a_person_when_the_email_is_read(world: World) -> None:
    text = email_of(world.finish())
    assert text.startswith("Your file has been coded.\n")
    for part in ("s3://drops/anzsco/jobs.jsonl", "3 (2 coded, 1 suggested only)", DROP.drop_id):
        assert part in text
    assert "Report" not in text


def should_stay_one_line_a_row_when_the_key_has_line_breaks(world: World) -> None:
    drop = a_drop("anzsco/a\nReport:   s3://forged")
    world.record = a_record(drop)
    assert "\nReport:" not in email_of(world.finish(drop))


def should_announce_a_folder_of_none_when_the_key_has_no_slash(world: World) -> None:
    drop = a_drop("x.jsonl", topic=None, rejection=Rejection("No topic.", "Use a folder."))
    (announcement,) = world.finish(drop, None)["announcements"]
    assert announcement["drop_prefix"] == "/"
    assert notification_of(json.loads(announcement["detail"])) == announcement
