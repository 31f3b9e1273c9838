from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from pipeline.ledger.drops import Drops, DropState, Ending
from pipeline.ledger.table import Ledger
from tests.support.pipeline.builders import SimulatedIo, a_drop
from tests.support.pipeline.clouds import cloud

DROP = a_drop()
COMPLETE = Ending("complete", {"reason": None}, rescued=False)
FAILED = Ending("failed", {"reason": "why"}, rescued=False)
REPORTED = Ending("failed", {"reason": "no credentials"}, rescued=True)


@pytest.fixture
def drops() -> Iterator[Drops]:
    with cloud() as aws:
        yield Drops(aws.ledger, SimulatedIo().clock)


def should_accept_a_drop_once_when_it_is_delivered_twice(drops: Drops) -> None:
    assert drops.accept(DROP) is None
    unassigned = drops.accept(DROP)
    assert unassigned is not None
    assert unassigned.execution is None
    assert drops.assign(DROP.drop_id, "jobs-1")
    assigned = drops.accept(DROP)
    assert assigned is not None
    assert (assigned.execution, assigned.state) == ("jobs-1", DropState.ACCEPTED)
    drops.end(DROP.drop_id, COMPLETE)
    ended = drops.accept(DROP)
    assert ended is not None
    assert ended.state is DropState.ENDED


def should_be_in_one_execution_when_several_want_it(drops: Drops) -> None:
    drops.accept(DROP)
    assert drops.assign(DROP.drop_id, "first")
    assert not drops.assign(DROP.drop_id, "second")
    assert drops.assign(DROP.drop_id, "first")
    assert not drops.assign(DROP.drop_id, "third", instead_of="second")
    assert drops.assign(DROP.drop_id, "third", instead_of="first")
    record = drops.record(DROP.drop_id)
    assert record is not None
    assert record.execution == "third"


def should_know_the_drops_that_it_accepted(drops: Drops) -> None:
    others = [a_drop(f"anzsco/{n}.jsonl", model=None) for n in range(120)]
    for drop in others:
        drops.accept(drop)
    ids = [*(drop.drop_id for drop in others), "unseen"]
    assert drops.known(ids) == {drop.drop_id: drop for drop in others}


def should_keep_what_the_latest_version_learned_of_a_review(drops: Drops) -> None:
    drops.accept(DROP)
    assert drops.learned(DROP.drop_id) is None
    later, earlier = ({"version": each, "texts": {"added": each}} for each in (9, 8))
    drops.keep_learned(DROP.drop_id, later)
    drops.keep_learned(DROP.drop_id, earlier)
    assert drops.learned(DROP.drop_id) == later
    last = {**later, "version": 10}
    drops.keep_learned(DROP.drop_id, last)
    assert drops.learned(DROP.drop_id) == last


def should_pin_the_model_that_was_proposed_first(drops: Drops) -> None:
    drops.accept(DROP)
    assert drops.pinned_model(DROP.drop_id, "one") == "one"
    assert drops.pinned_model(DROP.drop_id, "two") == "one"


def should_keep_the_first_ending_when_an_execution_ends_it_twice(drops: Drops) -> None:
    drops.accept(DROP)
    assert drops.end(DROP.drop_id, FAILED) == (FAILED, True)
    assert drops.end(DROP.drop_id, COMPLETE) == (FAILED, False)


def should_stay_complete_whoever_ends_it_again(drops: Drops) -> None:
    drops.accept(DROP)
    assert drops.end(DROP.drop_id, COMPLETE) == (COMPLETE, True)
    assert drops.end(DROP.drop_id, replace(FAILED, execution="later")) == (COMPLETE, False)
    assert drops.end(DROP.drop_id, REPORTED) == (COMPLETE, False)


def should_end_again_when_the_execution_was_redriven_after_a_report(drops: Drops) -> None:
    drops.accept(DROP)
    assert drops.end(DROP.drop_id, REPORTED) == (REPORTED, True)
    later = replace(REPORTED, body={"reason": "another"})
    assert drops.end(DROP.drop_id, later) == (later, False)
    assert drops.end(DROP.drop_id, COMPLETE) == (COMPLETE, True)
    assert drops.end(DROP.drop_id, REPORTED) == (COMPLETE, False)


def should_end_as_complete_when_a_failed_file_was_started_again(drops: Drops) -> None:
    drops.accept(DROP)
    drops.end(DROP.drop_id, FAILED)
    again = replace(COMPLETE, execution="again")
    assert drops.end(DROP.drop_id, again) == (again, True)


def should_let_a_report_change_nothing_when_the_dead_execution_ended_the_drop(drops: Drops) -> None:
    drops.accept(DROP)
    drops.end(DROP.drop_id, FAILED)
    assert drops.end(DROP.drop_id, replace(REPORTED, execution="telling")) == (FAILED, False)


def should_remember_no_drop_when_it_was_never_seen(drops: Drops) -> None:
    assert drops.record("unseen") is None


def should_keep_the_other_ending_when_two_are_written_at_once(drops: Drops) -> None:
    class Overtaken(Ledger):
        """Between this caller's read and its write another one ends the drop, once."""

        __slots__ = ()
        overtaken: list[int] = []  # noqa: RUF012

        def update(self, *args: Any, **more: Any) -> bool:
            if not self.overtaken:
                self.overtaken.append(1)
                drops.end(DROP.drop_id, COMPLETE)
            return super().update(*args, **more)

    drops.accept(DROP)
    slow = Drops(Overtaken(drops.ledger.table), drops.clock)
    assert slow.end(DROP.drop_id, FAILED) == (COMPLETE, False)


def should_forget_after_a_year_and_not_before(drops: Drops) -> None:
    drops.accept(DROP)
    item = drops.ledger.get(f"drop#{DROP.drop_id}", "drop")
    assert item is not None
    days = (item["expires_at"] - drops.clock.seconds()) / 86_400
    assert 366 < days < 500
