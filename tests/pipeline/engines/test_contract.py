"""What every engine must do, whatever it is: the shipped rooms of Pipeline around each of them."""

import json
import logging
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.domain.progress import PartStatus
from pipeline.errors import CredentialsRefused, StorageBusy, StorageRefused, TryAgain
from pipeline.ledger.parts import AttemptState
from pipeline.storage.block_reader import BlockReader
from tests.support.pipeline.builders import lines
from tests.support.pipeline.engines_under_test import ENGINES, PART_BYTES, Bench, bench_of
from tests.support.pipeline.memory_service import coded

ODD_IDS = ("r1", "r1", "", 'a "quoted", one', "back\\slash\\n", "two\nlines", "Ä医🐙", "  spaces ")
ODD_TEXTS = ("nurse", 'says "no", always', "line\nend\r\n", "'; --", "médecin 医者 🐙", "\ttab", "")


def records(*ids: str) -> bytes:
    made = (
        {"recordId": each, "occp_text": ODD_TEXTS[n % len(ODD_TEXTS)], "tasks_text": ""}
        for n, each in enumerate(ids)
    )
    return b"".join(json.dumps(each, ensure_ascii=False).encode() + b"\n" for each in made)


def decoded(content: bytes) -> list[dict[str, object]]:
    return [json.loads(line) for line in content.splitlines()]


@pytest.fixture(params=ENGINES)
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    with bench_of(ENGINES[request.param], tmp_path) as ready:
        yield ready


def should_bring_every_record_back_in_its_order_with_its_id(bench: Bench) -> None:
    content = records(*ODD_IDS) + b'{"recordId": "x", "occp_text": "unsure", "tasks_text": "t"}'
    drop = bench.drop(content)
    assert bench.there_and_back(drop).status is PartStatus.COLLECTED
    assert decoded(bench.output(drop)) == decoded(coded(content))
    assert json.loads(bench.metadata(drop))["modelId"] == bench.under_test.model_id
    record = bench.parts.record(bench.part(drop).part_id)
    assert record.input is not None
    assert record.output is not None
    assert record.input.record_id_digest == record.output.record_id_digest
    blank = sum(not line["occp_text"] for line in decoded(content))
    assert (record.output.coded, record.output.suggested) == (len(ODD_IDS) - blank, 1)


def should_give_empty_ids_where_the_file_has_none(bench: Bench) -> None:
    content = b'{"occp_text": "nurse", "tasks_text": ""}\n' * 3
    drop = bench.drop(content)
    bench.there_and_back(drop)
    assert decoded(bench.output(drop)) == decoded(coded(content))


def should_give_each_file_its_own_when_several_share_an_operation(bench: Bench) -> None:
    contents = [lines(n, text=f"file {n} job") for n in (1, 4, 2)]
    drops = [bench.drop(content, f"anzsco/{n}.jsonl") for n, content in enumerate(contents)]
    assert bench.there_and_back(*drops).status is PartStatus.COLLECTED
    for drop, content in zip(drops, contents, strict=True):
        assert decoded(bench.output(drop)) == decoded(coded(content))
    assert bench.under_test.taken() == 1


@pytest.mark.slow
def should_collect_in_steps_when_the_time_runs_out_again_and_again(bench: Bench) -> None:
    content = lines(3 * PART_BYTES // len(coded(lines(1))))
    drop = bench.drop(content)
    part = bench.part(drop)
    reader = BlockReader(bench.aws.s3, sleep=bench.io.sleep)
    bench.submitter = replace(bench.submitter, reader=reader)
    checked = bench.check(part, bench.submit(part))
    # Each invocation looks at the clock once for its lease, and has time for one step more.
    bench.seconds = [900.0, 0.0] * 4
    assert bench.collect_all(part, checked) > 2
    assert decoded(bench.output(drop)) == decoded(coded(content))
    assert bench.aws.unfinished_uploads() == 0


def should_wait_while_it_is_pending_and_name_the_reason_when_it_failed(bench: Bench) -> None:
    bench.under_test.pause()
    part = bench.part(bench.drop(lines(3)))
    submitted = bench.submit(part)
    pending = bench.follow(part, submitted)
    assert pending.status in (PartStatus.IN_PROGRESS, PartStatus.AWAITING_SLOT)
    assert pending.wait_seconds >= 1
    bench.io.time += pending.wait_seconds
    bench.under_test.fail(submitted.operation_id or "", "line 2 is odd")
    failed = bench.follow(part, pending)
    assert failed.status is PartStatus.FAILED
    assert "line 2 is odd" in (failed.reason or "")


def should_begin_anew_when_an_earlier_attempt_sent_nothing(bench: Bench) -> None:
    part = bench.part(bench.drop(lines(3)))
    with bench.parts.lease(part.part_id, owner="dead", seconds=-10) as lease:
        lease.begin()
        lease.created(bench.under_test.opened())
        lease.uploading()
    waiting = bench.submit(part)
    bench.io.time += waiting.wait_seconds
    assert bench.submit(part, waiting).attempt == 2
    assert bench.under_test.taken() == 1


def should_send_nothing_twice_when_the_answer_to_the_input_was_lost(bench: Bench) -> None:
    drop = bench.drop(lines(3))
    part = bench.part(drop)
    bench.under_test.lose_arrival()
    with pytest.raises(TryAgain):
        bench.submit(part)
    again = bench.submit(part, owner="again")
    assert again.attempt == 1
    assert bench.under_test.taken() == 1
    bench.collect(part, bench.check(part, again))
    assert decoded(bench.output(drop)) == decoded(coded(lines(3)))


def should_start_nothing_when_a_line_is_bad_however_late(bench: Bench) -> None:
    part = bench.part(bench.drop(lines(100) + b"not json\n" + lines(2)))
    rejected = bench.submit(part)
    assert rejected.status is PartStatus.REJECTED
    assert "line 101" in (rejected.reason or "")
    assert bench.under_test.taken() == 0
    assert bench.parts.record(part.part_id).state is AttemptState.IDLE


def should_start_nothing_when_there_is_no_time_to_send_it_all(bench: Bench) -> None:
    part = bench.part(bench.drop(lines(200)))
    bench.seconds = [24.0] * 9
    with pytest.raises(StorageRefused, match="split it into smaller files"):
        bench.submit(part)
    assert bench.under_test.taken() == 0


@pytest.mark.parametrize("wrong", [{"topic": "osca"}, {"model": "00000000-0000-4000-8000-0"}])
def should_reject_what_names_no_topic_or_model_of_it(bench: Bench, wrong: dict[str, str]) -> None:
    part = bench.part(bench.drop(lines(1), **wrong))
    rejected = bench.submit(part)
    assert (rejected.status, rejected.faults) == (PartStatus.REJECTED, None)
    assert next(iter(wrong)) in (rejected.reason or "")


def should_code_with_the_named_model(bench: Bench) -> None:
    drop = bench.drop(lines(1), model=bench.under_test.model_id)
    bench.there_and_back(drop)
    assert json.loads(bench.metadata(drop))["modelId"] == bench.under_test.model_id


def should_try_again_when_the_service_is_busy(bench: Bench) -> None:
    part = bench.part(bench.drop(lines(1)))
    bench.under_test.busy_next()
    with pytest.raises(TryAgain):
        bench.submit(part)
    assert bench.submit(part).status is PartStatus.AWAITING_INPUT


def should_call_for_the_operator_when_the_caller_may_not(bench: Bench) -> None:
    part = bench.part(bench.drop(lines(1)))
    bench.under_test.deny_next()
    with pytest.raises(CredentialsRefused, match=r"check the (client|rights)"):
        bench.submit(part)


def should_keep_nothing_and_call_nobody_once_all_is_collected(bench: Bench) -> None:
    drop = bench.drop(lines(2))
    part = bench.part(drop)
    checked = bench.check(part, bench.submit(part))
    bench.collect(part, checked)
    assert not bench.under_test.kept(checked.operation_id or "")
    assert bench.collect(part, checked, "late").status is PartStatus.COLLECTED
    bench.under_test.engine.delete_results(part.topic, checked.operation_id or "")


def should_write_no_secret_anywhere(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    part = bench.part(bench.drop(lines(2)))
    bench.under_test.lose_arrival()
    with pytest.raises((StorageBusy, TryAgain)) as lost:
        bench.submit(part)
    submitted = bench.submit(part, owner="again")
    checked = bench.check(part, submitted)
    bench.collect(part, checked)
    logs = "\n".join(f"{each.getMessage()} {each.__dict__}" for each in caplog.records)
    written = [logs, str(lost.value), repr(bench.aws.ledger.table.scan()["Items"])]
    written += [str(each.to_state()) for each in (submitted, checked)]
    written += [bench.aws.result(key).decode() for key in bench.aws.result_keys()]
    for secret in bench.under_test.secrets:
        assert all(secret not in text for text in written)
