"""Has a drop that did not end as complete tried again, the way that loses least."""

from dataclasses import dataclass

from botocore.exceptions import ClientError

from dropcoder.deployed.executions import Executions
from dropcoder.deployed.known_drops import GOING, KnownDrop
from dropcoder.deployed.reach import Pipeline
from dropcoder.errors import NotFound, StillGoing, UsageError
from pipeline.domain.identity import drop_id
from shared.aws_errors import code_of

MAX_COPY_BYTES = 5 << 30  # S3: of one CopyObject
ABSENT = frozenset({"NoSuchKey", "NoSuchVersion", "404"})


@dataclass(frozen=True, slots=True)
class Retried:
    """How a drop is tried again."""

    drop_id: str
    """The same where its execution goes on; that of a new drop where its file was dropped again."""
    redriven: bool


def retry(pipeline: Pipeline, drop: KnownDrop) -> Retried:
    """Redrives the drop's execution where Step Functions can, else drops its file again.

    Raises `UsageError` where the drop is complete, or its file too large for S3 to copy;
    `StillGoing`; and `NotFound` where its file is gone.
    """
    if drop.status == "complete":
        raise UsageError(
            f"The drop {drop.short_id} is complete.",
            next_step=f"Get its results: dropcoder get {drop.short_id}",
        )
    executions = Executions(pipeline.clients, pipeline.deployment)
    if drop.execution:
        arn = executions.arn(drop.execution)
        if executions.can_be_redriven(arn):
            pipeline.clients.stepfunctions.redrive_execution(executionArn=arn)
            return Retried(drop.drop_id, redriven=True)
    if drop.status == GOING:
        raise StillGoing(
            f"The drop {drop.short_id} has not ended.",
            next_step=f"Follow it: dropcoder watch {drop.short_id}",
        )
    return Retried(_dropped_again(pipeline, drop), redriven=False)


def _dropped_again(pipeline: Pipeline, drop: KnownDrop) -> str:
    """The id of the new drop: the same version of the file, with its metadata, once more."""
    s3, bucket = pipeline.clients.s3, pipeline.deployment.drop_bucket
    if drop.size > MAX_COPY_BYTES:
        raise UsageError(
            f"The file has {drop.size:,} bytes; S3 copies {MAX_COPY_BYTES:,} at once.",
            next_step="Drop it again from where it came from: dropcoder drop FILE",
        )
    try:
        copied = s3.copy_object(
            Bucket=bucket,
            Key=drop.key,
            CopySource={"Bucket": bucket, "Key": drop.key, "VersionId": drop.body["versionId"]},
            MetadataDirective="REPLACE",
            Metadata=s3.head_object(Bucket=bucket, Key=drop.key, VersionId=drop.body["versionId"])[
                "Metadata"
            ],
        )
    except ClientError as error:
        if code_of(error) not in ABSENT:
            raise
        raise NotFound(
            f"The file of the drop {drop.short_id} is not in the drop bucket any more.",
            next_step="Drop it again: dropcoder drop FILE",
        ) from None
    return drop_id(bucket, drop.key, copied["VersionId"])
