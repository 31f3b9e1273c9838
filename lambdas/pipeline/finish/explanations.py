"""Why a drop ended as it did, and what to do next, in words for the person who dropped it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.domain.facts import InputFacts
from pipeline.domain.identity import HOW_TO_NAME
from pipeline.domain.progress import PartStatus, Progress
from pipeline.observability import quoted
from protocol.short_texts import LONGEST_REASON, cut
from shared.received_json import JsonFault, read_json

LONGEST_CAUSE = 32_768  # characters: Step Functions' limit of an error's cause
LONGEST_QUOTED = 4 * LONGEST_REASON  # characters that secrets are looked for in; ours

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
# The state machine's Retry, and that of prepare.
TRIED = "This was tried again and again for about an hour."

NEXT_STEPS = {
    "ServiceBusy": f"{TRIED} Wait until the service answers again, {REDRIVE}",
    "StorageBusy": f"{TRIED} Wait until the storage answers again, {REDRIVE}",
    "AwsBusy": f"{TRIED} Wait until AWS answers again, {REDRIVE}",
    "PartTaken": f"Wait a quarter of an hour, {REDRIVE}",
    "ServiceRefused": (
        "Check with the service's operator what this answer means, and drop the file again."
    ),
    "StorageRefused": AGAIN_OR_OPERATOR,
    "UploadsFailed": (
        "Tell the service's operator what failed, and drop the file again when it is mended."
    ),
    "ServiceThrottled": AGAIN_OR_OPERATOR,
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
        "operation took so long, and drop the file again; or, if it is in pieces, start a new "
        "execution with the same input within 90 days: it codes only those that are missing."
    ),
}
"""By the name of an error of `errors`, whose message gives the reason."""
UNEXPECTED = f"Look into the failed execution and the logs of this drop's id, {REDRIVE}"

REASONS_WITHOUT_MESSAGE = {
    "ExecutionAborted": "The execution was aborted.",
    "ExecutionTimedOut": "The execution took too long.",
}
"""By the name of an error for which Step Functions gives no message."""

_ERROR_MESSAGE = re.compile(r'"errorMessage"\s*:\s*"((?:[^"\\]|\\.)*)')


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a drop ended as it did, and what its dropper can do next."""

    reason: str | None
    """None: all went well. At most `LONGEST_REASON` characters."""
    next_step: str


def explain_error(error: str, cause: str) -> Explanation:
    """Explains an error, from its name and the cause that Step Functions or the runtime gave."""
    message = REASONS_WITHOUT_MESSAGE.get(error) or _message_in(cause)
    if error in NEXT_STEPS:
        reason = message or error
    else:
        named = f"{error}: {message}" if message else error
        reason = f"An unexpected error ended the work: {named}"
    # A cause may have nothing that can be shown.
    return Explanation(_sentence(reason) or _sentence(error), NEXT_STEPS.get(error, UNEXPECTED))


def explain_part(progress: Progress) -> Explanation:
    """Explains the end of a part that has no results."""
    if progress.status is PartStatus.REJECTED:
        reason = _sentence(progress.reason or "The file is not what the model takes")
        if progress.faults is None:
            return Explanation(reason, f"Correct that, and drop the file again. {HOW_TO_NAME}")
        return Explanation(
            reason,
            "Correct the lines that the report lists, and drop the file again. Nothing of it has "
            "been coded.",
        )
    if progress.status is PartStatus.TIMED_OUT:
        times = "once" if progress.attempt == 1 else f"{progress.attempt} times"
        return Explanation(
            f"The service did not take the file in time; it was tried {times}.",
            AGAIN_OR_OPERATOR,
        )
    if progress.error is not None:
        return explain_error(progress.error, progress.cause or "")
    return Explanation(
        _sentence(f"The service could not code the file: {progress.reason or 'it gave no reason'}"),
        f"Correct the file if the reason names something in it. {AGAIN_OR_OPERATOR}",
    )


def explain_piece(
    explanation: Explanation, piece: int, inputs: Sequence[InputFacts | None]
) -> Explanation:
    """Adds which piece of a large file it is (`piece` counts from 0), and which lines that has."""
    named = f"Piece {piece + 1} of {len(inputs)}"
    before, own = inputs[:piece], inputs[piece]
    if all(each is not None for each in before):
        first = 1 + sum(each.records for each in before if each is not None)
        last = f" to {first + own.records - 1:,}" if own is not None else " on"
        named += f" (from line {first:,}{last})"
    kept = "" if explanation.next_step.startswith("Correct") else START_AGAIN
    reason = cut(f"{named}: {explanation.reason}", LONGEST_REASON)
    return Explanation(reason, f"{explanation.next_step}{kept}")


def explain_too_large(reason: str, place: str) -> Explanation:
    """Explains that the results of a file's pieces, which lie at `place`, can't be one object."""
    return Explanation(
        _sentence(f"the results can't be joined: {reason}"),
        "Cut the file at line ends into smaller files, and drop each of them. What came out of its "
        f"pieces lies below {place} for 105 days.",
    )


def _message_in(cause: str) -> str:
    """The message in the runtime's JSON, also where that was cut short; else the cause itself."""
    cause = cut(cause, LONGEST_CAUSE)
    found = _ERROR_MESSAGE.search(cause)
    if found is None:
        return cause
    try:
        return str(read_json(f'"{found[1]}"'))
    except JsonFault:
        return found[1]


def _sentence(text: str) -> str:
    text = quoted(cut(text, LONGEST_QUOTED), longest=LONGEST_REASON - len("."))
    if not text:
        return text
    said = text[0].upper() + text[1:] + ("" if text[-1] in ".!?…" else ".")
    return cut(said, LONGEST_REASON)
