"""The upload of one operation's input, tried again where that is certainly safe."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

from pipeline.clock import Clock
from pipeline.domain.facts import InputFacts
from pipeline.engines.base import (
    OpenOperation,
    OutOfTime,
    StorageAnswer,
    StorageOutcome,
    UploadBody,
)
from pipeline.errors import StorageBusy, StorageRefused
from pipeline.ledger.parts import AttemptState, PartLease

PUT_TRIES = 3  # ours: of one operation's upload
FIRST_RETRY_SECONDS = 1.0  # ours; doubles
CERTAINLY_NOT_STORED = frozenset({"SlowDown", "ServiceUnavailable", "RequestTimeout", "HTTP 503"})
"""S3 gives these before it takes a request on; after other faults the object may exist."""


class Cargo(Protocol):
    """What is uploaded, in one pass."""

    @property
    def length(self) -> int:
        """Bytes."""

    @property
    def good(self) -> Iterator[bytes]:
        """The bytes, in blocks."""

    def facts(self) -> InputFacts:
        """Once all blocks have been given out."""

    def close(self) -> None:
        """Lets go of what the pass holds."""


@dataclass(slots=True)
class Delivery:
    """Sends one cargo to one operation. `load` begins another pass over it."""

    lease: PartLease
    clock: Clock
    has_time: Callable[[], bool]
    cargo: Cargo
    """The pass that is under way."""
    load: Callable[[], Cargo]

    def send(self, operation: OpenOperation) -> None:
        """Returns when the service has the input and the ledger says so.

        Raises `StorageBusy` (where the ledger says `closing`, the input may have arrived),
        `StorageRefused`, `PartTaken`, `FileRejected`, `DropGone`, and as `operation.send` does.
        """
        wait = FIRST_RETRY_SECONDS
        for tries in range(1, PUT_TRIES + 1):
            self.lease.uploading()
            answer = self._put(operation, first=tries == 1)
            closing = self.lease.record.state is AttemptState.CLOSING
            if answer.outcome is StorageOutcome.DONE and closing:
                self.lease.uploaded(self.cargo.facts())
                return
            if closing and _may_be_stored(answer):
                raise StorageBusy(
                    f"the answer to the upload was lost ({answer.code}); the operation's status "
                    "will tell whether the file arrived"
                )
            if answer.outcome is not StorageOutcome.BUSY or tries == PUT_TRIES:
                break
            self.clock.sleep(wait)
            wait *= 2
            self._start_over()
        self._give_up(answer)

    def close(self) -> None:
        self.cargo.close()

    def _put(self, operation: OpenOperation, *, first: bool) -> StorageAnswer:
        body = UploadBody(
            self.cargo.good,
            self.cargo.length,
            before_last=lambda: self.lease.closing(self.cargo.facts()),
            has_time=self.has_time,
        )
        try:
            return operation.send(body)
        except OutOfTime:
            if not first:
                raise StorageBusy("no time is left for another upload in this run") from None
            raise StorageRefused(
                "the file could not be sent to the coding service within the time that a "
                "function may take; split it into smaller files and drop those"
            ) from None

    def _start_over(self) -> None:
        self.cargo.close()
        self.cargo = self.load()

    def _give_up(self, answer: StorageAnswer) -> None:
        """The operation certainly has no input."""
        self.lease.abandon(f"the storage answered {answer.code}")
        if answer.outcome in (StorageOutcome.BUSY, StorageOutcome.EXPIRED, StorageOutcome.DONE):
            raise StorageBusy(
                f"the service's storage did not take the file ({answer.code}); it will be sent "
                "again with a new operation"
            )
        if answer.code == "EntityTooLarge":
            raise StorageRefused(
                "the file is larger than the service's storage takes; split it and drop the parts"
            )
        raise StorageRefused(
            f"the service's storage refused the file ({answer.code}); drop it again, and if that "
            "fails too, tell the service's operator"
        )


def _may_be_stored(answer: StorageAnswer) -> bool:
    return answer.outcome is StorageOutcome.BUSY and answer.code not in CERTAINLY_NOT_STORED
