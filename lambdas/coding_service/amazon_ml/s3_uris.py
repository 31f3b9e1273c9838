"""Places in S3 as Amazon ML writes them: `s3://bucket/key`, and where a prediction's results go."""

from dataclasses import dataclass
from typing import Self

from coding_service.amazon_ml.errors import invalid_input

SCHEME = "s3://"
NOT_IN_OUTPUT_KEYS = (":", "//", "/./", "/../")  # CreateBatchPrediction, OutputUri


@dataclass(frozen=True, slots=True)
class Location:
    """A bucket with a key or a prefix, which may be empty."""

    bucket: str
    key: str

    @classmethod
    def of(cls, uri: str) -> Self:
        """From a URI that has the service model's pattern."""
        bucket, _, key = uri.removeprefix(SCHEME).partition("/")
        return cls(bucket, key)

    def __str__(self) -> str:
        return f"{SCHEME}{self.bucket}/{self.key}"

    @property
    def is_folder(self) -> bool:
        return not self.key or self.key.endswith("/")

    @property
    def name(self) -> str:
        """The file's own name."""
        return self.key.rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class ResultPlaces:
    """Where a prediction's files go.

    Source: developer guide, "Reading the Batch Prediction Output Files".
    """

    folder: Location
    """The prediction's OutputUri, as a folder."""
    prediction_id: str

    @classmethod
    def of(cls, output_uri: str, prediction_id: str) -> Self:
        at = Location.of(output_uri)
        key = at.key if at.is_folder else at.key + "/"
        return cls(Location(at.bucket, key), prediction_id)

    @property
    def manifest(self) -> Location:
        return self._at(f"{self.prediction_id}.manifest")

    def result(self, data_file: Location) -> Location:
        return self._at(f"result/{self.prediction_id}-{data_file.name}.gz")

    def _at(self, name: str) -> Location:
        return Location(self.folder.bucket, f"{self.folder.key}batch-prediction/{name}")


def check_output(uri: str) -> None:
    """Raises `ApiError` for a place that the API reference does not allow."""
    key = Location.of(uri).key
    for refused in NOT_IN_OUTPUT_KEYS:
        if refused in f"/{key}":
            raise invalid_input(
                f"OutputUri {uri[:200]} is not valid: its key must not contain '{refused}'"
            )


def check_foreign(name: str, uri: str | None, own_buckets: frozenset[str]) -> None:
    """Raises `ApiError` for a place in the service's own buckets.

    The service's role may read and write there what it keeps of all its clients.
    """
    if uri is not None and Location.of(uri).bucket in own_buckets:
        raise invalid_input(f"{name} {uri[:200]} is not valid: the bucket is the service's own")
