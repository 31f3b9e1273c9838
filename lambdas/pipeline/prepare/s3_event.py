"""Objects that were created in the drop bucket, and the drops that they are."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Self

from botocore.exceptions import ClientError
from msgspec import Struct, convert

from pipeline.aws import aws_busy_as_try_again
from pipeline.clock import iso, parsed
from pipeline.domain.drop import UNVERSIONED, Drop, Rejection
from pipeline.domain.identity import drop_id, guid, results_prefix, route
from pipeline.domain.state_fields import MalformedState
from pipeline.observability import logger
from shared.aws_errors import code_of

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class _Object(Struct, rename="kebab"):
    """`detail.object` of the event."""

    key: str
    size: int = 0
    version_id: str | None = None
    etag: str | None = None


@dataclass(frozen=True, slots=True)
class ObjectCreated:
    """An object that was created, as an event of EventBridge has it (keys are not URL-encoded)."""

    account: str
    """The id of the bucket's account, whoever created the object."""
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
            created = convert(event["detail"]["object"], _Object)
            return cls(
                account=convert(event["account"], str),
                bucket=convert(event["detail"]["bucket"]["name"], str),
                key=created.key,
                size=created.size,
                version_id=created.version_id or None,
                etag=(created.etag or "").strip('"') or None,
                created_at=parsed(event["time"]),
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise MalformedState(
                f"the event is no Object Created event of S3: {type(error).__name__} {error}"
            ) from None

    def is_of(self, bucket: str, account: str) -> bool:
        """Whether it was created in this bucket of this account. A name alone does not say whose a
        bucket is: once it is deleted, anybody may take its name."""
        return (self.bucket, self.account) == (bucket, account)

    @property
    def is_folder_marker(self) -> bool:
        """Whether it is what consoles create to show a folder: nobody's file."""
        return self.key.endswith("/") and self.size == 0


def drop_from_event(
    event: ObjectCreated,
    *,
    s3: "S3Client",
    default_topic: str | None,
    model_id: Callable[[str, str], str | None] = guid,
) -> Drop | None:
    """The drop that the created object is, with its rejection if it is refused.

    None where there is nothing to code: a folder marker, or an object that no longer exists.
    `default_topic` and `model_id` are as in `identity.route`. Raises `AwsBusy`.
    """
    if event.is_folder_marker:
        logger.info("ignored a folder marker", extra={"key": event.key})
        return None
    if event.version_id is None or event.etag is None:
        found = _identified(event, s3)
        if found is None:
            logger.warning("the object no longer exists", extra={"key": event.key})
            return None
        event = found
    version_id = event.version_id or UNVERSIONED
    identity = drop_id(event.bucket, event.key, version_id)
    routed = route(event.key, default_topic, model_id)
    return Drop(
        drop_id=identity,
        bucket=event.bucket,
        key=event.key,
        version_id=version_id,
        size=event.size,
        etag=event.etag or "",
        topic=routed.topic,
        model=routed.model,
        results_prefix=results_prefix(event.key, routed.topic, identity),
        dropped_at=iso(event.created_at),
        rejection=routed.rejection or _rejected_by_size(event.size),
    )


def _identified(event: ObjectCreated, s3: "S3Client") -> ObjectCreated | None:
    """The event with version id and ETag, which not every sender of events includes."""
    version: dict[str, Any] = {}
    if event.version_id is not None:
        version["VersionId"] = event.version_id
    with aws_busy_as_try_again():
        try:
            head = s3.head_object(Bucket=event.bucket, Key=event.key, **version)
        except ClientError as error:
            if code_of(error) not in ("404", "NoSuchKey", "NoSuchVersion"):
                raise
            return None
    return replace(
        event,
        size=head["ContentLength"],
        version_id=head.get("VersionId", UNVERSIONED),
        etag=head["ETag"].strip('"'),
    )


def _rejected_by_size(size: int) -> Rejection | None:
    if size > 0:
        return None
    return Rejection(
        "The file is empty.", "Drop a file with a header and at least one row of text to code."
    )
