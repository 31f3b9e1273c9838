"""The ranges that a prediction's files are worked on in, and what each of them left behind."""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Self

from coding_service.amazon_ml.entities import BatchPrediction
from coding_service.amazon_ml.prediction_log import work_folder
from coding_service.amazon_ml.work.data_files import DataFile
from coding_service.amazon_ml.work.scoring import Counts
from coding_service.aws import busy_is_retried

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

RANGE_BYTES = 8 << 20
"""The size of a range of a data file. Lines of 100 bytes take seconds and give some 30 MB; the
shortest (three bytes, 2.8 million of them), scored for a thousand classes, take ten of a function's
fifteen minutes. 5 GB are 597 ranges, of 10,000 that a multipart upload may have as parts."""


@dataclass(frozen=True, slots=True)
class Range:
    """A range of a data file: the lines that begin in it."""

    data: DataFile
    file: int
    """The file's place in the list of files."""
    number: int
    """The range's place in the file."""
    start: int
    end: int

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Self:
        return cls(**{**state, "data": DataFile(**state["data"])})

    def to_state(self) -> dict[str, Any]:
        return asdict(self)


def ranges_of(files: list[DataFile], range_bytes: int = RANGE_BYTES) -> Iterator[Range]:
    for place, file in enumerate(files):
        for number, start in enumerate(range(0, file.size, range_bytes)):
            yield Range(file, place, number, start, min(start + range_bytes, file.size))


@dataclass(frozen=True, slots=True)
class ScoredRange:
    """A range whose lines were scored: a gzip member in S3."""

    key: str
    size: int
    """Bytes."""
    counts: Counts
    compute_ms: int
    """Processor time that it took."""


@dataclass(frozen=True, slots=True)
class WorkFiles:
    """What the work on a prediction keeps with the service: its plan and its scored ranges."""

    s3: "S3Client"
    bucket: str

    def plan_key(self, prediction: BatchPrediction) -> str:
        return f"{work_folder(prediction)}plan.json"

    def write_plan(self, prediction: BatchPrediction, ranges: list[Range]) -> None:
        self._put(
            self.plan_key(prediction), json.dumps([each.to_state() for each in ranges]).encode()
        )

    def plan(self, prediction: BatchPrediction) -> list[Range]:
        plan = json.loads(self._read(self.plan_key(prediction)))
        return [Range.from_state(each) for each in plan]

    def write_scored(
        self, prediction: BatchPrediction, part: Range, content: bytes, counts: Counts, ms: int
    ) -> None:
        """The facts after the content: where they are, the content is whole."""
        key = _range_key(prediction, part)
        self._put(f"{key}.gz", content)
        facts = {"size": len(content), **asdict(counts), "compute_ms": ms}
        self._put(f"{key}.json", json.dumps(facts).encode())

    def scored(self, prediction: BatchPrediction, part: Range) -> ScoredRange:
        key = _range_key(prediction, part)
        facts = json.loads(self._read(f"{key}.json"))
        counts = Counts(
            facts["total"], facts["invalid"], [(line, why) for line, why in facts["faults"]]
        )
        return ScoredRange(f"{key}.gz", facts["size"], counts, facts["compute_ms"])

    def write_faults(self, prediction: BatchPrediction, file: int, text: str) -> None:
        self._put(f"{work_folder(prediction)}faults/{file:06}.txt", text.encode())

    def faults(self, prediction: BatchPrediction) -> str:
        keys = self._keys(f"{work_folder(prediction)}faults/")
        return "".join(self._read(key).decode() for key in keys)

    def clear(self, prediction: BatchPrediction) -> None:
        """Deletes all but the log."""
        for name in ("plan.json", "pieces/", "faults/"):
            keys = self._keys(work_folder(prediction) + name)
            for first in range(0, len(keys), 1000):  # the most that one call deletes
                with busy_is_retried():
                    self.s3.delete_objects(
                        Bucket=self.bucket,
                        Delete={"Objects": [{"Key": key} for key in keys[first : first + 1000]]},
                    )

    def _read(self, key: str) -> bytes:
        with busy_is_retried():
            return self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read()

    def _keys(self, prefix: str) -> list[str]:
        with busy_is_retried():
            pages = self.s3.get_paginator("list_objects_v2").paginate(
                Bucket=self.bucket, Prefix=prefix
            )
            return [each["Key"] for page in pages for each in page.get("Contents", [])]

    def _put(self, key: str, content: bytes) -> None:
        with busy_is_retried():
            self.s3.put_object(Bucket=self.bucket, Key=key, Body=content)


def _range_key(prediction: BatchPrediction, part: Range) -> str:
    return f"{work_folder(prediction)}pieces/{part.file:06}/{part.number:06}"
