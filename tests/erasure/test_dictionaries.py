"""What was decided in a drop's review is gone from the dictionaries, and all else is there."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from erasure.errors import Unfinished
from pipeline.domain.drop import Drop
from pipeline.storage.dictionaries import DICTIONARIES
from tables.dictionary.dictionary_file import dictionary_bytes, name_of, read_dictionary
from tests.support.erasure import World, erased
from tests.support.pipeline.clouds import RESULTS
from tests.support.tables.dictionaries import a_dictionary, an_entry


def _dictionaries(here: World) -> dict[str, bytes]:
    """All versions of the topic's dictionary, of whatever object version."""
    s3, found = here.cloud.s3, {}
    listed = s3.list_object_versions(Bucket=RESULTS, Prefix=DICTIONARIES).get("Versions", [])
    for each in listed:
        key = each["Key"]
        answer = s3.get_object(Bucket=RESULTS, Key=key, VersionId=each["VersionId"])
        found[key.rpartition("/")[2]] = answer["Body"].read()
    return found


def should_leave_nothing_in_the_dictionary_of_what_was_decided_in_its_review(here: World) -> None:
    other, drop, third = (here.drop(f"anzsco/{number}.csv") for number in range(3))
    for each in (other, drop, third):
        here.alone(each)
    here.learned(other, drop, third)
    erased(here, drop)
    left = _dictionaries(here)
    assert sorted(left) == ["dictionary-0001.csv", "dictionary-0004.csv"]
    assert not any(drop.drop_id.encode() in content for content in left.values())
    newest = read_dictionary(left["dictionary-0004.csv"], "dictionary-0004.csv")
    assert [each.drop_id for each in newest.entries.values()] == [other.drop_id, third.drop_id]
    for each in (other, third):
        erased(here, each)
    (name,) = _dictionaries(here)
    assert read_dictionary(_dictionaries(here)[name], name).entries == {}


def should_leave_the_dictionary_when_only_an_earlier_version_names_the_drop(here: World) -> None:
    drop, other = here.drop("anzsco/1.csv"), here.drop("anzsco/2.csv")
    for each in (drop, other):
        here.alone(each)
    here.learned(other, drop)
    newest = f"{DICTIONARIES}anzsco/dictionary-0003.csv"
    content = _dictionaries(here)["dictionary-0001.csv"]
    here.cloud.s3.put_object(Bucket=RESULTS, Key=newest, Body=content)
    erased(here, drop)
    assert sorted(_dictionaries(here)) == ["dictionary-0001.csv", "dictionary-0003.csv"]


def _put_dictionary(here: World, name: str, content: bytes) -> None:
    here.cloud.s3.put_object(Bucket=RESULTS, Key=f"{DICTIONARIES}anzsco/{name}", Body=content)


def _with(*drops: Drop) -> bytes:
    entries = [an_entry(f"nurse {n}", drop_id=drop.drop_id) for n, drop in enumerate(drops)]
    return dictionary_bytes(a_dictionary(*entries))


def should_write_no_version_when_only_what_the_newest_replaced_names_the_drop(here: World) -> None:
    drop, other = here.drop("anzsco/1.csv"), here.drop("anzsco/2.csv")
    here.alone(drop)
    here.alone(other)
    _put_dictionary(here, name_of(1), _with(drop, other))
    _put_dictionary(here, name_of(1), _with(other))
    erased(here, drop)
    assert _dictionaries(here) == {name_of(1): _with(other)}
    assert not here.kept_of(drop)


def should_keep_the_other_lines_when_a_later_one_hides_the_drops(here: World) -> None:
    drop, other = here.drop("anzsco/1.csv"), here.drop("anzsco/2.csv")
    here.alone(drop)
    here.alone(other)
    hidden = an_entry("nurse 0", drop_id=drop.drop_id, at="2025-01-01T00:00:00.000Z")
    lines = dictionary_bytes(a_dictionary(hidden)).splitlines(keepends=True)[1:]
    _put_dictionary(here, name_of(1), _with(other) + b"".join(lines))
    erased(here, drop)
    assert _dictionaries(here) == {name_of(2): _with(other)}


class _Learning:
    """S3, where a drop's review is merged just before the first call of a kind."""

    def __init__(self, here: World, drop: Drop, call: str, *arguments: str) -> None:
        self.learn: Callable[[], None] | None = lambda: here.learned(drop)
        self.call, self.arguments, self.s3 = call, arguments, here.clients.s3

    def __getattr__(self, name: str) -> Any:
        own = getattr(self.s3, name)
        return partial(self._called, own) if name == self.call else own

    def _called(self, own: Callable[..., Any], *arguments: str, **asked: Any) -> Any:
        if self.learn is not None and arguments == self.arguments:
            learn, self.learn = self.learn, None
            learn()
        return own(*arguments, **asked)


def should_ask_for_another_run_when_its_review_is_learned_meanwhile(here: World) -> None:
    drop = here.drop()
    here.alone(drop)
    # By then all versions of the dictionary were found.
    learning: Any = _Learning(here, drop, "get_paginator", "list_objects_v2")
    with pytest.raises(Unfinished, match="changed while") as asked:
        erased(here, drop, clients=here.clients_with(s3=learning))
    assert "again" in asked.value.next_step
    assert here.kept_of(drop)
    erased(here, drop)
    assert here.kept().keys() == {place for place in here.kept() if name_of(2) in place}


def should_ask_for_another_run_when_its_review_is_learned_while_its_objects_are_deleted(
    here: World,
) -> None:
    drop = here.drop()
    here.alone(drop)
    learning: Any = _Learning(here, drop, "delete_objects")
    with pytest.raises(Unfinished, match="changed while"):
        erased(here, drop, clients=here.clients_with(s3=learning))
    assert here.kept_of(drop), "what is left is found again"
    erased(here, drop)
    assert not any(drop.drop_id.encode() in content for content in _dictionaries(here).values())
    assert not here.kept_of(drop)


def should_read_a_dictionary_once_to_find_the_drop_and_its_newest_once_to_write_the_next(
    here: World,
) -> None:
    s3: Any = here.clients.s3
    read: list[str] = []

    class Noting:
        """S3, where it is noted what is read."""

        def __getattr__(self, name: str) -> Any:
            return getattr(s3, name)

        def get_object(self, **asked: Any) -> Any:
            read.append(asked["Key"].rpartition("/")[2])
            return s3.get_object(**asked)

    drop, other = here.drop(), here.drop("anzsco/other.csv")
    here.alone(drop)
    here.learned(other, drop)
    erased(here, drop, clients=here.clients_with(s3=Noting()))
    written = [name_of(3)]  # which is looked at in the end, as all that was not seen before
    assert sorted(read) == [name_of(1), name_of(2), name_of(2), *written]


def should_find_the_drop_in_a_dictionary_that_a_spreadsheet_saved(here: World) -> None:
    drop, other = here.drop("anzsco/1.csv"), here.drop("anzsco/2.csv")
    here.alone(drop)
    here.alone(other)
    _put_dictionary(here, name_of(1), _with(other, drop).decode("utf-8-sig").encode("utf-16"))
    erased(here, drop)
    assert _dictionaries(here) == {name_of(2): _with(other)}


def should_delete_copies_beside_and_write_where_the_version_is_looked_for(here: World) -> None:
    drop, other = here.drop("anzsco/1.csv"), here.drop("anzsco/2.csv")
    here.alone(drop)
    here.alone(other)
    for name in (name_of(7), "dictionary-8.csv", "old/dictionary-0099.csv"):
        _put_dictionary(here, name, _with(other, drop))
    erased(here, drop)
    assert _dictionaries(here) == {name_of(8): _with(other)}


def should_say_so_when_the_dictionary_can_not_be_read(here: World) -> None:
    drop = here.drop()
    here.alone(drop)
    here.cloud.s3.put_object(
        Bucket=RESULTS,
        Key=f"{DICTIONARIES}anzsco/dictionary-0001.csv",
        Body=f"decision,label\n{drop.drop_id}".encode(),
    )
    with pytest.raises(Unfinished, match="lacks the column by"):
        erased(here, drop)
    assert here.kept_of(drop), "what is left is found again"
