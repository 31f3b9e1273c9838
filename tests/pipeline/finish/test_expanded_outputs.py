"""Texts were sent once: the drop's results are what they would be without."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from pipeline.domain.drop import Drop
from pipeline.finish import expanded_outputs
from pipeline.finish.expanded_outputs import ExpandedOutputs
from pipeline.ledger.parts import PartRecord
from pipeline.storage.multipart import MultipartFiles
from pipeline.storage.prepared_bucket import PreparedBucket, stored_object
from pipeline.storage.prepared_table import PreparedTable
from pipeline.storage.results_bucket import key_of_output
from pipeline.validation.digest import SequenceDigest
from pipeline.validation.output_lines import OutputScan
from protocol.messages import RECORD_COUNTS
from tables.plan import TableFormat
from tests.support.pipeline.builders import a_drop
from tests.support.pipeline.clouds import DROPS, PREPARED, RESULTS, Cloud, cloud
from tests.support.pipeline.finish_fixture import FinishFixture, a_record, body_of, schema
from tests.support.tables.coding import CODED, OPTIONS, SUGGESTED, prepared
from tests.support.tables.held_bytes import HeldBytes

TABLE, INPUT = "d/a/table.json", "d/a/input.jsonl"
FEW = b"Case,Job title\n7,nurse\n8,cook\n9,nurse\n10,\n11,nurse\n"
PART = 5 << 20  # S3's least


class DiesOnPart(MultipartFiles):
    """Stands for a function that is killed while it stores the third part."""

    def put_part(
        self, key: str, upload_id: str, number: int, content: bytes, *, checksum: int | None = None
    ) -> None:
        if number == 3:
            raise KeyboardInterrupt
        super().put_part(key, upload_id, number, content, checksum=checksum)


@pytest.fixture
def fixture() -> Iterator[FinishFixture]:
    with cloud() as aws:
        yield FinishFixture(aws)


def answered(lines: bytes, label: str = "Cook") -> bytes:
    """What the service says of records: nurses get suggestions."""
    made = []
    for record in map(json.loads, lines.splitlines()):
        nurse = record["occp_text"] == "nurse"
        answer = {"suggestions": SUGGESTED} if nurse else {"result": CODED | {"codeLabel": label}}
        made.append(json.dumps({"recordId": record["recordId"], **answer}) + "\n")
    return "".join(made).encode()


def a_distinct_drop(
    aws: Cloud, content: bytes = FEW, label: str = "Cook"
) -> tuple[Drop, PartRecord, bytes]:
    """A drop whose distinct texts have been coded; what the ledger knows of them, and the output
    as it would be without."""
    stored = aws.s3.put_object(Bucket=DROPS, Key="anzsco/jobs.csv", Body=content)
    source = HeldBytes(content)
    plan, lines = prepared(source, TableFormat.CSV, replace(OPTIONS, distinct_window=1000))
    assert plan.counts.repeated
    aws.s3.put_object(Bucket=PREPARED, Key=INPUT, Body=lines)
    drop = replace(
        a_drop(key="anzsco/jobs.csv"),
        bucket=DROPS,
        version_id=stored["VersionId"],
        etag=stored["ETag"].strip('"'),
        size=len(content),
        prepared=stored_object(aws.s3, PREPARED, INPUT),
        table=TABLE,
        distinct=True,
    )
    PreparedTable(plan, drop.dropped).keep(PreparedBucket(aws.s3, PREPARED), TABLE)
    out = answered(lines, label)
    key = key_of_output(drop.results_prefix, None, distinct=True)
    aws.s3.put_object(Bucket=RESULTS, Key=key, Body=out)
    record = a_record(drop)
    assert record.input is not None
    assert record.metadata is not None
    facts = facts_of(out, key)
    sent = replace(
        record.input,
        bytes=len(lines),
        records=plan.counts.records,
        record_id_digest=facts["record_id_digest"],
    )
    counts = {RECORD_COUNTS: a_record(drop, **facts).output.record_counts()}  # type: ignore[union-attr]
    metadata = replace(record.metadata, model=record.metadata.model | counts)
    record = replace(a_record(drop, **facts), input=sent, metadata=metadata)
    return drop, record, answered(prepared(source, TableFormat.CSV, OPTIONS)[1], label)


def facts_of(out: bytes, key: str) -> dict[str, Any]:
    scan = OutputScan()
    scan.add(out)
    facts = scan.facts(key)
    return {name: getattr(facts, name) for name in facts.__slots__}


def should_give_back_what_it_would_without_when_texts_were_sent_once(
    fixture: FinishFixture,
) -> None:
    drop, fixture.record, wanted = a_distinct_drop(fixture.aws)
    body = body_of(fixture.finish(drop))
    assert body["status"] == "complete", body
    assert body["records"] == {
        "input": 2,
        "output": 4,
        "coded": 1,
        "suggested": 3,
        "nothingToCode": 0,
    }
    assert body["rows"]["suggested"] == 3
    key = f"{drop.results_prefix}output.jsonl"
    assert fixture.aws.result(key) == wanted
    assert fixture.aws.result(f"{drop.results_prefix}results.csv").count(b",suggested,") == 3
    manifest = fixture.document("manifest.json", drop)
    schema("manifest").validate(manifest)
    assert (manifest["input"]["records"], manifest["input"]["rows"]) == (2, 4)
    whole = facts_of(wanted, key)
    for name, said in (("crc32", "crc32"), ("recordIdDigest", "record_id_digest")):
        assert manifest["output"][name] == whole[said]
    assert manifest["output"]["recordIdDigest"] == (
        SequenceDigest().extended(["7", "8", "9", "11"]).to_text()
    )
    metadata = fixture.document("metadata.json", drop)
    assert metadata[RECORD_COUNTS] == a_record(drop, **whole).output.record_counts()  # type: ignore[union-attr]
    assert metadata == manifest["model"]
    assert not any(each.startswith(".pieces/") for each in fixture.aws.result_keys())


def should_say_the_same_again_when_the_answer_was_lost(fixture: FinishFixture) -> None:
    drop, fixture.record, _ = a_distinct_drop(fixture.aws)
    fixture.finish(drop)
    before = fixture.document("manifest.json", drop)
    fixture.aws.ledger.update(f"drop#{drop.drop_id}", "drop", set={"endings": 0, "ending": None})
    assert body_of(fixture.finish(drop))["status"] == "complete"
    assert fixture.document("manifest.json", drop) == before


def should_go_on_where_it_ended_when_the_function_was_killed(
    fixture: FinishFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(expanded_outputs, "chunk_bytes_for", lambda _: PART)
    rows = b"".join(b"%d,%b\n" % (n, (b"cook", b"nurse")[n % 2]) for n in range(50_000))
    drop, record, wanted = a_distinct_drop(fixture.aws, b"Case,Job title\n" + rows, "C" * 1000)
    assert len(wanted) > 5 * PART
    outputs: ExpandedOutputs = fixture.expanded_outputs
    facts = (record.output, record.metadata)
    time = iter([True, False])
    assert outputs.of(drop, *facts, lambda: next(time, False)) is None  # type: ignore[arg-type]
    with pytest.raises(KeyboardInterrupt):
        replace(outputs, files=DiesOnPart(fixture.aws.s3, RESULTS)).of(
            drop,
            *facts,  # type: ignore[arg-type]
            lambda: True,
        )
    found = outputs.of(drop, *facts, lambda: True)  # type: ignore[arg-type]
    assert found is not None
    assert fixture.aws.result(found[0].key) == wanted
    assert found[0] == replace(found[0], **facts_of(wanted, found[0].key))


@pytest.mark.parametrize("spoilt", [b'{"recordId": "7", "suggestions": []}\n', None])
def should_fail_when_the_output_is_not_the_rows(
    fixture: FinishFixture, spoilt: bytes | None
) -> None:
    drop, fixture.record, _ = a_distinct_drop(fixture.aws)
    key = key_of_output(drop.results_prefix, None, distinct=True)
    fixture.aws.s3.delete_object(Bucket=RESULTS, Key=key)
    if spoilt is not None:
        fixture.aws.s3.put_object(Bucket=RESULTS, Key=key, Body=spoilt)
    body = body_of(fixture.finish(drop))
    assert (body["status"], body["results"]["manifest"]) == ("failed", None)
