"""Joins the outputs of a file's parts into one, in steps that resume.

Each step of the plan is one part of a multipart upload, so S3's list of parts says which steps are
done, and the checkpoint only says which upload it is and of which plan. The caller holds the
drop meanwhile: two invocations that join the same drop would each make the same object, but one
might remove what the other still reads.
"""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from zlib import crc32

from pipeline.errors import Final, ResultsMismatch
from pipeline.join_plan import (
    COPY_BYTES,
    NEWLINE,
    Gather,
    Source,
    Span,
    Step,
    fingerprint,
    steps_of,
)
from pipeline.joined_facts import check, joined_output
from pipeline.multipart import ResultFiles, UploadGone
from pipeline.part_record import OutputFacts
from pipeline.results import FileChanged, ResultsBucket

MAX_RESTARTS = 3  # ours: an upload that is gone again and again is somebody's doing
WORKERS = 4  # ours: S3 copies; a gathering holds 5 MiB twice, as pieces and as the part of them


@dataclass(slots=True, kw_only=True)
class Join:
    """The join of `parts`, in order, to the object `key`, which is none of theirs.

    `checkpoint` is what was last given to `keep`, which writes it down; a small JSON object.
    """

    files: ResultFiles
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
        whole = joined_output(self.key, parts, sources)
        if not steps:
            raise ResultsMismatch("nothing came out of any part; drop the file again")
        if len(steps) == 1 and isinstance(steps[0], Gather):
            return self._put(b"".join(executor.map(self._piece, steps[0].pieces)), whole)
        upload_id = self._upload(steps)
        if not self._take(steps, upload_id, executor):
            return None
        found = self.files.complete(self.key, upload_id, count=len(steps), total=whole.bytes)
        try:
            check(found, whole)
        except ResultsMismatch:
            self.results.delete([self.key])
            raise
        return whole

    def _seen(self, part: OutputFacts) -> Source:
        """The part's output as it lies in the bucket."""
        try:
            end = self.results.read(part.key, part.bytes - 1, part.bytes - 1)
        except FileChanged:
            raise _not_as_collected(part) from None
        if end.total != part.bytes:
            raise _not_as_collected(part)
        # Nothing says that a service ends its files with a newline, only that lines are records.
        return Source(part.key, end.etag, end.total, ends_line=end.content == NEWLINE)

    def _upload(self, steps: Sequence[Step]) -> str:
        """The upload of this plan: the one begun earlier, or a new one."""
        plan = fingerprint(steps)
        if self.checkpoint.get("plan") != plan:
            restarts = self.checkpoint.get("restarts", 0)
            self.abandon()
            begun = self.files.begin(self.key)
            self._keep({"upload_id": begun, "plan": plan, "restarts": restarts})
        return str(self.checkpoint["upload_id"])

    def _take(self, steps: Sequence[Step], upload_id: str, executor: Executor) -> bool:
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

    def _step(self, upload_id: str, number: int, step: Step) -> None:
        if isinstance(step, Gather):
            content = b"".join(map(self._piece, step.pieces))
            self.files.put_part(self.key, upload_id, number, content)
            return
        self.files.copy_part(
            self.key,
            upload_id,
            number,
            source=step.span.source.key,
            etag=step.span.source.etag,
            span=_range_of(step.span),
        )

    def _piece(self, piece: Span | bytes) -> bytes:
        if isinstance(piece, bytes):
            return piece
        source = piece.source
        return self.results.read(source.key, piece.first, piece.last, source.etag).content

    def _put(self, content: bytes, whole: OutputFacts) -> OutputFacts:
        """A whole that is small: one object, checked before it is there."""
        check(crc32(content), whole)
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


def _range_of(span: Span) -> str | None:
    return None if span.is_whole else f"bytes={span.first}-{span.last}"


def _not_as_collected(part: OutputFacts) -> ResultsMismatch:
    return ResultsMismatch(
        f"{part.key} of the results bucket is not the {part.bytes:,} bytes that were collected; "
        "drop the file again"
    )
