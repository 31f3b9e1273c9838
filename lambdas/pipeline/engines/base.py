"""The interface to what codes the files: `Engine`, and the types of its calls.

The ledger, validation, sharing, splitting, joining, manifests and messages are the same for every
engine. An engine is what differs: which model a topic has, where input goes, how an operation's
status is asked for and how its results are read.
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Protocol

import urllib3

from pipeline.errors import ResultsMismatch
from pipeline.rate_limit.polling import NO_LOAD, CallLoad
from protocol.messages import Model, OperationState
from protocol.records import MAX_TEXT_CHARACTERS

ERROR_BYTES = 16 << 10  # S3's error documents have a few hundred bytes; ours
EXPIRED_MESSAGES = (b"has expired", b"expiredtoken")  # S3's words, in lower case

_CODE = re.compile(rb"<Code>\s*([A-Za-z0-9.]{1,64})\s*</Code>")


class StorageOutcome(Enum):
    """What an answer of the storage means for the caller."""

    DONE = "done"
    BUSY = "busy"
    """Try again: overloaded, or a fault of its own."""
    EXPIRED = "expired"
    """The URL's time is over: get a fresh one."""
    CHANGED = "changed"
    """The object is not the one that was pinned."""
    GONE = "gone"
    UNRANGED = "unranged"
    """All of the object in place of a range of it: it has to be read in one stream."""
    REFUSED = "refused"


_BY_CODE = {
    "SlowDown": StorageOutcome.BUSY,
    "RequestTimeout": StorageOutcome.BUSY,
    "InternalError": StorageOutcome.BUSY,
    "ServiceUnavailable": StorageOutcome.BUSY,
    "OperationAborted": StorageOutcome.BUSY,
    "TemporaryRedirect": StorageOutcome.BUSY,
    "ExpiredToken": StorageOutcome.EXPIRED,
    "PreconditionFailed": StorageOutcome.CHANGED,
    "InvalidRange": StorageOutcome.CHANGED,
    "NoSuchKey": StorageOutcome.GONE,
    "NoSuchVersion": StorageOutcome.GONE,
}


_BY_STATUS = {
    404: StorageOutcome.GONE,
    408: StorageOutcome.BUSY,
    412: StorageOutcome.CHANGED,
    416: StorageOutcome.CHANGED,
    429: StorageOutcome.BUSY,
    501: StorageOutcome.REFUSED,
}


_SERVER_FAULT = 500
_SUCCESS = (200, 206)


@dataclass(frozen=True, slots=True)
class StorageAnswer:
    """An answer of the storage behind presigned URLs.

    `code` is S3's error code, or `HTTP 503` and the like; no more of the answer is kept."""

    outcome: StorageOutcome
    code: str
    storage: str = field(default="the service's storage", compare=False)
    """Who answered, for messages; with its host, where it has one."""

    @classmethod
    def of(cls, response: urllib3.BaseHTTPResponse) -> "StorageAnswer":
        """Sorts an answer; reads the error document of a failure, and nothing of a success."""
        if response.status in _SUCCESS:
            return cls(StorageOutcome.DONE, "OK")
        try:
            body = response.read(ERROR_BYTES, decode_content=True)
        except urllib3.exceptions.HTTPError:
            body = b""
        found = _CODE.search(body)
        code = found[1].decode() if found else f"HTTP {response.status}"
        if code == "AccessDenied" and any(m in body.lower() for m in EXPIRED_MESSAGES):
            return cls(StorageOutcome.EXPIRED, code)
        otherwise = (
            StorageOutcome.BUSY if response.status >= _SERVER_FAULT else StorageOutcome.REFUSED
        )
        by_status = _BY_STATUS.get(response.status, otherwise)
        return cls(_BY_CODE.get(code, by_status), code)


@dataclass(frozen=True, slots=True)
class FetchedRange:
    """A range of an object: its bytes, the object's ETag and its whole length."""

    answer: StorageAnswer
    content: bytes = field(default=b"", repr=False)
    etag: str = ""
    total: int = 0


class OutOfTime(Exception):
    """The function's time limit is too near to go on."""


@dataclass(slots=True)
class UploadBody:
    """The bytes of one PUT, as urllib3 reads them.

    `before_last` is called before the last piece is handed to urllib3: where it raises, no object
    is stored. `has_time` is asked before every piece. `blocks` must hold `length`
    bytes together.
    """

    blocks: Iterator[bytes] = field(repr=False)
    length: int
    before_last: Callable[[], None]
    has_time: Callable[[], bool]
    _block: memoryview = field(default=memoryview(b""), init=False, repr=False)
    _sent: int = field(default=0, init=False)

    def read(self, size: int = -1) -> memoryview:
        """At most `size` bytes (all of a block where negative); empty at the end.

        Raises `OutOfTime`, and what `before_last` raises."""
        if not self._block:
            self._block = memoryview(next(self.blocks, b""))
        if not self.has_time():
            raise OutOfTime
        piece = self._block if size < 0 else self._block[:size]
        self._block = self._block[len(piece) :]
        self._sent += len(piece)
        if piece and self._sent == self.length:
            self.before_last()
        return piece


Keep = Callable[[Mapping[str, Any]], None]
"""Keeps a checkpoint, in a form that JSON can hold. Raises `PartTaken`."""


class ResultFile(Enum):
    """The two files of a complete operation."""

    OUTPUT = "output"
    METADATA = "metadata"


class OperationFailed(Exception):
    """Says why a complete operation turns out to have failed, as `check` would."""


class ResultsMissing(Exception):
    """Says that the storage does not find a result file; asked again later, it may."""


class ResultsChanged(Exception):
    """The object is not the one whose first range was read: its ETag differs."""


MAX_RESTARTS = 3
"""How often results that changed are read from their beginning again: more often they can't be
trusted; ours."""


def restarts_after(restarts: int) -> int:
    """One more restart, for the next checkpoint. Raises `ResultsMismatch` after `MAX_RESTARTS`."""
    if restarts >= MAX_RESTARTS:
        raise ResultsMismatch(
            "the results kept changing while they were collected; drop the file again, and "
            "tell the service's operator"
        )
    return restarts + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationRequest:
    """What an engine has to know to open an operation."""

    topic: str
    model_id: str | None
    """The model that was asked for; None: the latest."""
    model: Model
    """The model that this was found to be."""
    name: str
    """The name of this attempt of this part, the same when it is tried again; at most 64 characters
    of `a-z0-9-`."""


class OpenOperation(Protocol):
    """An operation that waits for its input."""

    @property
    def operation_id(self) -> str:
        """At most 64 characters; no secret."""

    def send(self, body: UploadBody) -> StorageAnswer:
        """Sends the input, JSONL as the service takes it; the answer says whether it is stored.

        Reads `body` to its end, once. What `body` raises goes through, and the operation then has
        no input. Raises also the leaves of `errors.TryAgain`, `Final` and `OperatorNeeded`.
        """


class ResultFiles(Protocol):
    """The two files of one complete operation, as the Coding Service documents them.

    Its methods raise `RateLimited`, `ResultsChanged`, `ResultsMissing`, `OperationFailed` and the
    leaves of `errors.TryAgain`, `Final` and `OperatorNeeded`.
    """

    def close(self) -> None:
        """Ends the connections that are open."""

    def prepared(
        self, kept: Mapping[str, Any] | None, keep: Keep, has_time: Callable[[], bool], /
    ) -> bool:
        """Makes the files ready for `get`; False where no time was left to finish that.

        `kept` is the last checkpoint that was given to `keep`, by an earlier invocation perhaps.
        """

    def get(self, result: ResultFile, first: int, last: int, etag: str | None) -> FetchedRange:
        """Bytes `first` to `last`, both included; with an `etag`, of that object only."""

    def get_ahead(
        self, executor: Executor, result: ResultFile, first: int, last: int, etag: str | None
    ) -> Callable[[], FetchedRange]:
        """Begins to get a range in `executor`; what it returns waits for the range when called."""


class Engine(ABC):
    """A service that codes files, within its limits.

    Every method may raise `limiter.RateLimited`, and of `errors` the leaves of `TryAgain`, `Final`
    and `OperatorNeeded`. `turn` is what the last `RateLimited` gave: with it, a caller that comes
    back keeps its place in the queue.
    """

    @property
    def most_characters(self) -> int:
        """The most characters that it takes of a record's text fields together."""
        return MAX_TEXT_CHARACTERS

    # Submit.

    @abstractmethod
    def model(self, topic: str, model_id: str | None, *, turn: str | None = None) -> Model:
        """A model of a topic, None for the latest; may be up to an hour old.

        Raises also `TopicUnknown`, `ModelUnknown`."""

    def check_can_open(self, *, turn: str | None = None) -> None:  # noqa: B027  who counts no calls
        """Raises `RateLimited` where `open` has raised it for this turn and would again.

        Called before files are read, which would be in vain. Without a turn it returns, so that a
        bad file is rejected at once."""

    @abstractmethod
    def open(self, request: OperationRequest, *, turn: str | None = None) -> OpenOperation:
        """Opens an operation, which waits for its input.

        Raises also `TopicUnknown`, `ModelUnknown`."""

    def recover(self, topic: str, operation_id: str, *, turn: str | None = None) -> OperationState:
        """As `check`, for an operation whose upload was cut off."""
        return self.check(topic, operation_id, turn=turn)

    # Check.

    @abstractmethod
    def check(self, topic: str, operation_id: str, *, turn: str | None = None) -> OperationState:
        """An operation's status, in the Coding Service's words. `timed_out`: it has no input."""

    def load(self) -> CallLoad:
        """How busy the engine's calls are; the busier, the longer are the waits between checks."""
        return NO_LOAD

    def release(self, started_at: float) -> None:  # noqa: B027  for engines that count calls
        """Releases the calls that are reserved for an operation, as it needs no more.

        `started_at` is about when it began, in seconds since 1970."""

    # Collect.

    @abstractmethod
    def results(self, topic: str, operation_id: str, *, turn: str | None = None) -> ResultFiles:
        """The results of a complete operation."""

    def delete_results(self, topic: str, operation_id: str) -> None:  # noqa: B027  for those that keep
        """Deletes what the engine keeps of collected results. Harmless to repeat."""


EngineOf = Callable[[str], Engine]
"""Gives the engine that codes a topic."""
