"""How much of what is counted goes on in a checkpoint's state, and in a summary.

A state travels with every checkpoint: all of it together has less than `MAX_STATE` bytes of JSON,
whatever texts and codes there are. What does not fit is the least frequent, and given up.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

MAX_STATE = 300_000  # of a tally; ours. Its parts, in bytes:
COUNTS_BUDGET = 100_000  # of rows by code
# Labels go on with the most frequent codes only. A code that becomes one of them behind the state
# is met again there, and brings its label.
LABELS_BUDGET = 40_000
TEXTS_BUDGET = 140_000  # of the texts that have no code; with long ones fewer go on

MAX_SUMMARY = 20_000  # of what the next report is compared with; ours
SUMMARY_CODES_BUDGET = 16_000  # nearly all of it

Item = TypeVar("Item")


def json_bytes(value: Any) -> int:
    """The bytes of a value as JSON in ASCII, the longest form that it is written in."""
    return len(json.dumps(value))


def fitting(items: Sequence[Item], budget: int) -> list[Item]:
    """The items, from the first on, that fit in `budget` bytes of JSON with their commas."""
    if json_bytes(items) <= budget:  # nearly always, and quicker than one by one
        return list(items)
    left, kept = budget, []
    for item in items:
        left -= json_bytes(item) + len(", ")
        if left < 0:
            break
        kept.append(item)
    return kept


def most_first(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    """By count, the greatest first; equal ones by name, so that the order is always the same."""
    return sorted(counts.items(), key=lambda each: (-each[1], each[0]))
