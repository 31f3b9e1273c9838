"""Submit and collect as the functions compose them, over real HTTP to the service in memory."""

from collections.abc import Iterator

import pytest

from pipeline.collect.handler import collector
from pipeline.domain.execution import TaskInput
from pipeline.domain.part import Part
from pipeline.domain.progress import PartStatus, Progress
from pipeline.errors import AddressRefused
from pipeline.submit.handler import submitter
from tests.support.pipeline.builders import lines
from tests.support.pipeline.memory_service import TOPIC, coded
from tests.support.pipeline.stream_functions import Composed, composed


class Bench(Composed):
    def part(self, content: bytes) -> Part:
        segment = self.aws.segment("anzsco/jobs.jsonl", content)
        return Part(
            part_id="d-0001", topic=TOPIC, model=None, bytes=len(content), segments=(segment,)
        )


@pytest.fixture
def bench() -> Iterator[Bench]:
    with composed() as ready:
        yield Bench(ready.aws, ready.memory, ready.filled)


def should_take_a_part_there_and_back(bench: Bench) -> None:
    part, deps = bench.part(lines(50)), bench.deps()

    submitted = submitter(deps).submit(
        TaskInput(part, Progress(status=PartStatus.NEW)), owner="a", seconds_left=lambda: 900
    )
    collected = collector(deps).collect(
        TaskInput(part, submitted), owner="b", seconds_left=lambda: 900
    )

    assert collected.status is PartStatus.COLLECTED
    assert bench.memory.uploaded[0].input == lines(50)
    prefix = part.segments[0].results_prefix
    assert bench.aws.result(f"{prefix}output.jsonl") == coded(lines(50))
    assert set(bench.aws.result_keys()) == {f"{prefix}output.jsonl", f"{prefix}metadata.json"}


def should_send_nothing_over_plain_http_unless_it_is_allowed(bench: Bench) -> None:
    part, deps = bench.part(lines(1)), bench.deps(ALLOW_PLAIN_HTTP="false")

    with pytest.raises(AddressRefused, match="allowPlainHttp"):
        submitter(deps).submit(
            TaskInput(part, Progress(status=PartStatus.NEW)), owner="a", seconds_left=lambda: 900
        )
    assert bench.memory.calls == []
