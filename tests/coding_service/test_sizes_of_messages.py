"""That what travels between functions fits, in bytes, where it has to, at its largest.

Sizes are of JSON in ASCII, which is never shorter than in UTF-8.
"""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from coding_service.amazon_ml.api.describe_filters import MOST_RESULTS
from coding_service.amazon_ml.entities import BatchPrediction, DataSource, Status
from coding_service.amazon_ml.errors import DataRefused, SchemaFault, invalid_input
from coding_service.amazon_ml.s3_uris import Location
from coding_service.amazon_ml.schema import MOST_SCHEMA_BYTES, Schema
from coding_service.amazon_ml.work.data_files import (
    MOST_DATA_BYTES,
    MOST_FILES,
    DataFile,
    UserData,
)
from coding_service.amazon_ml.work.ranges import Range, ranges_of
from coding_service.api.batch_coding import MOST_LISTED, BatchApi
from coding_service.api.code_request import MOST_ID_CHARACTERS, CodeRequest
from coding_service.api.routes import Answer
from coding_service.byte_ranges.cut import MAX_RANGES, ByteRange
from coding_service.coder.catalogue import Catalogue
from coding_service.coder.errors import ModelError
from coding_service.coder.model_card import CARD, ModelCard
from coding_service.errors import LONGEST_TEXT, InputRefused, Refusal
from coding_service.inference.state import Coded, StepStatus
from coding_service.models.bucket import check_card, key_of
from protocol.messages import Topic
from protocol.real_time import MOST_CHARACTERS, MOST_RECORDS, batch_answer

STATE_BYTES = 262_144  # Step Functions: a state's input or output
ITEM_BYTES = 400 << 10  # DynamoDB
ANSWER_BYTES = 6 << 20  # Lambda
CAUGHT_BYTES = 64_000  # an error of the longest text and a stack trace, as JSON in JSON
WORST = ["k", '"', "\\", "\x01", "é", "護", "😀"]
NUMBER = 10**12
UPLOAD = {"operation_id": "g" * 36, "version_id": "v" * 1_024, "bytes": NUMBER}
WORK = {"kind": "BatchPrediction", "client": "c" * 64, "entity_id": "e" * 64, "created_ms": NUMBER}


def size(value: Any) -> int:
    return len(json.dumps(value))


def named(character: str, most: int) -> str:
    """The longest name of so many bytes."""
    return character * (most // len(character.encode()))


def should_fit_into_a_state_of_inference_when_a_file_has_the_most_ranges() -> None:
    cut = {
        "status": str(StepStatus.CUT),
        "has_record_id": True,
        "ranges": [ByteRange(n, NUMBER, NUMBER).to_state() for n in range(MAX_RANGES)],
    }
    coded = [Coded(NUMBER, NUMBER, NUMBER, NUMBER, NUMBER).to_state()] * MAX_RANGES
    assert size({**UPLOAD, "progress": cut, "coded": coded}) + CAUGHT_BYTES < STATE_BYTES


@pytest.mark.parametrize("text", WORST)
def should_fit_into_a_state_however_the_work_ends(text: str) -> None:
    for error in (InputRefused(text * 70_000), DataRefused(text * 70_000)):
        assert len(str(error)) == LONGEST_TEXT
        trace = ["f" * 200] * 40
        cause = json.dumps({"errorMessage": str(error), "stackTrace": trace})
        caught = {"Error": "E" * 256, "Cause": cause}
        assert size(caught) < CAUGHT_BYTES
    counts = dict.fromkeys(("file", "total", "invalid", "compute_ms"), NUMBER)
    for progress in ({"status": "joined", **counts}, {"bucket": "b" * 63, "key": "k" * 1_024}):
        assert size({**WORK, "progress": progress}) + CAUGHT_BYTES < STATE_BYTES


@pytest.mark.parametrize("key", WORST)
def should_fit_into_a_childs_state_whatever_the_data_file_is_called(key: str) -> None:
    data = DataFile("b" * 63, named(key, 1_024), "e" * 64, NUMBER)
    part = Range(data, MOST_FILES, NUMBER, NUMBER, NUMBER)
    assert size({**WORK, "step": "predict", "range": part.to_state()}) < 20_000


def should_fit_into_a_state_what_all_ranges_of_the_most_data_return() -> None:
    each = DataFile("b", "k", "e", MOST_DATA_BYTES // MOST_FILES)
    count = sum(1 for _ in ranges_of([each] * MOST_FILES))
    assert count > 50_000
    assert size([{}] * count) + size(WORK) + 2_000 < STATE_BYTES


class ManyModels:
    """Stands for the registry: more topics and models than are listed, their names the longest."""

    def __init__(self, card: ModelCard) -> None:
        self._cards = [replace(card, model_version=number) for number in range(3 * MOST_LISTED)]

    def topics(self) -> list[Topic]:
        return [Topic(each.topic, each.full_name) for each in self._cards]

    def models(self, _topic: str) -> list[ModelCard]:
        return self._cards


@pytest.mark.parametrize("text", WORST)
def should_fit_into_an_answer_when_there_are_more_models_than_are_listed(
    models: Path, text: str
) -> None:
    card = Catalogue.read(models).latest("trades")
    longest = [replace(card, standard=text * 3_000), replace(card, full_name=text * 3_000)]
    for each in map(shortened, longest):
        api = BatchApi(cast(Any, ManyModels(each)), cast(Any, None), cast(Any, None), 0, float)
        for listed in (api.topics(), api.models("trades")):
            assert len(listed) == MOST_LISTED
            assert size(Answer(200, listed).to_gateway()) + 1_000 < ANSWER_BYTES
        assert api.models("trades")[0]["modelVersion"] == 0


def shortened(card: ModelCard) -> ModelCard:
    """The card with its long text cut to what may be published."""
    for most in range(3_000, 0, -10):
        cut = replace(card, standard=card.standard[:most], full_name=card.full_name[:most])
        try:
            check_card(cut, key_of(cut, CARD))
        except ModelError:
            continue
        return cut
    raise AssertionError("no card fits")


class Listing:
    """Stands for S3: a folder of two files."""

    def __init__(self, *sizes: int) -> None:
        self.page = [
            {"Key": f"in/{n}.csv", "ETag": "e", "Size": each} for n, each in enumerate(sizes)
        ]

    def get_paginator(self, _operation: str) -> "Listing":
        return self

    def paginate(self, **_: str) -> list[dict[str, Any]]:
        return [{"Contents": self.page}]


def should_refuse_data_with_words_when_they_are_more_than_the_state_can_gather() -> None:
    half = MOST_DATA_BYTES // 2
    fits = UserData(cast(Any, Listing(half, half)), half)
    assert len(fits.files(Location("data", "in/"))) == 2
    too_much = replace(fits, s3=cast(Any, Listing(half, half, 1)))
    with pytest.raises(DataRefused, match=r"at most 429,496,729,600 are allowed\. Make several"):
        too_much.files(Location("data", "in/"))


def should_refuse_a_schema_that_an_item_could_not_hold() -> None:
    names = [f"{n:03}{'😀' * 120}" for n in range(300)]
    attributes = [{"attributeName": name, "attributeType": "TEXT"} for name in names]
    described = {"version": "1.0", "dataFormat": "CSV", "attributes": attributes}
    text = json.dumps(described, ensure_ascii=False)
    assert len(text) < MOST_SCHEMA_BYTES < len(text.encode()) < ITEM_BYTES
    with pytest.raises(SchemaFault, match="longer than 131,071 bytes"):
        Schema.parse(text)


def a_source(text: str) -> DataSource:
    return DataSource(
        client="c" * 64,
        entity_id="e" * 64,
        name=text * 1_024,
        created_ms=NUMBER,
        updated_ms=NUMBER,
        message=str(DataRefused(text * 70_000)),
        status=Status.FAILED,
        location=f"s3://{'b' * 63}/{named(text, 1_024)}",
        schema_location=f"s3://{'b' * 63}/{named(text, 1_024)}",
    )


def a_prediction(text: str) -> BatchPrediction:
    source = a_source(text)
    return BatchPrediction(
        client=source.client,
        entity_id=source.entity_id,
        name=source.name,
        asked_name=source.name,
        created_ms=NUMBER,
        updated_ms=NUMBER,
        message=source.message,
        refusal=source.message,
        status=Status.FAILED,
        model_id="m" * 64,
        data_source_id="d" * 64,
        output_uri=source.location,
        input_location=source.location,
        upload=json.dumps(["b" * 63, named(text, 1_024), "u" * 1_024]),
    )


@pytest.mark.parametrize("text", WORST)
def should_fit_into_an_item_and_an_answer_whatever_names_and_reasons_say(text: str) -> None:
    for entity in (a_source(text), a_prediction(text)):
        assert size(entity.to_item()) + 20_000 < ITEM_BYTES
        page = {"Results": [entity.shown("1" * 12)] * MOST_RESULTS, "NextToken": "t" * 200}
        # The body is a text in the JSON that API Gateway takes.
        assert size({"statusCode": 200, "body": json.dumps(page)}) + 1_000 < ANSWER_BYTES
    assert size(invalid_input(text * 70_000).to_json()) < CAUGHT_BYTES


@pytest.mark.parametrize("text", WORST)
def should_fit_into_an_answer_when_a_small_batch_has_the_longest_ids_and_texts(text: str) -> None:
    record = {"recordId": text * MOST_ID_CHARACTERS, "occp_text": text * MOST_CHARACTERS}
    code = {"codeCategory": "c" * 64, "codeLabel": text * 200, "codeConfidence": 0.1234}
    answer = Answer(200, [batch_answer(record, {"suggestions": [code] * 3})] * MOST_RECORDS)
    assert size(answer.to_gateway()) + 1_000 < ANSWER_BYTES
    with pytest.raises(Refusal):
        CodeRequest(({**record, "recordId": record["recordId"] + text},), False, 1).checked(
            ["occp_text"]
        )
