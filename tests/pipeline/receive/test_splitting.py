from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from threading import Lock
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.domain.part import Segment, whole_file
from pipeline.errors import DropGone, FileRejected
from pipeline.receive.splitting import MAX_PARTS, cut, ranges_of
from pipeline.storage.block_reader import BlockReader
from protocol.records import MAX_LINE_BYTES
from shared.line_ends import WINDOW_BYTES
from tests.support.pipeline.builders import a_drop, lines
from tests.support.pipeline.clouds import Cloud, cloud

FILES = st.lists(st.integers(0, 40), min_size=1, max_size=60).map(
    lambda lengths: b"\n".join(b"x" * length for length in lengths) + b"\n"
)
"""Files of lines of these lengths; cutting looks at newlines alone."""


class Reads:
    """Reads ranges of `content`, which begins at byte `offset`, and remembers which."""

    def __init__(self, content: bytes, offset: int = 0) -> None:
        self.content, self.offset = content, offset
        self.ranges: list[tuple[int, int]] = []
        self._lock = Lock()

    def __call__(self, first: int, last: int) -> bytes:
        begin, end = first - self.offset, last + 1 - self.offset
        assert 0 <= begin < end <= len(self.content)
        with self._lock:
            self.ranges.append((first, last))
        return self.content[begin:end]

    @property
    def bytes(self) -> int:
        return sum(last - first + 1 for first, last in self.ranges)


def _source(content: bytes, offset: int = 0) -> Segment:
    whole = whole_file(a_drop(size=offset + len(content)))
    return replace(whole, first_byte=offset, last_byte=offset + len(content) - 1)


def _cut(content: bytes, max_part_bytes: int, offset: int = 0) -> list[bytes]:
    """The contents of the parts, once they have been seen to be ranges side by side."""
    source = _source(content, offset)
    parts = cut(source, max_part_bytes=max_part_bytes, read=Reads(content, offset))
    assert parts[0].first_byte == source.first_byte
    assert parts[-1].last_byte == source.last_byte
    assert all(one.last_byte + 1 == other.first_byte for one, other in pairwise(parts))
    assert {replace(part, first_byte=0, last_byte=0) for part in parts} == {
        replace(source, first_byte=0, last_byte=0)
    }
    return [content[part.first_byte - offset : part.last_byte + 1 - offset] for part in parts]


def _fewest(content: bytes, max_part_bytes: int) -> int | None:
    """How many parts it takes, found line by line; None where a line fits in none."""
    count, room = 0, 0
    for line in content.splitlines(keepends=True):
        if len(line) > max_part_bytes:
            return None
        if len(line) > room:
            count, room = count + 1, max_part_bytes
        room -= len(line)
    return count


@given(content=FILES, max_part_bytes=st.integers(1, 200), newline_at_end=st.booleans())
def should_make_the_fewest_parts_of_whole_lines_when_a_file_is_cut(
    content: bytes, max_part_bytes: int, newline_at_end: bool
) -> None:
    content = content if newline_at_end else content.removesuffix(b"\n") or b"x"
    fewest = _fewest(content, max_part_bytes)

    if fewest is None:
        with pytest.raises(FileRejected, match="longer than"):
            _cut(content, max_part_bytes)
        return
    parts = _cut(content, max_part_bytes)

    assert b"".join(parts) == content
    assert all(0 < len(part) <= max_part_bytes for part in parts)
    assert all(part.endswith(b"\n") for part in parts[:-1])
    assert len(parts) == fewest


@given(content=FILES, offset=st.integers(0, 1000))
def should_cut_a_range_like_a_file_when_it_begins_anywhere(content: bytes, offset: int) -> None:
    assert _cut(content, 100, offset) == _cut(content, 100)


@given(st.integers(2, 60), st.integers(2, 10))
def should_make_parts_that_differ_by_a_line_when_lines_are_alike(count: int, parts: int) -> None:
    content = b"123456789\n" * count * parts

    lengths = [len(part) for part in _cut(content, 10 * count)]

    assert lengths == [10 * count] * parts


def should_make_fifty_even_parts_when_a_small_file_is_cut() -> None:
    content = lines(150)
    longest = max(len(line) for line in content.splitlines(keepends=True))

    lengths = [len(part) for part in _cut(content, len(content) // 50 + 10)]

    assert len(lengths) == 50
    assert max(lengths) - min(lengths) <= 2 * longest


def should_even_out_the_parts_when_one_more_is_needed() -> None:
    content = b"1234567\n" * 100  # eight lines a part at most: 12 parts hold 96 of them

    lengths = [len(part) for part in _cut(content, 70)]

    assert sorted(lengths) == [56] * 4 + [64] * 9


def should_keep_parts_within_the_limit_when_the_even_place_is_too_early() -> None:
    first, second, third, last = b"1234\n", b"\n", b"12345678\n", b"1\n"

    # A cut behind the first line would be even, and the part behind it a byte too large.
    assert _cut(first + second + third + last, 9) == [first + second, third, last]


def should_leave_a_file_whole_when_it_fits() -> None:
    reads = Reads(b"a\nb\n")

    assert cut(_source(reads.content), max_part_bytes=4, read=reads) == (_source(reads.content),)
    assert reads.ranges == []


def should_read_around_the_cuts_alone_when_a_file_is_large() -> None:
    reads = Reads(lines(1, text="x" * 90) * 200_000)  # 27 MB

    parts = cut(_source(reads.content), max_part_bytes=6_000_000, read=reads)

    assert len(parts) == 5
    assert len(reads.ranges) == 4
    assert reads.bytes == 4 * WINDOW_BYTES


def should_find_the_line_end_when_it_is_as_far_as_it_may_be() -> None:
    longest = b"x" * MAX_LINE_BYTES + b"\n"
    content = longest * 4

    assert _cut(content, 2 * len(longest)) == [2 * longest] * 2
    assert _cut(content, 2 * len(longest) - 1) == [longest] * 4


@pytest.mark.parametrize("before", [0, 1])
def should_say_where_when_a_line_is_too_long(before: int) -> None:
    content = b"a\n" * before + b"x" * (MAX_LINE_BYTES + 1) + b"\n" + b"a\n" * 100

    with pytest.raises(FileRejected, match=r"around byte [\d,]+ .* 1,048,576 bytes") as refused:
        _cut(content, MAX_LINE_BYTES + 1)
    assert "drop the file again" in refused.value.next_step


def should_say_where_when_a_line_is_longer_than_a_part() -> None:
    with pytest.raises(FileRejected, match="around byte 12 of the file is longer than 10 bytes"):
        _cut(b"a\n" + b"x" * 20 + b"\n", 10)


@pytest.mark.parametrize(
    ("count", "max_part_bytes"), [(MAX_PARTS + 1, 10), (MAX_PARTS // 2 + 1, 19)]
)
def should_say_so_when_there_would_be_too_many_parts(count: int, max_part_bytes: int) -> None:
    content = b"123456789\n" * (count if max_part_bytes == 10 else 2 * count)

    with pytest.raises(FileRejected, match="10,001 parts or more") as refused:
        _cut(content, max_part_bytes)
    assert "smaller files" in refused.value.next_step


def should_make_ten_thousand_parts_when_that_is_just_allowed() -> None:
    assert len(_cut(b"123456789\n" * MAX_PARTS, 19)) == MAX_PARTS


def should_cut_many_parts_all_at_once_when_the_fewest_would_be_too_full() -> None:
    line = b"123456789\n"
    reads = Reads(line * 99_960)  # parts of 1,004 bytes can't be full, and 996 of them are too few

    parts = cut(_source(reads.content), max_part_bytes=1_004, read=reads)

    assert 1_000 < len(parts) < 1_010
    assert len(reads.ranges) < 2 * len(parts) + 10


class CountingS3:
    """Remembers what was asked of S3."""

    def __init__(self, s3: Any) -> None:
        self._s3, self.asked = s3, list[dict[str, Any]]()

    def get_object(self, **asked: Any) -> Any:
        self.asked.append(asked)
        return self._s3.get_object(**asked)


@pytest.fixture
def aws() -> Iterator[Cloud]:
    with cloud() as ready:
        yield ready


def should_cut_the_dropped_version_when_it_lies_in_s3(aws: Cloud) -> None:
    content = lines(100)
    source = aws.segment("a/b c+%.jsonl", content)
    aws.segment(source.key, b"newer")
    s3: Any = CountingS3(aws.s3)

    parts = cut(
        source, max_part_bytes=1000, read=ranges_of(source, BlockReader(s3, sleep=lambda _: None))
    )

    assert [content[part.first_byte : part.last_byte + 1] for part in parts] == _cut(content, 1000)
    assert {(asked["VersionId"], asked["IfMatch"]) for asked in s3.asked} == {
        (source.version_id, f'"{source.etag}"')
    }


def should_say_that_the_drop_is_gone_when_it_is_not_what_was_dropped(aws: Cloud) -> None:
    source = replace(aws.segment("a.jsonl", lines(100)), etag="0" * 32)

    with pytest.raises(DropGone):
        cut(
            source,
            max_part_bytes=1000,
            read=ranges_of(source, BlockReader(aws.s3, sleep=lambda _: None)),
        )
