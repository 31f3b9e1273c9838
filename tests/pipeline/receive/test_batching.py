"""Which drops share an operation, and that their input fits into a state machine."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.domain.drop import Drop
from pipeline.domain.execution import shared_execution
from pipeline.executions.compact_input import compact_input
from pipeline.finish.drop_result import DropResult
from pipeline.finish.explanations import Explanation
from pipeline.finish.handler import PAGE_BYTES
from pipeline.finish.notification import notification_of
from pipeline.receive.batching import MAX_DROPS, MAX_STATE_BYTES, batches
from protocol.short_texts import LONGEST_REASON
from tests.support.pipeline.builders import a_drop

STEP_FUNCTIONS_BYTES = 262_144  # of a state's input or output (Step Functions quotas)
LONGEST_KEY = "anzsco/" + "k" * 1017  # S3: 1,024 bytes
keys = st.text(st.characters(codec="utf-8"), min_size=1, max_size=300)


def some_drops(names: list[str], count: int) -> list[Drop]:
    return [a_drop(f"anzsco/{names[n % len(names)]}/{n}", size=100) for n in range(count)]


@given(names=st.lists(keys, min_size=1, max_size=5), count=st.integers(1, 1500))
@settings(max_examples=25)
def should_stay_within_the_state_that_is_allowed_whatever_the_keys(
    names: list[str], count: int
) -> None:
    drops = some_drops(names, count)
    groups = batches(drops, max_bytes=1 << 20)
    places = [[drops.index(drop) for drop in group] for group in groups]
    assert sorted(place for group in places for place in group) == list(range(len(drops)))
    assert all(group == sorted(group) for group in places)
    assert [group[0] for group in places] == sorted(group[0] for group in places)
    for group in groups:
        state = json.dumps(
            compact_input(shared_execution("shared-1000-" + "0" * 32, group)), separators=(",", ":")
        )
        assert len(group) == 1 or len(state) <= MAX_STATE_BYTES + 1_000  # around the drops


def should_leave_room_for_a_page_of_notifications_beside_the_largest_state() -> None:
    drop = a_drop(LONGEST_KEY)
    name = f"{drop.results_prefix}x.json"
    result = DropResult(
        status="failed",
        explanation=Explanation("r" * LONGEST_REASON, "n" * LONGEST_REASON),
        model="m" * 36,
        output=name,
        metadata=name,
        manifest=name,
        report=name,
    )
    body = result.body(drop, bucket="b" * 63, ended_at=drop.dropped_at)
    largest = len(json.dumps(notification_of(body)))
    assert MAX_STATE_BYTES + 2_000 + PAGE_BYTES + largest < STEP_FUNCTIONS_BYTES


def should_leave_a_drop_alone_when_json_writes_its_key_much_longer() -> None:
    strange = [a_drop('anzsco/a"b', size=1), a_drop("anzsco/a\\b", size=1)]
    long = a_drop(f"anzsco/{'é' * 400}", size=1)
    plain = [a_drop("anzsco/a", size=1), a_drop("anzsco/é", size=1)]
    groups = batches([*strange, *plain, long], max_bytes=100)
    assert groups == [(strange[0],), (strange[1],), tuple(plain), (long,)]


def should_batch_a_thousand_files_when_their_keys_are_not_very_long() -> None:
    drops = [a_drop(f"anzsco/{'k' * 46}{n:04d}", size=1 << 25) for n in range(MAX_DROPS)]
    (group,) = batches(drops, max_bytes=MAX_DROPS << 25)
    state = compact_input(shared_execution("shared-1000-" + "0" * 32, group))
    assert len(json.dumps(state, separators=(",", ":"))) <= MAX_STATE_BYTES + 1_000


def should_fill_a_group_before_it_begins_another() -> None:
    drops = some_drops(["forms"], 1000)
    few = batches(drops, max_bytes=1 << 20, max_drops=300)
    assert [len(group) for group in few] == [300, 300, 300, 100]
    small = batches(drops, max_bytes=1000)
    assert {len(group) for group in small} == {10}
