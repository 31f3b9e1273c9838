"""Tells whoever waits at a terminal that the work goes on, and since when."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread
from typing import TextIO

FIRST_SECONDS, NEXT_SECONDS = 3.0, 10.0  # of silence; ours


@contextmanager
def telling(
    what: str,
    stream: TextIO,
    *,
    clock: Callable[[], float] = time.monotonic,
    done: Event | None = None,
) -> Iterator[None]:
    """While the block runs, say so on `stream` after three seconds and every ten from then on.

    Nothing is said of a block that ends before. `clock` are seconds; `done` is set as it ends.
    """
    done = done or Event()
    teller = Thread(target=_tell, args=(what, stream, clock, done), daemon=True)
    teller.start()
    try:
        yield
    finally:
        done.set()
        teller.join()


def _tell(what: str, stream: TextIO, clock: Callable[[], float], done: Event) -> None:
    began = clock()
    silence = FIRST_SECONDS
    while not done.wait(silence):
        stream.write(f"{what}: {clock() - began:.0f} s so far\n")
        stream.flush()
        silence = NEXT_SECONDS
