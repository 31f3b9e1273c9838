"""The work on one range: its lines in, a gzip member with their results out."""

import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain, islice

from coding_service.amazon_ml.entities import BatchPrediction, DataSource, Status
from coding_service.amazon_ml.errors import DataRefused, WorkRefused
from coding_service.amazon_ml.schema import Schema
from coding_service.amazon_ml.table import Store
from coding_service.amazon_ml.work.csv_lines import UTF8_BOM, LineForm, header_of, owned_lines
from coding_service.amazon_ml.work.data_files import UserData
from coding_service.amazon_ml.work.plan_ranges import model_fields
from coding_service.amazon_ml.work.ranges import Range, WorkFiles
from coding_service.amazon_ml.work.scoring import MOST_INVALID, Counts, LineScorer
from coding_service.amazon_ml.work.state import Clock, EntityRef
from coding_service.coder.model import TrainedModel
from coding_service.errors import ModelGone
from coding_service.models.registry import DeployedModels

GZIP = 31  # zlib: the largest window, with gzip's header and trailer, and no time in it
LEVEL = 1  # 6 would take three times as long to save a fifth


@dataclass(frozen=True, slots=True)
class Predicting:
    """Scores ranges. The same range gives the same bytes, so it may be repeated."""

    store: Store
    data: UserData
    deployed: DeployedModels
    files: WorkFiles
    clock: Clock
    spent_ms: Callable[[], int]
    """Processor time of this process, in milliseconds."""

    def run(self, ref: EntityRef, part: Range) -> None:
        """Raises leaves of `WorkRefused`, after it has noted why; `AwsBusy`."""
        prediction = ref.find(self.store, BatchPrediction, now_ms=self.clock())
        if prediction is None or prediction.status is not Status.INPROGRESS:
            return  # deleted, or failed in another range
        before = self.spent_ms()
        try:
            content, counts = self._coded(prediction, part)
        except WorkRefused as refused:
            # The state machine learns of a range only that it failed, and not why.
            self.store.note_refusal(prediction, str(refused))
            raise
        spent = self.spent_ms() - before
        self.files.write_scored(prediction, part, content, counts, spent)

    def _coded(self, prediction: BatchPrediction, part: Range) -> tuple[bytes, Counts]:
        schema = self._schema(prediction)
        fields = model_fields(self.deployed, prediction)
        model = self._model(prediction)
        form = LineForm(len(schema.attributes), schema.columns(fields), schema.row_id_column)
        counts, squeeze = Counts(), zlib.compressobj(LEVEL, zlib.DEFLATED, GZIP)
        out = bytearray()
        if part.start == 0:
            out += squeeze.compress(
                header_of(model.hierarchy.leaves, tagged=schema.row_id is not None).encode()
            )
        for block in LineScorer(model, fields, form).results(self._lines(part, schema), counts):
            out += squeeze.compress(block)
            if counts.invalid > MOST_INVALID:
                raise too_many_invalid(part.data.location)
        out += squeeze.flush()
        return bytes(out), counts

    def _lines(self, part: Range, schema: Schema) -> Iterator[bytes | None]:
        blocks = self.data.blocks(part.data, max(part.start - 1, 0), part.end)
        lines = owned_lines(blocks, start=part.start, end=part.end)
        if part.start:
            return lines
        if schema.has_header:
            return islice(lines, 1, None)
        first = next(lines, b"")
        return chain([first and first.removeprefix(UTF8_BOM)], lines)

    def _schema(self, prediction: BatchPrediction) -> Schema:
        source = self.store.find(
            DataSource, prediction.client, prediction.data_source_id, now_ms=self.clock()
        )
        text = None if source is None else self.store.schema(source)
        if text is None:
            raise DataRefused(f"The data source {prediction.data_source_id} is gone")
        return Schema.parse(text)

    def _model(self, prediction: BatchPrediction) -> TrainedModel:
        card = self.deployed.registry.find(prediction.model_id)
        try:
            if card is not None:
                return self.deployed.model(card.topic, card.model_id)
        except ModelGone:
            pass
        raise DataRefused(f"The MLModel {prediction.model_id} is no longer offered")


def too_many_invalid(location: object) -> DataRefused:
    return DataRefused(
        f"More than {MOST_INVALID:,} observations of {location} are invalid, so that the file is "
        "rejected. Compare its lines with the schema"
    )
