"""That each item of the ledger fits into what DynamoDB takes, with the worst texts in it.

The item of a drop is held by tests/pipeline/test_sizes_of_messages.py, with its ending.
"""

import json
from dataclasses import asdict

import pytest

from pipeline.collect.handler import MAX_METADATA_BYTES
from pipeline.domain.execution import shared_execution
from pipeline.domain.facts import MetadataFacts
from pipeline.domain.progress import PartStatus, Progress
from pipeline.executions.compact_input import compact_input
from pipeline.finish.piece_outcomes import LONGEST_CAUSE
from pipeline.ledger.groups import ExecutionGroups, GroupedBy
from pipeline.receive.batching import MAX_DROPS, batches
from protocol.messages import LONGEST_ID
from protocol.short_texts import LONGEST_REASON
from tables.report.state_size import MAX_SUMMARY
from tests.support.pipeline.builders import SimulatedIo, a_drop
from tests.support.pipeline.clouds import cloud

ITEM_BYTES = 400 << 10
REST_BYTES = 20_000  # an item's other attributes: numbers, keys, times
KEYS = ["k", "\x01", "é", "護"]


@pytest.mark.parametrize("character", KEYS)
@pytest.mark.parametrize("length", [40, 110, 600])
def should_fit_when_a_group_keeps_the_input_of_its_execution(character: str, length: int) -> None:
    stem = character * (length // len(character.encode()))
    drops = [a_drop(f"anzsco/{stem}{number:04}", size=1) for number in range(MAX_DROPS)]
    largest = max(batches(drops, max_bytes=MAX_DROPS), key=len)
    with cloud() as aws:
        groups = ExecutionGroups(aws.ledger, SimulatedIo().clock)
        groups.form("shared", GroupedBy.FINISH)
        groups.make_ready("shared", compact_input(shared_execution("shared", largest)))
        item = aws.ledger.get("roster#shared", "roster")
    assert item is not None
    assert len(json.dumps({name: str(value) for name, value in item.items()})) < ITEM_BYTES


def should_fit_when_a_part_keeps_what_the_service_says_of_its_model_and_how_it_ended() -> None:
    model = {"modelId": "é" * (MAX_METADATA_BYTES // 2)}
    facts = MetadataFacts("k" * 1_024, MAX_METADATA_BYTES, "0" * 64, model)
    outcome = Progress(
        status=PartStatus.FAILED, reason="😀" * LONGEST_REASON, cause="😀" * LONGEST_CAUSE
    )
    texts = (json.dumps(asdict(facts)), json.dumps(outcome.to_state()))
    assert sum(map(len, texts)) + REST_BYTES < ITEM_BYTES
    assert len(facts.model_id or "") == LONGEST_ID


def should_fit_when_a_topic_keeps_two_summaries() -> None:
    assert 2 * MAX_SUMMARY + REST_BYTES < ITEM_BYTES
