"""Why a drop ended as it did, and what to do next, in words for the person who dropped it."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.domain.facts import InputFacts
from pipeline.domain.identity import HOW_TO_NAME
from pipeline.domain.progress import PartStatus, Progress
from pipeline.observability import quoted

LONGEST_REASON = 2_000  # characters; ours: fits an e-mail, and 256 kB of SNS many times over

DROP_AGAIN = "Drop the file again."
AGAIN_OR_OPERATOR = (
    "Drop the file again; if it happens again, ask the service's operator and name the operation."
)
START_AGAIN = (
    " The other pieces are kept for 90 days: a new execution with the same input codes only what "
    "is missing (Step Functions console: New execution)."
)
REDRIVE = (
    "then redrive the failed execution in the Step Functions console (within 14 days), or drop "
    "the file again."
)

# By the name of an error of `errors`: the next step. Their messages give the reason.
NEXT_STEPS = {
    "ServiceBusy": f"The service was not available for over an hour. Wait until it is, {REDRIVE}",
    "StorageBusy": f"The storage was not available for over an hour. Wait until it is, {REDRIVE}",
    "AwsBusy": f"AWS was not available for over an hour. Wait until it is, {REDRIVE}",
    "PartTaken": f"Wait a quarter of an hour, {REDRIVE}",
    "ServiceRefused": (
        "Check with the service's operator what this answer means, and drop the file again."
    ),
    "StorageRefused": AGAIN_OR_OPERATOR,
    "ResultsGone": DROP_AGAIN,
    "ResultsMismatch": AGAIN_OR_OPERATOR,
    "DropGone": DROP_AGAIN,
    "CredentialsMissing": f"Fill the credentials secret, {REDRIVE}",
    "CredentialsRefused": f"Correct the credentials secret, {REDRIVE}",
    "AddressRefused": f"Correct the setting, deploy, {REDRIVE}",
    "SettingInvalid": f"Correct the settings, deploy, {REDRIVE}",
    "ExecutionAborted": f"Somebody stopped the execution. If that was not meant, {REDRIVE}",
    "ExecutionTimedOut": (
        "The execution reached its time limit of two weeks. Ask the service's operator why the "
        "operation took so long, and drop the file again."
    ),
}
UNEXPECTED = f"Look into the failed execution and the logs of this drop's id, {REDRIVE}"

# Where the runtime gives no message of ours.
OWN_REASONS = {
    "ExecutionAborted": "The execution was aborted.",
    "ExecutionTimedOut": "The execution took too long.",
}

_ERROR_MESSAGE = re.compile(r'"errorMessage"\s*:\s*"((?:[^"\\]|\\.)*)')


@dataclass(frozen=True, slots=True)
class Telling:
    """Reason (None: all went well) and next step."""

    reason: str | None
    next_step: str


def of_error(error: str, cause: str) -> Telling:
    """Of an error's name and the cause that Step Functions or Lambda's runtime gave."""
    own = OWN_REASONS.get(error)
    message = own or _message_in(cause)
    known = error in NEXT_STEPS
    if known:
        reason = message or error
    else:
        reason = f"An unexpected error ended the work: {error}" + (
            f": {message}" if message else ""
        )
    return Telling(_sentence(reason), NEXT_STEPS.get(error, UNEXPECTED))


def of_part(progress: Progress) -> Telling:
    """Of a part that has ended without results."""
    if progress.status is PartStatus.REJECTED:
        reason = _sentence(progress.reason or "The file is not what the model takes")
        if progress.faults is None:
            return Telling(reason, f"Correct that, and drop the file again. {HOW_TO_NAME}")
        return Telling(
            reason,
            "Correct the lines that the report lists, and drop the file again. Nothing of it has "
            "been coded.",
        )
    if progress.status is PartStatus.TIMED_OUT:
        times = "once" if progress.attempt == 1 else f"{progress.attempt} times"
        return Telling(
            f"The service did not take the file in time; it was tried {times}.",
            AGAIN_OR_OPERATOR,
        )
    if progress.error is not None:
        return of_error(progress.error, progress.cause or "")
    return Telling(
        _sentence(f"The service could not code the file: {progress.reason or 'it gave no reason'}"),
        f"Correct the file if the reason names something in it. {AGAIN_OR_OPERATOR}",
    )


def of_piece(telling: Telling, piece: int, inputs: Sequence[InputFacts | None]) -> Telling:
    """The same, of one piece (counted from 0) of a large file: with the lines that it has."""
    named = f"Piece {piece + 1} of {len(inputs)}"
    before, own = inputs[:piece], inputs[piece]
    if all(each is not None for each in before):
        first = 1 + sum(each.records for each in before if each is not None)
        last = f" to {first + own.records - 1:,}" if own is not None else " on"
        named += f" (from line {first:,}{last})"
    kept = "" if telling.next_step.startswith("Correct") else START_AGAIN
    return Telling(f"{named}: {telling.reason}", f"{telling.next_step}{kept}")


def _message_in(cause: str) -> str:
    """The message in the runtime's JSON, also where that was cut short; else the cause itself."""
    found = _ERROR_MESSAGE.search(cause)
    if found is None:
        return cause
    try:
        return str(json.loads(f'"{found[1]}"'))
    except ValueError:
        return found[1]


def _sentence(text: str) -> str:
    text = quoted(text, longest=LONGEST_REASON)
    if not text:
        return text
    return text[0].upper() + text[1:] + ("" if text[-1] in ".!?…" else ".")
