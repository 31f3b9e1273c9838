"""A drop is followed to its end, and whoever follows hears where it is."""

from collections.abc import Callable

import pytest

from dropcoder.deployed.follow import follow
from dropcoder.deployed.reach import Pipeline
from dropcoder.errors import NotFound, StillGoing
from pipeline.clock import Clock
from tests.support.erasure import World


class Told(list[str]):
    """What was told, each once; something happens after each wait."""

    def __init__(self, *happens: Callable[[], object]) -> None:
        super().__init__()
        self.seconds = 0.0
        self.happens = list(happens)

    def __call__(self, now: str, news: str) -> None:
        assert now.startswith(news)
        if news not in self:
            self.append(news)

    @property
    def clock(self) -> Clock:
        def sleep(seconds: float) -> None:
            self.seconds += seconds
            if self.happens:
                self.happens.pop(0)()

        return Clock(seconds=lambda: self.seconds, sleep=sleep)


def should_tell_each_step_until_the_drop_has_ended(here: World, pipeline: Pipeline) -> None:
    drop = here.drop()
    told = Told(
        lambda: here.cloud.ledger.update(
            f"drop#{drop.drop_id}", "drop", set={"execution": "not-started"}
        ),
        lambda: here.cloud.ledger.update(
            f"drop#{drop.drop_id}", "drop", set={"execution": "started"}
        ),
        lambda: here.ended(drop),
    )
    here.began("started", drop, again=True)
    ended = follow(pipeline, drop.drop_id, tell=told, clock=told.clock)
    assert ended.status == "complete"
    assert told[:2] == ["noticed, waiting for an execution", "waiting for its execution"]
    assert told[2].startswith("running: ")


def should_give_up_on_a_drop_that_never_comes_into_the_ledger(pipeline: Pipeline) -> None:
    told = Told()
    with pytest.raises(NotFound, match="the ledger knows no drop"):
        follow(pipeline, "f" * 32, tell=told, clock=told.clock)
    assert told == ["being prepared, or not noticed yet"]
    assert 3_600 < told.seconds < 3_630


def should_say_that_it_goes_on_when_patience_ends(here: World, pipeline: Pipeline) -> None:
    drop = here.drop()
    told = Told()
    with pytest.raises(StillGoing) as going:
        follow(pipeline, drop.drop_id, tell=told, patience=100, clock=told.clock)
    assert f"dropcoder watch {drop.drop_id[:8]}" in going.value.next_step
    assert 100 < told.seconds < 120


def should_count_patience_from_when_several_drops_were_begun(
    here: World, pipeline: Pipeline
) -> None:
    told = Told()
    told.seconds = 500.0
    drop = here.drop()
    with pytest.raises(StillGoing):
        follow(pipeline, drop.drop_id, tell=told, patience=100, began=300.0, clock=told.clock)
    assert told.seconds == 500.0
    here.ended(drop)
    found = follow(pipeline, drop.drop_id, tell=told, patience=100, began=300.0, clock=told.clock)
    assert found.status == "complete"
