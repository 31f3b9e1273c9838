"""The pieces of a large file: each goes the way of a part, in a child execution of its own.

How many events the history of an execution has at 10,000 pieces is counted from the shipped file:
Step Functions ends an execution at 25,000 (its quotas).
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import boto3
import pytest

from infra.project_files import STATE_MACHINES
from pipeline.domain.execution import NOTHING_TOLD
from pipeline.rate_limit.polling import STANDARD
from pipeline.receive.splitting import MAX_PARTS
from shared.join_plan import MAX_COPY_BYTES
from simulation.cloud.handlers import COPIED_A_SECOND, JOINS_SECONDS
from simulation.state_machine.states import (
    EVENTS,
    EVENTS_OF_A_MAP_RUN,
    EVENTS_OF_A_RETRY,
    EVENTS_OF_AN_ITERATION,
    EVENTS_OF_OTHERS,
)
from tests.statemachine.test_drop_execution import Cloud, Script, drop, part, progress
from tests.support.aws import played_aws
from tests.support.eventually import eventually
from tests.support.state_machine import REGION

MACHINE = json.loads((STATE_MACHINES / "drop.asl.json").read_text("utf-8"))
PARTS, PIECES = (
    MACHINE["States"][name]["ItemProcessor"]["States"] for name in ("Code parts", "Code pieces")
)
LAST = {"Part ended": "Note outcome"}
MOST_EVENTS = 25_000
ENOUGH_PIECES = 200  # more than the state could hold the outcomes of, with a reason each


def should_take_a_piece_through_the_same_states_as_a_part() -> None:
    names = {name: LAST.get(name, f"{name} (piece)") for name in PARTS}
    assert set(PIECES) == set(names.values())
    for name, state in PARTS.items():
        if name not in LAST:
            assert PIECES[names[name]] == _renamed(state, names), name
    for of_map in ("Code parts", "Code pieces"):
        processor = MACHINE["States"][of_map]["ItemProcessor"]
        assert processor["StartAt"] in {"Submit", names["Submit"]}
    assert (
        MACHINE["States"]["Code pieces"]["ItemSelector"]
        == MACHINE["States"]["Code parts"]["ItemSelector"]
    )


def _renamed(value: Any, names: Mapping[str, str]) -> Any:
    """The value with other states in its `Next` and `Default`."""
    if isinstance(value, dict):
        return {
            key: names[each] if key in ("Next", "Default") else _renamed(each, names)
            for key, each in value.items()
        }
    return [_renamed(each, names) for each in value] if isinstance(value, list) else value


@pytest.fixture(scope="module")
def cloud() -> Iterator[Cloud]:
    with played_aws(executes=True):
        place: Any = {"LocationConstraint": REGION}
        boto3.client("s3", region_name=REGION).create_bucket(
            Bucket="results", CreateBucketConfiguration=place
        )
        yield Cloud()


@pytest.mark.slow  # half a minute, each of its thousand states a thread's work
def should_code_some_hundred_pieces_with_a_short_history_and_a_small_state(cloud: Cloud) -> None:
    script = Script(check=[progress("in_progress", reason="r" * 2_000), progress("complete")])
    parts = [part("many") | {"part_id": f"many-{n:04d}"} for n in range(1, ENOUGH_PIECES + 1)]
    boto3.client("s3", region_name=REGION).put_object(
        Bucket="results", Key=".pieces/many.json", Body=json.dumps(parts).encode()
    )
    cloud.scripts["many"] = script
    arn = cloud.executions.start(
        "many",
        {
            "drops": [drop("many")],
            "in_pieces": True,
            "parts": {"bucket": "results", "key": ".pieces/many.json", "count": len(parts)},
            "outcomes": [],
            "ended": dict(NOTHING_TOLD),
        },
    )
    eventually(lambda: not cloud.executions.is_running(arn), within=300)
    assert cloud.executions.ended(arn)["status"] == "SUCCEEDED"
    assert sorted(script.noted) == [each["part_id"] for each in parts]
    assert script.calls.count("submit") == script.calls.count("collect") == ENOUGH_PIECES
    assert cloud.executions.states_entered(arn) == [
        *("Which parts?", "Code pieces", "Finish", "Notify", "Tell people", "Tell programs"),
        *("All told?", "How it ended", "Complete"),
    ]
    assert len(json.dumps(script.finish_saw)) < 1_000
    assert script.finish_saw["parts"]["count"] == ENOUGH_PIECES


def should_begin_when_an_input_says_nothing_of_what_has_been_told(cloud: Cloud) -> None:
    script = Script()
    cloud.scripts["older"] = script
    arn = cloud.executions.start("older", {"drops": [drop("older")], "parts": [part("older")]})
    assert cloud.wait(arn)["status"] == "SUCCEEDED"
    assert script.finish_saw["ended"] == NOTHING_TOLD


def should_leave_a_quarter_of_the_history_free_when_a_piece_is_asked_for_fourteen_days() -> None:
    """Usual: nothing is tried again. Worst: each call is, as often as the file allows."""
    assert _events_of_a_piece(worst=False) < MOST_EVENTS / 5
    assert _events_of_a_piece(worst=True) < MOST_EVENTS * 0.75


@pytest.mark.parametrize("pieces", [2, MAX_PARTS])
def should_leave_most_of_the_history_free_when_a_file_has_ten_thousand_pieces(pieces: int) -> None:
    assert _events_of_a_file(pieces, worst=False) < MOST_EVENTS / 10
    assert _events_of_a_file(pieces, worst=True) < MOST_EVENTS / 4


def _events_of_a_file(pieces: int, *, worst: bool) -> int:
    """Of an execution with so many pieces, each with an output as large as S3 copies at once."""
    states = MACHINE["States"]
    assert states["Code pieces"]["ItemProcessor"]["ProcessorConfig"]["Mode"] == "DISTRIBUTED"
    events = sum(_events(states[name], worst) for name in ("Which parts?", "Code pieces"))
    events += EVENTS_OF_A_MAP_RUN
    calls = 1 + pieces * MAX_COPY_BYTES // (COPIED_A_SECOND * JOINS_SECONDS)
    events += calls * sum(_events(states[name], worst) for name in ("Finish", "Notify"))
    events += calls * _events(states["All told?"], worst)
    told = states["Notify"]["ItemProcessor"]["States"]
    events += EVENTS_OF_AN_ITERATION + sum(_events(each, worst) for each in told.values())
    return events + sum(_events(states[name], worst) for name in ("How it ended", "Failed"))


def _events_of_a_piece(*, worst: bool) -> int:
    """Of a child whose operation is under way as long as an execution may last."""
    events = sum(
        _events(PIECES[name], worst)
        for name in ("Submit (piece)", "Submitted? (piece)", "Collect (piece)")
    )
    events += _events(PIECES["Collected? (piece)"], worst) + _events(PIECES["Note outcome"], worst)
    waited = 0.0
    check = PIECES["Check status (piece)"]
    while waited < MACHINE["TimeoutSeconds"]:
        waited += STANDARD.wait(waited)
        waited += _seconds_of_retries(check) if worst else 0
        events += sum(
            _events(each, worst)
            for each in (PIECES["Wait (piece)"], check, PIECES["By status (piece)"])
        )
    return events


def _events(state: Mapping[str, Any], worst: bool) -> int:
    tries = sum(each["MaxAttempts"] for each in state.get("Retry", ())) if worst else 0
    return EVENTS.get(state["Type"], EVENTS_OF_OTHERS) + tries * EVENTS_OF_A_RETRY


def _seconds_of_retries(state: Mapping[str, Any]) -> float:
    """How long all tries that a state allows take on an average: full jitter halves each wait."""
    seconds = 0.0
    for each in state["Retry"]:
        for number in range(each["MaxAttempts"]):
            wait = each["IntervalSeconds"] * each["BackoffRate"] ** number
            seconds += min(wait, each["MaxDelaySeconds"]) / 2
    return seconds
