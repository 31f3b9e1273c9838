"""What Pipeline asks of whatever codes its files.

The ledger's fences, validation, sharing, cutting, joining, manifests and messages are the same for
every engine. An engine is what differs: which model a topic has, where input goes, how the status
is asked and how results are read.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from enum import Enum
from typing import Any, Protocol

from pipeline.downloading import Piece
from pipeline.polling import NO_DEMAND, Demand
from pipeline.presigned import StorageAnswer
from pipeline.uploading import UploadBody
from protocol.messages import Model, OperationState

Keep = Callable[[Mapping[str, Any]], None]
"""Takes a checkpoint, in a form that JSON can hold. Raises `PartTaken`."""


class Result(Enum):
    """The two files of a complete operation."""

    OUTPUT = "output"
    METADATA = "metadata"


class OperationFailed(Exception):
    """A complete operation turns out to have failed; the text says why, as `check` would."""


class ResultsChanged(Exception):
    """The object is not the one whose first range was read: its ETag differs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What an operation is opened for."""

    topic: str
    model_id: str | None
    """The model that was asked for; None: the latest."""
    model: Model
    """The model that this was found to be."""
    name: str
    """Of this attempt of this part, and of no other: the same when it is tried again; at most 64
    characters of `a-z0-9-`."""


class OpenOperation(Protocol):
    """An operation that waits for its input."""

    @property
    def operation_id(self) -> str:
        """At most 64 characters; no secret."""

    def send(self, body: UploadBody) -> StorageAnswer:
        """Sends the input, JSONL as it was dropped; whether it is stored.

        Reads `body` to its end, once. What `body` raises goes through, and the operation then has
        no input. Raises also the leaves of `errors.TryAgain`, `Final` and `OperatorNeeded`.
        """


class Results(Protocol):
    """The two files of one complete operation, as the Coding Service documents them.

    Its methods raise `CallNotDue`, `ResultsChanged`, `OperationFailed` and the leaves of
    `errors.TryAgain`, `Final` and `OperatorNeeded`.
    """

    def prepared(
        self, kept: Mapping[str, Any] | None, keep: Keep, has_time: Callable[[], bool], /
    ) -> bool:
        """Whether `get` has something to give; False where no time was left to make it so.

        `kept` is the last checkpoint that was given to `keep`, by an earlier invocation perhaps.
        """

    def get(self, result: Result, first: int, last: int, etag: str | None) -> Piece:
        """Bytes `first` to `last`, both included; with an `etag`, of that object only."""

    def get_ahead(
        self, executor: Executor, result: Result, first: int, last: int, etag: str | None
    ) -> Callable[[], Piece]:
        """Begins to get a range in `executor`; the call of what it returns waits for it."""


class Engine(ABC):
    """A service that codes files, within its limits.

    Every method may raise `limiter.CallNotDue`, and of `errors` the leaves of `TryAgain`, `Final`
    and `OperatorNeeded`. `turn` is what the last `CallNotDue` gave: who waits for a call keeps its
    place.
    """

    # Submit.

    @abstractmethod
    def model(self, topic: str, model_id: str | None, *, turn: str | None = None) -> Model:
        """A model of a topic, None for the latest; may be up to an hour old.

        Raises also `TopicUnknown`, `ModelUnknown`."""

    def foresee_open(self, *, turn: str | None = None) -> None:  # noqa: B027  who counts no calls
        """Raises `CallNotDue` where `open` has done so and would again: before files are read
        once more in vain. Who has not waited yet passes, so that a bad file is told at once."""

    @abstractmethod
    def open(self, order: Order, *, turn: str | None = None) -> OpenOperation:
        """A new operation that waits for its input.

        Raises also `TopicUnknown`, `ModelUnknown`."""

    def settle(self, topic: str, operation_id: str, *, turn: str | None = None) -> OperationState:
        """As `check`, of an operation whose upload was cut off: what has come of it."""
        return self.check(topic, operation_id, turn=turn)

    # Check.

    @abstractmethod
    def check(self, topic: str, operation_id: str, *, turn: str | None = None) -> OperationState:
        """An operation's status, in the Coding Service's words. `timed_out`: it has no input."""

    def demand(self) -> Demand:
        """How much the engine's calls are in demand: the more, the rarer are the checks."""
        return NO_DEMAND

    def ended(self, begun_at: float) -> None:  # noqa: B027  for engines that count calls
        """Hears of each operation that needs no more calls: about when it began, in seconds."""

    # Collect.

    @abstractmethod
    def results(self, topic: str, operation_id: str, *, turn: str | None = None) -> Results:
        """The results of a complete operation."""

    def forget(self, topic: str, operation_id: str) -> None:  # noqa: B027  for those that keep
        """The results have been collected: what the engine kept may go. Harmless to repeat."""


EngineOf = Callable[[str], Engine]
"""A topic in, the engine that codes it out."""
