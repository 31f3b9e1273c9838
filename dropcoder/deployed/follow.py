"""Follows a drop to its end: the ledger says whether it has ended, its execution where it is."""

from collections.abc import Callable

from dropcoder.deployed.executions import Executions, Whereabouts
from dropcoder.deployed.known_drops import GOING, KnownDrop, KnownDrops
from dropcoder.deployed.reach import Pipeline
from dropcoder.errors import NotFound, StillGoing
from pipeline.clock import Clock

UNKNOWN_SECONDS = 3_600.0
"""A drop comes into the ledger once it is prepared, which takes a large table many minutes; what is
not there after that was not noticed, or its id is wrong; ours."""
FIRST_WAIT, WAIT_SHARE, LONGEST_WAIT = 0.5, 0.1, 15.0
"""Seconds between two looks: at first, as a part of the time so far, and at most; ours."""

Tell = Callable[[str, str], None]
"""Is given what is going on with the time so far, and the same without."""


def follow(
    pipeline: Pipeline,
    drop_id: str,
    *,
    tell: Tell,
    patience: float | None = None,
    began: float | None = None,
    clock: Clock | None = None,
) -> KnownDrop:
    """The drop, once it has ended.

    Raises `NotFound` where the ledger does not know it within an hour, `StillGoing` where it has
    not ended after `patience` seconds. Both count from `began`, in seconds as the clock's, by
    default from now; it is looked at once, however long ago that was.
    """
    clock = clock or Clock()
    began = clock.seconds() if began is None else began
    drops, executions = KnownDrops(pipeline), Executions(pipeline.clients, pipeline.deployment)
    while True:
        found = drops.get(drop_id)
        if found is not None and found.status != GOING:
            return found
        waited = clock.seconds() - began
        where = _where(found, executions)
        tell(f"{where}, {waited:.0f} s", where)
        if found is None and waited > UNKNOWN_SECONDS:
            raise NotFound(
                f"After {waited:.0f} s the ledger knows no drop {drop_id}.",
                next_step="Look at the alarms (dropcoder doctor); is the id right, and the "
                "deployment?",
            )
        if patience is not None and waited > patience:
            raise StillGoing(
                f"After {waited:.0f} s the drop has not ended: {where}.",
                next_step=f"It goes on. Follow it: dropcoder watch {drop_id[:8]}",
            )
        clock.sleep(min(max(FIRST_WAIT, waited * WAIT_SHARE), LONGEST_WAIT))


def _where(found: KnownDrop | None, executions: Executions) -> str:
    if found is None:
        return "being prepared, or not noticed yet"
    if not found.execution:
        return "noticed, waiting for an execution"
    where = executions.whereabouts(executions.arn(found.execution))
    return "waiting for its execution" if where is None else _said(where)


def _said(where: Whereabouts) -> str:
    operation = f", operation {where.status}" if where.operation_id and where.status else ""
    return f"{where.execution.lower()}: {where.state}{operation}"
