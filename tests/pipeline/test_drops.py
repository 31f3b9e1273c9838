from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from pipeline.drops import Drops, DropState, Ending
from pipeline.ledger import Ledger
from tests.pipeline.builders import Hands, a_drop
from tests.pipeline.clouds import cloud

DROP = a_drop()
COMPLETE = Ending("complete", {"reason": None}, rescued=False)
FAILED = Ending("failed", {"reason": "why"}, rescued=False)
RESCUED = Ending("failed", {"reason": "no credentials"}, rescued=True)


@pytest.fixture
def drops() -> Iterator[Drops]:
    with cloud() as aws:
        yield Drops(aws.ledger, Hands().clock)


def state_of(drops: Drops) -> DropState:
    record = drops.record(DROP.drop_id)
    assert record is not None
    return record.state


def should_take_a_drop_once_when_it_is_delivered_twice(drops: Drops) -> None:
    assert drops.accept(DROP) is None
    assert drops.accept(DROP) is DropState.ACCEPTED
    drops.started(DROP.drop_id, "arn")
    assert drops.accept(DROP) is DropState.STARTED


def should_stay_ended_when_starting_is_written_late(drops: Drops) -> None:
    drops.accept(DROP)
    drops.end(DROP.drop_id, COMPLETE)
    drops.started(DROP.drop_id, "arn")
    assert state_of(drops) is DropState.ENDED


def should_keep_the_first_ending_when_it_ends_twice(drops: Drops) -> None:
    drops.accept(DROP)
    assert drops.end(DROP.drop_id, COMPLETE) == (COMPLETE, True)
    assert drops.end(DROP.drop_id, FAILED) == (COMPLETE, False)
    assert drops.end(DROP.drop_id, RESCUED) == (COMPLETE, False)


def should_end_again_when_the_execution_was_redriven_after_a_rescue(drops: Drops) -> None:
    drops.accept(DROP)
    assert drops.end(DROP.drop_id, RESCUED) == (RESCUED, True)
    later = replace(RESCUED, body={"reason": "another"})
    assert drops.end(DROP.drop_id, later) == (later, False)
    assert drops.end(DROP.drop_id, COMPLETE) == (COMPLETE, True)
    assert drops.end(DROP.drop_id, RESCUED) == (COMPLETE, False)


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
