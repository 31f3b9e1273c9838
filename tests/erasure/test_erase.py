"""A drop is erased wherever it is kept, and nothing of another drop is."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError

from erasure import remains
from erasure.erase import Kept, erase_drop
from erasure.errors import BadRequest, NotConfirmed, NothingKnown, StillGoing, Unfinished
from pipeline.domain.execution import shared_execution
from pipeline.domain.identity import execution_name
from pipeline.engines.small_batches.files import OPERATIONS
from pipeline.executions.compact_input import compact_input
from pipeline.ledger.groups import ExecutionGroups, GroupedBy
from pipeline.ledger.topic_reports import TopicReports
from tests.support.erasure import World, erased, stack
from tests.support.pipeline.clouds import DROPS, PREPARED, RESULTS, stepfunctions

WEEK = timedelta(days=7)


def should_leave_nothing_of_a_drop_when_it_is_erased(here: World) -> None:
    drop = here.drop()
    here.alone(drop)
    s3 = here.cloud.s3
    here.put(RESULTS, f"{drop.results_prefix}manifest.json")  # another version
    s3.delete_object(Bucket=RESULTS, Key=f"{drop.results_prefix}results.csv")  # a marker
    for bucket, key in ((RESULTS, drop.results_prefix), (PREPARED, f"{drop.drop_id}/")):
        s3.create_multipart_upload(Bucket=bucket, Key=f"{key}begun")
    before = here.kept_of(drop)
    assert any("manifest.json" in place for place in before)
    assert "upload" in before.values()
    kept = erased(here, drop)
    assert here.kept() == {}
    assert kept.key == drop.key
    assert sum(count for count, _ in kept.places().values()) == len(kept.versions)


def should_keep_a_neighbours_results_whose_key_begins_alike(here: World) -> None:
    drop, other = here.drop("anzsco/a"), here.drop("anzsco/a.csv")
    here.alone(other)
    here.alone(drop)
    before = here.kept_of(other)
    erased(here, drop)
    assert {
        place: what for place, what in here.kept().items() if not place.startswith("topic#")
    } == {place: what for place, what in before.items() if not place.startswith("topic#")}


@pytest.mark.parametrize("is_forgotten", [False, True])
def should_keep_the_results_of_a_drop_whose_key_goes_on_below_the_erased_ones(
    here: World, is_forgotten: bool
) -> None:
    drop = here.drop("anzsco/jobs.csv")
    other = here.drop(f"{drop.results_prefix}results.csv")
    here.alone(drop)
    here.alone(other)
    here.cloud.s3.create_multipart_upload(Bucket=RESULTS, Key=f"{other.results_prefix}begun")
    if is_forgotten:
        table = here.cloud.ledger.table
        for item in table.scan()["Items"]:
            table.delete_item(Key={"pk": item["pk"], "sk": item["sk"]})
    before = here.kept_of(other)
    assert before
    erased(here, drop, now=here.now + WEEK)
    after = here.kept()
    for place, what in before.items():
        if not place.startswith("topic#"):
            assert after.get(place) == what, place


def should_find_all_again_when_somebody_was_asked(here: World) -> None:
    drop = here.drop()
    here.alone(drop)
    before = here.kept()

    def started_meanwhile(_: Kept) -> bool:
        here.began(f"{drop.drop_id}-again-1", again=True)
        return True

    with pytest.raises(StillGoing):
        erased(here, drop, confirm=started_meanwhile)
    assert here.kept().keys() >= before.keys()


def should_keep_the_other_drops_of_a_key_and_what_hides_them(here: World) -> None:
    drop, other = here.drop(), here.drop(content=b"another")
    here.alone(drop)
    here.alone(other)
    here.cloud.s3.delete_object(Bucket=DROPS, Key=drop.key)
    before = here.kept()
    erased(here, drop)
    gone = before.keys() - here.kept().keys()
    assert f"{DROPS}/{drop.key}@{drop.version_id}" in gone
    assert all(drop.drop_id in place or drop.version_id in place for place in gone)
    erased(here, other)
    assert here.kept() == {}  # the marker too, once it hides nothing


def should_keep_the_others_whole_when_they_shared_an_operation(here: World) -> None:
    drop, other = here.drop("anzsco/mine.csv"), here.drop("anzsco/theirs.csv")
    here.together(drop, other)
    before = here.kept_of(other)
    kept = erased(here, drop)
    assert sorted(kept.items.shared) == ["shared-2-first-0001", "shared-2-second-0001"]
    after = here.kept_of(other)
    assert after.keys() == before.keys()
    changed = {place for place in after if after[place] != before[place]}
    assert changed == {
        *("roster#shared-2-first/roster", "roster#shared-2-second/roster"),
        "topic#anzsco/report",  # which compared the two
    }
    assert not any(drop.key in f"{place} {what}" for place, what in here.kept().items())
    group = ExecutionGroups(here.cloud.ledger, here.clock).read("shared-2-first")
    assert group is not None
    assert group.input is not None
    assert [each["drop_id"] for each in group.input["drops"]] == [drop.drop_id, other.drop_id]
    assert group.input["drops"][1]["key"] == other.key
    with pytest.raises(NothingKnown):
        erased(here, drop)


def should_forget_the_key_when_a_group_had_one_drop_alone(here: World) -> None:
    drop = here.drop()
    here.alone(drop)
    groups = ExecutionGroups(here.cloud.ledger, here.clock)
    groups.form("shared-1-x", GroupedBy.FINISH)
    assert groups.make_ready("shared-1-x", compact_input(shared_execution("shared-1-x", (drop,))))
    erased(here, drop)
    assert not any(drop.key in f"{place} {what}" for place, what in here.kept().items())


def should_give_back_the_report_before_when_the_last_is_erased(here: World) -> None:
    first, second = here.drop("anzsco/1.csv"), here.drop("anzsco/2.csv")
    here.alone(first)
    here.alone(second)
    erased(here, second)
    reports = TopicReports(here.cloud.ledger, here.clock)
    assert reports.before("anzsco", "a third") == {"dropId": first.drop_id, "key": first.key}


def should_refuse_a_drop_that_is_being_coded_and_say_how_to_stop_it(here: World) -> None:
    drop = here.drop()
    arn = here.began(execution_name(drop.key, drop.drop_id), drop)
    before = here.kept()
    with pytest.raises(StillGoing) as refused:
        erased(here, drop)
    assert f"stop-execution --execution-arn {arn}" in refused.value.next_step
    assert here.kept() == before
    stepfunctions().stop_execution(executionArn=arn)
    with pytest.raises(StillGoing, match="reported as failed"):
        erased(here, drop)
    here.ended(drop, "failed")
    erased(here, drop)
    assert here.kept() == {}


def should_say_that_others_would_fail_when_an_operation_is_shared(here: World) -> None:
    drop, other = here.drop("anzsco/1.csv"), here.drop("anzsco/2.csv")
    here.began("shared-2-abc", drop, other)
    with pytest.raises(StillGoing) as refused:
        erased(here, drop)
    assert "other drops" in refused.value.next_step


def should_refuse_a_drop_that_somebody_started_again(here: World) -> None:
    drop = here.drop()
    here.alone(drop)
    here.began(f"{drop.drop_id}-again-1", again=True)
    with pytest.raises(StillGoing):
        erased(here, drop)


def should_erase_what_was_never_told_once_nothing_has_happened_for_a_day(here: World) -> None:
    drop = here.drop()
    with pytest.raises(StillGoing, match="taken in"):
        erased(here, drop)
    erased(here, drop, now=here.now + timedelta(hours=25))
    assert here.kept() == {}


@pytest.mark.parametrize("below", ["", "anzsco/"])
def should_find_what_the_ledger_has_forgotten(here: World, below: str) -> None:
    drop, other = here.drop(), here.drop("anzsco/other.csv")
    here.alone(other)
    here.alone(drop)
    for item in here.clients.dynamodb.scan(TableName="ledger")["Items"]:
        here.clients.dynamodb.delete_item(
            TableName="ledger", Key={"pk": item["pk"], "sk": item["sk"]}
        )
    here.cloud.s3.delete_object(Bucket=DROPS, Key=drop.key)
    with pytest.raises(StillGoing):  # it may be about to be taken in
        erased(here, drop, below=below)
    kept = erased(here, drop, below=below, now=here.now + WEEK)
    assert kept.key == drop.key
    left = here.kept_of(drop)
    weeks = ("exchange/", f"{PREPARED}/{OPERATIONS}")  # two and four of them
    assert all(place.startswith(weeks) for place in left)
    assert f"{DROPS}/{other.key}@{other.version_id}" in here.kept()


def should_find_the_results_of_a_forgotten_drop_whose_object_is_gone(here: World) -> None:
    drop = here.drop()
    here.alone(drop)
    here.clients.dynamodb.delete_item(
        TableName="ledger", Key={"pk": {"S": f"drop#{drop.drop_id}"}, "sk": {"S": "drop"}}
    )
    here.cloud.s3.delete_object(Bucket=DROPS, Key=drop.key, VersionId=drop.version_id)
    erased(here, drop)
    assert here.kept() == {}


@dataclass
class Breaking:
    """A client whose calls that change something fail after the first few."""

    client: Any
    left: int

    def __getattr__(self, name: str) -> Any:
        if not name.startswith(("delete", "abort", "update")):
            return getattr(self.client, name)

        def call(**arguments: Any) -> Any:
            if self.left == 0:
                raise ClientError({"Error": {"Code": "AccessDenied"}}, name)
            self.left -= 1
            return getattr(self.client, name)(**arguments)

        return call


@pytest.mark.parametrize("which", ["s3", "dynamodb"])
@pytest.mark.parametrize("calls", range(5))
def should_complete_when_it_is_run_again_after_it_broke(
    here: World, which: str, calls: int
) -> None:
    drop, other = here.drop("anzsco/1.csv"), here.drop("anzsco/2.csv")
    here.together(drop, other)
    here.cloud.s3.create_multipart_upload(Bucket=RESULTS, Key=f"{drop.results_prefix}begun")
    before = {place for place in here.kept_of(other) if drop.drop_id not in place}
    broken = Breaking(getattr(here.clients, which), calls)
    clients = here.clients_with(**{which: broken})
    try:
        erased(here, drop, clients=clients)
    except ClientError:
        assert here.kept_of(drop)
        erased(here, drop)
    assert not any(drop.key in f"{place} {what}" for place, what in here.kept().items())
    assert here.kept_of(other).keys() == before


def should_ask_for_another_run_when_s3_keeps_an_object(here: World) -> None:
    class Locked:
        def __getattr__(self, name: str) -> Any:
            return getattr(here.clients.s3, name)

        def delete_objects(self, **_: Any) -> Any:
            return {"Errors": [{"Key": "k", "Code": "AccessDenied"}]}

    drop = here.drop()
    here.alone(drop)
    with pytest.raises(Unfinished, match="AccessDenied"):
        erased(here, drop, clients=here.clients_with(s3=Locked()))
    assert here.kept_of(drop)


def should_delete_nothing_when_the_person_says_no(here: World) -> None:
    drop = here.drop()
    here.alone(drop)
    before = here.kept()
    with pytest.raises(NotConfirmed):
        erased(here, drop, confirm=lambda _: False)
    assert here.kept() == before


def should_refuse_what_is_no_drop_id(here: World) -> None:
    with pytest.raises(BadRequest, match="32 hex digits"):
        erase_drop(here.clients, "anzsco/jobs.csv", confirm=lambda _: True)


def should_say_so_when_nothing_is_kept(here: World) -> None:
    with pytest.raises(NothingKnown):
        erase_drop(here.clients, "0" * 32, confirm=lambda _: True)


def should_want_a_name_when_several_stacks_are_pipelines(here: World) -> None:
    drop = here.drop()
    here.alone(drop)
    stacks = cast(Any, here.clients.cloudformation).stacks
    second = {each["OutputKey"]: each["OutputValue"] for each in stacks[1]["Outputs"]}
    stacks.append(stack("Second", **{**second, "ResultsBucketName": "elsewhere"}))
    with pytest.raises(BadRequest, match="Pipeline, Second"):
        erased(here, drop)
    with pytest.raises(BadRequest, match="no stack Third"):
        erased(here, drop, stack="Third")
    with pytest.raises(BadRequest, match="Other is no Pipeline"):
        erased(here, drop, stack="Other")
    erased(here, drop, stack="Pipeline")
    assert here.kept() == {}


def should_say_what_remains_until_when(here: World) -> None:
    drop = here.drop()
    here.alone(drop)
    remains = {each.where: each for each in erased(here, drop).remains}
    day = timedelta(days=1)
    assert remains["execution history"].until is not None
    assert abs(remains["execution history"].until - here.now - 90 * day) < day
    backups = remains["the ledger's backups (point-in-time recovery)"]
    assert backups.until == here.now + 35 * day
    assert remains["the coding service"].until is None
    assert all(each.line().count(";") >= 1 for each in remains.values())


def should_say_as_many_days_for_the_exchange_bucket_as_it_keeps_things() -> None:
    from infra.pipeline import amazon_ml  # noqa: PLC0415

    assert remains.EXCHANGE_DAYS == amazon_ml.EXCHANGE_DAYS
