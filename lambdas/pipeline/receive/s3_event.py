"""Objects that were created in the drop bucket, as EventBridge tells of them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Self

from botocore.exceptions import ClientError

from pipeline.aws import aws_busy_as_try_again
from pipeline.clock import iso, parsed
from pipeline.domain.drop import Drop, Rejection
from pipeline.domain.identity import drop_id, guid, results_prefix, route
from pipeline.domain.state_fields import MalformedState
from pipeline.observability import logger
from shared.aws_errors import code_of

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@dataclass(frozen=True, slots=True)
class Arrival:
    """An object that was created, as EventBridge tells it (its keys are not URL-encoded)."""

    bucket: str
    key: str
    size: int
    """Bytes."""
    version_id: str | None
    etag: str | None
    created_at: datetime

    @classmethod
    def from_event(cls, event: Mapping[str, Any]) -> Self:
        """Reads an "Object Created" event of S3. Raises `MalformedState`."""
        try:
            detail = event["detail"]
            created = detail["object"]
            return cls(
                bucket=detail["bucket"]["name"],
                key=created["key"],
                size=int(created.get("size", 0)),
                version_id=created.get("version-id") or None,
                etag=(created.get("etag") or "").strip('"') or None,
                created_at=parsed(event["time"]),
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise MalformedState(
                f"the event is no Object Created event of S3: {type(error).__name__} {error}"
            ) from None

    @property
    def is_folder_marker(self) -> bool:
        """What consoles create to show a folder: nobody's file."""
        return self.key.endswith("/") and self.size == 0


UNVERSIONED = "null"  # S3's own name of the version in a bucket without versions


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """Makes drops of arrivals."""

    s3: "S3Client"
    default_topic: str | None
    model_id: Callable[[str, str], str | None] = guid
    """As `identity.route` takes it."""

    def drop_of(self, arrival: Arrival) -> Drop | None:
        """The arrival's drop, with its rejection if it is refused. Raises `AwsBusy`.

        None where there is nothing to code: a folder marker, or an object gone again."""
        if arrival.is_folder_marker:
            logger.info("a folder marker is passed over", extra={"key": arrival.key})
            return None
        identified = self._identified(arrival)
        if identified is None:
            logger.warning("the object is gone again", extra={"key": arrival.key})
            return None
        return self._judged(identified)

    def _identified(self, arrival: Arrival) -> Arrival | None:
        """With version id and ETag, which not every sender of events tells."""
        if arrival.version_id is not None and arrival.etag is not None:
            return arrival
        version: dict[str, Any] = {}
        if arrival.version_id is not None:
            version["VersionId"] = arrival.version_id
        with aws_busy_as_try_again():
            try:
                head = self.s3.head_object(Bucket=arrival.bucket, Key=arrival.key, **version)
            except ClientError as error:
                if code_of(error) not in ("404", "NoSuchKey", "NoSuchVersion"):
                    raise
                return None
        return replace(
            arrival,
            size=head["ContentLength"],
            version_id=head.get("VersionId", UNVERSIONED),
            etag=head["ETag"].strip('"'),
        )

    def _judged(self, arrival: Arrival) -> Drop:
        version_id = arrival.version_id or UNVERSIONED
        identity = drop_id(arrival.bucket, arrival.key, version_id)
        routed = route(arrival.key, self.default_topic, self.model_id)
        return Drop(
            drop_id=identity,
            bucket=arrival.bucket,
            key=arrival.key,
            version_id=version_id,
            size=arrival.size,
            etag=arrival.etag or "",
            topic=routed.topic,
            model=routed.model,
            results_prefix=results_prefix(arrival.key, routed.topic, identity),
            dropped_at=iso(arrival.created_at),
            rejection=routed.rejection or _rejected_by_size(arrival.size),
        )


def _rejected_by_size(size: int) -> Rejection | None:
    if size > 0:
        return None
    return Rejection(
        "The file is empty.", "Drop a file with at least one line: a JSON object for each record."
    )
