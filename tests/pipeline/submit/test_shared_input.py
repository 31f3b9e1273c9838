"""Several files in one operation: included, coded, and each with its own results again."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest

from pipeline.collect.handler import collector
from pipeline.domain.drop import Drop
from pipeline.domain.execution import TaskInput, shared_execution
from pipeline.domain.identity import drop_id, results_prefix
from pipeline.domain.part import Part
from pipeline.domain.progress import PartStatus, Progress
from pipeline.errors import ResultsMismatch
from pipeline.executions.compact_input import compact_input, expanded_task
from pipeline.ledger.drops import Drops
from pipeline.ledger.shared_files import FileStatus, SharedFile, SharedFiles
from pipeline.submit.handler import submitter
from tests.support.pipeline.builders import SimulatedIo, lines
from tests.support.pipeline.clouds import DROPS
from tests.support.pipeline.memory_service import TOPIC, coded
from tests.support.pipeline.stream_functions import Composed, composed

pytestmark = pytest.mark.slow  # seconds together; make check is for all day

NO_IDS = b'{"occp_text": "nurse", "tasks_text": ""}\n'


class SharedRun(Composed):
    def drops(self, *contents: bytes) -> tuple[Drop, ...]:
        """Dropped and accepted, under the keys anzsco/0.jsonl and so on."""
        found = []
        for number, content in enumerate(contents):
            key = f"{TOPIC}/{number}.jsonl"
            segment = self.aws.segment(key, content)
            identity = drop_id(DROPS, key, segment.version_id)
            drop = Drop(
                drop_id=identity,
                bucket=DROPS,
                key=key,
                version_id=segment.version_id,
                size=len(content),
                etag=segment.etag,
                topic=TOPIC,
                model=None,
                results_prefix=results_prefix(key, TOPIC, identity),
                dropped_at="2026-11-21T11:59:00.000Z",
            )
            Drops(self.aws.ledger, SimulatedIo().clock).accept(drop)
            found.append(drop)
        return tuple(found)

    def task(self, drops: tuple[Drop, ...]) -> TaskInput:
        """As the state machine hands it over, in short."""
        state = compact_input(shared_execution("shared", drops))
        first = {"status": "new", "attempt": 0, "polls": 0}
        return expanded_task(
            {"part": state["parts"][0], "progress": first},
            Drops(self.aws.ledger, SimulatedIo().clock).known,
        )

    def submit(self, task: TaskInput) -> Progress:
        return submitter(self.deps()).submit(task, owner="a", seconds_left=lambda: 900)

    def collect(
        self, part: Part, progress: Progress, times: Sequence[float] = (), **changes: Any
    ) -> Progress:
        """With so much time left at each look; 900 seconds when they are used up."""
        left = list(times)
        return replace(collector(self.deps()), **changes).collect(
            TaskInput(part, progress),
            owner="b",
            seconds_left=lambda: left.pop(0) if left else 900.0,
        )

    def there_and_back(self, *contents: bytes) -> tuple[Drop, ...]:
        drops = self.drops(*contents)
        task = self.task(drops)
        collected = self.collect(task.part, self.submit(task))
        assert collected.status is PartStatus.COLLECTED
        return drops

    def shared_files(self) -> dict[str, SharedFile]:
        return SharedFiles(self.aws.ledger, SimulatedIo().clock).of("shared-0001")

    def output(self, drop: Drop) -> bytes:
        return self.aws.result(f"{drop.results_prefix}output.jsonl")


@pytest.fixture
def run() -> Iterator[SharedRun]:
    with composed() as ready:
        yield SharedRun(ready.aws, ready.memory, ready.filled)


def should_give_each_file_what_it_would_have_got_alone(run: SharedRun) -> None:
    contents = (lines(3), lines(1, text="unsure"), lines(200, text="ä"))
    drops = run.there_and_back(*contents)
    assert [each.input for each in run.memory.uploaded] == [b"".join(contents)]
    for drop, content in zip(drops, contents, strict=True):
        assert run.output(drop) == coded(content)
        assert f"{drop.results_prefix}metadata.json" in run.aws.result_keys()
        shared_file = run.shared_files()[drop.drop_id]
        assert shared_file.input is not None
        assert shared_file.output is not None
        assert shared_file.input.records == shared_file.output.records == content.count(b"\n")
        assert shared_file.input.record_id_digest == shared_file.output.record_id_digest
        assert shared_file.input.bytes == drop.size
        assert shared_file.output.bytes == len(coded(content))


def should_put_a_newline_between_files_when_one_lacks_its_last(run: SharedRun) -> None:
    drops = run.there_and_back(lines(2).removesuffix(b"\n"), lines(2, text="miner"))
    assert run.memory.uploaded[0].input == lines(2) + lines(2, text="miner")
    assert run.output(drops[0]) == coded(lines(2))


def should_leave_a_faulty_file_behind_and_report_it_when_its_neighbours_are_good(
    run: SharedRun,
) -> None:
    drops = run.there_and_back(lines(2), lines(1) + b"not json\n", lines(3))
    good, faulty, other = (run.shared_files()[drop.drop_id] for drop in drops)
    assert (good.fate, faulty.fate, other.fate) == (
        FileStatus.INCLUDED,
        FileStatus.REJECTED,
        FileStatus.INCLUDED,
    )
    assert "line 2" in (faulty.reason or "")
    assert f"{drops[1].results_prefix}rejection.json" in run.aws.result_keys()
    assert run.output(drops[2]) == coded(lines(3))


def should_defer_files_without_record_ids_when_the_others_have_some(run: SharedRun) -> None:
    drops = run.there_and_back(lines(2), NO_IDS, lines(1))
    fates = [run.shared_files()[drop.drop_id].fate for drop in drops]
    assert fates == [FileStatus.INCLUDED, FileStatus.DEFERRED, FileStatus.INCLUDED]
    assert run.memory.uploaded[0].input == lines(2) + lines(1)


def should_go_without_a_file_that_was_deleted_meanwhile(run: SharedRun) -> None:
    drops = run.drops(lines(2), lines(1))
    task = run.task(drops)
    run.aws.s3.delete_object(Bucket=DROPS, Key=drops[0].key, VersionId=drops[0].version_id)
    run.submit(task)
    fates = [run.shared_files()[drop.drop_id].fate for drop in drops]
    assert fates == [FileStatus.MISSING, FileStatus.INCLUDED]


def should_create_no_operation_when_no_file_is_good(run: SharedRun) -> None:
    progress = run.submit(run.task(run.drops(b"a\n", b"b\n")))
    assert progress.status is PartStatus.REJECTED
    assert run.memory.operations == {}


def should_upload_the_same_again_when_the_first_operation_timed_out(run: SharedRun) -> None:
    task = run.task(run.drops(lines(2), lines(1)))
    first = run.submit(task)
    run.memory.time_out(first.operation_id or "")
    timed_out = replace(first, status=PartStatus.TIMED_OUT)
    second = run.submit(replace(task, progress=timed_out))
    assert second.attempt == 2
    one, two = run.memory.uploaded
    assert one.input == two.input


@pytest.mark.parametrize(
    "spoil",
    [
        lambda output: output.split(b"\n", 1)[1],
        lambda output: output + output.split(b"\n", 1)[0] + b"\n",
        lambda output: b"\n".join([*output.splitlines()[::-1], b""]),
    ],
    ids=["lost", "added", "moved"],
)
def should_refuse_results_when_a_line_is_lost_or_moved(
    run: SharedRun, spoil: Callable[[bytes], bytes]
) -> None:
    task = run.task(run.drops(lines(2), lines(3)))
    submitted = run.submit(task)
    operation = run.memory.operations[submitted.operation_id or ""]
    run.memory.finish(operation.operation_id)
    operation.output = spoil(operation.output)
    with pytest.raises(ResultsMismatch):
        run.collect(task.part, submitted)


def should_go_on_where_it_stopped_when_time_ran_out(run: SharedRun) -> None:
    contents = [lines(n + 1) for n in range(5)]
    drops = run.drops(*contents)
    task = run.task(drops)
    submitted = run.submit(task)
    progress = run.collect(task.part, submitted, (900, 900, 10), drops_per_step=2)
    assert progress.status is PartStatus.COLLECTING
    assert sum(key.endswith("output.jsonl") for key in run.aws.result_keys()) == 2
    assert run.collect(task.part, progress).status is PartStatus.COLLECTED
    assert [run.output(drop) for drop in drops] == [coded(content) for content in contents]


def should_read_the_output_in_ranges_cut_anywhere(run: SharedRun) -> None:
    contents = (lines(3), lines(5), lines(2))
    drops = run.drops(*contents)
    task = run.task(drops)
    run.collect(task.part, run.submit(task), part_bytes=37)
    assert [run.output(drop) for drop in drops] == [coded(content) for content in contents]
    assert len(run.memory.ranges) > 20
