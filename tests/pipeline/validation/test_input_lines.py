import hashlib
import json
import tracemalloc
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.domain.part import Segment
from pipeline.errors import FileRejected, StorageBusy
from pipeline.validation.digest import SequenceDigest
from pipeline.validation.input_lines import InputFault, InputFaults, Validation
from protocol.records import MAX_LINE_BYTES

FORMAT = ("occp_text", "tasks_text")


def _line(number: int) -> bytes:
    record = {"recordId": f"r{number}", "occp_text": "Köchin", "tasks_text": ""}
    return json.dumps(record, ensure_ascii=False).encode()


def _cut(content: bytes, size: int) -> Iterator[bytes]:
    return (content[at : at + size] for at in range(0, len(content), size))


def _segment(content: bytes) -> Segment:
    return Segment(
        drop_id="d",
        bucket="b",
        key="k",
        version_id="v",
        etag="e",
        first_byte=0,
        last_byte=len(content) - 1,
        results_prefix="k/d/",
    )


def _faults(content: bytes, size: int = 1000) -> InputFaults:
    validation, blocks = Validation(FORMAT), _cut(content, size)
    with pytest.raises(FileRejected):
        list(validation.valid_blocks(blocks))
    return validation.read_on(blocks, has_time=lambda: True)


@given(
    count=st.integers(1, 30),
    size=st.integers(1, 400),
    end=st.sampled_from([b"", b"\n", b"\r\n"]),
)
def should_give_out_the_same_bytes_when_all_lines_are_good(
    count: int, size: int, end: bytes
) -> None:
    separator = end or b"\n"
    content = separator.join(_line(n) for n in range(count)) + end
    validation = Validation(FORMAT)

    out = list(validation.valid_blocks(_cut(content, size)))

    assert b"".join(out) == content
    facts = validation.facts(_segment(content))
    assert facts.bytes == len(content)
    assert facts.records == count
    assert facts.sha256 == hashlib.sha256(content).hexdigest()
    ids = [f"r{n}" for n in range(count)]
    assert facts.record_id_digest == SequenceDigest().extended(ids).to_text()


@given(faulty=st.integers(1, 40), size=st.integers(1, 500))
def should_give_out_nothing_of_a_faulty_line_and_name_it(faulty: int, size: int) -> None:
    lines = [_line(n) for n in range(1, 41)]
    lines[faulty - 1] = b"{"
    validation, blocks = Validation(FORMAT), _cut(b"\n".join(lines), size)
    given_out: list[bytes] = []

    with pytest.raises(FileRejected):
        given_out.extend(validation.valid_blocks(blocks))
    out = b"".join(given_out)
    faults = validation.read_on(blocks, has_time=lambda: True)

    assert b"\n".join(lines[: faulty - 1]).startswith(out.rstrip(b"\n"))
    assert [fault.line for fault in faults.first] == [faulty]


def should_find_every_fault_and_keep_a_hundred_when_all_lines_are_faulty() -> None:
    faults = _faults(b"[]\n" * 250)

    assert faults.count == 250
    assert [fault.line for fault in faults.first] == list(range(1, 101))
    assert faults.summary().startswith("250 lines are faulty; the first is line 1, which is JSON")


def should_say_at_least_when_there_is_no_time_to_read_on() -> None:
    validation, blocks = Validation(FORMAT), _cut(b"[]\n" * 250, 30)
    with pytest.raises(FileRejected):
        list(validation.valid_blocks(blocks))

    faults = validation.read_on(blocks, has_time=lambda: False)

    assert faults.summary().startswith("at least 10 lines are faulty")


def should_say_at_least_when_storage_was_silent_until_there_was_no_time() -> None:
    def blocks() -> Iterator[bytes]:
        yield b"[]\n[]\n"
        raise StorageBusy("silent")

    def read_on(*, time: bool) -> InputFaults:
        validation, some = Validation(FORMAT), blocks()
        with pytest.raises(FileRejected):
            list(validation.valid_blocks(some))
        return validation.read_on(some, has_time=lambda: time)

    assert read_on(time=False).summary().startswith("at least 2 lines are faulty")
    with pytest.raises(StorageBusy):
        read_on(time=True)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b"", "is empty"),
        (b"\xef\xbb\xbf" + _line(2), "byte order mark"),
        (b'{"recordId": "a", "occp_text": "\xff", "tasks_text": ""}', "not JSON in UTF-8"),
        (b'{"occp_text": "a", "tasks_text": ""}', "lacks recordId"),
        (b'{"recordId": "a", "occp_text": "a"}', "lacks the field tasks_text"),
        (b'{"recordId": "a", "occp_text": 1, "tasks_text": ""}', "not text"),
        (b'{"recordId": "a", "occp_text": "a", "tasks_text": "", "x": ""}', "field x"),
        (json.dumps({"recordId": "", "occp_text": "a" * 301, "tasks_text": ""}).encode(), "301"),
    ],
)
def should_name_the_line_and_the_fault_when_a_line_is_bad(line: bytes, said: str) -> None:
    faults = _faults(b"\n".join([_line(1), line, _line(3)]))

    assert faults.count == 1
    assert faults.first[0].line == 2
    assert said in faults.first[0].text


def should_find_the_fault_in_a_last_line_without_newline() -> None:
    assert _faults(_line(1) + b"\n{").first[0].line == 2


def should_count_on_exactly_when_a_line_is_too_long_to_hold() -> None:
    long = b"x" * (3 * MAX_LINE_BYTES)
    content = b"\n".join([_line(1), long, _line(3), b"{}", long])

    faults = _faults(content, size=1 << 18)

    assert [fault.line for fault in faults.first] == [2, 4, 5]
    told = f"is {3 * MAX_LINE_BYTES:,} bytes long; at most {MAX_LINE_BYTES:,} are allowed"
    assert faults.first[0] == InputFault(2, told)


def should_hold_no_more_than_a_few_blocks_when_one_line_is_endless() -> None:
    block = b"x" * (1 << 18)
    validation, blocks = Validation(FORMAT), (block for _ in range(400))  # 100 MiB
    tracemalloc.start()
    with pytest.raises(FileRejected):
        list(validation.valid_blocks(blocks))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert peak < 6 * MAX_LINE_BYTES
