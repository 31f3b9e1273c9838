"""One step of an operation's inference: from the state machine's state to its next progress."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.metrics import MetricUnit

from coding_service.coder.catalogue import Catalogue
from coding_service.coder.errors import CatalogueError
from coding_service.coder.model import Model
from coding_service.errors import ModelGone, OperationLost
from coding_service.files import InputFile, OutputFile
from coding_service.inference import PART_BYTES, Slice, check_size
from coding_service.observability import logger, metrics
from coding_service.operation_table import OperationTable
from coding_service.operations import input_key
from coding_service.progress import Progress

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

MODELS_KEPT = 2  # in memory: the latest, and the one that someone still asks for


@dataclass(frozen=True)
class DeployedModels:
    """The models in the function's asset; each is loaded once a process."""

    catalogue: Catalogue
    _loaded: dict[str, Model] = field(default_factory=dict, repr=False)

    def model(self, topic: str, model_id: str) -> Model:
        """A model with its weights. Raises `ModelGone` where it is no longer deployed."""
        found = self._loaded.get(model_id)
        if found is None:
            found = self._load(topic, model_id)
            while len(self._loaded) >= MODELS_KEPT:
                del self._loaded[next(iter(self._loaded))]
            self._loaded[model_id] = found
        return found

    def _load(self, topic: str, model_id: str) -> Model:
        try:
            return self.catalogue.load(self.catalogue.model(topic, model_id))
        except CatalogueError:
            raise ModelGone(
                f"The model {model_id} is no longer offered. "
                "Create an operation for the latest model."
            ) from None


@dataclass(frozen=True, slots=True)
class CodeStep:
    """What codes a slice of an operation's file.

    :param max_file_bytes: the largest file that is coded.
    :param clock: epoch seconds.
    :param part_bytes: of output between two checkpoints; S3 takes 5 MiB or more.
    """

    s3: S3Client
    operations: OperationTable
    input_bucket: str
    output_bucket: str
    models: DeployedModels
    max_file_bytes: int
    clock: Callable[[], float]
    part_bytes: int = PART_BYTES

    def run(self, event: Mapping[str, Any], *, time_remains: Callable[[], bool]) -> dict[str, Any]:
        """The progress after one slice.

        Raises `InputRefused`, `InputGone`, `ModelGone`, which end the operation; `AwsBusy`.
        """
        check_size(event["bytes"], at_most=self.max_file_bytes)
        now = int(self.clock())
        operation = self.operations.find(event["operation_id"], now=now)
        if operation is None:
            raise OperationLost(f"the operation {event['operation_id']} is not in the table")
        start = Progress.from_state(event["progress"])
        reached = Slice(
            source=InputFile(
                s3=self.s3,
                bucket=self.input_bucket,
                key=input_key(operation.operation_id),
                version_id=event["version_id"],
                size=event["bytes"],
            ),
            output=OutputFile(self.s3, self.output_bucket, self.operations, operation.operation_id),
            model=self.models.model(operation.topic, operation.model.model_id),
            input_format=operation.model.input_format,
            time_remains=time_remains,
            now=now,
            part_bytes=self.part_bytes,
        ).run(start)
        metrics.add_metric("RecordsInferred", MetricUnit.Count, reached.records - start.records)
        logger.info("slice coded", records=reached.records, offset=reached.offset)
        return reached.to_state()
