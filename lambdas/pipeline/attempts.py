"""The ledger of a part: who works on it, which operation counts for it, what it held.

Creating an operation is not idempotent, and an upload can be interrupted anywhere. So each step
is written down before and after it is done, in one item of the ledger that only the invocation
holding the part's lease may change; the states are, in order:

    idle → creating → created → uploading → closing → uploaded

`uploading` is written before the first byte, `closing` before the last one, with all facts about
the input. S3 has no object until the last byte, so an attempt that died in `uploading` left
nothing behind, and one that died in `closing` may have. Only the operation named in this item is
asked about and collected: at most one operation's bytes count. Ended attempts stay readable as
items `attempt#0001`… beside it. No URL, token or line of a drop is ever in here.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from pipeline.aws_errors import aws_busy_as_try_again
from pipeline.claim import KEPT_SECONDS, Claim, part_key, taken_if_refused
from pipeline.clock import Clock
from pipeline.ledger import Ledger
from pipeline.part_record import AttemptState, InputFacts, MetadataFacts, OutputFacts, PartRecord

__all__ = [
    "AttemptState",
    "Attempts",
    "Claim",
    "InputFacts",
    "MetadataFacts",
    "OutputFacts",
    "PartRecord",
]

LEASE_MARGIN_SECONDS = 5.0  # ours: clocks of two machines may differ by so much


class Attempts:
    """The parts' items in the ledger."""

    def __init__(self, ledger: Ledger, clock: Clock) -> None:
        self._ledger = ledger
        self._clock = clock

    def record(self, part_id: str) -> PartRecord:
        """What is known of a part now (a consistent read). Raises `AwsBusy`."""
        return PartRecord.from_item(part_id, self._ledger.get(*part_key(part_id).values()) or {})

    @contextmanager
    def claimed(
        self,
        part_id: str,
        *,
        owner: str,
        seconds: float,
        on_lost: Callable[[float], None] = lambda _when: None,
    ) -> Iterator["Claim"]:
        """The part for the one invocation `owner`, released at the end of the block.

        `seconds` is the time that the invocation has left: when a lease has run out, its holder
        is dead for certain. `on_lost` hears of operations that were begun and will not be asked
        for any more, with the time at which that was found, in seconds since 1970. Raises
        `PartTaken` while another invocation holds the part, `AwsBusy`.
        """
        now = self._clock.seconds()
        with aws_busy_as_try_again(), taken_if_refused(part_id):
            answer = self._ledger.table.update_item(
                Key=part_key(part_id),
                UpdateExpression="SET #owner = :me, owner_until = :until, expires_at = :expires",
                ConditionExpression=(
                    "attribute_not_exists(#owner) OR #owner = :me OR owner_until < :now"
                ),
                ExpressionAttributeNames={"#owner": "owner"},
                ExpressionAttributeValues={
                    ":me": owner,
                    ":now": int(now * 1000),
                    ":until": int((now + seconds + LEASE_MARGIN_SECONDS) * 1000),
                    ":expires": int(now) + KEPT_SECONDS,
                },
                ReturnValues="ALL_NEW",
            )
        record = PartRecord.from_item(part_id, answer["Attributes"])
        claim = Claim(self._ledger, self._clock, owner, record, on_lost)
        try:
            yield claim
        finally:
            claim.release()
