from collections.abc import Iterator

import pytest

from pipeline.clock import Clock
from pipeline.domain.facts import InputFacts, MetadataFacts, OutputFacts
from pipeline.errors import PartTaken
from pipeline.ledger.parts import Attempts, AttemptState, PartRecord
from tests.support.pipeline.clouds import Cloud, cloud

PART = "0123456789abcdef0123456789abcdef-0001"
SENT = InputFacts(
    bytes=10,
    records=2,
    sha256="ab",
    record_id_digest="poly127:2:07",
    first_byte=0,
    last_byte=9,
)
OUTPUT = OutputFacts(
    key="anzsco/a/output.jsonl",
    bytes=20,
    records=2,
    crc32="0000abcd",
    record_id_digest="poly127:2:07",
    coded=1,
    suggested=1,
)
METADATA = MetadataFacts(
    key="anzsco/a/metadata.json", bytes=3, sha256="cd", model={"modelVersion": 1.5}
)


class Hands:
    """The hands of a clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.time = 1_800_000_000.0

    def __call__(self) -> float:
        return self.time


@pytest.fixture
def aws() -> Iterator[Cloud]:
    with cloud() as ready:
        yield ready


@pytest.fixture
def hands() -> Hands:
    return Hands()


@pytest.fixture
def attempts(aws: Cloud, hands: Hands) -> Attempts:
    return Attempts(aws.ledger, Clock(seconds=hands))


def should_be_empty_when_nothing_has_been_tried(attempts: Attempts) -> None:
    assert attempts.record(PART) == PartRecord(part_id=PART)


def should_keep_every_fact_when_a_part_goes_all_the_way(attempts: Attempts) -> None:
    with attempts.claimed(PART, owner="a", seconds=60) as claim:
        claim.begin()
        claim.created("op-1")
        claim.uploading()
        claim.closing(SENT)
        claim.uploaded(SENT)
        claim.checkpoint({"offset": 3})
        claim.collected(OUTPUT, METADATA)

    record = attempts.record(PART)
    assert (record.operation_id, record.attempt) == ("op-1", 1)
    assert (record.input, record.output, record.metadata) == (SENT, OUTPUT, METADATA)
    assert record.collection is None
    assert record.state is AttemptState.UPLOADED
    assert record.uploaded_at == "2027-01-15T08:00:00.000Z"


def should_refuse_a_second_invocation_when_the_first_is_alive(attempts: Attempts) -> None:
    with (
        attempts.claimed(PART, owner="a", seconds=60),
        pytest.raises(PartTaken),
        attempts.claimed(PART, owner="b", seconds=60),
    ):
        pass


def should_admit_the_next_invocation_when_the_first_has_ended_by_an_error(
    attempts: Attempts,
) -> None:
    with pytest.raises(RuntimeError), attempts.claimed(PART, owner="a", seconds=60):
        raise RuntimeError

    with attempts.claimed(PART, owner="b", seconds=60) as claim:
        assert claim.record.attempt == 0


def should_take_over_when_the_lease_has_run_out(attempts: Attempts, hands: Hands) -> None:
    with attempts.claimed(PART, owner="a", seconds=60) as lost:
        lost.begin()
        lost.created("op-1")
        hands.time += 66
        with attempts.claimed(PART, owner="b", seconds=60) as claim:
            assert claim.record.operation_id == "op-1"
            with pytest.raises(PartTaken):
                lost.uploading()
        # The loser's release must not free the part of the next holder.
        with attempts.claimed(PART, owner="c", seconds=60), pytest.raises(PartTaken):
            lost.closing(SENT)


def should_not_free_the_part_of_another_when_a_lost_claim_ends(
    attempts: Attempts, hands: Hands
) -> None:
    first = attempts.claimed(PART, owner="a", seconds=60)
    first.__enter__()
    hands.time += 66
    with attempts.claimed(PART, owner="b", seconds=60):
        first.__exit__(None, None, None)
        with pytest.raises(PartTaken), attempts.claimed(PART, owner="c", seconds=60):
            pass


def should_start_clean_and_keep_the_old_operation_readable_when_abandoned(
    attempts: Attempts, aws: Cloud
) -> None:
    with attempts.claimed(PART, owner="a", seconds=60) as claim:
        claim.begin()
        claim.created("op-1")
        claim.closing(SENT)
        claim.abandon("timed_out")
        claim.begin()
        claim.created("op-2")

    record = attempts.record(PART)
    assert (record.attempt, record.operation_id, record.input) == (2, "op-2", None)
    ended = aws.ledger.get(f"part#{PART}", "attempt#0001") or {}
    assert (ended["operation_id"], ended["reason"]) == ("op-1", "timed_out")


def should_not_count_an_attempt_when_its_call_was_not_made(attempts: Attempts) -> None:
    with attempts.claimed(PART, owner="a", seconds=60) as claim:
        claim.begin()
        claim.withdraw()

    assert attempts.record(PART) == PartRecord(part_id=PART)


def should_be_forgotten_in_the_end(attempts: Attempts, aws: Cloud, hands: Hands) -> None:
    with attempts.claimed(PART, owner="a", seconds=60):
        pass

    item = aws.ledger.get(f"part#{PART}", "part") or {}
    assert item["expires_at"] == int(hands.time) + 90 * 86_400
