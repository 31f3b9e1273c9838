"""Joins the outputs of a file's parts into one, in steps that resume.

Each step of the plan is one part of a multipart upload, so S3's list of parts says which steps are
done, and the checkpoint only says which upload it is and of which plan. The caller holds the
drop meanwhile: two invocations that join the same drop would each make the same object, but one
might remove what the other still reads.
"""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any
from zlib import crc32

from pipeline.domain.drop import Drop
from pipeline.domain.facts import MetadataFacts, OutputFacts, metadata_file
from pipeline.errors import Final, ResultsMismatch
from pipeline.finish.manifest import agreed_facts, joined_digest
from pipeline.finish.outcomes import PieceFacts
from pipeline.ledger.drops import Drops
from pipeline.storage.multipart import MultipartFiles, UploadGone
from pipeline.storage.results_bucket import (
    METADATA_NAME,
    FileChanged,
    ResultsBucket,
    key_of_output,
)
from pipeline.validation.checksums import joined as joined_checksum
from pipeline.validation.rejection_report import piece_report
from shared.join_plan import (
    COPY_BYTES,
    NEWLINE,
    GatherStep,
    JoinSource,
    JoinStep,
    SourceRange,
    fingerprint,
    separated,
    steps_of,
)

MAX_RESTARTS = 3  # an upload that is gone again and again is somebody's doing; ours
WORKERS = 16  # S3 copies; a gathering holds 5 MiB twice, as pieces and as their part; ours


@dataclass(slots=True, kw_only=True)
class OutputJoin:
    """The join of `parts`, in order, to the object `key`, which is none of theirs.

    `checkpoint` is what was last given to `keep`, which writes it down; a small JSON object.
    """

    files: MultipartFiles
    results: ResultsBucket
    key: str
    parts: Sequence[OutputFacts]
    has_time: Callable[[], bool]
    checkpoint: Mapping[str, Any]
    keep: Callable[[dict[str, Any]], None]
    copy_bytes: int = COPY_BYTES

    def run(self) -> OutputFacts | None:
        """The facts of the whole, or None where there was no time to finish it.

        Raises `AwsBusy`; `ResultsMismatch` where a part's output is not what was collected, or
        the whole not what the parts add up to.
        """
        try:
            with ThreadPoolExecutor(WORKERS, thread_name_prefix="join") as executor:
                return self._run(executor)
        except UploadGone:
            self._start_over()
            return None
        except FileChanged:
            self.abandon()
            raise ResultsMismatch(
                "a part's results changed while they were joined; drop the file again"
            ) from None
        except Final:
            self.abandon()
            raise

    def abandon(self) -> None:
        """Frees what was put of a join that will not be finished."""
        if "upload_id" in self.checkpoint:
            self.files.abort(self.key, self.checkpoint["upload_id"])
            self._keep({})

    def _run(self, executor: Executor) -> OutputFacts | None:
        parts = [part for part in self.parts if part.bytes]
        sources = list(executor.map(self._seen, parts))
        steps = steps_of(sources, copy_bytes=self.copy_bytes)
        whole = _joined_facts(self.key, parts, sources)
        if not steps:
            raise ResultsMismatch("nothing came out of any part; drop the file again")
        if len(steps) == 1 and isinstance(steps[0], GatherStep):
            return self._put(b"".join(executor.map(self._piece, steps[0].pieces)), whole)
        upload_id = self._upload(steps)
        if not self._take(steps, upload_id, executor):
            return None
        found = self.files.complete(self.key, upload_id, count=len(steps), total=whole.bytes)
        try:
            _check(found, whole)
        except ResultsMismatch:
            self.results.delete([self.key])
            raise
        return whole

    def _seen(self, part: OutputFacts) -> JoinSource:
        """The part's output as it lies in the bucket."""
        try:
            end = self.results.read(part.key, part.bytes - 1, part.bytes - 1)
        except FileChanged:
            raise _not_as_collected(part) from None
        if end.total != part.bytes:
            raise _not_as_collected(part)
        # Nothing says that a service ends its files with a newline, only that lines are records.
        return JoinSource(part.key, end.total, end.etag, ends_line=end.content == NEWLINE)

    def _upload(self, steps: Sequence[JoinStep]) -> str:
        """The upload of this plan: the one begun earlier, or a new one."""
        plan = fingerprint(steps)
        if self.checkpoint.get("plan") != plan:
            restarts = self.checkpoint.get("restarts", 0)
            self.abandon()
            begun = self.files.begin(self.key)
            self._keep({"upload_id": begun, "plan": plan, "restarts": restarts})
        return str(self.checkpoint["upload_id"])

    def _take(self, steps: Sequence[JoinStep], upload_id: str, executor: Executor) -> bool:
        """Takes the steps that S3 does not have; whether there was time for all."""
        done = self.files.part_sizes(self.key, upload_id)
        numbered = enumerate(steps, start=1)
        left = deque((number, step) for number, step in numbered if done.get(number) != step.size)
        running: deque[Future[None]] = deque()
        while left:
            if len(running) == WORKERS:
                running.popleft().result()
            if not self.has_time():
                break
            running.append(executor.submit(self._step, upload_id, *left.popleft()))
        for each in running:
            each.result()
        return not left

    def _step(self, upload_id: str, number: int, step: JoinStep) -> None:
        if isinstance(step, GatherStep):
            content = b"".join(map(self._piece, step.pieces))
            self.files.put_part(self.key, upload_id, number, content)
            return
        self.files.copy_part(
            self.key,
            upload_id,
            number,
            source=step.span.source.key,
            etag=step.span.source.etag,
            span=None if step.span.is_whole else step.span.byte_range,
        )

    def _piece(self, piece: SourceRange | bytes) -> bytes:
        if isinstance(piece, bytes):
            return piece
        source = piece.source
        return self.results.read(source.key, piece.first, piece.last, source.etag).content

    def _put(self, content: bytes, whole: OutputFacts) -> OutputFacts:
        """A whole that is small: one object, checked before it is there."""
        _check(crc32(content), whole)
        self.files.put(self.key, content)
        return whole

    def _start_over(self) -> None:
        restarts = self.checkpoint.get("restarts", 0) + 1
        self.abandon()
        if restarts > MAX_RESTARTS:
            raise ResultsMismatch(
                "the joined results were taken away again and again while they were written; "
                "drop the file again, and see who else writes to the results bucket"
            )
        self._keep({"restarts": restarts})

    def _keep(self, checkpoint: dict[str, Any]) -> None:
        self.keep(checkpoint)
        self.checkpoint = checkpoint


def _joined_facts(
    key: str, parts: Sequence[OutputFacts], sources: Sequence[JoinSource]
) -> OutputFacts:
    """The facts of the object `key`, joined of `parts`, which lie in the `sources` one by one."""
    checksum = size = 0
    checksums = iter(int(part.crc32, 16) for part in parts)
    for piece in separated(sources):
        if isinstance(piece, bytes):
            checksum, size = crc32(piece, checksum), size + len(piece)
        else:
            checksum = joined_checksum(checksum, next(checksums), piece.size)
            size += piece.size
    return OutputFacts(
        key=key,
        bytes=size,
        records=sum(part.records for part in parts),
        crc32=f"{checksum:08x}",
        record_id_digest=joined_digest(part.record_id_digest for part in parts),
        coded=sum(part.coded for part in parts),
        suggested=sum(part.suggested for part in parts),
        nothing=sum(part.nothing for part in parts),
    )


def _check(found: int | None, whole: OutputFacts) -> None:
    """Raises `ResultsMismatch` unless the joined object has the CRC-32 that its parts add up to.

    `found` is None from a storage that finds no checksum of the whole.
    """
    if found is not None and found != int(whole.crc32, 16):
        raise ResultsMismatch(
            f"the joined results have the checksum {found:08x}, their parts add up to "
            f"{whole.crc32}; drop the file again"
        )


def _not_as_collected(part: OutputFacts) -> ResultsMismatch:
    return ResultsMismatch(
        f"{part.key} of the results bucket is not the {part.bytes:,} bytes that were collected; "
        "drop the file again"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinedOutputs:
    """Joins the results of files that were coded in pieces, each file's once."""

    drops: Drops
    files: MultipartFiles
    results: ResultsBucket

    def of(
        self, drop: Drop, pieces: Sequence[PieceFacts], has_time: Callable[[], bool]
    ) -> tuple[OutputFacts, MetadataFacts] | None:
        """Puts output and metadata of the whole file where the drop's results belong, or the
        output where it is expanded from.

        Gives the facts of both; None where there was no time to finish. Raises `AwsBusy`,
        `ResultsMismatch`.
        """
        agreed = [agreed_facts(piece) for piece in pieces]
        received = [output for _, output, _ in agreed]
        metadata = [each for _, _, each in agreed]
        if len({each.model_id for each in metadata}) > 1:
            raise ResultsMismatch(
                "the pieces of the file were coded by different models; drop it again, below "
                "<topic>/models/<model id>/ to have one model code all of it"
            )
        known = self.drops.joining(drop.drop_id)
        if "whole" in known:  # an earlier run's answer was lost
            whole = OutputFacts(**known["whole"])
            return whole, self._metadata(drop, metadata[0], whole)
        keep = partial(self.drops.keep_joining, drop.drop_id)
        join = OutputJoin(
            files=self.files,
            results=self.results,
            key=key_of_output(drop.results_prefix, None, distinct=drop.distinct),
            parts=received,
            has_time=has_time,
            checkpoint=known,
            keep=keep,
        )
        joined = join.run()
        if joined is None:
            return None
        beside = self._metadata(drop, metadata[0], joined)
        keep({"whole": asdict(joined)})
        return joined, beside

    def discard(self, drop: Drop, pieces: Sequence[PieceFacts]) -> None:
        """Removes what the pieces left; harmless to repeat. Raises `AwsBusy`."""
        left = [
            key
            for piece in pieces
            if piece.number is not None
            for key in (
                piece.output.key if piece.output else None,
                piece.metadata.key if piece.metadata else None,
                piece_report(drop.results_prefix, piece.number),
            )
            if key is not None
        ]
        if left:
            self.results.delete(left)

    def _metadata(self, drop: Drop, of_a_piece: MetadataFacts, whole: OutputFacts) -> MetadataFacts:
        """The metadata beside the whole output: the first piece's, alike but for counts."""
        key = f"{drop.results_prefix}{METADATA_NAME}"
        facts, content = metadata_file(key, of_a_piece.counting(whole))
        self.files.put(key, content)
        return facts
