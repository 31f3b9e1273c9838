import hashlib
import json
import logging
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from pipeline.collect.handler import Collector
from pipeline.domain.execution import TaskInput
from pipeline.domain.progress import PartStatus
from pipeline.engines.coding_service.engine import CodingServiceEngine
from pipeline.engines.coding_service.presigned import PresignedHosts, presigned_pool
from pipeline.errors import (
    AddressRefused,
    PartTaken,
    ResultsGone,
    ResultsMismatch,
    ServiceRefused,
    StorageBusy,
    StorageRefused,
)
from pipeline.ledger.parts import Parts
from pipeline.ledger.shared_files import SharedFiles
from pipeline.ledger.table import Ledger
from pipeline.storage.multipart import MultipartFiles
from pipeline.validation.digest import SequenceDigest
from protocol.errors import ServiceAnswer
from protocol.statuses import OperationStatus
from tests.support.pipeline.builders import (
    Measured,
    SimulatedIo,
    a_part,
    an_engine,
    an_operation_request,
    lines,
)
from tests.support.pipeline.clouds import RESULTS, Cloud, cloud
from tests.support.pipeline.memory_service import (
    CLIENT_SECRET,
    TOKEN_CANARY,
    URL_CANARY,
    MemoryService,
    StorageFault,
)

PART_BYTES = 5 << 20  # the least that S3 (and moto) takes for a part that is not the last
PART = a_part()
PREFIX = PART.segments[0].results_prefix
OUTPUT, METADATA = f"{PREFIX}output.jsonl", f"{PREFIX}metadata.json"


def _coded_line(number: int, size: int, *, suggested: bool = False) -> bytes:
    """A line of output of `size` bytes, its newline included."""
    code = {"codeCategory": "2", "codeLabel": "", "codeConfidence": 0.5}
    line: dict[str, Any] = {"recordId": f"r{number}"}
    line |= {"suggestions": [code]} if suggested else {"result": code}
    code["codeLabel"] = "x" * (size - 1 - len(json.dumps(line)))
    return json.dumps(line).encode() + b"\n"


def _large(parts: float) -> bytes:
    """Output of so many parts, whose lines do not end where parts do."""
    size = 600_011
    count = int(parts * PART_BYTES) // size
    return b"".join(_coded_line(n, size, suggested=n % 5 == 0) for n in range(count))


@dataclass
class Bench:
    """Collecting on real parts: moto's AWS, the service in memory over loopback."""

    aws: Cloud
    memory: MemoryService
    io: SimulatedIo
    measured: Measured
    collector: Collector
    engine: CodingServiceEngine
    times: list[float] = field(default_factory=list)
    """What the function's clock says at each look; 900 s once it is empty."""

    def complete(self, output: bytes) -> TaskInput:
        """A task of an operation that is complete with this output."""
        created = self.engine.open(an_operation_request())
        operation = self.memory.operations[created.operation_id]
        operation.input = b""
        self.memory.finish(created.operation_id)
        operation.output = output
        with self.parts.lease(PART.part_id, owner="submit", seconds=1) as lease:
            lease.begin()
            lease.created(created.operation_id)
        task = TaskInput.from_state({"part": PART.to_state(), "progress": {"status": "complete"}})
        uploaded_at = self.io.clock.iso()
        return replace(
            task,
            progress=replace(
                task.progress, operation_id=created.operation_id, uploaded_at=uploaded_at
            ),
        )

    def collect(self, task: TaskInput, owner: str = "first") -> PartStatus:
        progress = self.collector.collect(task, owner=owner, seconds_left=self._seconds_left)
        assert progress.operation_id == task.progress.operation_id
        return progress.status

    def collect_all(self, task: TaskInput) -> int:
        """How many invocations it took."""
        for invocation in range(1, 20):
            if self.collect(task, f"run-{invocation}") is not PartStatus.COLLECTING:
                return invocation
        raise AssertionError("the collection does not end")

    def with_(self, **changes: Any) -> "Bench":
        return replace(self, collector=replace(self.collector, **changes))

    def with_engine(self, **changes: Any) -> "Bench":
        engine = replace(self.engine, **changes)
        return replace(self.with_(engine_of=lambda _topic: engine), engine=engine)

    @property
    def parts(self) -> Parts:
        return self.collector.parts

    def _seconds_left(self) -> float:
        return self.times.pop(0) if self.times else 900.0


@pytest.fixture
def bench() -> Iterator[Bench]:
    memory, io, measured = MemoryService(), SimulatedIo(), Measured()
    with cloud() as aws, memory.listening() as address, presigned_pool(None) as pool:
        host = address.removeprefix("http://")
        engine = an_engine(memory, aws.ledger, io, pool=pool, host=host)
        yield Bench(
            aws,
            memory,
            io,
            measured,
            Collector(
                parts=Parts(aws.ledger, io.clock),
                engine_of=lambda _topic: engine,
                files=MultipartFiles(aws.s3, RESULTS),
                shared_files=SharedFiles(aws.ledger, io.clock),
                clock=io.clock,
                measure=measured,
                part_bytes=PART_BYTES,
            ),
            engine,
        )


def should_copy_both_files_and_record_their_facts(bench: Bench) -> None:
    output = b"".join(_coded_line(n, 200, suggested=n % 4 == 0) for n in range(100))
    task = bench.complete(output)
    bench.io.time += 2 * 3600

    assert bench.collect(task) is PartStatus.COLLECTED

    assert bench.aws.result(OUTPUT) == output
    operation = bench.memory.operations[task.progress.operation_id or ""]
    assert bench.aws.result(METADATA) == operation.metadata
    record = bench.parts.record(PART.part_id)
    assert record.output is not None
    assert record.metadata is not None
    assert (record.output.bytes, record.output.records) == (len(output), 100)
    assert (record.output.coded, record.output.suggested) == (75, 25)
    assert record.output.crc32 == f"{zlib.crc32(output):08x}"
    digest = SequenceDigest().extended(f"r{n}" for n in range(100))
    assert record.output.record_id_digest == digest.to_text()
    assert record.metadata.sha256 == hashlib.sha256(operation.metadata).hexdigest()
    assert record.metadata.model == json.loads(operation.metadata)
    assert round(bench.measured.total("ResultsAgeAtCollection")) == 2


def should_copy_large_output_in_parts(bench: Bench) -> None:
    output = _large(2.4)

    assert bench.collect(bench.complete(output)) is PartStatus.COLLECTED

    assert bench.aws.result(OUTPUT) == output
    record = bench.parts.record(PART.part_id)
    assert record.output is not None
    assert record.output.crc32 == f"{zlib.crc32(output):08x}"
    assert record.collection is None
    assert bench.aws.unfinished_uploads() == 0
    stored = bench.aws.s3.head_object(Bucket=RESULTS, Key=OUTPUT)
    assert stored["ETag"].endswith('-3"')
    assert stored["ContentType"] == "application/x-ndjson"


@pytest.mark.parametrize("steps", [1, 2, 3])
def should_go_on_where_the_last_function_stopped_when_time_runs_out(
    bench: Bench, steps: int
) -> None:
    output = _large(3.5)
    task = bench.complete(output)
    bench.times = [900.0, *[900.0] * steps, 59.0]

    assert bench.collect(task) is PartStatus.COLLECTING
    got = len(bench.memory.ranges)
    assert bench.collect(task, "second") is PartStatus.COLLECTED

    assert bench.aws.result(OUTPUT) == output
    record = bench.parts.record(PART.part_id)
    assert record.output is not None
    assert record.output.crc32 == f"{zlib.crc32(output):08x}"
    assert record.output.records == output.count(b"\n")
    assert f"bytes=0-{PART_BYTES - 1}" not in bench.memory.ranges[got:]


def should_be_complete_after_a_death_between_a_part_and_its_checkpoint(bench: Bench) -> None:
    output = _large(2.4)
    task = bench.complete(output)

    class Died(BaseException):
        pass

    class DyingTable:
        """Dies at the checkpoint after the beginning's: parts are put, none is written down."""

        checkpoints = 0

        def update_item(self, **request: Any) -> Any:
            self.checkpoints += ":set_collection" in request.get("ExpressionAttributeValues", {})
            if self.checkpoints == 2:
                raise Died
            return bench.aws.ledger.table.update_item(**request)

        def __getattr__(self, name: str) -> Any:
            return getattr(bench.aws.ledger.table, name)

    dying = Parts(Ledger(DyingTable()), bench.io.clock)  # type: ignore[arg-type]
    with pytest.raises(Died):
        bench.with_(parts=dying).collect(task, "dead")
    with pytest.raises(PartTaken):
        bench.collect(task, "early")
    bench.io.time += 906

    assert bench.collect(task, "second") is PartStatus.COLLECTED
    assert bench.aws.result(OUTPUT) == output
    assert bench.aws.unfinished_uploads() == 0


def should_start_over_when_the_upload_was_aborted_meanwhile(bench: Bench) -> None:
    output = _large(2.4)
    task = bench.complete(output)
    bench.times = [900.0, 900.0, 59.0]
    bench.collect(task)
    upload = (bench.parts.record(PART.part_id).collection or {})["upload_id"]
    bench.aws.s3.abort_multipart_upload(Bucket=RESULTS, Key=OUTPUT, UploadId=upload)

    assert bench.collect_all(task) == 2
    assert bench.aws.result(OUTPUT) == output


def should_start_over_when_the_results_changed_under_the_copy(bench: Bench) -> None:
    task = bench.complete(_large(2.4))
    bench.times = [900.0, 900.0, 59.0]
    bench.collect(task)
    changed = _large(1.7)
    bench.memory.operations[task.progress.operation_id or ""].output = changed

    assert bench.collect_all(task) == 2
    assert bench.aws.result(OUTPUT) == changed
    assert bench.aws.unfinished_uploads() == 0


def should_give_up_when_the_results_keep_changing(bench: Bench) -> None:
    task = bench.complete(_large(2.4))
    operation = bench.memory.operations[task.progress.operation_id or ""]

    def change() -> float:
        operation.output += _coded_line(len(operation.output), 300)
        return 900.0

    def run() -> PartStatus:
        return bench.collector.collect(task, owner="run", seconds_left=change).status

    assert [run() for _ in range(3)] == [PartStatus.COLLECTING] * 3
    with pytest.raises(ResultsMismatch, match="kept changing"):
        run()
    assert bench.aws.unfinished_uploads() == 0


def should_ask_for_fresh_urls_when_they_expire_in_the_middle(bench: Bench) -> None:
    output = _large(3.5)
    task = bench.complete(output)
    looks = 0

    def seconds_left() -> float:
        nonlocal looks
        looks += 1
        if looks == 3:
            bench.memory.expire_urls()
        return 900.0

    progress = bench.collector.collect(task, owner="first", seconds_left=seconds_left)

    assert progress.status is PartStatus.COLLECTED
    assert bench.aws.result(OUTPUT) == output
    assert sum("operations" in path for _, path in bench.memory.calls) >= 2


def should_wait_when_no_call_is_free_for_the_urls(bench: Bench) -> None:
    task = bench.complete(b"".join(_coded_line(n, 200) for n in range(3)))
    bench.memory.refuse_next("operations", ServiceAnswer.LIMIT_EXCEEDED)

    assert bench.collect(task) is PartStatus.AWAITING_SLOT
    bench.io.time += 2 * 86_400
    assert bench.collect(task, "second") is PartStatus.COLLECTED


@pytest.mark.parametrize(
    "fault",
    [
        StorageFault("GET", 503, "SlowDown"),
        StorageFault("GET", 500, "InternalError"),
        StorageFault("GET", after_bytes=1000),
        StorageFault("GET", skip=2, after_bytes=1000),
    ],
)
def should_repeat_one_range_when_it_fails(bench: Bench, fault: StorageFault) -> None:
    output = _large(2.4)
    task = bench.complete(output)
    bench.memory.storage_faults = [fault]

    assert bench.collect(task) is PartStatus.COLLECTED
    assert bench.aws.result(OUTPUT) == output


def should_keep_the_checkpoint_when_storage_stays_busy(bench: Bench) -> None:
    output = _large(3.5)
    task = bench.complete(output)
    bench.times = [900.0, 900.0, 59.0]
    bench.collect(task)
    bench.memory.storage_faults = [StorageFault("GET", 503, "SlowDown") for _ in range(12)]
    with pytest.raises(StorageBusy):
        bench.collect(task, "second")
    bench.memory.storage_faults.clear()
    got = len(bench.memory.ranges)

    assert bench.collect(task, "third") is PartStatus.COLLECTED
    assert bench.aws.result(OUTPUT) == output
    assert f"bytes=0-{PART_BYTES - 1}" not in bench.memory.ranges[got:]


def should_fail_for_good_when_storage_refuses(bench: Bench) -> None:
    task = bench.complete(_large(2.4))
    bench.times = [900.0, 900.0, 59.0]
    bench.collect(task)
    bench.memory.storage_faults = [StorageFault("GET", 403, "AccessDenied") for _ in range(9)]

    with pytest.raises(StorageRefused, match="AccessDenied") as refused:
        bench.collect(task, "second")

    assert URL_CANARY not in str(refused.value)
    assert bench.aws.unfinished_uploads() == 0
    assert bench.parts.record(PART.part_id).collection is None


def _come_back(bench: Bench, task: TaskInput) -> tuple[TaskInput, int]:
    """The state machine's way back to the function: the next task, and the wait before it."""
    progress = bench.collector.collect(task, owner="again", seconds_left=bench._seconds_left)
    return replace(task, progress=progress), progress.wait_seconds


def should_say_that_the_results_are_gone_when_they_stay_so_for_minutes(bench: Bench) -> None:
    task, waits = bench.complete(b""), []
    bench.memory.storage_faults = [StorageFault("GET", 404, "NoSuchKey") for _ in range(5)]

    for _ in range(4):
        task, wait = _come_back(bench, task)
        waits.append(wait)
    with pytest.raises(ResultsGone, match="drop the file again") as gone:
        bench.collect(task)

    assert waits == [15, 45, 90, 180]
    assert "asked for 5 times within 6 min, each time with a fresh URL" in str(gone.value)
    assert sum("operations" in path for _, path in bench.memory.calls) == 5
    assert bench.memory.storage_faults == []


def should_go_on_with_a_copy_when_its_results_were_not_found_in_passing(bench: Bench) -> None:
    output = _large(3.5)
    task = bench.complete(output)
    bench.times = [900.0, 900.0, 900.0, 59.0]
    task, _ = _come_back(bench, task)
    bench.memory.storage_faults = [StorageFault("GET", 404, "NoSuchKey", skip=1)]
    task, wait = _come_back(bench, task)
    assert (task.progress.status, wait) == (PartStatus.AWAITING_SLOT, 15)

    task, _ = _come_back(bench, task)

    assert (task.progress.status, task.progress.not_found) == (PartStatus.COLLECTED, None)
    assert bench.aws.result(OUTPUT) == output


def should_copy_in_steps_from_a_storage_that_gives_no_ranges(bench: Bench) -> None:
    output = _large(4.5)
    bench.memory.gives_ranges = False
    task = bench.complete(output)
    bench.times = [900.0, 900.0, 900.0, 59.0]

    assert bench.collect_all(task) == 2

    assert bench.aws.result(OUTPUT) == output
    facts = bench.parts.record(PART.part_id).output
    assert facts is not None
    assert (facts.bytes, facts.crc32) == (len(output), f"{zlib.crc32(output):08x}")


def should_refuse_an_operation_that_is_not_complete_any_more(bench: Bench) -> None:
    task = bench.complete(b"")
    operation = bench.memory.operations[task.progress.operation_id or ""]
    operation.status = OperationStatus.TIMED_OUT

    with pytest.raises(ServiceRefused, match="timed_out"):
        bench.collect(task)


@pytest.mark.parametrize(
    ("output", "said"),
    [
        (_coded_line(1, 200) + b"{half a li", "line 2 of the results is not JSON"),
        (_coded_line(1, 200) + b"\n" + _coded_line(2, 200), "line 2 of the results is empty"),
        (b"<html>", "line 1"),
        (b"[]\n", "not an object"),
        (_coded_line(1, (1 << 20) + 10), "bytes long"),
    ],
)
def should_not_trust_output_that_is_no_jsonl(bench: Bench, output: bytes, said: str) -> None:
    with pytest.raises(ResultsMismatch, match=said):
        bench.collect(bench.complete(output))
    assert bench.aws.result_keys() == []


def should_survive_the_slips_of_the_documented_samples(bench: Bench) -> None:
    output = b'{"id": "a", "result": {" codeLabel": "x"}}\n{" recordId": "b", "suggestions": []}'

    bench.collect(bench.complete(output))

    facts = bench.parts.record(PART.part_id).output
    assert facts is not None
    assert facts.record_id_digest == SequenceDigest().extended(["a", "b"]).to_text()
    assert (facts.coded, facts.suggested, facts.nothing) == (1, 0, 1)


@pytest.mark.parametrize("metadata", [b"", b"[]", b"<html>"])
def should_not_trust_metadata_that_names_no_model(bench: Bench, metadata: bytes) -> None:
    task = bench.complete(_coded_line(1, 200))
    bench.memory.operations[task.progress.operation_id or ""].metadata = metadata

    with pytest.raises(ResultsMismatch, match="which model"):
        bench.collect(task)


def should_call_nothing_when_all_is_collected_already(bench: Bench) -> None:
    task = bench.complete(_coded_line(1, 200))
    bench.collect(task)
    calls = len(bench.memory.calls)

    assert bench.collect(task, "second") is PartStatus.COLLECTED
    assert len(bench.memory.calls) == calls


def should_get_nothing_from_a_host_that_is_not_allowed(bench: Bench) -> None:
    task = bench.complete(_coded_line(1, 200))

    with pytest.raises(AddressRefused):
        bench.with_engine(hosts=PresignedHosts(("s3.example",))).collect(task)
    assert bench.memory.ranges == []


@pytest.mark.parametrize(
    "trouble",
    [
        lambda _memory: None,
        lambda memory: memory.storage_faults.append(StorageFault("GET", 403, "AccessDenied")),
        lambda memory: memory.storage_faults.extend(StorageFault("GET") for _ in range(9)),
    ],
)
def should_keep_secrets_out_of_errors_ledger_and_logs(
    bench: Bench, caplog: pytest.LogCaptureFixture, trouble: Callable[[MemoryService], None]
) -> None:
    task = bench.complete(lines(1))
    trouble(bench.memory)
    said = ""
    with caplog.at_level(logging.DEBUG):
        try:
            bench.collect(task)
        except (StorageBusy, StorageRefused) as error:
            said = repr(error) + repr(error.__cause__)

    ledger = repr(bench.aws.ledger.table.scan()["Items"])
    aws_itself = ("boto3", "botocore", "moto")  # log AWS's answers at DEBUG, which no function does
    logs = "".join(r.getMessage() for r in caplog.records if not r.name.startswith(aws_itself))
    for secret in (URL_CANARY, TOKEN_CANARY, CLIENT_SECRET):
        assert secret not in said + ledger + logs
