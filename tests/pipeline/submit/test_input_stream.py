import threading
from collections.abc import Iterator

import pytest

from pipeline.errors import FileRejected
from pipeline.storage.block_reader import BlockReader
from pipeline.submit.input_stream import ValidatedFile
from pipeline.validation.checksums import WORTH_A_THREAD
from tests.support.pipeline.builders import lines
from tests.support.pipeline.clouds import Cloud, cloud

FORMAT = ("occp_text", "tasks_text")


@pytest.fixture
def aws() -> Iterator[Cloud]:
    with cloud() as ready:
        yield ready


def _file(aws: Cloud, content: bytes, block_bytes: int = 2 * WORTH_A_THREAD) -> ValidatedFile:
    source = aws.segment("a.jsonl", content, 0, len(content) - 1)
    reader = BlockReader(aws.s3, sleep=lambda _: None, block_bytes=block_bytes)
    return ValidatedFile(reader, source, FORMAT, has_time=lambda: True)


def should_reject_a_file_of_one_block_before_any_of_it_is_used(aws: Cloud) -> None:
    file = _file(aws, lines(80) + b"no line")

    with pytest.raises(FileRejected):
        file.check_head()

    assert [fault.line for fault in file.all_faults().first] == [81]
    file.close()


def should_reject_a_larger_file_before_its_last_block_is_given_out(aws: Cloud) -> None:
    content = lines(80) + b"no line"
    file = _file(aws, content, block_bytes=1000)
    file.check_head()
    given_out: list[bytes] = []

    with pytest.raises(FileRejected):
        given_out.extend(file.valid_blocks)

    assert b"".join(given_out) == content[: 1000 * len(given_out)]
    assert 0 < 1000 * len(given_out) < len(content)
    file.close()


def should_give_all_bytes_after_its_head_was_checked(aws: Cloud) -> None:
    content = lines(10_000)
    file = _file(aws, content)

    file.check_head()

    assert b"".join(file.valid_blocks) == content
    assert file.facts().records == 10_000
    file.close()


def should_end_its_threads_when_it_is_closed_half_way(aws: Cloud) -> None:
    before = set(threading.enumerate())
    file = _file(aws, lines(20_000))
    file.check_head()

    file.close()

    assert set(threading.enumerate()) <= before
