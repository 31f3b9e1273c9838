from dataclasses import replace

from simulation.cloud.receive_queue import shared_operations
from simulation.scenarios import at_once


def should_split_groups_when_an_execution_would_hold_too_much() -> None:
    drops = at_once(2_000)
    assert [len(group) for group in shared_operations(drops)] == [1_000, 1_000]
    heavy = [replace(drop, bytes=15 << 20) for drop in drops[:5]]
    assert [len(group) for group in shared_operations(heavy)] == [2, 2, 1]
