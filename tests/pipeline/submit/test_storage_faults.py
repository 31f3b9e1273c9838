"""Storage is busy, refuses or is silent while a part is sent, and what becomes of its operation."""

from collections.abc import Iterator
from dataclasses import replace
from threading import Event
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError

from pipeline.domain.execution import TaskInput
from pipeline.domain.progress import PartStatus, Progress
from pipeline.engines.coding_service.http import HttpAnswer, HttpRequest
from pipeline.errors import ServiceBusy, StorageBusy, StorageRefused, UploadsFailed
from pipeline.ledger.parts import AttemptState
from pipeline.storage.block_reader import BlockReader
from protocol.errors import ServiceAnswer
from tests.support.pipeline.builders import lines, unlimited
from tests.support.pipeline.memory_service import URL_CANARY, StorageFault
from tests.support.pipeline.submit_bench import Bench


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
