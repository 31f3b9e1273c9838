"""What lies of an operation in the bucket of prepared files, until its results are collected.

.operations/<operation id>/order.json           the model that codes it
.operations/<operation id>/records.jsonl        of each record its texts' number and recordId
.operations/<operation id>/texts.jsonl          the texts, each once; written last
.operations/<operation id>/answers/<n>.jsonl    the answers for the texts from number n on
.operations/<operation id>/output.jsonl         the results as lines of output
"""

from collections.abc import Iterator
from dataclasses import dataclass

from pipeline.engines.exchange_bucket import OUTPUT, ExchangeBucket
from pipeline.errors import ResultsGone
from protocol.messages import Model
from shared.lines import NEWLINE

OPERATIONS = ".operations/"  # no drop's id begins so
RECORDS, TEXTS = "records.jsonl", "texts.jsonl"


@dataclass(frozen=True, slots=True)
class OperationFiles:
    """The files of one operation. Every method may raise `AwsBusy`."""

    exchange: ExchangeBucket
    operation_id: str

    @property
    def folder(self) -> str:
        return f"{OPERATIONS}{self.operation_id}"

    @property
    def output(self) -> str:
        """The key of the output."""
        return self.key(OUTPUT)

    def key(self, name: str) -> str:
        return f"{self.folder}/{name}"

    def has_input(self) -> bool:
        return self.exchange.length(self.key(TEXTS)) is not None

    def model(self) -> Model:
        """The model that codes the operation. Raises `ResultsGone`."""
        model = self.exchange.model(self.folder)
        if model is None:
            raise _gone(self.folder)
        return model

    def etag(self, name: str) -> str:
        """Raises `ResultsGone`."""
        found = self.exchange.length(self.key(name))
        if found is None:
            raise _gone(self.key(name))
        return found[1]

    def blocks(self, name: str, offset: int) -> Iterator[bytes]:
        """A file from a byte on. Raises `FileChanged`, `ResultsGone`."""
        key = self.key(name)
        found = self.exchange.length(key)
        if found is None:
            raise _gone(key)
        yield from self.exchange.blocks(key, *found, offset)

    def put_answers(self, first: int, answers: list[bytes]) -> None:
        """Keeps the answers for the texts from number `first` on."""
        self.exchange.files.put(self._answers(first), b"".join(answers))

    def answers(self, count: int) -> list[bytes]:
        """The answers for the first `count` texts. Raises `ResultsGone`."""
        found: list[bytes] = []
        while len(found) < count:
            content = self.exchange.objects.get(self._answers(len(found)))
            if not content:
                raise _gone(self._answers(len(found)))
            found += [line + NEWLINE for line in content.removesuffix(NEWLINE).split(NEWLINE)]
        return found

    def _answers(self, first: int) -> str:
        return self.key(f"answers/{first:07}.jsonl")


def _gone(key: str) -> ResultsGone:
    return ResultsGone(f"{key} is gone from the bucket of prepared files; drop the file again")
