import json
from dataclasses import replace
from typing import Any

import pytest

from pipeline.domain.drop import Drop, Failure, Rejection
from pipeline.domain.execution import Execution, Outcome, TaskInput
from pipeline.domain.part import Part
from pipeline.domain.progress import PartStatus, Progress
from pipeline.domain.state_fields import MalformedState
from tests.support.pipeline.builders import a_drop, a_part, a_task


def through_json(state: dict[str, Any]) -> Any:
    """The state as the state machine hands it on."""
    return json.loads(json.dumps(state))


@pytest.mark.parametrize(
    "drop",
    [
        a_drop(),
        a_drop(model="5f3c9f0e-1111-4222-8333-000000000000"),
        a_drop("über/ä b+c%.jsonl", topic=None, rejection=Rejection("no topic", "rename it")),
        a_drop(failure=Failure("ServiceBusy", "why")),
    ],
)
def should_be_the_same_drop_when_it_was_a_state(drop: Drop) -> None:
    assert Drop.from_state(through_json(drop.to_state())) == drop


def should_be_the_same_ticket_when_it_has_travelled() -> None:
    task = a_task(
        PartStatus.TIMED_OUT,
        operation_id="1",
        attempt=2,
        polls=3,
        uploaded_at="2026-11-21T12:00:00.000Z",
        resubmit=True,
    )
    assert TaskInput.from_state(through_json(task.to_state())) == task


def should_read_the_first_progress_when_the_state_machine_begins_a_part() -> None:
    state = {"part": a_part().to_state(), "progress": {"status": "new", "attempt": 0, "polls": 0}}
    assert TaskInput.from_state(state).progress == Progress(status=PartStatus.NEW)


def should_read_error_and_cause_when_the_state_machine_caught_an_error() -> None:
    caught = {"status": "failed", "error": "DropGone", "cause": "{}"}
    outcome = Outcome.from_state({"part_id": "p", "progress": caught})
    assert (outcome.progress.error, outcome.progress.cause) == ("DropGone", "{}")


def should_read_an_execution_when_it_has_no_parts_and_no_outcomes() -> None:
    execution = Execution(drops=(a_drop(),), parts=())
    assert Execution.from_state(through_json(execution.to_state())) == execution
    assert Execution.from_state({**execution.to_state(), "outcomes": []}) == execution


def should_keep_what_is_known_of_the_operation_when_a_call_is_not_due() -> None:
    progress = Progress(status=PartStatus.IN_PROGRESS, operation_id="1", attempt=1, polls=4)
    waiting = progress.awaiting_slot(7, "checks-3")
    assert waiting == replace(
        progress, status=PartStatus.AWAITING_SLOT, wait_seconds=7, turn="checks-3"
    )
    assert Progress.from_state(through_json(waiting.to_state())) == waiting


def _changed(name: str, value: Any) -> dict[str, Any]:
    return {**a_part().to_state(), name: value}


@pytest.mark.parametrize(
    ("state", "named"),
    [
        (None, "Part: Expected `object`"),
        (_changed("part_id", 1), "part_id"),
        (_changed("bytes", "100"), "bytes"),
        (_changed("bytes", 101), "bytes"),
        (_changed("segments", []), "segment"),
        (_changed("segments", None), "segments"),
        (_changed("segments", [{**a_part().segments[0].to_state(), "last_byte": -5}]), "last_byte"),
    ],
)
def should_name_the_field_when_a_state_is_malformed(state: Any, named: str) -> None:
    with pytest.raises(MalformedState, match=named):
        Part.from_state(state)


def should_refuse_a_status_when_nobody_documents_it() -> None:
    with pytest.raises(MalformedState, match="status"):
        Progress.from_state({"status": "lost"})
