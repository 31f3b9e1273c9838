"""The work on one range: its lines in, a gzip member with their results out."""

import zlib
from collections.abc import Iterator, Mapping
from itertools import chain, islice
from typing import Any

from coding_service.amazon_ml.entities import BatchPrediction, Status
from coding_service.amazon_ml.errors import DataRefused, WorkRefused
from coding_service.amazon_ml.schema import Schema
from coding_service.amazon_ml.work.check_data import model_fields
from coding_service.amazon_ml.work.csv_lines import UTF8_BOM, LineForm, header_of, owned_lines
from coding_service.amazon_ml.work.ranges import Range
from coding_service.amazon_ml.work.scoring import MOST_INVALID, Counts, LineScorer
from coding_service.amazon_ml.work.step import WorkDependencies
from coding_service.coder.model import TrainedModel
from coding_service.errors import ModelGone
from coding_service.models.registry import DeployedModels

GZIP = 31  # zlib: the largest window, with gzip's header and trailer, and no time in it
LEVEL = 1  # 6 would take three times as long to save a fifth


def predict_range(deps: WorkDependencies, state: Mapping[str, Any], part: Range) -> None:
    """Scores a range. The same range gives the same bytes, so it may be repeated.

    Raises leaves of `WorkRefused`, after it has noted why; `AwsBusy`.
    """
    prediction = deps.find(BatchPrediction, state)
    if prediction is None or prediction.status is not Status.INPROGRESS:
        return  # deleted, or failed in another range
    before = deps.spent_ms()
    try:
        content, counts = _coded(deps, prediction, part)
    except WorkRefused as refused:
        # The state machine learns of a range only that it failed, and not why.
        deps.store.note_refusal(prediction, str(refused))
        raise
    spent = deps.spent_ms() - before
    deps.files.write_scored(prediction, part, content, counts, spent)


def _coded(
    deps: WorkDependencies, prediction: BatchPrediction, part: Range
) -> tuple[bytes, Counts]:
    schema = _schema(deps, prediction)
    fields = model_fields(deps.deployed, prediction)
    model = _model(deps.deployed, prediction)
    form = LineForm(len(schema.attributes), schema.columns(fields), schema.row_id_column)
    counts, squeeze = Counts(), zlib.compressobj(LEVEL, zlib.DEFLATED, GZIP)
    out = bytearray()
    if part.start == 0:
        out += squeeze.compress(
            header_of(model.hierarchy.leaves, tagged=schema.row_id is not None).encode()
        )
    for block in LineScorer(model, fields, form).results(_lines(deps, part, schema), counts):
        out += squeeze.compress(block)
        if counts.invalid > MOST_INVALID:
            raise too_many_invalid(part.data.location)
    out += squeeze.flush()
    return bytes(out), counts


def _lines(deps: WorkDependencies, part: Range, schema: Schema) -> Iterator[bytes | None]:
    blocks = deps.data.blocks(part.data, max(part.start - 1, 0), part.end)
    lines = owned_lines(blocks, start=part.start, end=part.end)
    if part.start:
        return lines
    if schema.has_header:
        return islice(lines, 1, None)
    first = next(lines, b"")
    return chain([first and first.removeprefix(UTF8_BOM)], lines)


def _schema(deps: WorkDependencies, prediction: BatchPrediction) -> Schema:
    source = deps.source_of(prediction)
    if source is None or source.schema is None:
        raise DataRefused(f"The data source {prediction.data_source_id} is gone")
    return Schema.parse(source.schema)


def _model(deployed: DeployedModels, prediction: BatchPrediction) -> TrainedModel:
    card = deployed.registry.find(prediction.model_id)
    try:
        if card is not None:
            return deployed.model(card.topic, card.model_id)
    except ModelGone:
        pass
    raise DataRefused(f"The MLModel {prediction.model_id} is no longer offered")


def too_many_invalid(location: object) -> DataRefused:
    return DataRefused(
        f"More than {MOST_INVALID:,} observations of {location} are invalid, so that the file is "
        "rejected. Compare its lines with the schema"
    )
