import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import cache
from threading import Lock
from typing import Any

import pytest
from botocore.exceptions import ClientError, IncompleteReadError

from pipeline.domain.facts import OutputFacts
from pipeline.errors import AwsBusy, ResultsMismatch
from pipeline.finish.join_output import OutputJoin
from pipeline.finish.manifest import joined_digest
from pipeline.storage.multipart import MultipartFiles
from pipeline.storage.results_bucket import ResultsBucket
from pipeline.validation.output_lines import OutputScan
from shared.join_plan import MIN_PART_BYTES
from tests.support.pipeline.clouds import RESULTS, Cloud, cloud

pytestmark = pytest.mark.slow  # seconds together; make check is for all day

KEY = "anzsco/a b+%é.jsonl/0123/output.jsonl"
MIB = 1 << 20


class SpiedS3:
    """S3 that remembers what it was asked, and fails where `fault` raises.

    Like S3, and unlike moto, it says at completion what checksum it found.
    """

    def __init__(self, s3: Any) -> None:
        self._s3, self._lock = s3, Lock()
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.finds_checksums = True
        self.fault: Callable[[str, dict[str, Any]], None] = lambda _name, _asked: None

    def __getattr__(self, name: str) -> Any:
        def call(**asked: Any) -> Any:
            with self._lock:  # moto does not like two writers of one upload
                self.asked.append((name, asked))
                self.fault(name, asked)
                answer = getattr(self._s3, name)(**asked)
                if name == "complete_multipart_upload" and self.finds_checksums:
                    place = {"Bucket": asked["Bucket"], "Key": asked["Key"]}
                    head = self._s3.head_object(**place, ChecksumMode="ENABLED")
                    answer |= {name: head[name] for name in ("ChecksumType", "ChecksumCRC32")}
                return answer

        return getattr(self._s3, name) if name == "get_paginator" else call

    def calls(self, name: str) -> list[dict[str, Any]]:
        return [asked for called, asked in self.asked if called == name]


@dataclass
class Bench:
    """Joining on real parts in moto's S3."""

    aws: Cloud
    s3: SpiedS3
    checkpoint: dict[str, Any] = field(default_factory=dict)

    def collected(self, *contents: bytes) -> list[OutputFacts]:
        """The facts of parts' outputs, which lie in the bucket."""
        facts = []
        for number, content in enumerate(contents, start=1):
            key = KEY.replace("output", f"parts/{number:04d}/output")
            self.aws.s3.put_object(Bucket=RESULTS, Key=key, Body=content)
            facts.append(_facts(key, content))
        return facts

    def join(self, parts: list[OutputFacts], *, steps: int = 1000) -> OutputFacts | None:
        """One invocation, which has time for so many steps."""
        left = iter(range(steps))
        return OutputJoin(
            files=MultipartFiles(self.s3, RESULTS),  # type: ignore[arg-type]
            results=ResultsBucket(self.s3, RESULTS),  # type: ignore[arg-type]
            key=KEY,
            parts=parts,
            has_time=lambda: next(left, None) is not None,
            checkpoint=self.checkpoint,
            keep=self._keep,
            copy_bytes=2 * MIN_PART_BYTES,
        ).run()

    def _keep(self, checkpoint: dict[str, Any]) -> None:
        self.checkpoint = json.loads(json.dumps(checkpoint))


@pytest.fixture
def bench() -> Iterator[Bench]:
    with cloud() as aws:
        yield Bench(aws, SpiedS3(aws.s3))


@cache
def _scanned(content: bytes) -> OutputScan:
    scan = OutputScan()
    scan.add(content)
    scan.finish()
    return scan


def _facts(key: str, content: bytes) -> OutputFacts:
    scan = _scanned(content)
    return OutputFacts(
        key=key,
        bytes=len(content),
        records=scan.records,
        crc32=f"{scan.crc32:08x}",
        record_id_digest=scan.digest.to_text(),
        coded=scan.coded,
        suggested=scan.suggested,
    )


def _output(name: str, size: int) -> bytes:
    """About `size` bytes of output in lines of up to 600 kB; every third line suggests."""
    lines: list[bytes] = []
    length = 0
    while length < size:
        label = "x" * min(600_000, size - length)
        kind = "suggestions" if len(lines) % 3 == 2 else "result"
        line = json.dumps({"recordId": f"{name}{len(lines)}", kind: {"codeLabel": label}})
        lines.append(f"{line}\n".encode())
        length += len(lines[-1])
    return b"".join(lines)


LARGE = [
    _output("a", 11 * MIB),
    _output("b", 300),
    _output("c", 11 * MIB),
    _output("d", 5 * MIB + 1),
]
SMALL = [_output("e", 300), _output("f", 5000), _output("g", 100)]


@pytest.mark.parametrize("contents", [LARGE, SMALL, LARGE[:1], [*SMALL, LARGE[0]]])
def should_join_outputs_in_order_when_parts_have_any_size(
    bench: Bench, contents: list[bytes]
) -> None:
    whole = b"".join(contents)

    assert bench.join(bench.collected(*contents)) == _facts(KEY, whole)
    assert bench.aws.result(KEY) == whole
    assert bench.aws.unfinished_uploads() == 0


@pytest.mark.parametrize("contents", [LARGE, SMALL])
def should_put_newlines_between_outputs_when_they_end_without(
    bench: Bench, contents: list[bytes]
) -> None:
    whole = b"".join(contents).removesuffix(b"\n")
    parts = bench.collected(*(content.removesuffix(b"\n") for content in contents))

    assert bench.join(parts) == _facts(KEY, whole)
    assert bench.aws.result(KEY) == whole


def should_leave_the_bytes_to_s3_when_parts_are_large(bench: Bench) -> None:
    bench.join(bench.collected(*LARGE))

    copied = bench.s3.calls("upload_part_copy")
    assert len(bench.s3.calls("upload_part")) == 1  # the part of 300 bytes, filled up
    assert sum(len(asked["Body"]) for asked in bench.s3.calls("upload_part")) == MIN_PART_BYTES
    assert len(copied) == 4
    assert bench.aws.s3.head_object(Bucket=RESULTS, Key=KEY)["ContentType"] == (
        "application/x-ndjson"
    )


def should_pin_what_it_reads_when_it_has_looked_at_the_parts(bench: Bench) -> None:
    parts = bench.collected(*LARGE)
    head = {part.key: bench.aws.s3.head_object(Bucket=RESULTS, Key=part.key) for part in parts}

    bench.join(parts)

    for asked in bench.s3.calls("upload_part_copy"):
        assert asked["CopySourceIfMatch"] == head[asked["CopySource"]["Key"]]["ETag"]
    read = [asked for asked in bench.s3.calls("get_object") if "IfMatch" in asked]
    assert [asked["IfMatch"] for asked in read] == [head[asked["Key"]]["ETag"] for asked in read]
    assert len(read) == 2  # all of b and the beginning of c


def should_copy_an_object_without_a_range_when_it_copies_all_of_it(bench: Bench) -> None:
    bench.join(bench.collected(_output("a", 6 * MIB), _output("b", 12 * MIB)))

    ranges = [asked.get("CopySourceRange") for asked in bench.s3.calls("upload_part_copy")]
    assert len(ranges) == 3
    assert ranges.count(None) == 1


@pytest.mark.parametrize("steps", [1, 2, 4])
def should_take_no_step_twice_when_it_resumes(bench: Bench, steps: int) -> None:
    parts = bench.collected(*LARGE)
    invocations = 1
    while bench.join(parts, steps=steps) is None:
        invocations += 1

    assert invocations == -(-5 // steps)
    taken = bench.s3.calls("upload_part_copy") + bench.s3.calls("upload_part")
    assert sorted(asked["PartNumber"] for asked in taken) == [1, 2, 3, 4, 5]
    assert len(bench.s3.calls("create_multipart_upload")) == 1
    assert bench.aws.result(KEY) == b"".join(LARGE)


def should_begin_again_when_its_upload_is_gone(bench: Bench) -> None:
    parts = bench.collected(*LARGE)
    bench.join(parts, steps=1)
    upload = bench.checkpoint["upload_id"]
    bench.aws.s3.abort_multipart_upload(Bucket=RESULTS, Key=KEY, UploadId=upload)

    assert bench.join(parts) is None
    assert bench.join(parts) == _facts(KEY, b"".join(LARGE))


def should_give_up_when_its_upload_is_gone_again_and_again(bench: Bench) -> None:
    parts = bench.collected(*LARGE)

    def no_such_upload(name: str, _asked: dict[str, Any]) -> None:
        if name == "upload_part_copy":
            raise ClientError({"Error": {"Code": "NoSuchUpload"}}, "UploadPartCopy")

    bench.s3.fault = no_such_upload
    assert [bench.join(parts) for _ in range(3)] == [None] * 3

    with pytest.raises(ResultsMismatch, match="taken away again and again"):
        bench.join(parts)
    assert bench.aws.unfinished_uploads() == 0


def should_join_again_when_the_answer_was_lost(bench: Bench) -> None:
    parts = bench.collected(*LARGE)
    bench.join(parts, steps=1)
    lost = dict(bench.checkpoint)
    bench.join(parts)
    bench.checkpoint = lost

    assert bench.join(parts) is None
    assert bench.join(parts) == _facts(KEY, b"".join(LARGE))
    assert bench.aws.unfinished_uploads() == 0


def should_begin_again_when_a_part_was_collected_anew(bench: Bench) -> None:
    bench.join(bench.collected(*LARGE), steps=1)
    other = [_output("other", 12 * MIB), *LARGE[1:]]

    assert bench.join(bench.collected(*other)) == _facts(KEY, b"".join(other))
    assert bench.aws.unfinished_uploads() == 0


@pytest.mark.parametrize("contents", [LARGE, SMALL])
def should_raise_a_mismatch_when_an_output_is_gone_or_another(
    bench: Bench, contents: list[bytes]
) -> None:
    parts = bench.collected(*contents)
    bench.join(parts, steps=0)
    bench.aws.s3.put_object(Bucket=RESULTS, Key=parts[2].key, Body=contents[2] + b"\n")
    with pytest.raises(ResultsMismatch, match=r"parts/0003/output\.jsonl .* were collected"):
        bench.join(parts)
    bench.aws.s3.delete_object(Bucket=RESULTS, Key=parts[2].key)
    with pytest.raises(ResultsMismatch, match=r"parts/0003/output\.jsonl .* were collected"):
        bench.join(parts)

    assert bench.aws.unfinished_uploads() == 0
    assert bench.checkpoint == {}


@pytest.mark.parametrize("operation", ["upload_part_copy", "get_object"])
def should_raise_a_mismatch_when_an_output_changes_meanwhile(bench: Bench, operation: str) -> None:
    def changed(name: str, asked: dict[str, Any]) -> None:
        if name == operation and ("CopySourceIfMatch" in asked or "IfMatch" in asked):
            raise ClientError({"Error": {"Code": "PreconditionFailed"}}, name)

    parts = bench.collected(*LARGE)
    bench.s3.fault = changed
    with pytest.raises(ResultsMismatch, match="changed while they were joined"):
        bench.join(parts)

    assert bench.aws.unfinished_uploads() == 0


@pytest.mark.parametrize("contents", [LARGE, SMALL])
def should_leave_nothing_when_the_checksum_of_the_whole_is_another(
    bench: Bench, contents: list[bytes]
) -> None:
    parts = bench.collected(*contents)
    parts[1] = replace(parts[1], crc32="00000000")

    with pytest.raises(ResultsMismatch, match="have the checksum"):
        bench.join(parts)
    assert KEY not in bench.aws.result_keys()
    assert bench.aws.unfinished_uploads() == 0


def should_join_when_the_storage_finds_no_checksum(bench: Bench) -> None:
    bench.s3.finds_checksums = False

    assert bench.join(bench.collected(*LARGE)) == _facts(KEY, b"".join(LARGE))


def should_raise_a_mismatch_when_nothing_came_out(bench: Bench) -> None:
    with pytest.raises(ResultsMismatch, match="nothing came out"):
        bench.join(bench.collected(b"", b""))


def should_count_a_part_of_nothing_when_others_have_something(bench: Bench) -> None:
    contents = [SMALL[0], b"", SMALL[1]]

    assert bench.join(bench.collected(*contents)) == _facts(KEY, b"".join(contents))


@pytest.mark.parametrize("operation", ["upload_part_copy", "upload_part", "get_object"])
def should_go_on_later_when_s3_is_busy(bench: Bench, operation: str) -> None:
    def slow_down(name: str, asked: dict[str, Any]) -> None:
        if name == operation and asked.get("PartNumber") != 1:
            raise ClientError({"Error": {"Code": "SlowDown"}}, name)

    parts = bench.collected(*LARGE)
    bench.join(parts, steps=1)
    taken = len(bench.s3.calls("upload_part_copy"))
    bench.s3.fault = slow_down
    with pytest.raises(AwsBusy):
        bench.join(parts)
    bench.s3.fault = lambda _name, _asked: None

    assert taken == 1
    assert bench.join(parts) == _facts(KEY, b"".join(LARGE))
    assert len(bench.s3.calls("create_multipart_upload")) == 1


def should_say_that_aws_is_busy_when_a_range_breaks_off(bench: Bench) -> None:
    def broken(name: str, _asked: dict[str, Any]) -> None:
        if name == "get_object":
            raise IncompleteReadError(actual_bytes=1, expected_bytes=2)

    parts = bench.collected(*SMALL)
    bench.s3.fault = broken
    with pytest.raises(AwsBusy, match="lost"):
        bench.join(parts)


def should_remove_the_parts_and_no_more_when_asked_once_or_twice(bench: Bench) -> None:
    parts = bench.collected(*SMALL)
    bench.join(parts)
    results = ResultsBucket(bench.aws.s3, RESULTS)

    for _ in range(2):
        results.delete([part.key for part in parts])
        assert bench.aws.result_keys() == [KEY]


def should_raise_when_s3_refuses_to_remove_some() -> None:
    class Refusing:
        def delete_objects(self, **_asked: Any) -> dict[str, Any]:
            return {"Errors": [{"Key": "a", "Code": "AccessDenied", "Message": "no"}]}

    with pytest.raises(ClientError, match="AccessDenied"):
        ResultsBucket(Refusing(), RESULTS).delete(["a"])  # type: ignore[arg-type]


def should_digest_the_whole_when_parts_have_ids_of_their_own() -> None:
    parts = [_facts("", content) for content in SMALL]

    joined = joined_digest(part.record_id_digest for part in parts)

    assert joined == _facts("", b"".join(SMALL)).record_id_digest
    assert joined != joined_digest(part.record_id_digest for part in reversed(parts))
