"""A dropped file in the state of an execution, and why it was rejected or failed."""

from dataclasses import dataclass
from typing import ClassVar

from pipeline.domain.state_fields import State

UNVERSIONED = "null"  # S3's own name of an object's version in a bucket without versions


@dataclass(frozen=True, slots=True)
class Rejection(State):
    """Why a drop was rejected before it got a part, and what its dropper can do."""

    LEFT_OUT: ClassVar = frozenset({"has_report"})
    reason: str
    next_step: str
    has_report: bool | None = None
    """True where `rejection.json` is there already, with the faulty rows."""


@dataclass(frozen=True, slots=True)
class Failure(State):
    """The error and cause with which an execution failed, as Step Functions reports them."""

    error: str
    cause: str
    execution: str | None = None
    """The execution's name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredObject(State):
    """One version of an object in S3."""

    bucket: str
    key: str
    version_id: str
    """`UNVERSIONED` in a bucket without versions."""
    etag: str
    """Without quotes."""
    size: int
    """Bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drop(State):
    """One version of one dropped object, and where its results go."""

    LEFT_OUT: ClassVar = frozenset(
        {"rejection", "failure", "prepared", "table", "distinct", "reviews"}
    )
    drop_id: str
    bucket: str
    key: str
    version_id: str
    size: int
    """Bytes."""
    etag: str
    """Without quotes."""
    topic: str | None
    model: str | None
    """GUID, or None for the topic's latest model."""
    results_prefix: str
    """The prefix of its keys in the results bucket; ends with a slash."""
    dropped_at: str
    """ISO 8601, UTC."""
    rejection: Rejection | None = None
    failure: Failure | None = None
    prepared: StoredObject | None = None
    """Its rows in the form that the service takes, in a bucket of ours; None: the dropped file
    itself is sent."""
    table: str | None = None
    """The key, in the bucket of prepared files, of what is known of the file as a table; None: only
    the service's own output is given back."""
    distinct: bool | None = None
    """True where rows of the table have the same texts and are sent as one record: what comes out
    is expanded to all of them (`finish.expanded_outputs`)."""
    reviews: str | None = None
    """The id of the drop into whose table this file's decisions are merged; None: it is coded."""

    @property
    def is_to_be_coded(self) -> bool:
        """False for a drop that only has to be told, as it was rejected or has failed, for one
        that is a review, and for one that `is_known`."""
        ends = self.rejection is not None or self.failure is not None or self.reviews is not None
        return not ends and not self.is_known and self.topic is not None

    @property
    def is_known(self) -> bool:
        """Whether the topic's dictionary has all of its rows, so that none is to be sent."""
        return self.prepared is not None and not self.prepared.size

    @property
    def dropped(self) -> StoredObject:
        """The object that was dropped."""
        return StoredObject(
            bucket=self.bucket,
            key=self.key,
            version_id=self.version_id,
            etag=self.etag,
            size=self.size,
        )

    @property
    def sent(self) -> StoredObject:
        """The object whose bytes are sent to the service."""
        return self.prepared or self.dropped


@dataclass(frozen=True, slots=True)
class ReadyDrops(State):
    """A message from prepare to receive: drops that were ready together, so that they can share."""

    drops: tuple[Drop, ...]
