"""Drops whose execution died: told from outside, and again when it goes on."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from pipeline.domain.drop import Drop, Failure
from pipeline.ledger.drops import DropState
from tests.support.pipeline.clouds import cloud
from tests.support.pipeline.finish_fixture import CAUSE, DROP, World, body_of


@pytest.fixture
def world() -> Iterator[World]:
    with cloud() as aws:
        yield World(aws)


def rescued(error: str = "CredentialsMissing", cause: str = CAUSE) -> Drop:
    return replace(DROP, failure=Failure(error, cause))


def should_tell_the_failure_when_its_execution_died(world: World) -> None:
    ended = world.finish(rescued(), None)
    body = body_of(ended)
    assert ended["status"] == body["status"] == "failed"
    assert "no credentials" in body["reason"]
    assert "redrive" in body["nextStep"]


def should_end_as_complete_when_the_execution_was_redriven_after_the_rescue(world: World) -> None:
    failed = body_of(world.finish(rescued(), None))
    complete = body_of(world.finish())
    assert complete["status"] == "complete"
    assert complete["messageId"] != failed["messageId"]
    record = world.drops.record(DROP.drop_id)
    assert record is not None
    assert record.state is DropState.ENDED
    assert record.ending is not None
    assert record.ending.status == "complete"


def should_tell_the_later_error_when_the_redriven_execution_died_again(world: World) -> None:
    first = body_of(world.finish(rescued(), None))
    again = body_of(world.finish(rescued("ServiceBusy", "busy"), None))
    assert again["reason"] == "Busy."
    assert again["messageId"] == first["messageId"]
    assert world.measured.total("DropsEnded") == 1


def should_tell_the_ending_and_no_failure_when_only_telling_it_had_died(world: World) -> None:
    complete = world.finish()
    assert world.finish(rescued("States.TaskFailed", "SNS"), None) == complete
