"""The table in memory does what moto's does, for the ledger as the pipeline uses it."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import PartTaken
from pipeline.ledger.drops import Drops
from pipeline.ledger.parts import Parts
from pipeline.ledger.table import Ledger
from pipeline.rate_limit.state import CallKind
from simulation.cloud.table import MemoryTable
from tests.support.pipeline.builders import SimulatedIo, a_drop, a_limiter
from tests.support.pipeline.clouds import cloud

Step = Callable[[Ledger], Any]


def in_memory() -> Ledger:
    return Ledger(MemoryTable())  # type: ignore[arg-type]


def _put_new(ledger: Ledger, n: int) -> Any:
    return ledger.put_new({"pk": "a", "sk": "b", "n": n})


def _put(ledger: Ledger, n: int) -> Any:
    return ledger.put({"pk": "a", "sk": "b", "n": n, "m": {"x": [n, None]}})


def _update(ledger: Ledger, n: int) -> Any:
    return ledger.update(
        "a",
        "b",
        set={"n": n + 1, "half": 0.5},
        remove=("m",),
        when="attribute_not_exists(#n) OR #n = :n",
        names={"#n": "n"},
        values={":n": n},
    )


def _below(ledger: Ledger, n: int) -> Any:
    return ledger.update("a", "b", set={"n": n}, when="n < :n", values={":n": n})


def _add(ledger: Ledger, n: int) -> Any:
    return ledger.add("a", "b", "n", n)


@settings(max_examples=25)
@given(
    st.lists(
        st.tuples(st.sampled_from([_put_new, _put, _update, _below, _add]), st.integers(1, 3)),
        max_size=12,
    )
)
def should_answer_as_moto_does_when_the_ledger_writes(
    steps: list[tuple[Callable[[Ledger, int], Any], int]],
) -> None:
    memory = in_memory()
    with cloud() as aws:
        for step, n in steps:
            assert step(memory, n) == step(aws.ledger, n)
            assert memory.get("a", "b") == aws.ledger.get("a", "b")


def should_hold_a_part_for_one_when_two_claim_it() -> None:
    parts = Parts(in_memory(), SimulatedIo().clock)
    with parts.lease("p", owner="one", seconds=10) as lease:
        lease.begin()
        with pytest.raises(PartTaken), parts.lease("p", owner="two", seconds=10):
            pass
        lease.created("op")
    assert parts.record("p").operation_id == "op"


def should_keep_a_drop_and_take_a_slot() -> None:
    ledger, io = in_memory(), SimulatedIo()
    drops = Drops(ledger, io.clock)
    drops.accept(a_drop())
    assert drops.accept(a_drop()) == drops.record(a_drop().drop_id)
    a_limiter(ledger, io).take(CallKind.STATUS)
    assert a_limiter(ledger, io).load().quota_left < 1


def should_refuse_an_expression_when_it_is_one_that_it_does_not_know() -> None:
    with pytest.raises(NotImplementedError):
        in_memory().update("a", "b", set={}, when="size(n) = :n", values={":n": 1})
