import json
import logging
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event
from typing import Any

import jsonschema
import pytest
from botocore.exceptions import ReadTimeoutError

from pipeline.domain.execution import TaskInput
from pipeline.domain.part import Part
from pipeline.domain.progress import PartStatus, Progress
from pipeline.engines.coding_service.engine import CodingServiceEngine
from pipeline.engines.coding_service.http import HttpAnswer, HttpRequest
from pipeline.engines.coding_service.presigned import PresignedHosts, presigned_pool
from pipeline.errors import (
    AddressRefused,
    DropGone,
    PartTaken,
    ServiceBusy,
    StorageBusy,
    StorageRefused,
    UploadsFailed,
)
from pipeline.ledger.drops import Drops
from pipeline.ledger.parts import AttemptState, Parts
from pipeline.ledger.shared_files import SharedFiles
from pipeline.ledger.table import Ledger
from pipeline.rate_limit.polling import CallLoad
from pipeline.storage.block_reader import BlockReader, ObjectRange
from pipeline.storage.results_bucket import ResultsBucket
from pipeline.submit.handler import Submitter
from pipeline.validation.digest import SequenceDigest
from pipeline.validation.rejection_report import Rejections
from protocol.errors import ServiceAnswer
from protocol.statuses import OperationStatus
from tests.support.pipeline.builders import (
    Measured,
    SimulatedIo,
    a_polling,
    an_engine,
    an_operation_request,
    lines,
    unlimited,
)
from tests.support.pipeline.clouds import DROPS, RESULTS, Cloud, cloud
from tests.support.pipeline.memory_service import (
    CLIENT_SECRET,
    KMS_KEY_ARN,
    TOKEN_CANARY,
    TOPIC,
    URL_CANARY,
    MemoryService,
    StorageFault,
)

KEY = "anzsco/jobs.jsonl"


class Died(BaseException):
    """The process is killed here: nothing is caught, nothing released by hand."""


@dataclass
class Bench:
    """Submitting on real parts: moto's AWS, the service in memory over loopback."""

    aws: Cloud
    memory: MemoryService
    io: SimulatedIo
    measured: Measured
    submitter: Submitter
    engine: CodingServiceEngine
    seconds: float = 900.0

    def part(self, content: bytes, key: str = KEY) -> Part:
        segment = self.aws.segment(key, content)
        return Part(
            part_id=f"{segment.drop_id}-0001",
            topic=TOPIC,
            model=None,
            bytes=len(content),
            segments=(segment,),
        )

    def submit(
        self, part: Part, progress: Progress | None = None, *, owner: str = "first"
    ) -> Progress:
        task = TaskInput(part, progress or Progress(status=PartStatus.NEW))
        return self.submitter.submit(task, owner=owner, seconds_left=lambda: self.seconds)

    def submit_when_due(
        self, part: Part, progress: Progress | None = None, *, owner: str = "later"
    ) -> Progress:
        """Comes back after each wait that it is given."""
        submitted = self.submit(part, progress, owner=owner)
        while submitted.status is PartStatus.AWAITING_SLOT:
            self.io.time += submitted.wait_seconds
            submitted = self.submit(part, submitted, owner=owner)
        return submitted

    def with_(self, **changes: Any) -> "Bench":
        return replace(self, submitter=replace(self.submitter, **changes))

    def with_engine(self, engine: CodingServiceEngine) -> "Bench":
        return replace(self.with_(engine_of=lambda _topic: engine), engine=engine)

    def with_closed_gate(self) -> "Bench":
        """No call is free till midnight; the model is known."""
        self.engine.model(TOPIC, None)
        self.engine.client.limiter.close()
        return self

    @property
    def parts(self) -> Parts:
        return self.submitter.parts

    def uploads(self) -> list[bytes]:
        return [each.input for each in self.memory.uploaded if each.input is not None]


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
            Submitter(
                parts=Parts(aws.ledger, io.clock),
                engine_of=lambda _topic: engine,
                reader=BlockReader(aws.s3, sleep=io.sleep, block_bytes=1000),
                rejections=Rejections(ResultsBucket(aws.s3, RESULTS)),
                shared_files=SharedFiles(aws.ledger, io.clock),
                pinned_model=Drops(aws.ledger, io.clock).pinned_model,
                polling=a_polling(),
                clock=io.clock,
                measure=measured,
            ),
            engine,
        )


def should_upload_the_file_as_it_is_and_record_its_facts(bench: Bench) -> None:
    content = lines(200)
    part = bench.part(content)

    progress = bench.submit(part)

    assert bench.uploads() == [content]
    assert progress.status is PartStatus.AWAITING_INPUT
    assert (progress.attempt, progress.wait_seconds) == (1, 10)
    record = bench.parts.record(part.part_id)
    assert record.state is AttemptState.UPLOADED
    assert record.operation_id == progress.operation_id == bench.memory.uploaded[0].operation_id
    assert record.input is not None
    assert (record.input.bytes, record.input.records) == (len(content), 200)
    digest = SequenceDigest().extended(f"r{n}" for n in range(1, 201))
    assert record.input.record_id_digest == digest.to_text()
    assert bench.measured.total("BytesSubmitted") == len(content)


def should_send_nothing_but_the_documented_headers(bench: Bench) -> None:
    bench.submit(bench.part(lines(1)))

    headers = bench.memory.uploaded[0].upload_headers[0]
    assert {name for name in headers if name.startswith("x-amz")} == {
        "x-amz-server-side-encryption",
        "x-amz-server-side-encryption-aws-kms-key-id",
    }
    assert headers["x-amz-server-side-encryption-aws-kms-key-id"] == KMS_KEY_ARN
    assert "content-type" not in headers
    assert "transfer-encoding" not in headers


@pytest.mark.parametrize(
    "key", ["anzsco/a b+c%20d.jsonl", "anzsco/Köche & Co/日本.jsonl", "anzsco/#?;=.jsonl"]
)
def should_read_keys_of_any_spelling(bench: Bench, key: str) -> None:
    bench.submit(bench.part(lines(3), key))

    assert bench.uploads() == [lines(3)]


def should_keep_the_last_line_as_it_is_when_it_lacks_its_newline(bench: Bench) -> None:
    bench.submit(bench.part(lines(3).rstrip()))

    assert bench.uploads() == [lines(3).rstrip()]


def should_cost_no_call_when_the_beginning_of_the_file_is_bad(bench: Bench) -> None:
    progress = bench.submit(bench.part(lines(2) + b"{\n" + lines(2)))

    assert progress.status is PartStatus.REJECTED
    assert progress.faults == 1
    assert "line 3" in (progress.reason or "")
    assert [method for method, _ in bench.memory.calls] == ["GET"]
    report = json.loads(bench.aws.result(f"{KEY}/0123456789abcdef0123456789abcdef/rejection.json"))
    schema = json.loads(Path("docs/schemas/rejection.json").read_text(encoding="utf-8"))
    jsonschema.validate(report, schema)
    assert report["faultCount"] == 1
    assert report["faults"][0]["line"] == 3
    assert "drop the file again" in report["nextStep"]


def should_leave_the_operation_without_input_when_a_later_line_is_bad(bench: Bench) -> None:
    content = lines(400) + b"[]\n" * 150

    progress = bench.submit(bench.part(content))

    assert progress.status is PartStatus.REJECTED
    assert progress.faults == 150
    assert len(bench.memory.operations) == 1
    assert bench.uploads() == []
    report = json.loads(bench.aws.result(f"{KEY}/0123456789abcdef0123456789abcdef/rejection.json"))
    assert [fault["line"] for fault in report["faults"]] == list(range(401, 501))


def should_reject_the_file_when_the_topic_is_unknown(bench: Bench) -> None:
    progress = bench.submit(replace(bench.part(lines(1)), topic="other"))

    assert progress.status is PartStatus.REJECTED
    assert progress.reason


def should_wait_without_counting_an_attempt_when_no_call_is_free(bench: Bench) -> None:
    part = bench.part(lines(2))
    bench.memory.refuse_next("batch-code", ServiceAnswer.LIMIT_EXCEEDED)

    waiting = bench.submit(part)

    assert waiting.status is PartStatus.AWAITING_SLOT
    assert waiting.wait_seconds > 900
    assert bench.parts.record(part.part_id).attempt == 0
    bench.io.time += waiting.wait_seconds + 1
    assert bench.submit(part, waiting).attempt == 1
    assert len(bench.memory.operations) == 1


@dataclass
class CountedReads(BlockReader):
    """Counts how often files were begun to be read."""

    inner: BlockReader
    count: int = 0

    def blocks(self, source: ObjectRange, **changes: Any) -> Generator[bytes, None, None]:
        self.count += 1
        return self.inner.blocks(source, **changes)


@pytest.mark.parametrize("shared", [False, True])
def should_read_files_once_and_then_not_until_a_call_is_due(bench: Bench, shared: bool) -> None:
    part = bench.part(lines(2))
    if shared:
        other = replace(bench.part(lines(1), "anzsco/b").segments[0], drop_id="other")
        part = replace(part, bytes=part.bytes + other.length, segments=(*part.segments, other))
    reads = CountedReads(bench.submitter.reader)
    bench = bench.with_(reader=reads).with_closed_gate()

    waiting = bench.submit(part)
    again = bench.submit(part, waiting)

    assert (waiting.status, again.status) == (PartStatus.AWAITING_SLOT,) * 2
    assert again.turn == waiting.turn
    assert reads.count == len(part.segments)  # once each: a bad one would have been reported
    assert bench.parts.record(part.part_id).attempt == 0
    bench.io.time += again.wait_seconds + 1
    assert bench.submit(part, again).attempt == 1
    assert reads.count == 2 * len(part.segments)


def should_reject_a_bad_file_at_once_when_no_call_is_due(bench: Bench) -> None:
    bench = bench.with_closed_gate()

    assert bench.submit(bench.part(b"no record")).status is PartStatus.REJECTED


def should_refuse_to_work_beside_another_invocation(bench: Bench) -> None:
    part = bench.part(lines(2))
    with (
        bench.parts.lease(part.part_id, owner="other", seconds=60),
        pytest.raises(PartTaken),
    ):
        bench.submit(part)
    assert bench.memory.operations == {}


def should_go_on_with_the_same_operation_when_the_answer_of_the_first_run_was_lost(
    bench: Bench,
) -> None:
    part = bench.part(lines(2))
    first = bench.submit(part)

    again = bench.submit(part, owner="second")

    assert again == first
    assert len(bench.memory.operations) == 1


def should_try_a_new_operation_when_the_first_has_timed_out(bench: Bench) -> None:
    part = bench.part(lines(2))
    first = bench.submit(part)
    bench.memory.time_out(first.operation_id or "")

    progress = bench.submit(part, replace(first, status=PartStatus.TIMED_OUT, resubmit=True))

    assert progress.attempt == 2
    assert progress.operation_id != first.operation_id


def should_submit_once_more_only_when_a_timed_out_step_is_repeated(bench: Bench) -> None:
    part = bench.part(lines(2))
    timed_out = replace(bench.submit(part), status=PartStatus.TIMED_OUT, resubmit=True)

    second = bench.submit(part, timed_out)
    repeated = bench.submit(part, timed_out)

    assert repeated.operation_id == second.operation_id
    assert len(bench.memory.operations) == 2


@dataclass
class DyingTable:
    """The ledger's table; the process dies around the write of the `fatal` state."""

    table: Any
    fatal: str
    after: bool
    dead: bool = False

    def update_item(self, **request: Any) -> Any:
        if self.dead:
            raise Died  # a dead process writes nothing, its lease included
        values = request.get("ExpressionAttributeValues", {})
        if values.get(":set_state") != self.fatal:
            return self.table.update_item(**request)
        self.dead = True
        if self.after:
            self.table.update_item(**request)
        raise Died

    def __getattr__(self, name: str) -> Any:
        return getattr(self.table, name)


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("fatal", ["creating", "created", "uploading", "closing", "uploaded"])
def should_let_one_operations_bytes_count_wherever_the_first_run_died(
    bench: Bench, fatal: str, after: bool
) -> None:
    part = bench.part(lines(100))
    table = DyingTable(bench.aws.ledger.table, fatal, after)
    dying = Parts(Ledger(table), bench.io.clock)  # type: ignore[arg-type]
    with pytest.raises(Died):
        bench.with_(parts=dying).submit(part, owner="dead")

    with pytest.raises(PartTaken):
        bench.submit(part, owner="early")
    bench.io.time += bench.seconds + 6
    progress = bench.submit_when_due(part, owner="second")

    assert bench.uploads() == [lines(100)]
    assert progress.operation_id == bench.memory.uploaded[0].operation_id
    record = bench.parts.record(part.part_id)
    assert record.operation_id == progress.operation_id
    assert record.input is not None
    assert record.input.records == 100


def should_adopt_the_upload_when_only_its_answer_was_lost(bench: Bench) -> None:
    part = bench.part(lines(100))
    bench.memory.storage_faults = [StorageFault("PUT", stored=True)]
    with pytest.raises(StorageBusy, match="status"):
        bench.submit(part)

    progress = bench.submit(part, owner="second")

    assert len(bench.memory.operations) == 1
    assert bench.uploads() == [lines(100)]
    assert progress.attempt == 1
    assert progress.uploaded_at is not None


def should_be_patient_and_then_try_anew_when_an_upload_may_still_arrive(bench: Bench) -> None:
    part = bench.part(lines(10))
    bench.memory.storage_faults = [StorageFault("PUT", after_bytes=10_000)]
    with pytest.raises(StorageBusy):
        bench.submit(part)

    waiting = bench.submit(part, owner="second")
    assert waiting.status is PartStatus.AWAITING_SLOT
    assert waiting.wait_seconds == 20
    assert len(bench.memory.operations) == 1

    bench.io.time += 120
    progress = bench.submit_when_due(part, waiting, owner="third")
    assert progress.attempt == 2
    assert bench.uploads() == [lines(10)]


def should_send_again_to_the_same_operation_when_storage_says_slow_down(bench: Bench) -> None:
    bench.memory.storage_faults = [StorageFault("PUT", 503, "SlowDown", after_bytes=10)] * 2

    progress = bench.submit(bench.part(lines(100)))

    assert progress.attempt == 1
    assert bench.uploads() == [lines(100)]
    assert bench.io.slept[-2:] == [1.0, 2.0]


def should_start_anew_when_storage_stays_busy(bench: Bench) -> None:
    part = bench.part(lines(100))
    bench.memory.storage_faults = [StorageFault("PUT", 503, "SlowDown", after_bytes=10)] * 3

    with pytest.raises(StorageBusy, match="SlowDown"):
        bench.submit(part)

    assert bench.parts.record(part.part_id).state is AttemptState.IDLE
    assert bench.submit_when_due(part).attempt == 2


def should_open_six_operations_at_most_and_say_what_was_tried_when_storage_keeps_failing(
    bench: Bench,
) -> None:
    part = bench.part(lines(10))
    began = bench.io.time
    for _ in range(5):
        bench.memory.storage_faults = [StorageFault("PUT", 403, "ExpiredToken", after_bytes=9999)]
        with pytest.raises(StorageBusy):
            bench.submit_when_due(part)
    bench.memory.storage_faults = [StorageFault("PUT", after_bytes=10_000)]
    with pytest.raises(StorageBusy):
        bench.submit_when_due(part)

    with pytest.raises(UploadsFailed) as failed:
        bench.submit_when_due(part)

    assert len(bench.memory.operations) == 6
    assert (
        3_600 < bench.io.time - began < 7_200
    )  # as long as the state machine tries a busy service
    said = str(failed.value)
    assert "none of 6 operations within 67 min gave results" in said
    assert "5 times the service's storage at 127.0.0.1 called the new upload URL expired" in said
    assert "once the upload was never confirmed (the service says awaiting_input)" in said
    assert bench.submit_when_due(part).attempt == 7  # who starts the execution again


def should_count_no_operation_where_the_service_certainly_made_none(bench: Bench) -> None:
    part = bench.part(lines(10))
    for _ in range(9):
        bench.memory.refuse_next("batch-code", ServiceAnswer.INTERNAL)
        with pytest.raises(ServiceBusy):
            bench.submit(part)

    assert bench.submit(part).attempt == 1


@pytest.mark.parametrize(
    ("status", "code", "said"),
    [
        (400, "EntityTooLarge", "split it"),
        (403, "AccessDenied", "operator"),
        (403, "SignatureDoesNotMatch", "operator"),
    ],
)
def should_fail_for_good_when_storage_refuses(
    bench: Bench, status: int, code: str, said: str
) -> None:
    bench.memory.storage_faults = [StorageFault("PUT", status, code, after_bytes=10_000)]

    with pytest.raises(StorageRefused, match=said) as refused:
        bench.submit(bench.part(lines(10)))

    assert URL_CANARY not in str(refused.value)
    assert bench.uploads() == []


def should_ask_for_a_new_operation_when_the_url_has_expired(bench: Bench) -> None:
    part = bench.part(lines(10))

    def late(request: HttpRequest) -> HttpAnswer:
        answer = bench.memory.transport(request)
        if request.method == "POST":
            bench.memory.expire_urls()
        return answer

    client = replace(bench.engine.client, transport=late)
    with pytest.raises(StorageBusy):
        bench.with_engine(replace(bench.engine, client=client)).submit(part)

    assert bench.submit_when_due(part).attempt == 2
    assert bench.uploads() == [lines(10)]


@pytest.fixture
def let_go() -> Iterator[Event]:
    """Ends what hangs when the test ends, however it ends."""
    event = Event()
    yield event
    event.set()


def should_end_in_time_and_be_tried_again_when_s3_is_silent(bench: Bench, let_go: Event) -> None:
    part = bench.part(lines(500))

    class Silent:
        """Answers two reads, and then none."""

        def __init__(self, s3: Any) -> None:
            self.s3, self.left, self.hangs = s3, 2, False

        def get_object(self, **asked: Any) -> Any:
            self.left -= 1
            if self.left >= 0:
                return self.s3.get_object(**asked)
            self.hangs = True
            let_go.wait()
            raise ReadTimeoutError(endpoint_url="https://s3")

    s3 = Silent(bench.aws.s3)
    silent = BlockReader(s3, sleep=bench.io.sleep, block_bytes=len(lines(500)) // 3 + 1)  # type: ignore[arg-type]

    def seconds_left() -> float:
        bench.seconds -= 250 * s3.hangs  # at each look at it
        return bench.seconds

    with pytest.raises(StorageBusy, match="within the function's time"):
        replace(bench.submitter, reader=silent).submit(
            TaskInput(part, Progress(status=PartStatus.NEW)),
            owner="first",
            seconds_left=seconds_left,
        )

    assert bench.memory.operations  # some of it had been sent
    assert bench.parts.record(part.part_id).state is AttemptState.IDLE
    bench.seconds = 900
    assert bench.submit_when_due(part).status is PartStatus.AWAITING_INPUT
    assert bench.uploads() == [lines(500)]


def should_say_so_when_the_file_cannot_be_sent_in_time(bench: Bench) -> None:
    part = bench.part(lines(500))
    bench.seconds = 24

    with pytest.raises(StorageRefused, match="split it into smaller files"):
        bench.submit(part)
    assert bench.uploads() == []
    assert bench.parts.record(part.part_id).state is AttemptState.IDLE


def should_say_that_the_drop_is_gone_before_a_call_is_spent(bench: Bench) -> None:
    part = bench.part(lines(2))
    segment = part.segments[0]
    bench.aws.s3.delete_object(Bucket=DROPS, Key=KEY, VersionId=segment.version_id)

    with pytest.raises(DropGone):
        bench.submit(part)
    assert bench.memory.operations == {}


def should_send_no_byte_to_a_host_that_is_not_allowed(bench: Bench) -> None:
    engine = replace(bench.engine, hosts=PresignedHosts(("s3.example",)))
    with pytest.raises(AddressRefused):
        bench.with_engine(engine).submit(bench.part(lines(2)))
    assert bench.uploads() == []


def should_spend_a_new_attempt_when_the_answer_to_the_create_call_was_lost(bench: Bench) -> None:
    part = bench.part(lines(2))

    def lost() -> HttpAnswer:
        raise ServiceBusy("no answer")

    bench.memory.fail_next("batch-code", lost)
    with pytest.raises(ServiceBusy):
        bench.submit(part)

    assert bench.submit_when_due(part).attempt == 2
    assert len(bench.uploads()) == 1


def should_not_trust_a_status_that_claims_input_which_was_never_sent(bench: Bench) -> None:
    part = bench.part(lines(2))
    with bench.parts.lease(part.part_id, owner="dead", seconds=1) as lease:
        lease.begin()
        operation = bench.engine.open(an_operation_request())
        lease.created(operation.operation_id)
        lease.uploading()
    bench.memory.operations[operation.operation_id].status = OperationStatus.FAILED

    assert bench.submit_when_due(part).attempt == 2


@pytest.mark.parametrize(
    "trouble",
    [
        lambda _memory: None,
        lambda memory: memory.storage_faults.append(StorageFault("PUT", 403, "AccessDenied")),
        lambda memory: memory.storage_faults.append(StorageFault("PUT")),
        lambda memory: memory.storage_faults.append(StorageFault("PUT", stored=True)),
        lambda memory: memory.refuse_next("batch-code", ServiceAnswer.INTERNAL),
    ],
)
def should_keep_secrets_out_of_errors_ledger_and_logs(
    bench: Bench, caplog: pytest.LogCaptureFixture, trouble: Callable[[MemoryService], None]
) -> None:
    trouble(bench.memory)
    said = ""
    with caplog.at_level(logging.DEBUG):
        try:
            bench.submit(bench.part(lines(5)))
        except (StorageBusy, StorageRefused, ServiceBusy) as error:
            said = repr(error) + repr(error.__cause__)

    ledger = repr(bench.aws.ledger.table.scan()["Items"])
    aws_itself = ("boto3", "botocore", "moto")  # log AWS's answers at DEBUG, which no function does
    logs = "".join(r.getMessage() for r in caplog.records if not r.name.startswith(aws_itself))
    for secret in (URL_CANARY, TOKEN_CANARY, CLIENT_SECRET):
        assert secret not in said + ledger + logs


def should_wait_for_the_others_to_be_asked_when_many_operations_are_under_way(
    bench: Bench,
) -> None:
    busy = bench.with_engine(unlimited(bench.engine, seen=CallLoad(round_seconds=300)))
    assert busy.submit(bench.part(lines(5))).wait_seconds == 300


@pytest.fixture
def lost() -> list[float]:
    """When operations were lost sight of, as `engine.release` is given it."""
    return []


def listening(bench: Bench, lost: list[float]) -> Bench:
    return bench.with_engine(unlimited(bench.engine, heard=lost))


def should_free_the_calls_of_an_operation_when_its_upload_failed_for_good(
    bench: Bench, lost: list[float]
) -> None:
    bench.memory.storage_faults = [StorageFault("PUT", 403, "AccessDenied")]
    with pytest.raises(StorageRefused):
        listening(bench, lost).submit(bench.part(lines(50)))
    assert lost == [bench.io.time]


def should_free_the_calls_of_an_operation_when_the_service_refused_to_create_it(
    bench: Bench, lost: list[float]
) -> None:
    bench.memory.refuse_next("batch-code", ServiceAnswer.TOPIC_UNKNOWN)
    listening(bench, lost).submit(bench.part(lines(2)))
    assert len(lost) == 1


def should_free_no_calls_twice_when_the_end_of_an_operation_was_seen_by_a_check(
    bench: Bench, lost: list[float]
) -> None:
    part = bench.part(lines(2))
    first = bench.submit(part)
    bench.memory.time_out(first.operation_id or "")
    timed_out = replace(first, status=PartStatus.TIMED_OUT, resubmit=True)
    assert listening(bench, lost).submit(part, timed_out).attempt == 2
    assert lost == []
