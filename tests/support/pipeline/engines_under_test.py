"""The engines that have to pass `test_contract.py`: each with a service that a test can command.

To add one, write an `EngineUnderTest` and name it in `ENGINES`.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from botocore.exceptions import ReadTimeoutError

from pipeline.check.handler import check
from pipeline.collect.handler import Collector
from pipeline.domain.drop import Drop
from pipeline.domain.execution import TaskInput, shared_execution
from pipeline.domain.identity import drop_id, results_prefix
from pipeline.domain.part import Part, whole_files
from pipeline.domain.progress import PartStatus, Progress
from pipeline.engines.amazon_ml.api import AmazonMlClient
from pipeline.engines.amazon_ml.codelist import read_codelist
from pipeline.engines.amazon_ml.engine import AmazonMlEngine
from pipeline.engines.amazon_ml.models import AmazonMlModels
from pipeline.engines.base import Engine
from pipeline.engines.coding_service.engine import CodingServiceEngine
from pipeline.engines.coding_service.http import HttpAnswer
from pipeline.engines.coding_service.presigned import presigned_pool
from pipeline.engines.exchange_bucket import ExchangeBucket
from pipeline.engines.small_batches.engine import SmallBatchEngine
from pipeline.engines.small_batches.files import TEXTS, OperationFiles
from pipeline.ledger.drops import Drops
from pipeline.ledger.parts import Parts
from pipeline.ledger.shared_files import SharedFiles
from pipeline.storage.block_reader import BlockReader
from pipeline.storage.multipart import MultipartFiles
from pipeline.storage.results_bucket import ResultsBucket
from pipeline.submit.handler import Submitter
from pipeline.validation.rejection_report import Rejections
from protocol.errors import ServiceAnswer
from tests.support.pipeline.builders import (
    Measured,
    SimulatedIo,
    a_polling,
    an_engine,
    an_operation_request,
)
from tests.support.pipeline.clouds import DROPS, PREPARED, REGION, RESULTS, Cloud, cloud
from tests.support.pipeline.memory_amazon_ml import (
    CODES,
    EXCHANGE,
    SECRET_KEY,
    Fault,
    MemoryAmazonMl,
)
from tests.support.pipeline.memory_service import (
    CLIENT_SECRET,
    MODEL_ID,
    TOKEN_CANARY,
    TOPIC,
    URL_CANARY,
    MemoryService,
    StorageFault,
    a_model,
)

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PART_BYTES = 5 << 20  # the least that S3 (and moto) takes for a part that is not the last


class EngineUnderTest(Protocol):
    """An engine, and what a test does to its service.

    The service codes to `memory_service.coded`'s codes: a scientist, or unsure. Its topic is
    `TOPIC`, which has one model."""

    @property
    def engine(self) -> Engine: ...

    @property
    def model_id(self) -> str: ...

    @property
    def secrets(self) -> tuple[str, ...]:
        """What may be written nowhere."""

    def opened(self) -> str:
        """The id of an operation that was opened and got no input."""

    def pause(self) -> None:
        """From now on nothing is coded."""

    def finish(self, operation_id: str) -> None:
        """Codes a paused operation's input."""

    def fail(self, operation_id: str, why: str) -> None: ...

    def taken(self) -> int:
        """How many operations got input that counts, ever."""

    def busy_next(self) -> None:
        """The next call finds the service overloaded."""

    def deny_next(self) -> None:
        """The next calls find that the caller may not."""

    def lose_arrival(self) -> None:
        """The answer to the next input is lost on its way, though the service has the input."""

    def kept(self, operation_id: str) -> bool:
        """Whether Pipeline still pays for something that the operation needed."""


@dataclass
class CodingServiceUnderTest:
    memory: MemoryService
    engine: CodingServiceEngine
    model_id: str = MODEL_ID
    secrets: tuple[str, ...] = (CLIENT_SECRET, TOKEN_CANARY, URL_CANARY)

    def opened(self) -> str:
        return self.engine.open(an_operation_request()).operation_id

    def pause(self) -> None:
        self.memory.codes_at_once = False

    def finish(self, operation_id: str) -> None:
        self.memory.finish(operation_id)

    def fail(self, operation_id: str, why: str) -> None:
        self.memory.fail(operation_id, why)

    def taken(self) -> int:
        return len(self.memory.uploaded)

    def busy_next(self) -> None:
        self.memory.refuse_next("/v1/", ServiceAnswer.INTERNAL)

    def deny_next(self) -> None:
        self.memory.refuse_next("/v1/", ServiceAnswer.DENIED, times=2)

    def lose_arrival(self) -> None:
        self.memory.storage_faults = [StorageFault("PUT", stored=True)]

    def kept(self, operation_id: str) -> bool:
        return False  # the service deletes its files itself


@dataclass
class AmazonMlUnderTest:
    memory: MemoryAmazonMl
    engine: AmazonMlEngine
    model_id: str = "ml-anzsco-1"
    secrets: tuple[str, ...] = (SECRET_KEY,)

    def opened(self) -> str:
        return "nobody-knows-it"  # a prediction is created when its input is there

    def pause(self) -> None:
        self.memory.codes_at_once = False

    def finish(self, operation_id: str) -> None:
        self.memory.finish(operation_id)

    def fail(self, operation_id: str, why: str) -> None:
        self.memory.fail(operation_id, why)

    def taken(self) -> int:
        return len(self.memory.created)

    def busy_next(self) -> None:
        self.memory.faults = [Fault("*", "InternalServerException", 500)]

    def deny_next(self) -> None:
        self.memory.faults = [Fault("*", "AccessDeniedException")]

    def lose_arrival(self) -> None:
        self.memory.faults = [Fault("CreateBatchPrediction", "", 0, done=True)]

    def kept(self, operation_id: str) -> bool:
        listed = self.memory.s3.list_objects_v2(Bucket=EXCHANGE, Prefix=operation_id)
        return bool(
            listed.get("Contents")
            or operation_id in self.memory.predictions
            or operation_id in self.memory.data_sources
        )


@dataclass
class SmallBatchesUnderTest:
    memory: MemoryService
    engine: SmallBatchEngine
    s3: "S3Client"
    model_id: str = MODEL_ID
    secrets: tuple[str, ...] = (CLIENT_SECRET, TOKEN_CANARY)
    inputs: set[str] = field(default_factory=set)
    """The keys of the texts that were put, ever."""
    lost: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.s3.meta.events.register("provide-client-params.s3.PutObject", self._note)
        self.s3.meta.events.register("after-call.s3.PutObject", self._lose)

    def _note(self, params: dict[str, Any], **_: Any) -> None:
        if params["Key"].endswith(TEXTS):
            self.inputs.add(params["Key"])
            self.lost = [each or params["Key"] for each in self.lost]

    def _lose(self, **_: Any) -> None:
        if self.lost and self.lost[0]:
            self.lost.clear()
            raise ReadTimeoutError(endpoint_url="https://s3.example")

    def opened(self) -> str:
        return self.engine.open(an_operation_request()).operation_id

    def pause(self) -> None:
        self.memory.codes_at_once = False

    def finish(self, operation_id: str) -> None:
        self.memory.codes_at_once = True

    def fail(self, operation_id: str, why: str) -> None:
        answer = HttpAnswer(400, json.dumps({"message": why}).encode())
        self.memory.fail_next("/code", lambda: answer)

    def taken(self) -> int:
        return len(self.inputs)

    def busy_next(self) -> None:
        self.memory.refuse_next("/v1/", ServiceAnswer.INTERNAL)

    def deny_next(self) -> None:
        self.memory.refuse_next("/v1/", ServiceAnswer.DENIED, times=2)

    def lose_arrival(self) -> None:
        self.lost = [""]  # of which input, the next one says

    def kept(self, operation_id: str) -> bool:
        folder = OperationFiles(self.engine.exchange, operation_id).folder
        return bool(self.s3.list_objects_v2(Bucket=PREPARED, Prefix=folder).get("Contents"))


@contextmanager
def coding_service(aws: Cloud, io: SimulatedIo, _folder: Path) -> Iterator[CodingServiceUnderTest]:
    memory = MemoryService(models={TOPIC: [a_model()]})
    with memory.listening() as address, presigned_pool(None) as pool:
        host = address.removeprefix("http://")
        engine = an_engine(memory, aws.ledger, io, pool=pool, host=host)
        yield CodingServiceUnderTest(memory, engine)


@contextmanager
def small_batches(aws: Cloud, io: SimulatedIo, _folder: Path) -> Iterator[SmallBatchesUnderTest]:
    memory = MemoryService(models={TOPIC: [a_model()]})
    engine = SmallBatchEngine(
        service=an_engine(memory, aws.ledger, io),
        exchange=ExchangeBucket(aws.s3, PREPARED, part_bytes=PART_BYTES),
    )
    yield SmallBatchesUnderTest(memory, engine, aws.s3)


@contextmanager
def amazon_ml(aws: Cloud, _io: SimulatedIo, folder: Path) -> Iterator[AmazonMlUnderTest]:
    aws.s3.create_bucket(Bucket=EXCHANGE, CreateBucketConfiguration={"LocationConstraint": REGION})
    memory = MemoryAmazonMl(aws.s3)
    with memory.after_call():
        yield AmazonMlUnderTest(memory, an_amazon_ml_engine(aws, memory, folder))


def an_amazon_ml_engine(
    aws: Cloud, memory: MemoryAmazonMl, folder: Path, **chosen: str
) -> AmazonMlEngine:
    """The shipped engine in front of the service in memory; its codelist lies in the folder."""
    (folder / f"{TOPIC}.csv").write_text(CODES, "utf-8")
    api = AmazonMlClient(memory.client)
    return AmazonMlEngine(
        api=api,
        models=AmazonMlModels(api, chosen),
        exchange=ExchangeBucket(aws.s3, EXCHANGE, part_bytes=PART_BYTES),
        codelist_of=lambda topic: read_codelist(folder / f"{topic}.csv"),
        threshold=0.75,
    )


Made = Callable[[Cloud, SimulatedIo, Path], AbstractContextManager[EngineUnderTest]]
ENGINES: dict[str, Made] = {
    "coding-service": coding_service,
    "amazon-ml": amazon_ml,
    "coding-service-small": small_batches,
}


class Bench:
    """A pipeline around an engine: moto's AWS, the shipped Submitter, check and Collector."""

    def __init__(self, aws: Cloud, io: SimulatedIo, under_test: EngineUnderTest) -> None:
        self.aws, self.io, self.under_test = aws, io, under_test
        self.seconds: list[float] = []
        """What the functions' clock says at each look; 900 s once it is empty."""
        parts = Parts(aws.ledger, io.clock)
        shared_files = SharedFiles(aws.ledger, io.clock)
        rejections = Rejections(ResultsBucket(aws.s3, RESULTS))
        self.parts = parts
        self.drops = Drops(aws.ledger, io.clock)
        self.submitter = Submitter(
            parts=parts,
            engine_of=self._engine_of,
            reader=BlockReader(aws.s3, sleep=io.sleep, block_bytes=1000),
            rejections=rejections,
            polling=a_polling(),
            shared_files=shared_files,
            pinned_model=self.drops.pinned_model,
            clock=io.clock,
            measure=Measured(),
        )
        self.collector = Collector(
            parts=parts,
            engine_of=self._engine_of,
            files=MultipartFiles(aws.s3, RESULTS),
            shared_files=shared_files,
            clock=io.clock,
            measure=Measured(),
            part_bytes=PART_BYTES,
        )

    def _engine_of(self, _topic: str) -> Engine:
        return self.under_test.engine

    def drop(self, content: bytes, key: str = f"{TOPIC}/jobs.jsonl", **changes: str) -> Drop:
        segment = self.aws.segment(key, content)
        identity = drop_id(DROPS, key, segment.version_id)
        drop = Drop(
            drop_id=identity,
            bucket=DROPS,
            key=key,
            version_id=segment.version_id,
            size=len(content),
            etag=segment.etag,
            topic=changes.get("topic", TOPIC),
            model=changes.get("model"),
            results_prefix=results_prefix(key, TOPIC, identity),
            dropped_at="2026-11-21T11:59:00.000Z",
        )
        self.drops.accept(drop)
        return drop

    def part(self, *drops: Drop) -> Part:
        if len(drops) > 1:
            return shared_execution("shared", drops).parts[0]
        return whole_files(f"{drops[0].drop_id}-0001", drops)

    def submit(self, part: Part, progress: Progress | None = None, owner: str = "s") -> Progress:
        task = TaskInput(part, progress or Progress(status=PartStatus.NEW))
        return self.submitter.submit(task, owner=owner, seconds_left=self._left)

    def check(self, part: Part, progress: Progress) -> Progress:
        return check(
            part.topic,
            progress,
            engine=self.under_test.engine,
            polling=a_polling(),
            clock=self.io.clock,
            max_attempts=3,
        )

    def follow(self, part: Part, progress: Progress) -> Progress:
        """As `check`, and `collect` where the engine has the texts coded then."""
        if progress.status is PartStatus.AWAITING_SLOT:
            return self.collect(part, progress)
        checked = self.check(part, progress)
        return self.collect(part, checked) if checked.status is PartStatus.COMPLETE else checked

    def collect(self, part: Part, progress: Progress, owner: str = "c") -> Progress:
        return self.collector.collect(
            TaskInput(part, progress), owner=owner, seconds_left=self._left
        )

    def collect_all(self, part: Part, progress: Progress) -> int:
        """How many invocations it took."""
        for invocation in range(1, 20):
            progress = self.collect(part, progress, f"c{invocation}")
            if progress.status is PartStatus.COLLECTED:
                return invocation
            assert progress.status is PartStatus.COLLECTING
        raise AssertionError("the collection does not end")

    def there_and_back(self, *drops: Drop) -> Progress:
        part = self.part(*drops)
        checked = self.check(part, self.submit(part))
        assert checked.status is PartStatus.COMPLETE
        return self.collect(part, checked)

    def output(self, drop: Drop) -> bytes:
        return self.aws.result(f"{drop.results_prefix}output.jsonl")

    def metadata(self, drop: Drop) -> bytes:
        return self.aws.result(f"{drop.results_prefix}metadata.json")

    def _left(self) -> float:
        return self.seconds.pop(0) if self.seconds else 900.0


@contextmanager
def bench_of(made: Made, folder: Path) -> Iterator[Bench]:
    io = SimulatedIo()
    with cloud() as aws, made(aws, io, folder) as under_test:
        yield Bench(aws, io, under_test)
