"""At the door: what arrived, whether it can be coded, and the execution that takes it on."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Self

from botocore.exceptions import ClientError

from pipeline.aws_errors import aws_busy_as_try_again, code_of
from pipeline.clock import iso, parsed
from pipeline.drops import Drops, DropState
from pipeline.identity import drop_id, execution_name, part_id, results_prefix, route
from pipeline.observability import Measures, logger
from pipeline.starting import start
from pipeline.states import Drop, Execution, MalformedState, Part, Rejection, Segment

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_stepfunctions import SFNClient

UNVERSIONED = "null"  # S3's own name of the version in a bucket without versions


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """Takes arrivals on. `accept` may raise `AwsBusy`: the event is then delivered again."""

    s3: "S3Client"
    executions: "SFNClient"
    drops: Drops
    measure: Measures
    state_machine_arn: str
    default_topic: str | None
    max_file_bytes: int

    def accept(self, arrival: Arrival) -> str | None:
        """Starts the arrival's execution unless it has been started; the drop's id.

        None where there is nothing to code: a folder marker, or an object gone again.
        """
        if arrival.is_folder_marker:
            logger.info("a folder marker is passed over", extra={"key": arrival.key})
            return None
        identified = self._identified(arrival)
        if identified is None:
            logger.warning("the object is gone again", extra={"key": arrival.key})
            return None
        drop = self._judged(identified)
        logger.set_correlation_id(drop.drop_id)
        self._start_once(drop)
        return drop.drop_id

    def _start_once(self, drop: Drop) -> None:
        state = self.drops.accept(drop)
        if state not in (None, DropState.ACCEPTED):
            logger.info("delivered again; the drop is known", extra={"state": state})
            return
        name = execution_name(drop.key, drop.drop_id)
        execution, new = start(self.executions, self.state_machine_arn, name, execution_of(drop))
        self.drops.started(drop.drop_id, execution)
        if new:
            self.measure("DropsAccepted")
        logger.info(
            "accepted", extra={"bucket": drop.bucket, "key": drop.key, "execution": execution}
        )

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
        routed = route(arrival.key, self.default_topic)
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
            rejection=routed.rejection or self._rejected_by_size(arrival.size),
        )

    def _rejected_by_size(self, size: int) -> Rejection | None:
        if size == 0:
            return Rejection(
                "The file is empty.",
                "Drop a file with at least one line: a JSON object for each record.",
            )
        if size > self.max_file_bytes:
            return Rejection(
                f"The file has {size:,} bytes; at most {self.max_file_bytes:,} can be coded.",
                "Cut it at line ends into smaller files, and drop each of them.",
            )
        return None


def execution_of(drop: Drop) -> Execution:
    """One drop in one part of one segment; a drop refused at the door has no part."""
    if drop.rejection is not None or drop.topic is None:
        return Execution(drops=(drop,), parts=())
    whole = Segment(
        drop_id=drop.drop_id,
        bucket=drop.bucket,
        key=drop.key,
        version_id=drop.version_id,
        etag=drop.etag,
        first_byte=0,
        last_byte=drop.size - 1,
        results_prefix=drop.results_prefix,
    )
    part = Part(
        part_id=part_id(drop.drop_id),
        topic=drop.topic,
        model=drop.model,
        bytes=drop.size,
        segments=(whole,),
    )
    return Execution(drops=(drop,), parts=(part,))
