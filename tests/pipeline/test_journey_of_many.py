"""Many small files share an operation; a large one has many."""

import hashlib

import pytest

from pipeline.prepare import conversion
from pipeline.storage.results_bucket import PIECES
from tests.support.pipeline.builders import lines
from tests.support.pipeline.clouds import RESULTS
from tests.support.pipeline.journey import Journey
from tests.support.pipeline.memory_service import coded

pytestmark = pytest.mark.slow


def small_files(count: int) -> dict[str, bytes]:
    return {f"anzsco/{n}.jsonl": lines(n + 1, text=f"job {n} of") for n in range(count)}


def should_give_every_file_its_own_results_and_message_when_many_share_an_operation(
    journey: Journey,
) -> None:
    files = small_files(12)
    files["anzsco/3.jsonl"] = b"not json\n"
    ids = journey.drop_together(files)
    statuses = {body["dropId"]: body["status"] for body in journey.notifications()}
    assert statuses == {each: "rejected" if n == 3 else "complete" for n, each in enumerate(ids)}
    assert len(journey.memory.operations) == 1
    for (key, content), dropped in zip(files.items(), ids, strict=True):
        if statuses[dropped] == "complete":
            assert journey.aws.result(f"{key}/{dropped}/output.jsonl") == coded(content)
            manifest = journey.document(f"{key}/{dropped}/manifest.json")
            assert manifest["input"]["sha256"] == hashlib.sha256(content).hexdigest()


def should_find_the_file_that_fails_an_operation_and_code_all_others(journey: Journey) -> None:
    """The service fails every operation that carries it, and does not say why."""

    def fail_if_aboard(operation: str) -> None:
        if b"job 5 of" in (journey.memory.operations[operation].input or b""):
            journey.memory.fail(operation, "out of order")

    journey.before_check = fail_if_aboard
    ids = journey.drop_together(small_files(9))
    statuses = {body["dropId"]: body["status"] for body in journey.notifications()}
    assert statuses == {each: "failed" if n == 5 else "complete" for n, each in enumerate(ids)}


@pytest.fixture
def cut_small(settings: dict[str, str]) -> None:
    """An operation takes 1000 bytes."""
    settings["MAX_FILE_BYTES"] = "1000"


@pytest.mark.usefixtures("cut_small")
def should_get_from_many_parts_what_one_part_gives(journey: Journey) -> None:
    content = lines(300)
    dropped = journey.drop(content)
    (body,) = journey.notifications()
    assert body["status"] == "complete"
    assert len(journey.memory.uploaded) == -(-len(content) // 1000)
    prefix = f"anzsco/jobs.jsonl/{dropped}/"
    assert journey.aws.result(f"{prefix}output.jsonl") == coded(content)
    manifest = journey.document(f"{prefix}manifest.json")
    assert manifest["input"]["bytes"] == len(content)
    assert manifest["output"]["records"] == 300
    assert pieces_in(journey) == []
    (execution,) = journey.executions()
    assert "-0001" not in execution["input"] + execution["output"]  # nor any other piece


def pieces_in(journey: Journey) -> list[str]:
    """Keys of what pieces have left, where a lifecycle rule would end it as it does their list."""
    left = [key for key in journey.aws.result_keys() if key.startswith(PIECES)]
    (listed,) = (key for key in left if "/parts-" in key)
    return [key for key in left if key != listed]


@pytest.mark.usefixtures("cut_small")
def should_say_to_drop_the_file_again_when_its_pieces_have_been_deleted(journey: Journey) -> None:
    def fail_one(operation: str) -> None:
        if b'"r20"' in (journey.memory.operations[operation].input or b""):
            journey.memory.fail(operation, "line 3 is odd")

    journey.before_check = fail_one
    journey.drop(lines(60))
    journey.notifications()
    for key in pieces_in(journey):
        journey.aws.s3.delete_object(Bucket=RESULTS, Key=key)
    journey.before_check = lambda _: None
    journey.start_again("long after")
    (body,) = journey.notifications()
    assert body["status"] == "failed"
    assert "drop the file again" in body["reason"]


@pytest.mark.usefixtures("cut_small")
def should_keep_what_is_coded_and_take_up_only_the_rest_when_one_part_failed(
    journey: Journey,
) -> None:
    def fail_one(operation: str) -> None:
        if b'"r20"' in (journey.memory.operations[operation].input or b""):
            journey.memory.fail(operation, "line 3 is odd")

    journey.before_check = fail_one
    content = lines(60)
    dropped = journey.drop(content)
    (body,) = journey.notifications()
    assert body["status"] == "failed"
    assert "Piece 2 of 4 (from line " in body["reason"]
    assert "line 3 is odd" in body["reason"]
    assert len(pieces_in(journey)) == 3 * 2  # output and metadata; all that lies there for now
    assert all(key.startswith(PIECES) for key in journey.aws.result_keys())
    operations = len(journey.memory.operations)
    journey.before_check = lambda _: None
    journey.start_again("again")
    (body,) = journey.notifications()
    assert body["status"] == "complete"
    assert len(journey.memory.operations) == operations + 1
    assert pieces_in(journey) == []
    assert journey.aws.result(f"anzsco/jobs.jsonl/{dropped}/output.jsonl") == coded(content)


@pytest.mark.usefixtures("cut_small")
def should_count_lines_from_the_files_beginning_when_a_later_part_is_faulty(
    journey: Journey, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conversion, "MAX_TABLE_BYTES", 0)  # as if it were too large for a table
    content = lines(40) + b"not json\n" + lines(10)
    dropped = journey.drop(content)
    (body,) = journey.notifications()
    assert body["status"] == "rejected"
    assert "line 41" in body["reason"]
    report = journey.document(f"anzsco/jobs.jsonl/{dropped}/rejection.json")
    assert [fault["line"] for fault in report["faults"]] == [41]
    assert (report["lineCount"], report["linesFromByte"]) == (51, 0)
    assert pieces_in(journey) == []
