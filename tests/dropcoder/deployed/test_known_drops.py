"""Drops are found in the ledger by their ids, by beginnings of them, and by what they are."""

from datetime import timedelta

import pytest

from dropcoder.deployed.known_drops import GOING, KnownDrops
from dropcoder.deployed.reach import Pipeline
from dropcoder.errors import NotFound, UsageError
from pipeline.ledger.drops import Drops, Ending
from tests.support.erasure import World


def end(here: World, drop_id: str, status: str, **body: object) -> None:
    ending = Ending(status=status, body={"reason": None, **body}, rescued=False)
    Drops(here.cloud.ledger, here.clock).end(drop_id, ending)


def should_tell_a_drop_from_its_beginning_to_its_end(here: World, pipeline: Pipeline) -> None:
    drops = KnownDrops(pipeline)
    drop = here.drop("anzsco/2026/jobs.csv")
    found = drops.get(drop.drop_id)
    assert found is not None
    assert (found.status, found.execution, found.ended_at) == (GOING, "", "")
    assert (found.key, found.topic, found.size) == (drop.key, "anzsco", drop.size)
    end(here, drop.drop_id, "complete", rows={"coded": 3}, share=0.5)
    ended = drops.named(drop.drop_id)
    assert (ended.status, ended.ended_at) == ("complete", here.clock.iso())
    assert ended.body == {"reason": None, "rows": {"coded": 3}, "share": 0.5}
    assert ended.to_json()["ending"]["rows"]["coded"] == 3


def should_find_a_drop_by_the_beginning_of_its_id_where_that_is_its_own(
    here: World, pipeline: Pipeline
) -> None:
    drops = KnownDrops(pipeline)
    ids = sorted(here.drop(f"anzsco/{n}.csv").drop_id for n in range(3))
    assert drops.whole_id(ids[0][:8].upper()) == ids[0]
    assert drops.whole_id("f" * 32) == "f" * 32, "a whole one may not be known yet"
    for wanted, error in (("abc", UsageError), ("nonsense", UsageError), ("0123456789", NotFound)):
        with pytest.raises(error) as refused:
            drops.whole_id(wanted)
        assert "dropcoder list" in refused.value.next_step
    with pytest.raises(NotFound):
        drops.named("f" * 32)


def should_ask_for_more_when_several_ids_begin_so(
    here: World, pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in (1, 2):
        here.clients.dynamodb.put_item(
            TableName="ledger",
            Item={"pk": {"S": f"drop#abcd{number}{'0' * 27}"}, "sk": {"S": "drop"}},
        )
    with pytest.raises(UsageError, match=r"2 drops have ids that begin with abcd: abcd1.*abcd2"):
        KnownDrops(pipeline).whole_id("abcd")


def should_list_the_newest_first_and_only_what_is_asked_for(
    here: World, pipeline: Pipeline
) -> None:
    drops = KnownDrops(pipeline)
    going, rejected = here.drop("anzsco/1.csv"), here.drop("anzsco/2.csv")
    end(here, rejected.drop_id, "rejected")
    here.began("some-execution", going)
    assert {each.drop_id for each in drops.listed()} == {going.drop_id, rejected.drop_id}
    assert [each.drop_id for each in drops.listed(status="rejected")] == [rejected.drop_id]
    assert [each.drop_id for each in drops.listed(status=GOING)] == [going.drop_id]
    assert drops.listed(topic="other") == []
    assert len(drops.listed(since=here.now - timedelta(minutes=1))) == 2
    assert drops.listed(since=here.now + timedelta(minutes=1)) == []
