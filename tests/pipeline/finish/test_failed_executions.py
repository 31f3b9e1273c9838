"""Drops whose execution died: reported from outside, and again when it goes on."""

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest

from pipeline.domain.drop import Drop, Failure
from pipeline.finish.finish_input import EndedExecution
from pipeline.finish.handler import PAGE_DROPS
from pipeline.ledger.drops import DropState
from tests.support.pipeline.builders import a_drop
from tests.support.pipeline.clouds import cloud
from tests.support.pipeline.finish_fixture import CAUSE, DROP, MACHINE, FinishFixture, body_of


@pytest.fixture
def fixture() -> Iterator[FinishFixture]:
    with cloud() as aws:
        yield FinishFixture(aws)


def reported(error: str = "CredentialsMissing", cause: str = CAUSE) -> Drop:
    return replace(DROP, failure=Failure(error, cause))


def should_report_the_failure_when_its_execution_died(fixture: FinishFixture) -> None:
    ended = fixture.finish(reported(), None)
    body = body_of(ended)
    assert ended["status"] == body["status"] == "failed"
    assert "no credentials" in body["reason"]
    assert "redrive" in body["nextStep"]


def should_tell_every_drop_of_the_failure_that_stands_with_the_first(
    fixture: FinishFixture,
) -> None:
    others = [a_drop(f"anzsco/{n}.jsonl") for n in range(PAGE_DROPS + 1)]
    drops = [reported(), *others]
    state = {
        "execution": f"{MACHINE.replace(':stateMachine:', ':execution:')}:told",
        "drops": [drop.to_state() for drop in drops],
        "parts": [],
        "outcomes": [],
        "ended": {"at": PAGE_DROPS, "status": "failed", "cause": "before"},
    }
    ended = fixture.finisher.finish(EndedExecution.from_state(state), has_time=lambda: True)
    bodies = [json.loads(each["detail"]) for each in ended["announcements"]]
    assert [body["dropId"] for body in bodies] == [d.drop_id for d in drops[PAGE_DROPS:]]
    assert all("no credentials" in body["reason"] for body in bodies)
    assert {body["status"] for body in bodies} == {"failed"}


def should_end_as_complete_when_the_execution_was_redriven_after_the_report(
    fixture: FinishFixture,
) -> None:
    failed = body_of(fixture.finish(reported(), None))
    complete = body_of(fixture.finish())
    assert complete["status"] == "complete"
    assert complete["messageId"] != failed["messageId"]
    record = fixture.drops.record(DROP.drop_id)
    assert record is not None
    assert record.state is DropState.ENDED
    assert record.ending is not None
    assert record.ending.status == "complete"


def should_report_the_later_error_when_the_redriven_execution_died_again(
    fixture: FinishFixture,
) -> None:
    first = body_of(fixture.finish(reported(), None))
    again = body_of(fixture.finish(reported("ServiceBusy", "busy"), None))
    assert again["reason"] == "Busy."
    assert again["messageId"] == first["messageId"]
    assert fixture.measured.total("DropsEnded") == 1


def should_give_the_ending_and_no_failure_when_only_its_notification_had_failed(
    fixture: FinishFixture,
) -> None:
    complete = fixture.finish()
    assert fixture.finish(reported("States.TaskFailed", "SNS"), None) == complete
