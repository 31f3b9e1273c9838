"""The short form of an execution that carries several drops or parts, and its completion.

What travels through a state machine may have 262,144 bytes (Step Functions quotas). One drop in
one part is described in full, for people who look at an execution. Of many, the state only says
which they are, and the ledger, which took each of them in, says the rest:

    drops     {"drop_id", "key"}
    segments  {"drop_id"} of a whole file; {"drop_id", "first_byte", "last_byte"} of a piece
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from pipeline.domain.drop import Drop
from pipeline.domain.execution import Execution, TaskInput
from pipeline.domain.state_fields import MalformedState, whole_list

KnownDrops = Callable[[Iterable[str]], Mapping[str, Drop]]
"""The drops of these ids, as far as the ledger has them."""

_OF_A_DROP = ("drop_id", "key")
_OF_A_FILE = ("drop_id",)
_OF_A_PIECE = ("drop_id", "first_byte", "last_byte")
_TAKEN_FROM_DROP = ("bucket", "key", "version_id", "etag", "results_prefix")


def shortened(execution: Execution) -> dict[str, Any]:
    """The input of an execution: in full for one drop in one part, otherwise short."""
    state = execution.to_state()
    if len(execution.drops) > 1 or len(execution.parts) > 1:
        state["drops"] = [_only(_OF_A_DROP, each) for each in state["drops"]]
        for part in state["parts"]:
            names = _OF_A_PIECE if "piece" in part else _OF_A_FILE
            part["segments"] = [_only(names, each) for each in part["segments"]]
    return state


def completed_task(state: Any, known: KnownDrops) -> TaskInput:
    """The input of submit and collect. Raises `MalformedState`, `AwsBusy`."""
    part = state.get("part") if isinstance(state, Mapping) else None
    if not isinstance(part, Mapping):
        raise MalformedState("the state lacks 'part'")
    segments = whole_list(part, "segments")
    drops = _found(segments, known)
    completed = [_with_drop(each, drops) for each in segments]
    return TaskInput.from_state({**state, "part": {**part, "segments": completed}})


def completed_drops(states: Iterable[Mapping[str, Any]], known: KnownDrops) -> list[Drop]:
    """Drops as an execution's input has them, in the same order."""
    states = list(states)
    found = _found(states, known)
    return [
        Drop.from_state({**found[each["drop_id"]].to_state(), **each} if _is_short(each) else each)
        for each in states
    ]


def _only(names: tuple[str, ...], state: Mapping[str, Any]) -> dict[str, Any]:
    return {name: state[name] for name in (*names, "rejection", "failure") if name in state}


def _is_short(state: Any) -> bool:
    return isinstance(state, Mapping) and "bucket" not in state


def _found(states: Iterable[Any], known: KnownDrops) -> Mapping[str, Drop]:
    """The drops of all short entries."""
    ids = [each.get("drop_id") for each in states if _is_short(each)]
    if not ids:
        return {}
    if not all(isinstance(each, str) for each in ids):
        raise MalformedState("the state lacks 'drop_id'")
    found = known(ids)
    if missing := [each for each in ids if each not in found]:
        raise MalformedState(
            f"the ledger knows nothing of {len(missing)} drops, the first is {missing[0]}"
        )
    return found


def _with_drop(segment: Any, drops: Mapping[str, Drop]) -> Any:
    if not _is_short(segment):
        return segment
    drop = drops[segment["drop_id"]]
    return {
        **{name: getattr(drop, name) for name in _TAKEN_FROM_DROP},
        "first_byte": 0,
        "last_byte": drop.size - 1,
        **segment,
    }
