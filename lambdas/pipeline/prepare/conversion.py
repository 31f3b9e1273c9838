"""From a dropped file, whatever its form, to the lines that the service takes.

A file that is JSON Lines as the service wants them is not copied. Any other one is unpacked where
it is packed, read as a table, and written as JSON Lines, in as many invocations as that takes; the
plan by which its rows are read again is kept for the join.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import msgspec

from pipeline.domain.drop import Drop, StoredObject
from pipeline.errors import DropGone
from pipeline.observability import logger
from pipeline.prepare.message import PrepareMessage
from pipeline.storage.block_reader import BlockReader
from pipeline.storage.chunked_file import (
    CHUNK_BYTES,
    ChunkedFile,
    StreamUnfinished,
    chunk_bytes_for,
)
from pipeline.storage.multipart import MultipartFiles
from pipeline.storage.object_source import ObjectSource
from pipeline.storage.prepared_bucket import (
    INPUT,
    TABLE,
    UNPACKED,
    Checkpoint,
    PreparedBucket,
    stored_object,
)
from pipeline.storage.prepared_table import PreparedTable
from tables.as_wanted import plan_as_wanted
from tables.containers.unpack import Packed, unpacked
from tables.dictionary.dictionary import Dictionary
from tables.errors import EncodingAssumed, PlanChanged, TableRefused
from tables.open_table import open_table
from tables.plan import Chunk, TableFormat, TableOptions, TablePlan
from tables.prepare import Preparation
from tables.recognise import Recognised, recognise

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

WANTED_BYTES = 25_000_000_000  # is looked through in one invocation, with time to spare; ours
MOST_GROWTH = 10  # of short rows, by the names of the fields around each; ours
MAX_TABLE_BYTES = 500_000_000_000  # chunks of more would need more memory; ours


class PreparationUnfinished(Exception):
    """The time is over; the next message goes on where this one ended."""

    def __init__(self, message: PrepareMessage) -> None:
        super().__init__("the file takes more than one invocation to prepare")
        self.message = message


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversion:
    """Prepares drops in folders of the bucket of prepared files."""

    s3: "S3Client"
    reader: BlockReader
    bucket: PreparedBucket
    files: MultipartFiles
    """Of the same bucket."""
    max_unpacked_bytes: int

    def of(
        self,
        drop: Drop,
        options: TableOptions,
        message: PrepareMessage,
        has_time: Callable[[], bool],
        dictionary: Dictionary | None = None,
    ) -> Drop:
        """The drop with its prepared rows, without those that `dictionary` has, and its table.

        `message` has the attempt in whose folder it is done. Raises `TableRefused`,
        `PreparationUnfinished`, and as `BlockReader` does.
        """
        return _Attempt(self, drop, options, message, has_time, dictionary).drop_with_table()

    def is_json_lines(self, drop: Drop) -> bool:
        """Whether the dropped file is JSON Lines, as far as its beginning tells. Raises as `of`."""
        found = recognise(ObjectSource(self.reader, drop.dropped))
        return found.packed is None and found.format is TableFormat.JSON_LINES


@dataclass(slots=True)
class _Attempt:
    parts: Conversion
    drop: Drop
    options: TableOptions
    message: PrepareMessage
    has_time: Callable[[], bool]
    dictionary: Dictionary | None

    def drop_with_table(self) -> Drop:
        source = self._source(self.drop.dropped)
        found = recognise(source, self.options)
        if found.packed is not None:
            source = self._unpacked(source, found.packed)
            found = recognise(source, self.options)
        if found.format is None:
            raise TableRefused(
                "The packed file holds another packed file.",
                "Unpack it, and drop the table that is in it.",
            )
        if found.format is TableFormat.JSON_LINES and source.size > MAX_TABLE_BYTES:
            return self.drop  # Submit checks each line as it passes
        if source.size > MAX_TABLE_BYTES:
            raise TableRefused(
                f"The table has {source.size:,} bytes; at most {MAX_TABLE_BYTES:,} are read.",
                "Cut it into smaller files, each with the header, and drop those.",
            )
        plan = self._plan_as_it_is(source, found)
        if plan is not None:
            prepared = None if source.stored == self.drop.dropped else source.stored
        else:
            plan = self._written(source, found.format)
            prepared = self._stored(INPUT)
        PreparedTable(plan, source.stored).keep(self.parts.bucket, self._key(TABLE))
        logger.info(
            "prepared",
            extra={
                "drop_id": self.drop.drop_id,
                "format": plan.format,
                "encoding": plan.encoding,
                "copied": prepared is not None,
                "rows": msgspec.to_builtins(plan.counts),
            },
        )
        return replace(
            self.drop,
            prepared=prepared,
            table=self._key(TABLE),
            distinct=True if plan.counts.repeated else None,
        )

    def _plan_as_it_is(self, source: ObjectSource, found: Recognised) -> TablePlan | None:
        """The plan of a file that goes to the service without a copy; None: it does not."""
        mapped = bool(self.options.columns) or self.dictionary is not None
        if found.format is not TableFormat.JSON_LINES or mapped or self.options.strict:
            return None
        if source.size > WANTED_BYTES:  # to write it anew takes as many invocations as it needs
            return None
        if self._checkpoint(INPUT).load() is not None:  # an earlier invocation writes it anew
            return None
        return plan_as_wanted(
            source.blocks(), self.options.fields, self.options.max_text_characters
        )

    def _unpacked(self, source: ObjectSource, packed: Packed) -> ObjectSource:
        most = self.parts.max_unpacked_bytes

        def chunks(_state: dict[str, Any] | None) -> Iterator[Chunk]:
            return _in_chunks(unpacked(source, packed, max_bytes=most))

        if self._stored(UNPACKED) is None:  # an object is there once all of it is
            self._write(UNPACKED, chunks)
        stored = self._stored(UNPACKED)
        if stored is None:
            raise DropGone("the unpacked file was deleted while it was read; drop the file again")
        return self._source(stored)

    def _stored(self, name: str) -> StoredObject | None:
        return stored_object(self.parts.s3, self.parts.bucket.name, self._key(name))

    def _written(self, source: ObjectSource, form: TableFormat) -> TablePlan:
        """Writes the rows as the service takes them; the plan as it is known then."""
        while True:
            encoding = self.message.encoding
            _, plan = open_table(source, form, self.options, encoding=encoding)
            preparation = Preparation(source, plan, self.options, dictionary=self.dictionary)

            def chunks(state: dict[str, Any] | None, plan: TablePlan = plan) -> Iterator[Chunk]:
                nonlocal preparation
                preparation = Preparation(
                    source, plan, self.options, state, dictionary=self.dictionary
                )
                return preparation.chunks(chunk_bytes_for(MOST_GROWTH * source.size))

            try:
                self._write(INPUT, chunks)
            except EncodingAssumed as assumed:
                self._file(INPUT).abandon()
                self.message = replace(self.message, encoding=assumed.encoding)
                continue
            except PlanChanged:  # columns.yaml, a setting or the model has, since it was begun
                self._file(INPUT).abandon()
                continue
            return preparation.finished_plan()

    def _write(self, name: str, chunks: Callable[[dict[str, Any] | None], Iterator[Chunk]]) -> None:
        try:
            if not self._file(name).write(chunks):
                raise PreparationUnfinished(self.message)
        except StreamUnfinished:
            raise TableRefused(
                "The file takes longer to read than a function may run.",
                "Cut it into smaller files, or drop it as CSV that is not packed: that is read in "
                "as many steps as it takes.",
            ) from None

    def _file(self, name: str) -> ChunkedFile:
        return ChunkedFile(
            files=self.parts.files,
            checkpoint=self._checkpoint(name),
            key=self._key(name),
            has_time=self.has_time,
        )

    def _checkpoint(self, name: str) -> Checkpoint:
        # By its encoding: a message that is delivered again may not know yet what was assumed.
        read_as = self.message.encoding or "as-it-says"
        return Checkpoint(self.parts.bucket, f"{self._key(name)}.{read_as}.checkpoint")

    def _source(self, stored: StoredObject) -> ObjectSource:
        return ObjectSource(self.parts.reader, stored, self.has_time)

    def _key(self, name: str) -> str:
        return f"{self.drop.drop_id}/{self.message.attempt}/{name}"


def _in_chunks(blocks: Iterator[bytes]) -> Iterator[Chunk]:
    """Blocks, which may be small, as chunks of `CHUNK_BYTES` or more but for the last one."""
    held, size = [], 0
    for block in blocks:
        held.append(block)
        size += len(block)
        if size >= CHUNK_BYTES:
            yield Chunk(b"".join(held), None)
            held, size = [], 0
    if held:
        yield Chunk(b"".join(held), None)
