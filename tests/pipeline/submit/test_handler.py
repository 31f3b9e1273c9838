"""A part is sent as it is, once a call is due, or refused with the reason."""

import json
import logging
from collections.abc import Callable, Generator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from pipeline.domain.progress import PartStatus
from pipeline.engines.coding_service.presigned import PresignedHosts
from pipeline.errors import AddressRefused, DropGone, ServiceBusy, StorageBusy, StorageRefused
from pipeline.ledger.parts import AttemptState
from pipeline.rate_limit.polling import CallLoad
from pipeline.storage.block_reader import BlockReader, ObjectRange
from pipeline.validation.digest import SequenceDigest
from protocol.errors import ServiceAnswer
from tests.support.pipeline.builders import lines, unlimited
from tests.support.pipeline.clouds import DROPS
from tests.support.pipeline.memory_service import (
    CLIENT_SECRET,
    KMS_KEY_ARN,
    TOKEN_CANARY,
    URL_CANARY,
    MemoryService,
    StorageFault,
)
from tests.support.pipeline.submit_bench import KEY, Bench


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
