"""The compact input of an execution of several drops or parts, and how it is expanded.

The state of an execution may have 262,144 bytes (Step Functions quotas). One drop in one part is
described in full, for people who look at an execution. Of many, the state only says which they
are, and the ledger has the rest:

    drops     {"drop_id", "key"}
    segments  {"drop_id"} of a whole file; {"drop_id", "first_byte", "last_byte"} of a piece

The parts of a file that is coded in several do not stand in its input at all: `executions.pieces`.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.domain.drop import Drop
from pipeline.domain.execution import NOTHING_TOLD, Execution, TaskInput
from pipeline.domain.part import whole_file
from pipeline.domain.state_fields import MalformedState, State, read_state

ReadDrops = Callable[[Iterable[str]], Mapping[str, Drop]]
"""Reads the drops of these ids, without those that the ledger lacks (`Drops.known`)."""


@dataclass(frozen=True, slots=True)
class _CompactPart:
    segments: tuple[dict[str, Any], ...]


@dataclass(frozen=True, slots=True)
class _CompactTask:
    part: _CompactPart


_DROP_FIELDS = ("drop_id", "key")
_FILE_FIELDS = ("drop_id",)
_PIECE_FIELDS = ("drop_id", "first_byte", "last_byte")


def compact_input(execution: Execution) -> dict[str, Any]:
    """The input of an execution: in full for one drop in one part, otherwise compact."""
    state = execution.to_state()
    if len(execution.drops) > 1 or execution.has_pieces:
        state["drops"] = [_only(_DROP_FIELDS, each) for each in state["drops"]]
        for part in state["parts"]:
            names = _PIECE_FIELDS if "piece" in part else _FILE_FIELDS
            part["segments"] = [_only(names, each) for each in part["segments"]]
    return {**state, "ended": dict(NOTHING_TOLD)}


def expanded_task(state: Any, read_drops: ReadDrops) -> TaskInput:
    """The input of submit and collect, expanded. Raises `MalformedState`, `AwsBusy`."""
    segments = read_state(state, _CompactTask).part.segments
    expanded = _expanded(segments, read_drops, whole_file)
    return TaskInput.from_state({**state, "part": {**state["part"], "segments": expanded}})


def expanded_drops(states: Iterable[Mapping[str, Any]], read_drops: ReadDrops) -> list[Drop]:
    """The drops of an execution's input, expanded, in the same order.

    Raises `MalformedState`, `AwsBusy`.
    """
    return [Drop.from_state(each) for each in _expanded(states, read_drops, lambda drop: drop)]


def _only(names: tuple[str, ...], state: Mapping[str, Any]) -> dict[str, Any]:
    return {name: state[name] for name in (*names, "rejection", "failure") if name in state}


def _expanded(
    states: Iterable[Mapping[str, Any]], read_drops: ReadDrops, full: Callable[[Drop], State]
) -> list[Mapping[str, Any]]:
    """The entries, the compact ones with the fields that `full` gives of their drop."""
    states = list(states)
    ids: list[Any] = [each.get("drop_id") for each in states if "bucket" not in each]
    if not all(isinstance(each, str) for each in ids):
        raise MalformedState("the state lacks 'drop_id'")
    found = read_drops(ids) if ids else {}
    if missing := [each for each in ids if each not in found]:
        raise MalformedState(
            f"the ledger knows nothing of {len(missing)} drops, the first is {missing[0]}"
        )
    return [
        each if "bucket" in each else {**full(found[each["drop_id"]]).to_state(), **each}
        for each in states
    ]
