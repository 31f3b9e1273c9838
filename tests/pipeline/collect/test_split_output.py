"""The split of a shared operation's output, over what stands in for storage and ledger."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from pipeline.collect.split_output import OutputSplit
from pipeline.domain.facts import InputFacts, metadata_facts
from pipeline.domain.part import whole_files
from pipeline.engines.base import (
    MAX_RESTARTS,
    FetchedRange,
    ResultsChanged,
    StorageAnswer,
    StorageOutcome,
)
from pipeline.errors import ResultsMismatch
from pipeline.ledger.shared_files import FileStatus, SharedFile
from pipeline.validation.digest import SequenceDigest
from pipeline.validation.output_lines import OutputScan
from tests.support.pipeline.builders import a_drop

DROPS = (a_drop(key="anzsco/a.csv"), a_drop(key="anzsco/b.csv"))
LINES = (b'{"recordId": "a", "result": {}}\n', b'{"recordId": "b", "suggestions": []}\n')
SENT = [SequenceDigest().extended([name]).to_text() for name in ("a", "b")]


@dataclass
class Kept:
    """Takes the place of the part's lease, its files in the ledger, and the results bucket."""

    collection: Mapping[str, Any] | None = None
    files: dict[str, SharedFile] = field(default_factory=dict)
    objects: dict[str, bytes] = field(default_factory=dict)

    @property
    def record(self) -> "Kept":
        return self

    def checkpoint(self, collection: Mapping[str, Any]) -> None:
        self.collection = collection

    def forget_collection(self) -> None:
        self.collection = None

    def of(self, _part_id: str) -> dict[str, SharedFile]:
        return self.files

    def write(self, _part_id: str, written: list[SharedFile]) -> None:
        self.files.update({each.drop_id: each for each in written})

    def put(self, key: str, content: bytes) -> None:
        self.objects[key] = content


@dataclass
class Changing:
    """Results of which every other range is another object's, `changes` times."""

    changes: int
    reads: int = 0

    def get(self, _result: object, first: int, last: int, etag: str | None) -> FetchedRange:
        self.reads += 1
        if etag is not None and self.changes:
            self.changes -= 1
            raise ResultsChanged
        whole = b"".join(LINES)
        done = StorageAnswer(StorageOutcome.DONE, "OK")
        return FetchedRange(done, whole[first : last + 1], '"e"', len(whole))


def split(kept: Kept, results: Changing, said: bytes = b"{}") -> OutputSplit:
    model = metadata_facts("", said, json.loads(said))
    stands_in: Any = SimpleNamespace(
        lease=kept, results=results, files=kept, shared_files=kept, metadata=lambda: (model, said)
    )
    return OutputSplit(
        part=whole_files("part", DROPS),
        has_time=lambda: True,
        range_bytes=len(LINES[0]),
        drops_per_step=1,
        **vars(stands_in),
    )


@pytest.fixture
def kept() -> Kept:
    return Kept(
        files={
            drop.drop_id: SharedFile(
                drop_id=drop.drop_id,
                fate=FileStatus.INCLUDED,
                input=InputFacts(
                    bytes=1,
                    records=1,
                    sha256="",
                    record_id_digest=digest,
                    first_byte=0,
                    last_byte=0,
                ),
            )
            for drop, digest in zip(DROPS, SENT, strict=True)
        }
    )


def should_read_anew_when_the_results_changed_a_few_times(kept: Kept) -> None:
    results = Changing(MAX_RESTARTS)
    assert [split(kept, results).run() for _ in range(MAX_RESTARTS)] == [None] * MAX_RESTARTS
    assert split(kept, results).run() is not None
    assert [kept.objects[f"{drop.results_prefix}output.jsonl"] for drop in DROPS] == [*LINES]


def should_put_what_has_yet_to_be_expanded_apart(kept: Kept) -> None:
    found = split(kept, Changing(0))
    found.part = whole_files("part", (DROPS[0], replace(DROPS[1], distinct=True)))
    assert found.run() is not None
    keys = [each.output.key for each in kept.files.values() if each.output is not None]
    assert keys == [
        f"{DROPS[0].results_prefix}output.jsonl",
        f".pieces/{DROPS[1].results_prefix}output.jsonl",
    ]
    assert f"{DROPS[1].results_prefix}metadata.json" in kept.objects


def should_give_up_when_the_results_keep_changing(kept: Kept) -> None:
    results = Changing(100)
    for _ in range(MAX_RESTARTS):
        assert split(kept, results).run() is None
    with pytest.raises(ResultsMismatch, match="kept changing"):
        split(kept, results).run()
    assert kept.collection is None
    assert results.reads == 2 * (MAX_RESTARTS + 1)


def should_give_each_drop_the_metadata_that_it_would_have_got_alone(kept: Kept) -> None:
    counts = {"records": len(DROPS), "coded": 0, "suggested": 0, "nothingToCode": 0}
    shared = msgspec.json.encode({"modelId": "m", "recordCounts": counts, "modelVersion": 2})

    while split(kept, Changing(0), shared).run() is None:
        pass

    for drop, line in zip(DROPS, LINES, strict=True):
        scan = OutputScan()
        scan.add(line)
        own = counts | {"records": 1, "coded": scan.coded, "suggested": scan.suggested}
        own["nothingToCode"] = scan.nothing
        alone = msgspec.json.encode({"modelId": "m", "recordCounts": own, "modelVersion": 2})
        assert kept.objects[f"{drop.results_prefix}metadata.json"] == alone
