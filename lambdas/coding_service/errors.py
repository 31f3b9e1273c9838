"""The errors of the service, by who can mend them.

CodingServiceError
├── Refusal              the API's caller: a row of the documented error table; never leaves the API
├── TryAgain             nobody; the state machine retries these
│   └── AwsBusy              AWS throttled, broke off or failed inside
├── Final                the operation's owner; the state machine catches these, and the text
│   │                    becomes the `error` of the status
│   ├── InputRefused         the file is not what the model codes: correct it
│   ├── InputGone            the file vanished before it was coded: upload it again
│   └── ModelGone            the model is no longer offered: create an operation for another
└── OperatorNeeded       the operator of the service; caught as unexpected, alarms
    ├── EnvironmentIncomplete  a function lacks a variable: mend the stack
    ├── KeysUnavailable        the user pool's signing keys can't be read
    ├── OutputMismatch         the output is not what was written: a defect
    ├── LineNotCoded           the model fails on a line: a defect; the status names the line
    ├── RangesFailed           ranges failed again and again, and no line is known
    └── OperationLost          an item that an execution works on has gone: a defect

The state machine's Retry and Catch (statemachine/inference.asl.json) name the leaves of TryAgain
and Final; a test keeps both in step.
"""

from collections.abc import Container

from protocol.errors import ServiceAnswer
from protocol.short_texts import cut
from shared.received_json import JsonFault, read_object

LONGEST_TEXT = 2_000  # characters: two locations of S3 and what is wrong there; ours


class CodingServiceError(Exception):
    """Any failure that the service can explain. No text of it holds a URL or a token.

    It has at most `LONGEST_TEXT` characters: a client's words may stand in it, and it travels in
    the state of an execution.
    """

    def __init__(self, text: str = "") -> None:
        super().__init__(cut(text, LONGEST_TEXT))


class Refusal(CodingServiceError):
    """A documented answer that is not a success."""

    def __init__(self, answer: ServiceAnswer) -> None:
        self.answer = answer
        super().__init__(answer.text)


class TryAgain(CodingServiceError):
    """The same step is likely to succeed soon."""


class AwsBusy(TryAgain):
    """AWS throttled a call, broke the connection or failed inside, after boto3's own retries."""


class Final(CodingServiceError):
    """The operation fails; the text says to its owner why, and what to do next."""


class InputRefused(Final):
    """The uploaded file can't be coded as it is."""


class InputGone(Final):
    """The uploaded file is no longer there."""


class ModelGone(Final):
    """The model that the operation was created for is no longer offered."""


class OperatorNeeded(CodingServiceError):
    """A failure that only the service's operator can mend."""


class EnvironmentIncomplete(OperatorNeeded):
    """An environment variable is missing or malformed. Names the variable, never its value."""


class KeysUnavailable(OperatorNeeded):
    """The user pool's public keys could not be read."""


class OutputMismatch(OperatorNeeded):
    """The output that was stored is not the one that was written."""


class LineNotCoded(OperatorNeeded):
    """The coder itself fails on a good line. The text is for the owner as well."""


class RangesFailed(OperatorNeeded):
    """Ranges of a file could not be coded, and nothing in the file is known to explain it."""


class OperationLost(OperatorNeeded):
    """The operation of a running execution is not in the table."""


def leaves(root: type[CodingServiceError]) -> frozenset[str]:
    """The names of the errors below `root` that are raised: those without children."""
    children = root.__subclasses__()
    if not children:
        return frozenset({root.__name__})
    return frozenset().union(*(leaves(child) for child in children))


def caught_text(error: str, cause: str, known: Container[str]) -> str | None:
    """The text of an error that the state machine caught, if its name is one of the `known`.

    `error` is the name, `cause` is Lambda's JSON with it; None for any other error or JSON.
    """
    if error not in known:
        return None
    try:
        return str(read_object(cause)["errorMessage"])
    except (JsonFault, KeyError):
        return None
