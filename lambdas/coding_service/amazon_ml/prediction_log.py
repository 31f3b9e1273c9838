"""A prediction's log: how it went, and where its invalid records are. Holds no value of a record.

It lies with the service for less than a day, as results of operations do; until then LogUri is a
link to it. The link is a secret: whoever has it can read the log.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from coding_service.amazon_ml.entities import ENDED, BatchPrediction
from coding_service.amazon_ml.start_execution import execution_name
from coding_service.aws import busy_is_retried

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

FOLDER = "machine-learning"
LINK_SECONDS = 3_600
KEPT_MS = 23 * 3_600_000  # the bucket deletes what is a day old


def work_folder(prediction: BatchPrediction) -> str:
    """The prefix of what an execution keeps with the service while it works."""
    return f"{FOLDER}/{execution_name(prediction)}/"


@dataclass(frozen=True, slots=True)
class Logs:
    """Writes and shows logs."""

    s3: "S3Client"
    bucket: str

    def write(self, prediction: BatchPrediction, text: str) -> None:
        with busy_is_retried():
            self.s3.put_object(
                Bucket=self.bucket,
                Key=self._key(prediction),
                Body=text.encode(),
                ContentType="text/plain; charset=utf-8",
            )

    def uri(self, prediction: BatchPrediction, *, now_ms: int) -> str | None:
        """A link to the log while it is there."""
        finished = prediction.finished_ms
        if prediction.status not in ENDED or finished is None or now_ms >= finished + KEPT_MS:
            return None
        return self.s3.generate_presigned_url(
            "get_object",
            Params={"Bucket": self.bucket, "Key": self._key(prediction)},
            ExpiresIn=LINK_SECONDS,
        )

    @staticmethod
    def _key(prediction: BatchPrediction) -> str:
        return f"{work_folder(prediction)}log.txt"
