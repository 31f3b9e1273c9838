"""Amazon ML's own ways: which model, what is created, blank and misplaced rows, errors."""

import gzip
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from pipeline.domain.progress import PartStatus, Progress
from pipeline.engines.amazon_ml.api import AmazonMlClient
from pipeline.engines.amazon_ml.engine import AmazonMlEngine, prediction_id
from pipeline.errors import (
    CredentialsRefused,
    DropcoderError,
    ResultsGone,
    ResultsMismatch,
    ServiceBusy,
    ServiceRefused,
    StorageBusy,
)
from pipeline.rate_limit.polling import NO_LOAD
from pipeline.storage.block_reader import BlockReader
from pipeline.storage.multipart import MultipartFiles
from protocol.statuses import OperationStatus
from tests.support.pipeline.builders import lines
from tests.support.pipeline.engines_under_test import (
    PART_BYTES,
    AmazonMlUnderTest,
    Bench,
    amazon_ml,
    bench_of,
)
from tests.support.pipeline.memory_amazon_ml import EXCHANGE, MODEL_ID, Fault, MemoryAmazonMl
from tests.support.pipeline.memory_service import TOPIC

BUSY, REFUSED, DENIED = ServiceBusy, ServiceRefused, CredentialsRefused


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with bench_of(amazon_ml, tmp_path) as ready:
        yield ready


def under_test_of(bench: Bench) -> AmazonMlUnderTest:
    assert isinstance(bench.under_test, AmazonMlUnderTest)
    return bench.under_test


@pytest.fixture
def service(bench: Bench) -> MemoryAmazonMl:
    return under_test_of(bench).memory


@pytest.fixture
def engine(bench: Bench) -> AmazonMlEngine:
    return under_test_of(bench).engine


def complete(bench: Bench, content: bytes) -> tuple[Any, Progress]:
    """A part whose prediction is complete."""
    part = bench.part(bench.drop(content))
    return part, bench.check(part, bench.submit(part))


def should_name_data_source_and_prediction_after_the_part_and_its_attempt(
    bench: Bench, service: MemoryAmazonMl
) -> None:
    part = bench.part(bench.drop(lines(2)))
    submitted = bench.submit(part)
    assert submitted.operation_id == f"dropcoder-{part.part_id}-1"
    assert list(service.predictions) == list(service.data_sources) == [submitted.operation_id]
    prediction = service.predictions[submitted.operation_id]
    assert prediction["MLModelId"] == MODEL_ID
    assert prediction["OutputUri"] == f"s3://{EXCHANGE}/{submitted.operation_id}/"


def should_keep_ids_within_amazon_mls_limit() -> None:
    long = prediction_id("shared-1000-" + "f" * 60)
    assert len(long) <= 64
    assert long == prediction_id("shared-1000-" + "f" * 60) != prediction_id("shared-1")


def should_take_the_newest_completed_model_of_the_topics_name(
    engine: AmazonMlEngine, service: MemoryAmazonMl
) -> None:
    later = datetime(2026, 11, 9, tzinfo=UTC)
    service.add_model("ml-newer", CreatedAt=later)
    service.add_model("ml-unready", CreatedAt=later.replace(day=10), Status="INPROGRESS")
    service.add_model("ml-other", CreatedAt=later.replace(day=11), name="osca")
    assert engine.model(TOPIC, None).model_id == "ml-newer"


def should_take_the_chosen_model_whatever_its_name(
    engine: AmazonMlEngine, service: MemoryAmazonMl
) -> None:
    service.add_model("ml-chosen", name="an experiment")
    chosen = replace(engine, models=replace(engine.models, chosen={TOPIC: "ml-chosen"}))
    assert chosen.model(TOPIC, None).model_id == "ml-chosen"
    assert chosen.model(TOPIC, MODEL_ID).model_id == MODEL_ID


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"name": "osca"}, "another name"),
        ({"Status": "DELETED"}, "its status is DELETED"),
        ({"MLModelType": "REGRESSION"}, "only a MULTICLASS"),
        ({"Schema": "{}"}, "names no attribute"),
        ({"Schema": "[]"}, "names no attribute"),
        (
            {"Schema": '{"variables": [{"fieldName": "age", "fieldType": "NUMERIC"}]}'},
            "wants age as NUMERIC",
        ),
    ],
)
def should_say_why_when_a_model_can_not_code(
    engine: AmazonMlEngine, service: MemoryAmazonMl, changes: dict[str, Any], said: str
) -> None:
    service.add_model("ml-odd", **changes)
    with pytest.raises(DropcoderError, match=said):
        engine.model(TOPIC, "ml-odd")


def should_read_the_fields_of_either_spelling_of_a_schema(
    engine: AmazonMlEngine, service: MemoryAmazonMl
) -> None:
    schema = {
        "targetFieldName": "code",
        "excludedVariableNames": ["note"],
        "attributes": [
            {"fieldName": name, "fieldType": "TEXT"} for name in ("text", "code", "note", "extra")
        ],
    }
    service.add_model("ml-old", Schema=json.dumps(schema))
    assert engine.model(TOPIC, "ml-old").input_format == ("text", "extra")


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("PENDING", OperationStatus.IN_PROGRESS),
        ("INPROGRESS", OperationStatus.IN_PROGRESS),
        ("COMPLETED", OperationStatus.COMPLETE),
        ("FAILED", OperationStatus.FAILED),
        ("DELETED", OperationStatus.FAILED),
        (None, OperationStatus.TIMED_OUT),
    ],
)
def should_say_every_status_in_the_documented_words(
    bench: Bench,
    engine: AmazonMlEngine,
    service: MemoryAmazonMl,
    status: str | None,
    expected: OperationStatus,
) -> None:
    bench.under_test.pause()
    operation = bench.submit(bench.part(bench.drop(lines(1)))).operation_id or ""
    if status is None:
        del service.predictions[operation]
    else:
        service.predictions[operation]["Status"] = status
    state = engine.check(TOPIC, operation)
    assert state.status is expected
    assert (state.error is not None) == (status == "DELETED")


def should_give_the_data_sources_reason_when_the_prediction_failed_with_it(
    bench: Bench, engine: AmazonMlEngine, service: MemoryAmazonMl
) -> None:
    bench.under_test.pause()
    operation = bench.submit(bench.part(bench.drop(lines(1)))).operation_id or ""
    service.data_sources[operation] |= {"Status": "FAILED", "Message": "Access Denied."}
    service.fail(operation, "The data source is FAILED.")
    assert engine.check(TOPIC, operation).error == "The data source is FAILED. Access Denied."


def should_create_the_prediction_when_only_its_input_had_arrived(
    bench: Bench, service: MemoryAmazonMl
) -> None:
    """Nothing of gigabytes is sent again because one small call was refused for now."""
    part = bench.part(bench.drop(lines(3)))
    service.faults = [Fault("CreateBatchPrediction", "LimitExceededException")]
    with pytest.raises(ServiceBusy):
        bench.submit(part)
    sent = bench.aws.s3.list_objects_v2(Bucket=EXCHANGE)["Contents"]
    again = bench.submit(part, owner="again")
    assert (again.status, again.attempt) == (PartStatus.AWAITING_INPUT, 1)
    assert [each["LastModified"] for each in sent] == [
        each["LastModified"] for each in bench.aws.s3.list_objects_v2(Bucket=EXCHANGE)["Contents"]
    ]
    assert len(service.created) == 1


def should_fail_with_the_line_when_a_record_came_back_blank(
    bench: Bench, service: MemoryAmazonMl
) -> None:
    service.scores = lambda row: None if row["occp_text"] == "nurse 3" else (0.9, 0.0, 0.0)
    part, checked = complete(bench, lines(5))
    failed = bench.collect(part, checked)
    assert failed.status is PartStatus.FAILED
    assert "line 3 could not be used" in (failed.reason or "")
    assert bench.aws.result_keys() == []


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (["2 r2,0.9,0,0", "1 r1,0.9,0,0"], "not the one of line 1"),
        (["1 r1,0.9,0,0", "1 r1,0.9,0,0"], "not the one of line 2"),
        (["1 r1,0.9,0", "2 r2,0.9,0,0"], "not the one of line 1"),
        (["1 r1,high,0,0", "2 r2,0.9,0,0"], "can't be read near line 1"),
        (["1 r\\1,0.9,0,0", "2 r2,0.9,0,0"], "can't be read near line 1"),
        (["r1,0.9,0,0", "2 r2,0.9,0,0"], "not the one of line 1"),
    ],
)
def should_trust_no_scores_that_are_not_of_the_rows_that_were_sent(
    bench: Bench, service: MemoryAmazonMl, rows: list[str], said: str
) -> None:
    part, checked = complete(bench, lines(2))
    service.write_scores(checked.operation_id or "", rows)
    with pytest.raises(ResultsMismatch, match=said):
        bench.collect(part, checked)


@pytest.mark.parametrize(
    ("header", "said"),
    [
        (("234111", "254415"), "do not name the rows"),
        (("tag", "x", "y", "z"), "3 classes of the model are not in the topic's codelist"),
        (("tag", "234111", "x", "y"), "2 classes of the model are not in the topic's codelist"),
    ],
)
def should_say_so_when_the_columns_are_not_the_topics(
    bench: Bench, service: MemoryAmazonMl, header: tuple[str, ...], said: str
) -> None:
    service.header = header
    part, checked = complete(bench, lines(1))
    with pytest.raises(ResultsMismatch, match=said):
        bench.collect(part, checked)


def should_let_one_class_be_none_of_the_codes(bench: Bench, service: MemoryAmazonMl) -> None:
    service.header = ("tag", "trueLabel", "234111", "none of them", "254415")
    drop = bench.drop(lines(1))
    part = bench.part(drop)
    checked = bench.check(part, bench.submit(part))
    service.write_scores(checked.operation_id or "", ["1 r1,,0.04,0.9,0.06"])
    bench.collect(part, checked)
    (line,) = bench.output(drop).splitlines()
    codes = [each["codeCategory"] for each in json.loads(line)["suggestions"]]
    assert codes == ["254415", "234111"]


def _spoil(service: MemoryAmazonMl, operation: str, how: str) -> None:
    key = f"{operation}/batch-prediction/result/{operation}-input.csv.gz"
    manifest = f"{operation}/batch-prediction/{operation}.manifest"
    content = service.s3.get_object(Bucket=EXCHANGE, Key=key)["Body"].read()
    match how:
        case "cut":
            service.s3.put_object(Bucket=EXCHANGE, Key=key, Body=content[:-9])
        case "plain":
            service.s3.put_object(Bucket=EXCHANGE, Key=key, Body=gzip.decompress(content))
        case "gone":
            service.s3.delete_object(Bucket=EXCHANGE, Key=key)
        case "no manifest":
            service.s3.delete_object(Bucket=EXCHANGE, Key=manifest)
        case "elsewhere":
            away = {f"s3://{EXCHANGE}/{operation}/input.csv": "s3://drops/anzsco/jobs.jsonl"}
            service.s3.put_object(Bucket=EXCHANGE, Key=manifest, Body=json.dumps(away).encode())


@pytest.mark.parametrize(
    ("how", "error", "said"),
    [
        ("cut", ResultsMismatch, "end in the middle"),
        ("plain", ResultsMismatch, "no gzip file"),
        ("gone", ResultsGone, "are gone; drop the file again"),
        ("no manifest", ResultsGone, "manifest, .* is gone"),
        ("elsewhere", ResultsMismatch, "does not lead from the input"),
    ],
)
def should_say_what_is_wrong_when_the_scores_are_not_what_they_were(
    bench: Bench, service: MemoryAmazonMl, how: str, error: type[DropcoderError], said: str
) -> None:
    part, checked = complete(bench, lines(3))
    _spoil(service, checked.operation_id or "", how)
    with pytest.raises(error, match=said):
        bench.collect(part, checked)


@pytest.mark.parametrize(
    ("code", "status", "error"),
    [
        ("InternalServerException", 500, BUSY),
        ("LimitExceededException", 400, BUSY),
        ("ThrottlingException", 400, BUSY),
        ("RequestLimitExceeded", 503, BUSY),
        ("AccessDeniedException", 400, DENIED),
        ("UnrecognizedClientException", 400, DENIED),
        ("InvalidSignatureException", 400, DENIED),
        ("InvalidInputException", 400, REFUSED),
        ("IdempotentParameterMismatchException", 400, REFUSED),
        ("SomethingNewException", 400, REFUSED),
        ("", 0, BUSY),
    ],
)
def should_sort_errors_into_those_that_pass_and_those_that_someone_has_to_mend(
    engine: AmazonMlEngine,
    service: MemoryAmazonMl,
    code: str,
    status: int,
    error: type[DropcoderError],
) -> None:
    service.faults = [Fault("GetBatchPrediction", code, status)]
    with pytest.raises(error) as raised:
        engine.check(TOPIC, "dropcoder-1")
    assert code in str(raised.value)


def should_use_corrected_credentials_at_the_next_call(service: MemoryAmazonMl) -> None:
    made = []

    def connect() -> Any:
        made.append(service.client())
        return made[-1]

    api = AmazonMlClient(connect)
    service.faults = [Fault("GetMLModel", "InvalidSignatureException")]
    with pytest.raises(CredentialsRefused):
        api.model(MODEL_ID)
    api.model(MODEL_ID)
    api.model(MODEL_ID)
    assert len(made) == 2


def should_not_fail_a_collected_part_when_the_rest_can_not_be_deleted(
    bench: Bench, service: MemoryAmazonMl
) -> None:
    part, checked = complete(bench, lines(1))
    service.faults = [Fault("DeleteBatchPrediction", "AccessDeniedException")]
    assert bench.collect(part, checked).status is PartStatus.COLLECTED


def should_leave_no_half_of_an_input_when_it_can_not_be_sent_whole(
    bench: Bench, engine: AmazonMlEngine
) -> None:
    part = bench.part(bench.drop(lines(200)))
    bench.seconds = [24.0] * 9
    with pytest.raises(DropcoderError):
        bench.submit(part)
    listed = bench.aws.s3.list_objects_v2(Bucket=EXCHANGE).get("Contents", [])
    assert [each["Key"] for each in listed if each["Key"].endswith("input.csv")] == []
    assert "Uploads" not in bench.aws.s3.list_multipart_uploads(Bucket=EXCHANGE)
    assert engine.load() == NO_LOAD


@pytest.fixture
def half_collected(bench: Bench, service: MemoryAmazonMl) -> tuple[Any, Progress]:
    """A part of which some of the scores have been made into lines of output."""
    size = len(b'{"recordId": "r10000", "result": {"codeCategory": "234111", ') + 60
    content = lines(int(2.5 * PART_BYTES) // size)
    reader = BlockReader(bench.aws.s3, sleep=bench.io.sleep)
    bench.submitter = replace(bench.submitter, reader=reader)
    part, checked = complete(bench, content)
    bench.seconds = [900.0, 0.0]
    collecting = bench.collect(part, checked)
    assert collecting.status is PartStatus.COLLECTING
    return part, collecting


def _unfinished(bench: Bench) -> int:
    return len(bench.aws.s3.list_multipart_uploads(Bucket=EXCHANGE).get("Uploads", []))


@pytest.mark.slow
def should_begin_anew_when_the_scores_are_not_those_that_were_read_before(
    bench: Bench, service: MemoryAmazonMl, half_collected: tuple[Any, Progress]
) -> None:
    part, collecting = half_collected
    operation = collecting.operation_id or ""
    service.scores = lambda _row: (0.0, 0.0, 0.8)
    service.finish(operation)
    assert _unfinished(bench) == 1
    bench.collect_all(part, collecting)
    (segment,) = part.segments
    output = bench.aws.result(f"{segment.results_prefix}output.jsonl")
    assert output.count(b'"254415"') == output.count(b"\n")
    assert _unfinished(bench) == 0


@pytest.mark.slow
def should_begin_anew_when_s3_has_lost_the_parts(
    bench: Bench, half_collected: tuple[Any, Progress]
) -> None:
    part, collecting = half_collected
    key = f"{collecting.operation_id}/output.jsonl"
    empty = MultipartFiles(bench.aws.s3, EXCHANGE).begin(key)
    with bench.parts.lease(part.part_id, owner="loss", seconds=-10) as lease:
        kept = lease.record.collection or {}
        lease.checkpoint({"prepared": {**kept["prepared"], "upload_id": empty}})
    with pytest.raises(StorageBusy, match="starting over"):
        bench.collect(part, collecting)
    bench.collect_all(part, collecting)
