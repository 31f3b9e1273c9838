"""Coding with several workers, and what it costs on paper."""

import dataclasses
from pathlib import Path

import pytest

from bench.inference.cost import RECORDS, SENTENCE_SECONDS, block, cost_of, path
from bench.inference.workers import Measured, Run, main
from infra.settings.settings import Settings

RUN = Run("a machine", 100_000_000, 90_000_000, [Measured(1, 1_000_000, 40.0, 25.0, 1 << 28)])


@pytest.mark.slow
def should_code_the_same_with_one_worker_and_with_two(capsys: pytest.CaptureFixture[str]) -> None:
    main(["--megabytes", "1", "--rounds", "1"])  # raises where the outputs differ
    rows = [line.split("|")[1:-1] for line in capsys.readouterr().out.splitlines()[-2:]]
    assert [int(row[0]) for row in rows] == [1, 2]
    assert all(float(row[1].replace(",", "")) > 0 for row in rows)
    assert float(rows[0][2]) == 1


def should_read_back_what_was_kept(tmp_path: Path) -> None:
    RUN.keep(tmp_path / "workers.json")
    assert Run.kept(tmp_path / "workers.json") == RUN


def should_cost_as_much_as_the_seconds_and_steps_that_it_takes() -> None:
    settings = Settings(inference_range_bytes=10_000_000, inference_concurrency=5)
    cost = cost_of(1_000_000, run=RUN, settings=settings)
    assert (cost.operations, cost.ranges) == (1, 10)
    assert cost.transitions == pytest.approx((len(path()) + 30) * 0.000025)
    # 25 s of coding, five starts, and 10 s of a small function; eleven calls and six.
    gigabyte_seconds = 30 * 1769 / 1024 + 5
    assert cost.compute == pytest.approx(gigabyte_seconds * 0.0000133334, rel=0.01)
    assert cost.seconds == 2 * 2.5 + 11
    assert cost.total == cost.compute + cost.transitions + cost.storage


def should_cost_a_second_readers_seconds_where_it_is_asked() -> None:
    settings = Settings(inference_range_bytes=10_000_000, inference_concurrency=5)
    alone, half, whole = (
        cost_of(1_000_000, run=RUN, settings=settings, asked=asked) for asked in (0.0, 0.5, 1.0)
    )
    assert half.ranges == 8 * alone.ranges
    seconds = (half.compute - alone.compute) / (0.0000133334 * 1769 / 1024)
    assert seconds == pytest.approx(500_000 * SENTENCE_SECONDS, rel=0.01)
    assert whole.compute - half.compute == pytest.approx(half.compute - alone.compute, rel=0.01)


def should_take_as_many_files_as_the_limit_says() -> None:
    settings = Settings(service_max_file_bytes=3_000_000_000)
    assert [cost_of(each, run=RUN, settings=settings).operations for each in RECORDS] == [1, 1, 2]
    faster = dataclasses.replace(settings, inference_concurrency=400)
    for each in RECORDS:
        slow, fast = (cost_of(each, run=RUN, settings=chosen) for chosen in (settings, faster))
        assert fast.seconds <= slow.seconds


def should_walk_the_way_of_a_large_file() -> None:
    assert path() == [
        *("Begin", "Wanted?", "Cut", "Code ranges", "Join", "Complete", "Keep results"),
        *("Expire", "Expired"),
    ]


def should_show_a_row_for_each_number_of_records() -> None:
    assert [f"{each:,}" in block() for each in RECORDS] == [True] * len(RECORDS)
