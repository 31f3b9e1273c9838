"""Whatever goes wrong at a service: one result or one clear failure, one counted upload, no secret.

Each row is a drop's whole way through the shipped functions and state machine, on simulated time.
"""

import io
import json
import logging
from itertools import product

import pytest

from pipeline.observability import logger
from tests.support.faults.faults import ALWAYS, Call, Kind
from tests.support.faults.pipeline import Pipeline, deployed
from tests.support.faults.row import Dropped, Row
from tests.support.faults.rows import NO_ROWS, ROWS
from tests.support.faults.service import BASIC, SECRET, coded
from tests.support.pipeline.builders import lines

FILES = {
    Dropped.FILE: {"anzsco/jobs.jsonl": lines(20)},
    Dropped.LARGE: {"anzsco/jobs.jsonl": lines(24)},
    Dropped.SHARED: {f"anzsco/{n}.jsonl": lines(4, text=f"job {n}") for n in range(3)},
}
LARGE_LABEL = 500_000  # characters: the output of 24 lines is read in three ranges
MOST_OPERATIONS = 6


def _parameters(row: Row) -> object:
    return pytest.param(row, id=row.name, marks=() if row.is_quick else pytest.mark.slow)


@pytest.mark.parametrize("row", [_parameters(row) for row in ROWS])
def should_end_once_and_leave_no_secret_whatever_goes_wrong(
    row: Row,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG, "urllib3")
    log = io.StringIO()
    monkeypatch.setattr(logger.registered_handler, "stream", log)
    files = FILES[row.dropped]
    padding = LARGE_LABEL if row.dropped is Dropped.LARGE else 0
    with deployed([row.fault], monkeypatch, padding=padding) as pipeline:
        if row.fault.kind is Kind.REVOKED:
            pipeline.let_the_token_age()
        pipeline.drop_together(files)

        assert pipeline.service.fired
        assert pipeline.service.broken == []
        assert sorted(each["key"] for each in pipeline.messages) == sorted(files)
        for key, content in files.items():
            _ended(pipeline, row, key, content, padding)
        assert pipeline.mails == len(files)
        assert pipeline.service.counted <= row.uploads
        assert all(each.uploads <= 1 for each in pipeline.service.operations)
        assert len(pipeline.service.operations) <= max(MOST_OPERATIONS, row.uploads)
        written = pipeline.written()
    logged = "".join([*capfd.readouterr(), caplog.text, log.getvalue()])
    for secret in (SECRET, BASIC):
        assert secret not in written + logged


def _ended(pipeline: Pipeline, row: Row, key: str, content: bytes, padding: int) -> None:
    (body,) = (each for each in pipeline.messages if each["key"] == key)
    assert body["status"] == row.ends, body["reason"]
    manifests = [each for each in pipeline.results() if each.endswith("/manifest.json")]
    if row.ends != "complete":
        assert row.says in body["reason"]
        assert body["nextStep"]
        assert not [each for each in manifests if each.startswith(f"{key}/")]
        return
    output = pipeline.aws.result(body["results"]["output"])
    expected = b"".join(coded(line, padding) for line in content.splitlines())
    if row.fault.call is Call.CODE:  # whose lines of output Pipeline makes itself
        output, expected = _without_slips(output), _without_slips(expected)
    assert output == expected
    manifest = json.loads(pipeline.aws.result(body["results"]["manifest"]))
    assert manifest["output"]["records"] == len(content.splitlines())


def _without_slips(output: bytes) -> bytes:
    """Lines of output as JSON writes them, without those of the documented samples."""
    plain = output.replace(b'" codeLabel"', b'"codeLabel"').replace(b'{"id"', b'{"recordId"')
    return b"".join(json.dumps(json.loads(line)).encode() for line in plain.splitlines())


def should_have_every_call_and_every_kind_of_fault() -> None:
    assert {row.fault.call for row in ROWS} == set(Call)
    assert {row.fault.kind for row in ROWS if row.is_quick} == set(Kind)
    assert len({row.name for row in ROWS}) == len(ROWS)
    for call in Call:
        assert any(row.fault.times == ALWAYS for row in ROWS if row.fault.call is call)


ASKED_OF_ALL = (
    *(Kind.ERROR, Kind.THROTTLE, Kind.QUOTA, Kind.HTML, Kind.BAD_JSON, Kind.HANG),
    *(Kind.DROP_BEFORE, Kind.DROP_AFTER, Kind.RESET, Kind.REDIRECT, Kind.FOREIGN_HOST),
    *(Kind.EXPIRED, Kind.SHORT, Kind.WRONG_RANGE, Kind.CHANGED_ETAG, Kind.GZIP),
    *(Kind.LINES_LOST, Kind.LINES_ADDED, Kind.SHUFFLED),
)


def should_have_a_row_for_each_call_with_each_fault_or_say_why_there_is_none() -> None:
    rows = {(row.fault.call, row.fault.kind) for row in ROWS}
    none = [pair for calls, kinds, _ in NO_ROWS for pair in product(calls, kinds)]
    assert len(none) == len(set(none))
    assert rows.isdisjoint(none)
    assert set(product(Call, ASKED_OF_ALL)) <= rows | set(none)


def should_find_a_secret_where_one_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    with deployed([], monkeypatch) as pipeline:
        pipeline.aws.ledger.put({"pk": "drop#1", "sk": "drop", "reason": "none"})
        assert SECRET not in pipeline.written()
        pipeline.seen.append(f"https://b.s3/k?X-Amz-Signature={SECRET}")
        assert SECRET in pipeline.written()
        pipeline.seen.clear()
        pipeline.aws.ledger.put({"pk": "drop#2", "sk": "drop", "reason": SECRET})
        assert SECRET in pipeline.written()


def should_find_a_secret_in_a_field_of_a_log_line(monkeypatch: pytest.MonkeyPatch) -> None:
    log = io.StringIO()
    monkeypatch.setattr(logger.registered_handler, "stream", log)
    logger.warning("a line", extra={"text": SECRET})
    assert SECRET in log.getvalue()
