import json
from typing import Any

import pytest

from infra.project_files import STATE_MACHINES
from pipeline import errors
from pipeline.errors import DropcoderError, Final, OperatorNeeded, Rejected, TryAgain

MACHINE = STATE_MACHINES / "drop.asl.json"
ENDING = {"Finish", "Note outcome"}
"""The states of finish, behind all that a final error could be told of."""


def leaves(root: type[DropcoderError]) -> set[type[DropcoderError]]:
    below = root.__subclasses__()
    return {leaf for child in below for leaf in leaves(child)} if below else {root}


def names(root: type[DropcoderError]) -> set[str]:
    return {leaf.__name__ for leaf in leaves(root)}


def tasks_of_ours() -> dict[str, dict[str, Any]]:
    """The states that invoke a function of Pipeline."""

    def states(machine: dict[str, Any]) -> dict[str, dict[str, Any]]:
        found = dict(machine["States"])
        for state in machine["States"].values():
            found |= states(state["ItemProcessor"]) if "ItemProcessor" in state else {}
        return found

    every = states(json.loads(MACHINE.read_text()))
    return {n: s for n, s in every.items() if str(s.get("Resource", "")).endswith("FunctionArn}")}


def named(rules: list[dict[str, Any]]) -> set[str]:
    return {name for rule in rules for name in rule["ErrorEquals"]}


def should_retry_every_error_that_passes_and_none_of_the_others_in_each_task() -> None:
    tasks = tasks_of_ours()
    of_parts = {"Submit", "Check status", "Collect"}
    of_pieces = {f"{name} (piece)" for name in of_parts}
    assert set(tasks) == of_parts | of_pieces | ENDING
    for task in tasks.values():
        assert names(TryAgain) <= named(task["Retry"])
        ours = names(DropcoderError) - names(TryAgain)
        assert not ours & named(task["Retry"])


def should_catch_every_final_error_and_only_those_in_the_tasks_of_a_part() -> None:
    for name, task in tasks_of_ours().items():
        if name not in ENDING:
            assert named(task["Catch"]) == names(Final)


def should_name_no_error_that_python_does_not_have_when_the_state_machine_retries_or_catches() -> (
    None
):
    for task in tasks_of_ours().values():
        for name in named([*task["Retry"], *task.get("Catch", [])]):
            assert "." in name or name in names(DropcoderError)


@pytest.mark.parametrize("leaf", sorted(leaves(DropcoderError), key=str))
def should_say_who_can_mend_it_when_an_error_is_a_leaf(leaf: type[DropcoderError]) -> None:
    assert "Mended by" in " ".join((leaf.__doc__ or "").split()) or "Mended" in (leaf.__doc__ or "")
    assert leaf.__name__ in (errors.__doc__ or "")


def should_be_exactly_four_kinds_when_errors_are_sorted() -> None:
    kinds = {TryAgain, Final, Rejected, OperatorNeeded}
    assert set(DropcoderError.__subclasses__()) == kinds
