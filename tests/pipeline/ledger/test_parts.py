from collections.abc import Iterator

import pytest

from pipeline.clock import Clock
from pipeline.domain.facts import InputFacts, MetadataFacts, OutputFacts
from pipeline.errors import PartTaken
from pipeline.ledger.parts import AttemptState, PartRecord, Parts
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


class SimulatedIo:
    """The time and the sleep of a clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.time = 1_800_000_000.0

    def __call__(self) -> float:
        return self.time


@pytest.fixture
def aws() -> Iterator[Cloud]:
    with cloud() as ready:
        yield ready


@pytest.fixture
def io() -> SimulatedIo:
    return SimulatedIo()


@pytest.fixture
def parts(aws: Cloud, io: SimulatedIo) -> Parts:
    return Parts(aws.ledger, Clock(seconds=io))


def should_be_empty_when_nothing_has_been_tried(parts: Parts) -> None:
    assert parts.record(PART) == PartRecord(part_id=PART)


def should_keep_every_fact_when_a_part_goes_all_the_way(parts: Parts) -> None:
    with parts.lease(PART, owner="a", seconds=60) as lease:
        lease.begin()
        lease.created("op-1")
        lease.uploading()
        lease.closing(SENT)
        lease.uploaded(SENT)
        lease.checkpoint({"offset": 3})
        lease.collected(OUTPUT, METADATA)

    record = parts.record(PART)
    assert (record.operation_id, record.attempt) == ("op-1", 1)
    assert (record.input, record.output, record.metadata) == (SENT, OUTPUT, METADATA)
    assert record.collection is None
    assert record.state is AttemptState.UPLOADED
    assert record.uploaded_at == "2027-01-15T08:00:00.000Z"


def should_refuse_a_second_invocation_when_the_first_is_alive(parts: Parts) -> None:
    with (
        parts.lease(PART, owner="a", seconds=60),
        pytest.raises(PartTaken),
        parts.lease(PART, owner="b", seconds=60),
    ):
        pass


def should_admit_the_next_invocation_when_the_first_has_ended_by_an_error(
    parts: Parts,
) -> None:
    with pytest.raises(RuntimeError), parts.lease(PART, owner="a", seconds=60):
        raise RuntimeError

    with parts.lease(PART, owner="b", seconds=60) as lease:
        assert lease.record.attempt == 0


def should_take_over_when_the_lease_has_run_out(parts: Parts, io: SimulatedIo) -> None:
    with parts.lease(PART, owner="a", seconds=60) as lost:
        lost.begin()
        lost.created("op-1")
        io.time += 66
        with parts.lease(PART, owner="b", seconds=60) as lease:
            assert lease.record.operation_id == "op-1"
            with pytest.raises(PartTaken):
                lost.uploading()
        # The loser's release must not free the part of the next holder.
        with parts.lease(PART, owner="c", seconds=60), pytest.raises(PartTaken):
            lost.closing(SENT)


def should_not_free_the_part_of_another_when_a_lost_lease_ends(
    parts: Parts, io: SimulatedIo
) -> None:
    first = parts.lease(PART, owner="a", seconds=60)
    first.__enter__()
    io.time += 66
    with parts.lease(PART, owner="b", seconds=60):
        first.__exit__(None, None, None)
        with pytest.raises(PartTaken), parts.lease(PART, owner="c", seconds=60):
            pass


def should_start_clean_and_keep_the_old_operation_readable_when_abandoned(
    parts: Parts, aws: Cloud
) -> None:
    with parts.lease(PART, owner="a", seconds=60) as lease:
        lease.begin()
        lease.created("op-1")
        lease.closing(SENT)
        lease.abandon("timed_out")
        lease.begin()
        lease.created("op-2")

    record = parts.record(PART)
    assert (record.attempt, record.operation_id, record.input) == (2, "op-2", None)
    ended = aws.ledger.get(f"part#{PART}", "attempt#0001") or {}
    assert (ended["operation_id"], ended["reason"]) == ("op-1", "timed_out")


def should_not_count_an_attempt_when_its_call_was_not_made(parts: Parts) -> None:
    with parts.lease(PART, owner="a", seconds=60) as lease:
        lease.begin()
        lease.withdraw()

    assert parts.record(PART) == PartRecord(part_id=PART)


def should_be_forgotten_in_the_end(parts: Parts, aws: Cloud, io: SimulatedIo) -> None:
    with parts.lease(PART, owner="a", seconds=60):
        pass

    item = aws.ledger.get(f"part#{PART}", "part") or {}
    assert item["expires_at"] == int(io.time) + 90 * 86_400
