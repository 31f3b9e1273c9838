"""That whatever travels between functions fits, in bytes, where it has to: with the worst texts.

The worst characters of a key are those that JSON writes longest; a text in JSON within JSON doubles
each backslash. Sizes are of JSON in ASCII, which is never shorter than in UTF-8.
"""

import json
from dataclasses import replace
from functools import cache
from typing import Any, cast

import pytest

from pipeline.domain.drop import Drop, Failure, ReadyDrops, Rejection
from pipeline.domain.execution import Execution, shared_execution
from pipeline.domain.identity import MAX_KEY_BYTES, part_id
from pipeline.domain.part import Part, whole_file
from pipeline.domain.progress import PartStatus, Progress
from pipeline.errors import DropcoderError, ServiceRefused, TopicUnknown
from pipeline.executions.compact_input import compact_input
from pipeline.executions.pieces import PieceLists
from pipeline.finish.coded_tables import TableFacts
from pipeline.finish.drop_result import DropResult
from pipeline.finish.explanations import Explanation, explain_error, explain_part
from pipeline.finish.handler import PAGE_BYTES
from pipeline.finish.notification import notification_of
from pipeline.finish.piece_outcomes import note_outcome
from pipeline.prepare import queues
from pipeline.receive.batching import MAX_DROPS, batches
from pipeline.receive.splitting import MAX_PARTS
from pipeline.report_failure.handler import LONGEST_CAUSE, LONGEST_ERROR, report_failure
from pipeline.storage.results_bucket import ResultsBucket
from pipeline.validation.input_lines import FAULTS_KEPT, InputFault, InputFaults
from pipeline.validation.rejection_report import Rejections, piece_report
from protocol.messages import LONGEST_ID
from protocol.records import RecordFault, RecordForm
from protocol.short_texts import LONGEST_FAULT, LONGEST_REASON, MOST_JSON_BYTES, cut
from simulation.cloud.handlers import MemoryBucket
from tables.coded.coded_rows import CodedStatus
from tests.support.pipeline.builders import a_drop, a_part
from tests.support.pipeline.clouds import RESULTS, cloud

STATE_BYTES = 262_144  # Step Functions: a state's input or output, and an execution's input
MESSAGE_BYTES = 262_144  # SNS and EventBridge: a message, an entry; SQS takes as much
ITEM_BYTES = 400 << 10  # DynamoDB
ANSWER_BYTES = 6 << 20  # Lambda; of a task, Step Functions takes as much as a state has
CAUGHT_BYTES = 16_000  # an error's text and a stack trace of forty frames, as JSON in JSON
REPORT_BYTES = 200_000  # of a rejection: a hundred faults, as JSON in ASCII
WORST = ["k", '"', "\\", "\x01", "\x7f", "é", "護", "😀"]
NUMBER = 10**12


def longest_key(character: str) -> str:
    """A key of 1,024 bytes, nearly all of it in folders."""
    count = (1_024 - len("anzsco//x")) // len(character.encode())
    return f"anzsco/{character * count}/x"


def longest_body(drop: Drop, character: str = "r") -> dict[str, Any]:
    name = f"{drop.results_prefix}coded.table"
    result = DropResult(
        status="timed_out",
        explanation=Explanation(character * 2_000, character * 2_000),
        model=character * LONGEST_ID,
        records=dict.fromkeys(("input", "output", "coded", "suggested", "nothingToCode"), NUMBER),
        output=name,
        metadata=name,
        manifest=name,
        report=name,
        tables=TableFacts(
            rows=dict.fromkeys(map(str, CodedStatus), NUMBER),
            files={"csv": {"key": name}},
            page=name,
            review=name,
        ),
    )
    return result.body(drop, bucket="b" * 63, ended_at=drop.dropped_at)


def size(value: Any) -> int:
    return len(json.dumps(value))


@pytest.mark.parametrize("text", WORST)
@pytest.mark.parametrize("key", WORST)
def should_fit_into_sns_eventbridge_and_the_ledger_whatever_key_and_reason(
    key: str, text: str
) -> None:
    body = longest_body(a_drop(longest_key(key)), text)
    notification = notification_of(body)
    published = notification["subject"] + notification["message"] + notification["drop_prefix"]
    assert len(published.encode()) + 1_000 < MESSAGE_BYTES
    assert len(notification["detail"].encode()) + 1_000 < MESSAGE_BYTES
    # The item has the drop, its ending, and how far the pieces' outputs have been joined.
    assert size(body) + 3 * size(a_drop(longest_key(key)).to_state()) + 20_000 < ITEM_BYTES


@pytest.mark.parametrize("text", WORST)
@pytest.mark.parametrize("key", WORST)
def should_fit_into_a_state_when_a_drop_is_alone_whatever_key_and_reason(
    key: str, text: str
) -> None:
    drop = a_drop(longest_key(key))
    alone = size(Execution(drops=(drop,), parts=(a_part(drop),)).to_state())
    body = longest_body(drop, text)
    cause = size(f"{body['key']}: {body['reason']}")
    assert alone + CAUGHT_BYTES + size(notification_of(body)) + cause + 500 < STATE_BYTES


@pytest.mark.parametrize("text", WORST)
@pytest.mark.parametrize("key", WORST)
def should_fit_into_a_state_when_a_thousand_drops_share_an_execution(key: str, text: str) -> None:
    for first, given in _shared_inputs(key):
        body = longest_body(first, text)
        page = max(PAGE_BYTES, size(notification_of(body)))
        cause = size(f"{body['key']}: {body['reason']}")
        assert given + CAUGHT_BYTES + page + cause + 500 < STATE_BYTES


@cache
def _shared_inputs(key: str) -> list[tuple[Drop, int]]:
    """The first drop of the largest batch of a thousand, and the input's bytes, by keys' length."""
    stem = longest_key(key).removesuffix("/x")
    inputs = []
    for length in (len(stem), len(stem) // 4, 60):
        drops = [a_drop(f"{stem[:length]}/{number}"[-1_000:], size=1) for number in range(1_000)]
        largest = max(batches(drops, max_bytes=MAX_DROPS), key=len)
        if len(largest) > 1:
            execution = shared_execution("shared-1000-" + "0" * 32, largest)
            inputs.append((largest[0], size(compact_input(execution))))
    return inputs


@pytest.mark.parametrize("key", WORST)
def should_fit_into_a_state_when_a_file_has_ten_thousand_pieces(key: str) -> None:
    drop = a_drop(longest_key(key), size=MAX_PARTS * 5_000_000_000)
    listed = compact_input(Execution(drops=(drop,), parts=pieces_of(drop)))
    results = MemoryBucket()
    given = PieceLists(cast(Any, results)).put_in_place(listed, drop.results_prefix)
    ((listed_at, content),) = results.objects.items()
    assert len(listed_at.encode()) <= MAX_KEY_BYTES
    assert len(json.loads(content)) == MAX_PARTS
    assert size(given) < 15_000
    for text in WORST:
        body = longest_body(drop, text)
        page, cause = size(notification_of(body)), size(f"{body['key']}: {body['reason']}")
        assert size(given) + page + cause + 500 < STATE_BYTES
    # Step Functions gathers what all children return, before the state passes over it.
    returned = note_outcome(an_ended_piece(listed["parts"][0], key), NOBODY)
    assert size([returned] * MAX_PARTS) < STATE_BYTES / 2


@pytest.mark.parametrize("text", WORST)
def should_fit_into_a_childs_state_and_the_ledger_however_a_piece_ends(text: str) -> None:
    drop = a_drop(longest_key("k"), size=MAX_PARTS * 5_000_000_000)
    listed = compact_input(Execution(drops=(drop,), parts=pieces_of(drop)))["parts"][-1]
    state = an_ended_piece(listed, text)
    assert size(listed) < 500
    assert size(state) + CAUGHT_BYTES < STATE_BYTES
    kept: list[Progress] = []

    class Ledger:
        def end(self, _part_id: str, outcome: Progress) -> None:
            kept.append(outcome)

    note_outcome(state, cast(Any, Ledger()))
    (outcome,) = kept
    assert size(json.dumps(outcome.to_state())) + 20_000 < ITEM_BYTES
    assert explain_part(outcome).reason


class Nobody:
    def end(self, *_: Any) -> None:
        """Forgets it."""


NOBODY = cast(Any, Nobody())


def pieces_of(drop: Drop) -> tuple[Part, ...]:
    """Ten thousand, with the largest numbers that there are."""
    length = drop.size // MAX_PARTS
    whole = whole_file(drop)
    return tuple(
        Part(
            part_id=part_id(drop.drop_id, number),
            topic="t" * 64,
            model="m" * 36,
            bytes=length,
            segments=(
                replace(whole, first_byte=(number - 1) * length, last_byte=number * length - 1),
            ),
            piece=number,
        )
        for number in range(1, MAX_PARTS + 1)
    )


def an_ended_piece(part: dict[str, Any], text: str) -> dict[str, Any]:
    """The state of a child whose last error had the longest cause."""
    cause = json.dumps({"errorMessage": text * 2_000, "stackTrace": ["f" * 200] * 40})
    progress = Progress(
        status=PartStatus.FAILED, error="ServiceRefused", cause=cause, reason=text * 2_000
    )
    return {"part": part, "progress": progress.to_state()}


@pytest.mark.parametrize("text", WORST)
def should_answer_with_less_than_is_kept_free_when_a_part_is_worked_on(text: str) -> None:
    """Submit, check and collect: their answer takes the place of the one before, or of an error."""
    progress = Progress(
        status=PartStatus.FAILED,
        wait_seconds=NUMBER,
        turn=str(NUMBER),
        operation_id=text * LONGEST_ID,
        attempt=NUMBER,
        polls=NUMBER,
        uploaded_at=a_drop().dropped_at,
        reason=cut(text * 70_000, LONGEST_REASON),
        faults=NUMBER,
    )
    assert size(progress.to_state()) < CAUGHT_BYTES


def should_fit_into_an_answer_when_all_messages_of_the_largest_batch_have_failed() -> None:
    """Prepare and receive; SQS gives a function ten thousand messages at most."""
    assert size({"batchItemFailures": [{"itemIdentifier": "m" * 36}] * 10_000}) < ANSWER_BYTES


@pytest.mark.parametrize("text", WORST)
def should_fit_into_a_message_of_sqs_when_prepare_sends_a_drop_on(text: str) -> None:
    for key in WORST:
        refused = TopicUnknown(text * 100_000, next_step=text * 100_000)
        drop = a_drop(
            longest_key(key),
            rejection=Rejection(refused.reason, refused.next_step),
            failure=Failure("E" * LONGEST_ERROR, text * LONGEST_REASON),
            prepared=a_drop(longest_key(key)).dropped,
            table=longest_key(key),
        )
        # Alone in its message, or with what leaves room for it.
        assert max(size(ReadyDrops((drop,)).to_state()), queues.MESSAGE_BYTES + 500) < MESSAGE_BYTES
        assert size(drop.to_state()) < MESSAGE_BYTES // 2


def should_cut_the_text_of_every_error_of_ours() -> None:
    for error in (DropcoderError("x" * 70_000), ServiceRefused("x" * 70_000)):
        assert len(str(error)) == LONGEST_REASON


def should_cut_a_fault_and_name_five_fields_when_a_line_has_thousands() -> None:
    line = json.dumps({"occp_text": "nurse", **{f"field {n:06d}": "" for n in range(50_000)}})
    with pytest.raises(RecordFault, match="field 000004 and 49,995 more") as raised:
        RecordForm(("occp_text",)).parse(line.encode())
    assert "field 000005" not in str(raised.value)
    long = json.dumps({"occp_text": "nurse", **{f"{n}{'x' * 900}": "" for n in range(1_000)}})
    with pytest.raises(RecordFault, match="and 995 more") as raised:
        RecordForm(("occp_text",)).parse(long.encode())
    assert len(str(raised.value)) <= LONGEST_FAULT
    with pytest.raises(RecordFault) as raised:
        RecordForm(tuple(f"{n}{'x' * 900}" for n in range(1_000))).parse(b"{}")
    assert len(str(raised.value)) <= LONGEST_FAULT


def should_keep_the_report_short_whatever_its_faults_and_fields_say() -> None:
    drop = a_drop(longest_key("k"))
    faults = InputFaults(tuple(InputFault(n, "\x01" * 630_000) for n in range(1, 200)), NUMBER)
    fields = tuple(f"{n}{'x' * 900}" for n in range(1_000))
    with cloud() as aws:
        bucket = ResultsBucket(aws.s3, RESULTS)
        Rejections(bucket).report(whole_file(drop), faults, fields)
        report = bucket.get_json(piece_report(drop.results_prefix, None))
    assert report is not None
    assert size(report) < REPORT_BYTES
    assert len(report["faults"]) == FAULTS_KEPT
    assert report["nextStep"].endswith("recordId.")


def should_keep_the_summary_short_whatever_a_fault_says() -> None:
    faults = InputFaults(first=(InputFault(NUMBER, "x" * 630_000),), count=NUMBER)
    assert len(faults.summary()) <= LONGEST_REASON


@pytest.mark.parametrize("text", WORST)
def should_keep_the_reason_short_when_the_cause_is_as_long_as_step_functions_allows(
    text: str,
) -> None:
    for cause in (text * 32_768, json.dumps({"errorMessage": text * 5_000})):
        explanation = explain_error("E" * LONGEST_ERROR, cause)
        assert len(explanation.reason or "") <= LONGEST_REASON


@pytest.mark.parametrize("text", WORST)
def should_fit_when_an_execution_of_a_thousand_drops_has_died(text: str) -> None:
    drops = [a_drop(f"anzsco/{'k' * 46}{n:04d}", size=1) for n in range(MAX_DROPS)]
    (group,) = batches(drops, max_bytes=MAX_DROPS)
    given = compact_input(shared_execution("shared-1000-" + "0" * 32, group))
    started: list[str] = []

    class Executions:
        def describe_execution(self, **_: str) -> dict[str, Any]:
            cause = text * LONGEST_CAUSE
            return {
                "status": "FAILED",
                "error": "E" * LONGEST_ERROR,
                "cause": cause,
                "input": json.dumps(given),
            }

        def start_execution(self, **asked: str) -> None:
            started.append(asked["input"])

    event = {"detail": {"executionArn": f"arn:aws:states:x:1:execution:drop:{'s' * 80}"}}
    told = report_failure(event, executions=cast(Any, Executions()), state_machine_arn="arn")
    assert len(told) == MAX_DROPS
    assert size(told) < ANSWER_BYTES
    (reported,) = map(json.loads, started)
    cause = size(f"{drops[0].key}: {'x' * MOST_JSON_BYTES}")
    assert size(reported) + PAGE_BYTES + cause + 500 < STATE_BYTES
    assert reported["drops"][0]["failure"]["cause"] == text * LONGEST_CAUSE
