"""What a drop takes, by the figures of the documents."""

import json
import math

import pytest

from dropcoder.estimates.estimate import LIMITS, SmallBatches, checks_until, estimate
from dropcoder.estimates.file_plan import count_distinct


def should_cost_between_a_tenth_of_a_cent_and_a_cent_when_the_file_is_small() -> None:
    """As docs/cost.md says."""
    found = estimate(sent_bytes=5_000, rows=50, distinct_texts=49, coverage=0.66)
    assert found.operations == 1
    assert found.least.calls == 2 + checks_until(60)
    assert 0.0008 < found.least.dollars < found.most.dollars < 0.01


def should_take_an_operation_for_each_five_gigabytes() -> None:
    found = estimate(sent_bytes=12 * 10**9, rows=10**8, distinct_texts=10**7, coverage=None)
    assert found.operations == 3
    assert found.most.calls == 3 * (2 + checks_until(86_400))
    assert found.most.days == found.most.calls / LIMITS.requests_per_day
    assert found.most.dollars > 0.005, "streaming counts"


@pytest.mark.parametrize(("coverage", "left"), [(0.6, 0.4), (1.0, 0.0), (None, 1.0)])
def should_leave_people_what_gets_no_code(coverage: float | None, left: float) -> None:
    found = estimate(sent_bytes=1, rows=2_000, distinct_texts=1_000, coverage=coverage)
    assert found.rows_left == math.ceil(2_000 * left)
    assert found.hours == pytest.approx(20 * left)
    assert found.hours_of_distinct_texts == pytest.approx(10 * left)


def should_count_a_text_once_however_many_rows_have_it() -> None:
    lines = [
        b'{"recordId":"1","occp_text":"chef","tasks_text":""}\n',
        b'{"recordId":"2","occp_text":"chef","tasks_text":""}\n',
        b'{"recordId":"3","occp_text":"","tasks_text":"chef"}\n',
        b'{"recordId":"4","occp_text":"chef ","tasks_text":""}',
    ]
    assert count_distinct(lines, ("occp_text", "tasks_text")) == (3, 3)


def should_count_for_small_batches_what_is_sent_of_a_text_alone() -> None:
    texts = ["Köchin", "Kochin", "医者", " ", f"{'x' * 99} chef", f"{'x' * 99} cook"]
    lines = [json.dumps({"recordId": "1", "occp_text": each}).encode() for each in texts]
    assert count_distinct(lines, ("occp_text",)) == (6, 2)


@pytest.mark.parametrize(
    ("texts", "calls", "days"), [(0, 0, 0), (1, 1, 0.001), (300, 1, 0.001), (300_001, 1_001, 1.001)]
)
def should_send_three_hundred_texts_a_call_and_a_thousand_calls_a_day(
    texts: int, calls: int, days: float
) -> None:
    batches = SmallBatches(texts)
    assert (batches.calls, batches.days) == (calls, days)
