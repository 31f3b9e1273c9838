"""Whoever waits is told that the work goes on, and nothing of what is over soon."""

import io
from collections.abc import Iterator
from threading import Event

import pytest

from training.progress import FIRST_SECONDS, NEXT_SECONDS, telling


class ScriptedWaits(Event):
    """Waits that are over at once, the first few without the event; it keeps how long they were."""

    def __init__(self, unanswered: int) -> None:
        super().__init__()
        self.asked: list[float | None] = []
        self.told = Event()
        self._unanswered = unanswered

    def wait(self, timeout: float | None = None) -> bool:
        self.asked.append(timeout)
        if len(self.asked) > self._unanswered:
            self.told.set()
            return super().wait()
        return False


def seconds() -> Iterator[float]:
    yield from (100.0, 103.2, 113.4, 123.0)


def should_say_how_long_it_has_been_when_the_work_takes_longer() -> None:
    out, waits, clock = io.StringIO(), ScriptedWaits(2), seconds()

    with telling("training", out, clock=lambda: next(clock), done=waits):
        assert waits.told.wait(10)

    assert out.getvalue() == "training: 3 s so far\ntraining: 13 s so far\n"
    assert waits.asked == [FIRST_SECONDS, NEXT_SECONDS, NEXT_SECONDS]


def should_be_silent_when_the_work_is_over_soon() -> None:
    out = io.StringIO()

    with telling("training", out):
        pass

    assert out.getvalue() == ""


def should_end_with_the_block_when_that_fails() -> None:
    out, waits = io.StringIO(), ScriptedWaits(0)

    with pytest.raises(ZeroDivisionError), telling("training", out, done=waits):
        raise ZeroDivisionError

    assert waits.is_set()
