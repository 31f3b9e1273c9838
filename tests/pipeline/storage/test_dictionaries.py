"""Versions of a dictionary in the results bucket: written once, and nothing learned is lost."""

from collections.abc import Iterator
from typing import Any

import pytest

from pipeline.errors import AwsBusy, DropGone
from pipeline.storage.dictionaries import DICTIONARIES, Dictionaries
from tables.dictionary.dictionary_file import dictionary_bytes, name_of
from tables.errors import TableRefused
from tables.review.distinct_texts import text_id
from tables.review.reviewed_file import ReviewedFile, read_reviewed
from tests.support.pipeline.clouds import RESULTS, Cloud, cloud
from tests.support.tables.decided import a_line, exported
from tests.support.tables.dictionaries import a_dictionary, an_entry

DROP, TOPIC = "3f2a" * 8, "anzsco"


@pytest.fixture
def aws() -> Iterator[Cloud]:
    with cloud() as played:
        yield played


def reviewed(title: str, code: str) -> ReviewedFile:
    item = {"id": text_id((title, ""), DROP), "texts": (title, ""), "rows": 1}
    return read_reviewed(exported([a_line(item, f"code {code}")]), "ann.csv")


def put(aws: Cloud, version: int, *titles: str, topic: str = TOPIC) -> None:
    content = dictionary_bytes(a_dictionary(*map(an_entry, titles), version=version))
    aws.s3.put_object(Bucket=RESULTS, Key=f"{DICTIONARIES}{topic}/{name_of(version)}", Body=content)


class Interrupted:
    """S3, where others write a version each time that one was read."""

    def __init__(self, aws: Cloud, times: int) -> None:
        self.aws, self.left = aws, times

    def __getattr__(self, name: str) -> Any:
        return getattr(self.aws.s3, name)

    def put_object(self, **asked: Any) -> Any:
        if self.left:
            self.left -= 1
            others = Dictionaries(self.aws.s3, RESULTS)
            others.learn(TOPIC, [reviewed(f"baker {self.left}", "351111")])
        return self.aws.s3.put_object(**asked)


def should_read_the_newest_version_of_the_topic_alone(aws: Cloud) -> None:
    assert Dictionaries(aws.s3, RESULTS).newest(TOPIC) is None
    put(aws, 9, "nurse")
    put(aws, 10_000, "cook")
    put(aws, 10_001, "driver", topic="anzsco-2")
    aws.s3.put_object(Bucket=RESULTS, Key=f"{DICTIONARIES}{TOPIC}/notes.txt", Body=b"x")
    found = Dictionaries(aws.s3, RESULTS).newest(TOPIC)
    assert found is not None
    assert found.version == 10_000
    assert [each.texts["occp_text"] for each in found.entries.values()] == ["cook"]
    assert Dictionaries(aws.s3, RESULTS).version(TOPIC, 9).version == 9


def should_pass_over_what_is_not_where_a_version_is_looked_for(aws: Cloud) -> None:
    put(aws, 7, "nurse")
    content = dictionary_bytes(a_dictionary(an_entry("cook"), version=8))
    for name in ("dictionary-8.csv", "old/dictionary-0099.csv", "dictionary-00010.csv"):
        aws.s3.put_object(Bucket=RESULTS, Key=f"{DICTIONARIES}{TOPIC}/{name}", Body=content)
    found = Dictionaries(aws.s3, RESULTS).newest(TOPIC)
    assert found is not None
    assert found.version == 7
    assert Dictionaries(aws.s3, RESULTS).version(TOPIC, found.version) == found
    learned = Dictionaries(aws.s3, RESULTS).learn(TOPIC, [reviewed("baker", "351111")])
    assert learned.dictionary.version == 8


def should_look_nothing_up_in_a_version_without_entries(aws: Cloud) -> None:
    put(aws, 3)
    assert Dictionaries(aws.s3, RESULTS).newest(TOPIC) is None
    learned = Dictionaries(aws.s3, RESULTS).learn(TOPIC, [reviewed("nurse", "254499")])
    assert learned.dictionary.version == 4


def should_lose_nothing_of_what_is_learned_at_the_same_time(aws: Cloud) -> None:
    interrupted: Any = Interrupted(aws, 3)
    learned = Dictionaries(interrupted, RESULTS).learn(TOPIC, [reviewed("nurse", "254499")])
    assert learned.dictionary.version == 4
    newest = Dictionaries(aws.s3, RESULTS).newest(TOPIC)
    assert newest == learned.dictionary
    assert sorted(each.texts["occp_text"] for each in newest.entries.values()) == [
        *("baker 0", "baker 1", "baker 2", "nurse")
    ]


def should_come_again_later_where_others_write_all_the_time(aws: Cloud) -> None:
    interrupted: Any = Interrupted(aws, 99)
    with pytest.raises(AwsBusy):
        Dictionaries(interrupted, RESULTS).learn(TOPIC, [reviewed("nurse", "254499")])


def should_write_no_version_where_nothing_is_new(aws: Cloud) -> None:
    for _ in range(2):
        Dictionaries(aws.s3, RESULTS).learn(TOPIC, [reviewed("nurse", "254499")])
    listed = aws.s3.list_objects_v2(Bucket=RESULTS, Prefix=DICTIONARIES)["Contents"]
    assert [each["Key"] for each in listed] == [f"{DICTIONARIES}{TOPIC}/{name_of(1)}"]


def should_say_what_to_do_where_a_version_is_gone_or_damaged(aws: Cloud) -> None:
    with pytest.raises(
        DropGone, match=r"version 7 of the dictionary of anzsco.*drop the file again"
    ):
        Dictionaries(aws.s3, RESULTS).version(TOPIC, 7)
    key = f"{DICTIONARIES}{TOPIC}/{name_of(8)}"
    aws.s3.put_object(Bucket=RESULTS, Key=key, Body=b"decision,label\n")
    with pytest.raises(TableRefused, match=r"dictionary-0008\.csv lacks the column by"):
        Dictionaries(aws.s3, RESULTS).newest(TOPIC)


def should_want_the_drop_again_when_the_version_it_was_prepared_by_is_damaged(aws: Cloud) -> None:
    put(aws, 8, "nurse")
    key = f"{DICTIONARIES}{TOPIC}/{name_of(8)}"
    aws.s3.put_object(Bucket=RESULTS, Key=key, Body=b"decision,label\n")
    with pytest.raises(DropGone, match=r"version 8 .*prepared.*lacks the column by.*again"):
        Dictionaries(aws.s3, RESULTS).version(TOPIC, 8)
