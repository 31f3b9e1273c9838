import io
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import count
from threading import Event
from typing import Any

import pytest
from botocore.exceptions import ClientError, IncompleteReadError, ReadTimeoutError
from botocore.response import StreamingBody

from pipeline.domain.part import Segment
from pipeline.errors import DropGone, StorageBusy
from pipeline.storage.block_reader import BLOCKS_AHEAD, BlockReader
from tests.support.pipeline.clouds import DROPS, Cloud, cloud

CONTENT = bytes(range(256)) * 4


@pytest.fixture
def aws() -> Iterator[Cloud]:
    with cloud() as ready:
        yield ready


def _source(aws: Cloud, first: int = 0, last: int = len(CONTENT) - 1) -> Segment:
    return aws.segment("a/b c+%.jsonl", CONTENT, first, last)


class FaultyS3:
    """S3 whose n-th GET (from 1) goes through `fault` first; counts the calls."""

    def __init__(self, s3: Any, faults: dict[int, Callable[[dict[str, Any]], Any]]) -> None:
        self._s3, self._faults, self._numbers, self.calls = s3, faults, count(1), 0

    def get_object(self, **asked: Any) -> Any:
        number = next(self._numbers)  # safe between the threads that read ahead
        self.calls = max(self.calls, number)
        answer = self._s3.get_object(**asked)
        fault = self._faults.get(number)
        return fault(answer) if fault else answer


def _short(answer: dict[str, Any]) -> dict[str, Any]:
    return answer | {"Body": StreamingBody(io.BytesIO(answer["Body"].read()[:3]), 3)}


def _cut_off(answer: dict[str, Any]) -> dict[str, Any]:
    raise IncompleteReadError(actual_bytes=1, expected_bytes=2)


def _silent(answer: dict[str, Any]) -> dict[str, Any]:
    raise ReadTimeoutError(endpoint_url="https://s3")


def _slow_down(answer: dict[str, Any]) -> dict[str, Any]:
    raise ClientError({"Error": {"Code": "SlowDown"}}, "GetObject")


def _quiet(seconds: float) -> None:
    pass


@pytest.mark.parametrize("block_bytes", [1, 7, 256, 1023, 1024, 5000])
def should_give_all_bytes_in_order_when_blocks_have_any_length(
    aws: Cloud, block_bytes: int
) -> None:
    content = CONTENT[:64] if block_bytes == 1 else CONTENT
    reader = BlockReader(aws.s3, sleep=_quiet, block_bytes=block_bytes)

    assert b"".join(reader.blocks(_source(aws, last=len(content) - 1))) == content


def should_give_a_segment_when_asked_for_the_middle(aws: Cloud) -> None:
    reader = BlockReader(aws.s3, sleep=_quiet, block_bytes=100)

    assert b"".join(reader.blocks(_source(aws, 11, 777))) == CONTENT[11:778]


def should_give_a_segment_when_the_storage_ignores_ranges(aws: Cloud) -> None:
    class WithoutRanges:
        def get_object(self, **asked: Any) -> Any:
            del asked["Range"]
            return aws.s3.get_object(**asked)

    reader = BlockReader(WithoutRanges(), sleep=_quiet, block_bytes=100)  # type: ignore[arg-type]

    assert b"".join(reader.blocks(_source(aws, 11, 777))) == CONTENT[11:778]


def should_give_the_dropped_version_when_a_newer_one_exists(aws: Cloud) -> None:
    source = _source(aws)
    aws.segment(source.key, b"newer")

    assert b"".join(BlockReader(aws.s3, sleep=_quiet).blocks(source)) == CONTENT


@pytest.mark.parametrize("fault", [_short, _cut_off, _silent, _slow_down])
def should_repeat_one_range_only_when_it_fails(
    aws: Cloud, fault: Callable[[dict[str, Any]], Any]
) -> None:
    s3 = FaultyS3(aws.s3, {2: fault})
    waits: list[float] = []
    reader = BlockReader(s3, sleep=waits.append, block_bytes=256)  # type: ignore[arg-type]

    assert b"".join(reader.blocks(_source(aws))) == CONTENT
    assert s3.calls == 5
    assert waits == [0.5]


def should_say_that_storage_is_busy_when_a_range_fails_again_and_again(aws: Cloud) -> None:
    s3 = FaultyS3(aws.s3, dict.fromkeys(range(1, 9), _slow_down))
    waits: list[float] = []

    with pytest.raises(StorageBusy, match="SlowDown"):
        list(BlockReader(s3, sleep=waits.append).blocks(_source(aws)))  # type: ignore[arg-type]
    assert waits == [0.5, 1.0, 2.0]


def should_say_that_the_drop_is_gone_when_its_version_was_deleted(aws: Cloud) -> None:
    source = _source(aws)
    aws.s3.delete_object(Bucket=DROPS, Key=source.key, VersionId=source.version_id)

    with pytest.raises(DropGone, match="drop the file again"):
        list(BlockReader(aws.s3, sleep=_quiet).blocks(source))


def should_say_that_the_drop_is_gone_when_s3_hides_it(aws: Cloud) -> None:
    def denied(answer: dict[str, Any]) -> Any:
        raise ClientError({"Error": {"Code": "AccessDenied"}}, "GetObject")

    s3 = FaultyS3(aws.s3, {1: denied})
    with pytest.raises(DropGone, match="may not read it"):
        list(BlockReader(s3, sleep=_quiet).blocks(_source(aws)))  # type: ignore[arg-type]


def should_say_that_the_drop_is_gone_when_its_bytes_are_others(aws: Cloud) -> None:
    source = replace(_source(aws), etag="d41d8cd98f00b204e9800998ecf8427e")

    with pytest.raises(DropGone, match="not the object"):
        list(BlockReader(aws.s3, sleep=_quiet).blocks(source))


def should_let_an_unknown_refusal_through(aws: Cloud) -> None:
    def unknown(answer: dict[str, Any]) -> Any:
        raise ClientError({"Error": {"Code": "InvalidObjectState"}}, "GetObject")

    s3 = FaultyS3(aws.s3, {1: unknown})
    with pytest.raises(ClientError):
        list(BlockReader(s3, sleep=_quiet).blocks(_source(aws)))  # type: ignore[arg-type]


@pytest.fixture
def let_go() -> Iterator[Event]:
    """Ends what hangs when the test ends, however it ends."""
    event = Event()
    yield event
    event.set()


class HangingS3:
    """S3 that never answers a GET from the n-th on, until it is let go."""

    def __init__(self, s3: Any, answers: int, let_go: Event) -> None:
        self._s3, self._answers, self._numbers, self._let_go = s3, answers, count(), let_go

    def get_object(self, **asked: Any) -> Any:
        if next(self._numbers) >= self._answers:
            self._let_go.wait()
            raise ReadTimeoutError(endpoint_url="https://s3")
        return self._s3.get_object(**asked)


def _for_looks(number: int) -> Callable[[], bool]:
    """A clock by which there is time for so many looks at it."""
    looks = count(1)
    return lambda: next(looks) <= number


def should_stop_when_s3_is_silent_and_the_time_is_up(aws: Cloud, let_go: Event) -> None:
    s3 = HangingS3(aws.s3, answers=2, let_go=let_go)
    reader = BlockReader(s3, sleep=_quiet, block_bytes=100)  # type: ignore[arg-type]
    given: list[bytes] = []

    with pytest.raises(StorageBusy, match="within the function's time"):
        given.extend(reader.blocks(_source(aws), has_time=_for_looks(1)))

    assert b"".join(given) in (CONTENT[:200], CONTENT[:100], b"")  # as the threads went


def should_not_wait_for_a_silent_s3_when_it_is_closed_out_of_time(
    aws: Cloud, let_go: Event
) -> None:
    s3 = HangingS3(aws.s3, answers=1, let_go=let_go)
    reader = BlockReader(s3, sleep=_quiet, block_bytes=100, ahead=1)  # type: ignore[arg-type]
    blocks = reader.blocks(_source(aws), has_time=lambda: False)
    assert next(blocks) == CONTENT[:100]

    blocks.close()

    assert not let_go.is_set()


def should_ask_for_no_more_than_a_few_blocks_ahead(aws: Cloud) -> None:
    s3 = FaultyS3(aws.s3, {})
    blocks = BlockReader(s3, sleep=_quiet, block_bytes=8).blocks(_source(aws))  # type: ignore[arg-type]
    for _ in range(2):
        next(blocks)
    blocks.close()

    assert s3.calls <= 2 + BLOCKS_AHEAD


def should_read_one_block_only_when_asked_for_the_first(aws: Cloud) -> None:
    s3 = FaultyS3(aws.s3, {})

    first = BlockReader(s3, sleep=_quiet, block_bytes=8).first_block(_source(aws))  # type: ignore[arg-type]

    assert (first, s3.calls) == (CONTENT[:8], 1)
