"""The upload of one operation's input, tried again where that is certainly safe."""

from collections.abc import Callable

from pipeline.clock import Clock
from pipeline.engines.base import (
    OpenOperation,
    OutOfTime,
    StorageAnswer,
    StorageOutcome,
    UploadBody,
)
from pipeline.errors import StorageBusy, StorageRefused
from pipeline.ledger.parts import AttemptState, PartLease
from pipeline.submit.input_stream import InputStream

UPLOAD_TRIES = 3  # then the state machine tries again, with a new operation; ours
FIRST_RETRY_SECONDS = 1.0  # S3 asks those whom it slows down to back off; ours; doubles
CERTAINLY_NOT_STORED = frozenset(
    {"SlowDown", "ServiceUnavailable", "RequestTimeout", "HTTP 429", "HTTP 503"}
)
"""S3, or what stands in front of it, gives these before it takes a request on; after other faults
the object may exist."""


def upload_with_retries(
    stream: InputStream,
    operation: OpenOperation,
    *,
    lease: PartLease,
    clock: Clock,
    has_time: Callable[[], bool],
) -> None:
    """Returns when the service has the input and the ledger says so.

    Raises `StorageBusy` (where the ledger says `closing`, the input may have arrived),
    `StorageRefused`, `PartTaken`, `FileRejected`, `DropGone`, and as `operation.send` does.
    """
    wait = FIRST_RETRY_SECONDS
    for tries in range(1, UPLOAD_TRIES + 1):
        lease.uploading()
        answer = _upload(stream, operation, lease, has_time, first=tries == 1)
        closing = lease.record.state is AttemptState.CLOSING
        if answer.outcome is StorageOutcome.DONE and closing:
            lease.uploaded(stream.facts())
            return
        if closing and _may_be_stored(answer):
            raise StorageBusy(
                f"{answer.storage} gave no answer to the upload ({answer.code}); the operation's "
                "status will tell whether the file arrived"
            )
        if answer.outcome is not StorageOutcome.BUSY or tries == UPLOAD_TRIES:
            break
        clock.sleep(wait)
        wait *= 2
        stream.restart()
    lease.abandon(_refused(answer))  # the operation certainly has no input
    raise _refusal(answer)


def _upload(
    stream: InputStream,
    operation: OpenOperation,
    lease: PartLease,
    has_time: Callable[[], bool],
    *,
    first: bool,
) -> StorageAnswer:
    body = UploadBody(
        stream.valid_blocks,
        stream.length,
        before_last=lambda: lease.closing(stream.facts()),
        has_time=has_time,
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


def _refusal(answer: StorageAnswer) -> StorageBusy | StorageRefused:
    if answer.outcome in (StorageOutcome.BUSY, StorageOutcome.EXPIRED, StorageOutcome.DONE):
        return StorageBusy(f"{_refused(answer)}; it will be sent again with a new operation")
    if answer.code == "EntityTooLarge":
        return StorageRefused(
            f"the file is larger than {answer.storage} takes; split it and drop the parts"
        )
    return StorageRefused(
        f"{answer.storage} refused the file ({answer.code}); drop it again, and if that fails "
        "too, tell the service's operator"
    )


def _refused(answer: StorageAnswer) -> str:
    if answer.outcome is StorageOutcome.EXPIRED:
        return f"{answer.storage} called the new upload URL expired ({answer.code})"
    return f"{answer.storage} did not take the file ({answer.code})"


def _may_be_stored(answer: StorageAnswer) -> bool:
    return answer.outcome is StorageOutcome.BUSY and answer.code not in CERTAINLY_NOT_STORED
