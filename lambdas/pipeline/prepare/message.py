"""The messages of the queue in front of prepare: an event of S3, or what is to be gone on with."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

from pipeline.domain.state_fields import MalformedState
from pipeline.prepare.s3_event import ObjectCreated

LONGEST_DELAY = 900  # seconds: SQS's limit of a message's delay
FIRST_DELAY = 4  # seconds; doubles from try to try; ours
MOST_TRIES = 12  # of what passes by itself: about an hour in all, as in drop.asl.json; ours


@dataclass(frozen=True, slots=True, kw_only=True)
class PrepareMessage:
    """One object to prepare, and how far that has come."""

    event: Mapping[str, Any]
    """As S3 sent it to EventBridge."""
    created: ObjectCreated
    attempt: str | None = None
    """The folder of the attempt that is gone on with; None: a new one."""
    encoding: str | None = None
    """What that attempt found the text's encoding to be, where it is not UTF-8."""
    turn: str | None = None
    """The place in the queue for a call of the service (`limiter.RateLimited`)."""
    tries: int = 0
    """How often something that passes by itself has ended the work."""
    deaths: int = 0
    """How often an invocation had ended abruptly when the message was put back."""
    delay: int = 0
    """Seconds that it is hidden in the queue before it comes."""

    @classmethod
    def from_body(cls, body: str) -> Self:
        """Reads a message's body. Raises `MalformedState`."""
        try:
            read = json.loads(body)
        except ValueError:
            raise MalformedState("a message is no JSON") from None
        if not isinstance(read, dict):
            raise MalformedState("a message is no JSON object")
        if "continues" not in read:
            return cls(event=read, created=ObjectCreated.from_event(read))
        try:
            return cls(
                event=read["continues"],
                created=ObjectCreated.from_event(read["continues"]),
                attempt=read["attempt"],
                encoding=read["encoding"],
                turn=read["turn"],
                tries=read["tries"],
                deaths=read["deaths"],
            )
        except KeyError as missing:
            raise MalformedState(f"a message that goes on lacks {missing}") from None

    def to_body(self) -> str:
        """The body of a message that goes on from here."""
        return json.dumps(
            {
                "continues": self.event,
                "attempt": self.attempt,
                "encoding": self.encoding,
                "turn": self.turn,
                "tries": self.tries,
                "deaths": self.deaths,
            }
        )

    def after_a_fault(self) -> "PrepareMessage | None":
        """The message that tries again later; None after too many tries."""
        if self.tries >= MOST_TRIES:
            return None
        delay = min(FIRST_DELAY * 2**self.tries, LONGEST_DELAY)
        return replace(self, tries=self.tries + 1, delay=delay)

    def after_waiting(self, seconds: int, turn: str | None) -> "PrepareMessage":
        """The message that comes back when a call of the service may be free."""
        return replace(self, turn=turn, delay=max(1, min(seconds, LONGEST_DELAY)))
