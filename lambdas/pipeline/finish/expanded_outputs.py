"""The output of a table whose texts were sent once each, with a line for each of its rows.

What came out lies below `PIECES` until then. It is expanded in as many invocations as that takes;
from there on a drop's output is what it would be without.
"""

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from pipeline.domain.drop import Drop
from pipeline.domain.facts import MetadataFacts, OutputFacts, metadata_file
from pipeline.errors import ResultsMismatch
from pipeline.ledger.drops import Drops
from pipeline.storage.block_reader import BlockReader
from pipeline.storage.chunked_file import ChunkedFile, chunk_bytes_for
from pipeline.storage.dictionaries import Dictionaries
from pipeline.storage.multipart import MultipartFiles
from pipeline.storage.object_source import ObjectSource
from pipeline.storage.prepared_bucket import Checkpoint, PreparedBucket, stored_object
from pipeline.storage.prepared_table import PreparedTable
from pipeline.storage.results_bucket import key_of_output
from pipeline.validation.output_lines import OutputScan
from tables.coded.expanded_output import ExpandedOutput
from tables.errors import RowsDisagree, TableRefused
from tables.plan import Chunk

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpandedOutputs:
    """Expands the outputs of drops, each once."""

    s3: "S3Client"
    reader: BlockReader
    files: MultipartFiles
    """Of the results bucket."""
    prepared: PreparedBucket
    drops: Drops
    dictionaries: Dictionaries

    def of(
        self,
        drop: Drop,
        output: OutputFacts,
        metadata: MetadataFacts,
        has_time: Callable[[], bool],
    ) -> tuple[OutputFacts, MetadataFacts] | None:
        """Puts the expanded output, and metadata that count it, where the drop's results belong.

        `output` is what came out. Gives the facts of both; None where there was no time to finish.
        Raises `AwsBusy`, `StorageBusy`, `DropGone`, and `ResultsMismatch` where the output is not
        that of the table's rows.
        """
        known = self.drops.joining(drop.drop_id)
        earlier = known.get("expanded", {})
        if earlier.get("of") == output.crc32:  # an earlier run's answer was lost
            facts = OutputFacts(**earlier["whole"])
        else:
            found = self._written(drop, output, has_time)
            if found is None:
                return None
            facts = found
            expanded = {"of": output.crc32, "whole": asdict(facts)}
            self.drops.keep_joining(drop.drop_id, {**known, "expanded": expanded})
        return facts, self._counting(metadata, facts)

    def _written(
        self, drop: Drop, output: OutputFacts, has_time: Callable[[], bool]
    ) -> OutputFacts | None:
        table = PreparedTable.load(self.prepared, drop.table or "")
        stored = stored_object(self.s3, self.files.bucket, output.key)
        if stored is None:
            raise ResultsMismatch("the service's output was deleted; drop the file again")
        expanded = ExpandedOutput(
            ObjectSource(self.reader, table.source, has_time),
            table.plan,
            ObjectSource(self.reader, stored, has_time),
            self.dictionaries.of_plan(drop.topic or "", table.plan),
        )
        counts = table.plan.counts
        chunk_bytes = chunk_bytes_for(2 * stored.size * counts.sent // max(counts.records, 1))
        scan = OutputScan()

        def chunks(state: dict[str, Any] | None) -> Iterator[Chunk]:
            nonlocal scan
            scan = OutputScan() if state is None else OutputScan.resumed(state["scan"], b"")
            for chunk in expanded.chunks(chunk_bytes, state and state["lines"]):
                scan.add(chunk.content)
                yield Chunk(chunk.content, {"lines": chunk.state, "scan": scan.checkpoint()})

        key = key_of_output(drop.results_prefix, None, distinct=False)
        checkpoint = Checkpoint(self.prepared, f"{drop.drop_id}/finish/output.checkpoint")
        file = ChunkedFile(files=self.files, checkpoint=checkpoint, key=key, has_time=has_time)
        try:
            if not file.write(chunks):
                return None
        except TableRefused as refused:
            raise ResultsMismatch(f"the table can't be read again: {refused}") from None
        except RowsDisagree as error:
            raise ResultsMismatch(f"{error}; drop the file again") from None
        scan.finish()
        if scan.records != counts.sent:
            raise ResultsMismatch(
                f"{scan.records:,} rows were read again; {counts.sent:,} were prepared"
            )
        return scan.facts(key)

    def _counting(self, metadata: MetadataFacts, output: OutputFacts) -> MetadataFacts:
        """The metadata with the counts of `output`, put in the place of those that came out."""
        model = metadata.counting(output)
        if model is metadata.model:
            return metadata
        facts, content = metadata_file(metadata.key, model)
        self.files.put(metadata.key, content)
        return facts
