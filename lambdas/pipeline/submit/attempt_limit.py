"""How many operations a part may use, and how long after each other they begin.

Nothing takes an operation back, so a storage that keeps failing must not be met with ever more of
them. The limit holds for a part, whatever its attempts failed of; who starts an execution once more
after it was reached has as many again.
"""

from collections import Counter
from collections.abc import Sequence

from pipeline.clock import Clock, parsed
from pipeline.errors import UploadsFailed
from pipeline.ledger.parts import PartLease
from pipeline.ledger.table import Item

MOST_OPERATIONS = 6  # with the waits below they span an hour, as the state machine's Retry; ours
WAITS = (5, 25, 125, 625, 3_125)  # seconds after the first, the second, …; ours
MINUTE = 60  # seconds


def wait_before_next(lease: PartLease, *, most: int, clock: Clock) -> int:
    """The seconds until the next operation of an idle part may be opened; 0: it may be now.

    Raises `UploadsFailed`, with what was tried, where the part has used `most` operations; and as
    the lease's methods do.
    """
    record = lease.record
    if record.tried >= most:
        tried = lease.ended_attempts()
        lease.give_up()
        raise UploadsFailed(_what_was_tried(tried, record.tried))
    if record.abandoned_at is None:
        return 0
    waited = (clock.now() - parsed(record.abandoned_at)).total_seconds()
    wait = WAITS[min(record.tried, len(WAITS)) - 1]
    return max(0, round(wait - waited))


def _what_was_tried(attempts: Sequence[Item], count: int) -> str:
    reasons = Counter(str(each["reason"]) for each in attempts)
    listed = "; ".join(f"{_times(times)} {reason}" for reason, times in reasons.items())
    said = f"none of {count} operations{_within(attempts)} gave results"
    return f"{said}: {listed}" if listed else said


def _within(attempts: Sequence[Item]) -> str:
    told = [each.get(name) for each in attempts for name in ("begun_at", "ended_at")]
    moments = [parsed(moment) for moment in told if moment is not None]
    if not moments:
        return ""
    minutes = (max(moments) - min(moments)).total_seconds() / MINUTE
    return f" within {max(1, round(minutes))} min"


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"
