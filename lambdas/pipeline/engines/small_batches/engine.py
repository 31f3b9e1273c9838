"""The engine that is a Coding Service's small batches, which need no partner agreement.

Submit takes the input apart into its different texts, and makes no call. The operation is complete
then, as far as anybody has to wait for it: Collect has the texts coded, three hundred a call, in as
many steps as that takes, and gives each record the answer to its texts.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import quote

from pipeline.engines.base import (
    Engine,
    Keep,
    OperationRequest,
    ResultFiles,
    StorageAnswer,
    UploadBody,
)
from pipeline.engines.coding_service.engine import CodingServiceEngine
from pipeline.engines.exchange_bucket import ExchangeBucket, delete_if_possible
from pipeline.engines.exchanged_results import DONE, ExchangedResults
from pipeline.engines.resumed_output import ResumedOutput
from pipeline.engines.small_batches.answers import NOTHING_TO_CODE
from pipeline.engines.small_batches.coding import BatchCoding
from pipeline.engines.small_batches.distinct_texts import InputTexts
from pipeline.engines.small_batches.files import RECORDS, TEXTS, OperationFiles
from pipeline.rate_limit.state import CallKind
from protocol.messages import Model, OperationState
from protocol.real_time import MOST_CHARACTERS
from protocol.records import input_format_of
from protocol.statuses import OperationStatus
from shared.lines import batches, rest_after


@dataclass(frozen=True, slots=True, kw_only=True)
class SmallBatchEngine(Engine):
    """Answers `Engine` over `POST …/code`, within the Coding Service's limits."""

    service: CodingServiceEngine
    """The same service: its models, its client."""
    exchange: ExchangeBucket

    @property
    def most_characters(self) -> int:
        return MOST_CHARACTERS

    def model(self, topic: str, model_id: str | None, *, turn: str | None = None) -> Model:
        return self.service.model(topic, model_id, turn=turn)

    def open(self, request: OperationRequest, *, turn: str | None = None) -> "_Input":
        """Makes no call."""
        return _Input(OperationFiles(self.exchange, request.name), request.model)

    def check(self, topic: str, operation_id: str, *, turn: str | None = None) -> OperationState:
        """Makes no call. What is not coded yet, Collect has coded."""
        there = OperationFiles(self.exchange, operation_id).has_input()
        return OperationState(OperationStatus.COMPLETE if there else OperationStatus.TIMED_OUT)

    def results(self, topic: str, operation_id: str, *, turn: str | None = None) -> ResultFiles:
        files = OperationFiles(self.exchange, operation_id)
        return _Results(
            exchange=self.exchange,
            output=files.output,
            engine=self,
            topic=topic,
            files=files,
            turn=turn,
        )

    def code(self, topic: str, model: Model, body: bytes, turn: str | None) -> Any:
        """A small batch's answer: by the model that the operation began with, to its end."""
        path = f"/v1/topics/{quote(topic, safe='')}/models/{quote(model.model_id, safe='')}/code"
        return self.service.client.call("POST", path, CallKind.CODING, turn=turn, body=body)

    def delete_results(self, topic: str, operation_id: str) -> None:
        folder = OperationFiles(self.exchange, operation_id).folder
        delete_if_possible(operation_id, lambda: self.exchange.delete_all(folder))


@dataclass(frozen=True, slots=True)
class _Input:
    """An operation that waits for its input."""

    files: OperationFiles
    model: Model

    @property
    def operation_id(self) -> str:
        return self.files.operation_id

    def send(self, body: UploadBody) -> StorageAnswer:
        exchange, key = self.files.exchange, self.files.key
        apart = InputTexts(input_format_of(self.model.input_format))
        exchange.put_model(self.files.folder, self.model)
        # The texts are there last: with them there is an input.
        with exchange.writing(key(TEXTS)) as texts, exchange.writing(key(RECORDS)) as records:
            while block := body.read():
                _add(apart.of(bytes(block)), records.add, texts.add)
            _add(apart.finish(), records.add, texts.add)
        return DONE


def _add(made: tuple[bytes, bytes], *to: Callable[[bytes], None]) -> None:
    for add, content in zip(to, made, strict=True):
        add(content)


@dataclass(slots=True, kw_only=True)
class _Results(ExchangedResults):
    """The results of one operation, which are made when they are wanted."""

    engine: SmallBatchEngine
    topic: str
    files: OperationFiles
    turn: str | None

    def metadata(self) -> bytes:
        return json.dumps(self.files.model().to_json()).encode()

    def make(
        self, kept: Mapping[str, Any] | None, keep: Keep, has_time: Callable[[], bool]
    ) -> bool:
        texts = self.files.etag(TEXTS)
        kept = kept if kept and kept.get("texts", texts) == texts else {}
        coding = BatchCoding(
            files=self.files,
            call=partial(self.engine.code, self.topic, self.files.model()),
            keep=lambda made: keep({**made, "texts": texts}),
            has_time=has_time,
            turn=self.turn,
        )
        if not coding.run(kept):
            return False
        coded = {"coded": coding.coded, "offset": coding.offset, "texts": texts}
        output = ResumedOutput(
            exchange=self.exchange,
            key=self.output,
            keep=lambda made: keep({**coded, "output": dict(made)}),
            has_time=has_time,
        )
        answers = self.files.answers(coding.coded)
        return output.run(
            kept.get("output"), self.files.etag(RECORDS), partial(self._lines, answers)
        )

    def _lines(
        self, answers: list[bytes], lines: int, offset: int
    ) -> Iterator[tuple[bytes, int, int]]:
        """The lines of output, each record's own id and the answer to its texts."""
        rest = b""
        for block in self.files.blocks(RECORDS, offset):
            for records in batches(rest, block):
                made: list[bytes] = []
                for record in records:
                    place, _, own_id = record.partition(b",")
                    answer = answers[int(place)] if place else NOTHING_TO_CODE
                    made += (b'{"recordId":', own_id, answer)
                lines += len(records)
                offset += sum(map(len, records)) + len(records)
                yield b"".join(made), lines, offset
            rest = rest_after(rest, block)
