"""Splits the output of a shared operation among its files, so that each drop gets its own results.

The service gives a line for each line, in order; so the first drop's records are the first lines,
and so on. What each drop gets is, byte for byte, what it would have got alone.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

from pipeline.collect.copy_output import start_over
from pipeline.domain.facts import MetadataFacts, OutputFacts, metadata_file
from pipeline.domain.part import Part, Segment
from pipeline.engines.base import ResultFile, ResultFiles, ResultsChanged
from pipeline.errors import ResultsMismatch
from pipeline.ledger.parts import PartLease
from pipeline.ledger.shared_files import FileStatus, SharedFile, SharedFiles
from pipeline.storage.multipart import MultipartFiles
from pipeline.storage.results_bucket import METADATA_NAME, key_of_output
from pipeline.validation.output_lines import OutputScan
from shared.lines import LineReader

WRITES_AT_ONCE = 8  # each drop has a few small objects and an item of the ledger; ours
DROPS_PER_STEP = 100  # between two looks at the clock these take a few seconds; ours


@dataclass(frozen=True, slots=True)
class _Portion:
    """The lines of the output that are a drop's, and its segment."""

    shared_file: SharedFile
    segment: Segment
    content: bytes


@dataclass(slots=True, kw_only=True)
class OutputSplit:
    """The split of one shared operation's output. Its checkpoint lives in the part's item."""

    part: Part
    lease: PartLease
    results: ResultFiles
    files: MultipartFiles
    shared_files: SharedFiles
    metadata: Callable[[], tuple[MetadataFacts, bytes]]
    """Reads the operation's metadata file: its facts (without a key) and its content."""
    has_time: Callable[[], bool]
    range_bytes: int
    drops_per_step: int = DROPS_PER_STEP

    def run(self) -> tuple[OutputFacts, MetadataFacts] | None:
        """The facts of the whole output and its metadata; None where no time was left.

        Raises as `ResultFiles` does, `AwsBusy`, `PartTaken`, and `ResultsMismatch`.
        """
        try:
            return self._run()
        except ResultsChanged:
            start_over(self.lease)
            return None

    def _run(self) -> tuple[OutputFacts, MetadataFacts] | None:
        included = self._included()
        metadata, metadata_content = self.metadata()
        done = self._checkpoint()
        portions = self._portions(included[done["drops"] :], done)
        while step := self._step(portions):
            if not self.has_time():
                return None
            self._write(step, metadata, metadata_content)
            done["drops"] += len(step)
            done["offset"] += sum(len(each.content) for each in step)
            restarts = (self.lease.record.collection or {}).get("restarts", 0)
            self.lease.checkpoint({"restarts": restarts, "shared": done})
        return self._facts(), metadata

    def _included(self) -> list[tuple[SharedFile, Segment]]:
        """Each included file, with its segment, in the order of the upload."""
        known = self.shared_files.of(self.part.part_id)
        segments = {each.drop_id: each for each in self.part.segments}
        found = [known[drop_id] for drop_id in segments if drop_id in known]
        return [
            (each, segments[each.drop_id]) for each in found if each.fate is FileStatus.INCLUDED
        ]

    def _checkpoint(self) -> dict[str, Any]:
        kept: dict[str, Any] = (self.lease.record.collection or {}).get("shared", {})
        return kept or {"drops": 0, "offset": 0, "etag": None, "total": None}

    def _portions(
        self, included: Sequence[tuple[SharedFile, Segment]], done: dict[str, Any]
    ) -> Iterator[_Portion]:
        lines = LineReader(self._blocks(done))
        for shared_file, segment in included:
            wanted = shared_file.input.records if shared_file.input else 0
            content, missing = lines.take(wanted)
            if missing:
                raise ResultsMismatch(
                    "fewer lines came out than went in, of an operation of many files"
                )
            yield _Portion(shared_file, segment, content)
        if lines.take(1)[0]:
            raise ResultsMismatch("more lines came out than went in, of an operation of many files")

    def _blocks(self, done: dict[str, Any]) -> Iterator[bytes]:
        """The output from the checkpoint on; notes its length and ETag there."""
        offset = done["offset"]
        while done["total"] is None or offset < done["total"]:
            found = self.results.get(
                ResultFile.OUTPUT, offset, offset + self.range_bytes - 1, done["etag"]
            )
            done["etag"], done["total"] = found.etag, found.total
            offset += len(found.content)
            yield found.content

    def _step(self, portions: Iterator[_Portion]) -> list[_Portion]:
        return [each for _, each in zip(range(self.drops_per_step), portions, strict=False)]

    def _write(self, step: list[_Portion], metadata: MetadataFacts, content: bytes) -> None:
        def write(portion: _Portion) -> SharedFile:
            return self._written(portion, metadata, content)

        with ThreadPoolExecutor(WRITES_AT_ONCE, thread_name_prefix="split") as executor:
            written = list(executor.map(write, step))
        self.shared_files.write(self.part.part_id, written)

    def _written(self, portion: _Portion, metadata: MetadataFacts, content: bytes) -> SharedFile:
        prefix, distinct = portion.segment.results_prefix, portion.segment.distinct
        facts = _facts_of(portion.content, key_of_output(prefix, None, distinct=distinct))
        sent = portion.shared_file.input
        if sent is not None and sent.record_id_digest != facts.record_id_digest:
            raise ResultsMismatch(
                "the records that came out of an operation of many files do not have the "
                "recordIds that went in, in their order"
            )
        key = f"{prefix}{METADATA_NAME}"
        own = replace(metadata, key=key)
        if (model := metadata.counting(facts)) is not metadata.model:
            own, content = metadata_file(key, model)
        self.files.put(facts.key, portion.content)
        self.files.put(own.key, content)
        return replace(portion.shared_file, output=facts, metadata=own)

    def _facts(self) -> OutputFacts:
        """The facts of all drops' output together; the file itself is not stored."""
        found = [each.output for each, _ in self._included() if each.output is not None]
        return OutputFacts(
            key="",
            bytes=sum(each.bytes for each in found),
            records=sum(each.records for each in found),
            crc32="",
            record_id_digest="",
            coded=sum(each.coded for each in found),
            suggested=sum(each.suggested for each in found),
            nothing=sum(each.nothing for each in found),
        )


def _facts_of(content: bytes, key: str) -> OutputFacts:
    scan = OutputScan()
    scan.add(content)
    scan.finish()
    return scan.facts(key)
