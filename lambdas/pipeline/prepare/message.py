"""The messages of the queue in front of prepare: an event of S3, or what is to be gone on with."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

from pipeline.domain.state_fields import MalformedState, read_state
from pipeline.prepare.s3_event import ObjectCreated
from shared.received_json import JsonFault, read_object

LONGEST_DELAY = 900  # seconds: SQS's limit of a message's delay
FIRST_DELAY = 4  # seconds; doubles from try to try; ours
MOST_TRIES = 12  # of what passes by itself: about an hour in all, as in drop.asl.json; ours


@dataclass(frozen=True, slots=True)
class _GoesOn:
    """The body of a message that is gone on with, as `PrepareMessage.to_body` writes it."""

    continues: dict[str, Any]
    attempt: str | None
    encoding: str | None
    turn: str | None
    tries: int
    deaths: int
    dictionary: int | None = None


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
    dictionary: int | None = None
    """The version of the topic's dictionary that it looks rows up in; None: the newest then."""
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
            read = read_object(body)
        except JsonFault as fault:
            raise MalformedState(f"a message {fault}") from None
        if "continues" not in read:
            return cls(event=read, created=ObjectCreated.from_event(read))
        kept = read_state(read, _GoesOn)
        return cls(
            event=kept.continues,
            created=ObjectCreated.from_event(kept.continues),
            attempt=kept.attempt,
            encoding=kept.encoding,
            dictionary=kept.dictionary,
            turn=kept.turn,
            tries=kept.tries,
            deaths=kept.deaths,
        )

    def to_body(self) -> str:
        """The body of a message that goes on from here."""
        return json.dumps(
            {
                "continues": self.event,
                "attempt": self.attempt,
                "encoding": self.encoding,
                "dictionary": self.dictionary,
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
