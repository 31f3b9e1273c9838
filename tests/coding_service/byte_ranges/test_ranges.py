"""Cutting, coding and joining in ranges: the same bytes, and the same words, as in one piece."""

import io
import json
import tracemalloc
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber
from hypothesis import given
from hypothesis import strategies as st

from coding_service.byte_ranges.cut import MAX_RANGES, ByteRange, cut_at_line_ends
from coding_service.byte_ranges.join import PieceJoin
from coding_service.byte_ranges.multipart_writer import MultipartWriter
from coding_service.byte_ranges.process import (
    BlockFault,
    CodedBlock,
    RangeLineFault,
    code_range,
    whole_lines,
)
from coding_service.coder.code_lines import CodedLines
from coding_service.errors import (
    AwsBusy,
    InputGone,
    InputRefused,
    LineNotCoded,
    OperationLost,
    RangesFailed,
)
from coding_service.inference.lifecycle import Upload
from coding_service.inference.state import Coded
from coding_service.operations.operation import OperationFault, input_key
from coding_service.operations.table import OperationTable
from protocol.records import MAX_LINE_BYTES, RecordForm
from protocol.statuses import OperationStatus
from shared.join_plan import JoinSource
from tests.support.coding_service import service as world
from tests.support.coding_service.service import Service, state_of

MIB = 1 << 20
LINES = st.lists(st.binary(max_size=12).map(lambda line: line.replace(b"\n", b"-")), min_size=1)


@dataclass
class Memory:
    """An object in memory; `read_bytes` counts what was read of it."""

    content: bytes
    read_bytes: int = 0

    @property
    def size(self) -> int:
        return len(self.content)

    def read(self, first: int, end: int) -> bytes:
        assert 0 <= first < end <= self.size
        self.read_bytes += end - first
        return self.content[first:end]


class Shouting:
    """Codes a line by shouting it; `bad` is no line, and it stumbles over `trap`."""

    def code(self, block: bytes) -> CodedBlock:
        lines = block.removesuffix(b"\n").split(b"\n")
        for number, line in enumerate(lines, start=1):
            if line == b"bad":
                raise BlockFault(number, "is bad")
            if line == b"trap":
                raise ZeroDivisionError
        return CodedBlock(
            b"".join(line.upper() + b"!\n" for line in lines), {"records": len(lines)}
        )


@dataclass
class Kept:
    """Stands in for a writer of pieces, in memory."""

    content: bytes = b""
    stored: bool = False
    size: int = field(default=0, init=False)

    def __enter__(self) -> "Kept":
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        self.stored = kind is None

    def write(self, content: bytes) -> None:
        self.content += content
        self.size += len(content)


def coded(source: Memory, extent: ByteRange) -> Kept:
    kept = Kept()
    to: Any = kept
    done = code_range(source, extent, coder=Shouting(), to=to)
    assert done.output_bytes == kept.size
    return kept


def whole(source: Memory) -> ByteRange:
    return ByteRange(0, 0, source.size)


@given(lines=LINES, ended=st.booleans(), range_bytes=st.integers(1, 60))
def should_give_the_same_bytes_however_a_file_is_cut(
    lines: list[bytes], ended: bool, range_bytes: int
) -> None:
    source = Memory(b"\n".join(lines) + (b"\n" if ended else b"x"))
    ranges = cut_at_line_ends(source.size, range_bytes=range_bytes, read=source.read)
    assert [each.index for each in ranges] == list(range(len(ranges)))
    assert (ranges[0].first, ranges[-1].end) == (0, source.size)
    for before, after in pairwise(ranges):
        assert before.end == after.first
        assert source.content[before.end - 1 : before.end] == b"\n"
    joined = b"".join(coded(source, each).content for each in ranges)
    assert joined == coded(source, whole(source)).content


@given(lines=LINES, read_bytes=st.integers(1, 40))
def should_give_whole_lines_however_reads_fall(lines: list[bytes], read_bytes: int) -> None:
    source = Memory(b"\n".join(lines) + b"x")
    at = 0
    for offset, block in whole_lines(source, whole(source), read_bytes=read_bytes):
        assert offset == at
        at += len(block)
        assert block.endswith(b"\n") or at == source.size
    assert at == source.size


def should_cut_evenly_and_read_only_around_the_cuts() -> None:
    line = b"x" * 199 + b"\n"
    source = Memory(line * 50_000)
    ranges = cut_at_line_ends(source.size, range_bytes=MIB, read=source.read)
    assert len(ranges) == 10
    assert max(each.size for each in ranges) <= MIB + len(line)
    assert source.read_bytes < source.size / 10


def should_make_ranges_larger_when_there_would_be_too_many() -> None:
    source = Memory(b"x\n" * 5000)
    assert len(cut_at_line_ends(source.size, range_bytes=2, read=source.read)) == MAX_RANGES


def should_leave_a_cut_out_when_no_line_ends_near_it() -> None:
    source = Memory(b"one\n" + b"x" * (3 * MAX_LINE_BYTES) + b"\ntwo\n")
    ranges = cut_at_line_ends(source.size, range_bytes=MAX_LINE_BYTES, read=source.read)
    assert [each.size for each in ranges] == [source.size - 4, 4]


def should_bound_memory_when_a_line_never_ends() -> None:
    source = Memory(b"x" * (5 * MAX_LINE_BYTES))
    blocks = [len(block) for _, block in whole_lines(source, whole(source), read_bytes=MIB)]
    assert max(blocks) <= 2 * MAX_LINE_BYTES


@pytest.mark.parametrize(("line", "reason"), [(b"bad", "is bad"), (b"trap", None)])
@pytest.mark.parametrize("number", [1, 7, 100])
def should_say_where_the_line_is_that_cannot_be_coded(
    line: bytes, reason: str | None, number: int
) -> None:
    lines = [b"good"] * 100
    lines[number - 1] = line
    source = Memory(b"before\n" + b"\n".join(lines) + b"\n")
    kept: Any = Kept()
    with pytest.raises(RangeLineFault) as found:
        code_range(source, ByteRange(1, 7, source.size), coder=Shouting(), to=kept)
    fault = found.value
    assert (fault.line, fault.at, fault.reason) == (number, 7 + 5 * (number - 1), reason)
    assert not kept.stored


class Sum:
    """Codes any line, but not two of them together."""

    def code(self, block: bytes) -> CodedBlock:
        if block.count(b"\n") > 1:
            raise MemoryError
        return CodedBlock(block, {"records": 1})


def should_blame_no_line_when_none_fails_alone() -> None:
    kept: Any = Kept()
    source = Memory(b"one\ntwo\n")
    with pytest.raises(MemoryError):
        code_range(source, whole(source), coder=Sum(), to=kept)


def put(service: Service, contents: Sequence[bytes]) -> list[JoinSource]:
    for number, content in enumerate(contents):
        service.s3.put_object(Bucket=world.OUTPUTS, Key=f"piece-{number}", Body=content)
    return [JoinSource(f"piece-{number}", len(content)) for number, content in enumerate(contents)]


def join(service: Service, s3: Any = None) -> PieceJoin:
    return PieceJoin(
        s3=s3 or service.s3,
        pieces_bucket=world.OUTPUTS,
        bucket=world.INPUTS,
        key="whole",
        content_type="text/plain",
    )


@pytest.mark.parametrize(
    "sizes",
    [
        [0],
        [3],
        [3, 0, 2],
        [6 * MIB],
        [6 * MIB, 2, 5 * MIB, 1],
        [2, 6 * MIB, 3 * MIB, 3 * MIB, 7],
        [2, 5 * MIB + 1, 5 * MIB],
    ],
)
def should_join_pieces_small_and_large_in_order(service: Service, sizes: list[int]) -> None:
    contents = [bytes([65 + number]) * size for number, size in enumerate(sizes)]
    pieces = put(service, contents)
    for _ in range(2):  # the second time changes nothing
        join(service).run(pieces)
        stored = service.s3.get_object(Bucket=world.INPUTS, Key="whole")
        assert stored["Body"].read() == b"".join(contents)
        assert stored["ContentType"] == "text/plain"


def should_abort_its_upload_when_a_piece_is_missing(service: Service) -> None:
    pieces = [*put(service, [b"a" * 6 * MIB]), JoinSource("absent", 6 * MIB)]
    with pytest.raises(service.s3.exceptions.ClientError):
        join(service).run(pieces)
    assert not service.s3.list_multipart_uploads(Bucket=world.INPUTS).get("Uploads")


def writer(service: Service) -> MultipartWriter:
    return MultipartWriter(
        service.s3, world.OUTPUTS, "piece", content_type="text/plain", part_bytes=5 * MIB
    )


@pytest.mark.parametrize("writes", [[], [b"small"], [b"x" * 3 * MIB] * 5, [b"x" * 5 * MIB] * 2])
def should_store_what_was_written_whole(service: Service, writes: list[bytes]) -> None:
    with writer(service) as piece:
        for content in writes:
            piece.write(content)
    stored = service.s3.get_object(Bucket=world.OUTPUTS, Key="piece")["Body"].read()
    assert stored == b"".join(writes)
    assert piece.size == len(stored)


def should_store_nothing_when_writing_stops_midway(service: Service) -> None:
    def write_half() -> None:
        with writer(service) as piece:
            piece.write(b"x" * 11 * MIB)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_half()
    assert service.files() == []
    assert service.unfinished_uploads() == 0


# --- An operation's file in ranges ---------------------------------------------------------


def uploaded(service: Service, content: bytes) -> Upload:
    return service.upload(service.create().operation_id, content)


def item(service: Service, upload: Upload) -> dict[str, Any]:
    return dict(service.table.get_item(Key={"pk": f"operation#{upload.operation_id}"})["Item"])


@pytest.mark.parametrize("range_bytes", [170, 900, 5000])
def should_code_in_ranges_as_in_one(service: Service, range_bytes: int) -> None:
    content = world.file_of(40)
    alone = uploaded(service, content)
    totals = service.coded(alone)
    service.range_bytes = range_bytes
    upload = uploaded(service, content)
    assert service.coded(upload) == totals
    service.lifecycle.complete(upload, totals)
    assert service.output(upload.operation_id) == service.output(alone.operation_id)
    assert not [key for key in service.files() if "pieces" in key]


def should_show_how_many_records_are_coded_and_count_each_range_once(service: Service) -> None:
    service.range_bytes = 600
    upload = uploaded(service, world.file_of(40))
    service.lifecycle.begin(upload)
    first, *others = service.ranges_of(upload)
    seen = []
    for state in (first, first, *others, first):  # an answer that is lost is asked for again
        service.code_step().run(state)
        seen.append(int(item(service, upload)["records"]))
    assert seen[0] == seen[1]
    assert seen == sorted(seen)
    assert seen[-2:] == [40, 40]
    assert item(service, upload)["ranges"] == len(item(service, upload)["ranges_coded"])


@pytest.mark.parametrize("range_bytes", [200, 1000])
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
@pytest.mark.parametrize(
    ("bad", "told"),
    [
        (b"nonsense", "is not JSON in UTF-8"),
        (b'{"occp_text": "cook", "tasks_text": ""}', "lacks recordId, which earlier lines have"),
        (b"", "is empty; remove it"),
    ],
)
def should_name_the_line_by_its_number_in_the_whole_file(
    service: Service, range_bytes: int, end: bytes, bad: bytes, told: str
) -> None:
    service.range_bytes = range_bytes
    lines = world.file_of(30).splitlines()
    lines[22] = bad
    lines[27] = b"nonsense, too"
    assert told_of(service, uploaded(service, end.join(lines))).startswith(f"Line 23 {told}")


def told_of(service: Service, upload: Upload) -> str:
    """What the operation's owner is told when the ranges are coded from the last to the first."""
    service.lifecycle.begin(upload)
    failed = 0
    for state in reversed(service.ranges_of(upload)):
        try:
            service.code_step().run(state)
        except InputRefused:
            failed += 1
    assert failed
    with pytest.raises(InputRefused) as told:
        service.explain(state_of(upload))
    return str(told.value)


def should_say_at_once_that_the_first_line_is_bad(service: Service) -> None:
    service.range_bytes = 100
    upload = uploaded(service, b"x" * (MAX_LINE_BYTES + 9) + b"\n" + world.file_of(10))
    service.lifecycle.begin(upload)
    with pytest.raises(InputRefused, match=r"^Line 1 is 1,048,578 bytes long"):
        service.cut(state_of(upload))


class StumblingModels:
    """A model that fails on one text."""

    def model(self, topic: str, model_id: str) -> "StumblingModels":
        return self

    def coded_lines(self, block: bytes, form: RecordForm) -> CodedLines:
        if b"stumble" in block:
            raise ZeroDivisionError(block.decode())
        return CodedLines(b"", 0, 0, 0)


@pytest.mark.parametrize("range_bytes", [300, 1 << 20])
def should_name_the_line_when_the_coder_itself_fails_on_it(
    service: Service, range_bytes: int, log: io.StringIO
) -> None:
    service.range_bytes = range_bytes
    lines = world.file_of(30).splitlines()
    lines[22] = world.record(22, "stumble")
    upload = uploaded(service, b"\n".join(lines))
    service.lifecycle.begin(upload)
    step = service.code_step(models=StumblingModels())
    states = service.ranges_of(upload) if range_bytes < upload.size else [state_of(upload)]
    with pytest.raises(LineNotCoded) as told:
        list(map(step.run, states))
    if len(states) > 1:
        with pytest.raises(LineNotCoded) as told:
            service.explain(state_of(upload))
    assert str(told.value).startswith("Line 23 could not be coded, and the service's operators")
    assert "ZeroDivisionError" in log.getvalue()
    assert "stumble" not in log.getvalue()


def should_tell_what_else_the_owner_can_mend(service: Service) -> None:
    service.range_bytes = 300
    upload = uploaded(service, world.file_of(30))
    service.lifecycle.begin(upload)
    *_, last = service.ranges_of(upload)
    service.s3.delete_object(
        Bucket=world.INPUTS, Key=input_key(upload.operation_id), VersionId=upload.version_id
    )
    with pytest.raises(InputGone):
        service.code_step().run(last)
    with pytest.raises(InputGone, match="upload it again"):
        service.explain(state_of(upload))


def should_admit_that_nothing_is_known_when_functions_died(service: Service) -> None:
    service.range_bytes = 300
    upload = uploaded(service, world.file_of(30))
    service.lifecycle.begin(upload)
    with pytest.raises(RangesFailed, match="failed again and again"):
        service.explain(state_of(upload))


def should_keep_the_first_fault_of_the_executions_own_ranges(service: Service) -> None:
    upload = uploaded(service, world.file_of(30))
    service.lifecycle.begin(upload)
    table = service.operations

    def note(at: int, execution: str = upload.execution) -> bool:
        return table.note_fault(
            upload.operation_id, execution=execution, fault=OperationFault("InputRefused", at)
        )

    assert [note(500), note(700), note(300), note(300), note(1, "other")] == [
        *(True, False, True, False, False)
    ]
    operation = table.find(upload.operation_id, now=0)
    assert operation is not None
    assert operation.fault == OperationFault("InputRefused", 300)


def should_code_no_range_for_an_execution_that_is_over(service: Service) -> None:
    service.range_bytes = 300
    upload = uploaded(service, world.file_of(30))
    service.lifecycle.begin(upload)
    *_, last = service.ranges_of(upload)
    service.lifecycle.fail(upload, error="States.Timeout", cause="any")
    assert service.state(upload.operation_id).status is OperationStatus.FAILED
    with pytest.raises(Exception, match="is not this execution's"):
        service.code_step().run(last)
    assert service.files() == []


class OvertakenTable(OperationTable):
    """A table on which the operation fails a moment before a range is noted."""

    def note_coded(self, operation_id: str, **named: Any) -> bool:
        assert self.fail(operation_id, execution=named["execution"], error="any", now=0)
        return OperationTable(self.table).note_coded(operation_id, **named)


def should_leave_no_piece_when_the_operation_failed_meanwhile(service: Service) -> None:
    service.range_bytes = 300
    upload = uploaded(service, world.file_of(30))
    service.lifecycle.begin(upload)
    *_, last = service.ranges_of(upload)
    with pytest.raises(OperationLost):
        service.code_step(operations=OvertakenTable(service.table)).run(last)
    assert service.files() == [input_key(upload.operation_id)]


def should_fit_the_largest_state_into_step_functions_limit() -> None:
    far = 5_000_000_000
    extents = [ByteRange(n, far - 1, far).to_state() for n in range(MAX_RANGES)]
    each = Coded(far, far, far, far, 9 * far).to_state()
    state = {"progress": {"ranges": extents}, "coded": [each] * MAX_RANGES}
    assert len(json.dumps(state)) < 262_144 * 0.6


@dataclass
class Endless:
    """An object of equal lines that takes no memory."""

    size: int

    def read(self, first: int, end: int) -> bytes:
        lines = (b"x" * 99 + b"\n") * ((end - first) // 100 + 2)
        return lines[first % 100 :][: end - first]


class Nothing(Kept):
    """Keeps nothing of what is written."""

    def write(self, content: bytes) -> None:
        self.size += len(content)


def should_hold_no_more_memory_when_a_range_is_longer() -> None:
    peaks = []
    for size in (100_000_000, 400_000_000):
        nowhere: Any = Nothing()
        source = Endless(size)
        tracemalloc.start()
        code_range(source, ByteRange(0, 0, size), coder=Echo(), to=nowhere)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert nowhere.size == size
    assert peaks[1] < 1.2 * peaks[0]


class Echo:
    """Codes lines as they are."""

    def code(self, block: bytes) -> CodedBlock:
        return CodedBlock(block, {"records": block.count(b"\n")})


def should_read_its_range_alone_where_s3_answers_with_all_of_the_object(service: Service) -> None:
    s3 = boto3.client("s3", region_name=world.REGION)
    stubber = Stubber(s3)
    stubber.add_response(
        "get_object",
        {"Body": io.BytesIO(b"0123456789"), "ResponseMetadata": {"HTTPStatusCode": 200}},
    )
    stubber.activate()
    source = replace(world.input_file(service), s3=s3)
    assert source.read(3, 6) == b"345"


def should_read_again_when_an_answer_ends_early(service: Service) -> None:
    s3 = boto3.client("s3", region_name=world.REGION)
    stubber = Stubber(s3)
    stubber.add_response(
        "get_object",
        {"Body": io.BytesIO(b"34"), "ResponseMetadata": {"HTTPStatusCode": 206}},
    )
    stubber.activate()
    with pytest.raises(AwsBusy, match="2 of 3 bytes"):
        replace(world.input_file(service), s3=s3).read(3, 6)


def should_sum_what_ranges_gave() -> None:
    ranges = [Coded(1, 2, 3, 4, 5), Coded(10, 20, 30, 40, 50)]
    assert Coded.together(ranges) == Coded(11, 22, 33, 44, 55)
    assert Coded.from_state(ranges[0].to_state()) == ranges[0]
