"""Copies an operation's output to the results bucket, in steps that resume.

A part is read by one ranged GET, counted, and stored by one UploadPart; the next ones are read and
the ones before are stored meanwhile. Every few parts a checkpoint says up to where all parts are
stored. That is checked against S3's own list of parts when the copy resumes; a part that was stored
after the last checkpoint is simply stored again.
"""

import zlib
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass
from math import ceil
from typing import Any

from pipeline.domain.facts import OutputFacts
from pipeline.engines.base import (
    FetchedRange,
    ResultFile,
    ResultFiles,
    ResultsChanged,
    restarts_after,
)
from pipeline.errors import ResultsMismatch
from pipeline.ledger.parts import PartLease
from pipeline.storage.multipart import PART_BYTES, MultipartFiles, UploadGone
from pipeline.validation.output_lines import OutputScan
from shared.join_plan import MAX_PARTS

UPLOADS_AT_ONCE = 2  # with the reads ahead and the part that is counted, 6 are in memory; ours
READS_AHEAD = 3  # as above
CHECKPOINT_PARTS = 8  # a write to the ledger for each part would be a tenth of the time; ours


def abandon_copy(lease: PartLease, files: MultipartFiles, key: str) -> None:
    """Frees the stored parts of a copy that will not be finished, and forgets its checkpoint."""
    _abort(lease, files, key)
    lease.forget_collection()


def _abort(lease: PartLease, files: MultipartFiles, key: str) -> None:
    checkpoint = lease.record.collection or {}
    if "upload_id" in checkpoint:
        files.abort(key, checkpoint["upload_id"])


class PendingUploads:
    """The uploads of parts that are under way, oldest first, each with the checkpoint after it.

    A checkpoint says that every part up to it is stored.
    """

    def __init__(self, lease: PartLease, begun: dict[str, Any]) -> None:
        self._lease = lease
        self._begun = begun
        self._waiting: deque[tuple[Future[None], dict[str, Any]]] = deque()
        self._done: dict[str, Any] | None = None
        self._since_checkpoint = 0

    def add(self, upload: Future[None], scan: OutputScan) -> None:
        """Waits while too many are under way. `scan` has just counted the part."""
        self._waiting.append((upload, scan.checkpoint()))
        while len(self._waiting) >= UPLOADS_AT_ONCE:
            self._wait_for_oldest()
        if self._since_checkpoint >= CHECKPOINT_PARTS:
            self._checkpoint()

    def wait_for_all(self) -> None:
        """Waits until all parts are stored, and writes the checkpoint after the last one."""
        while self._waiting:
            self._wait_for_oldest()
        self._checkpoint()

    def _wait_for_oldest(self) -> None:
        upload, counted = self._waiting.popleft()
        upload.result()
        self._done = counted
        self._since_checkpoint += 1

    def _checkpoint(self) -> None:
        if self._since_checkpoint:
            self._lease.checkpoint(self._begun | {"scan": self._done})
            self._since_checkpoint = 0


@dataclass(slots=True, kw_only=True)
class OutputCopy:
    """The copy of one output to `key`. Its checkpoint lives in the part's ledger item."""

    lease: PartLease
    results: ResultFiles
    files: MultipartFiles
    key: str
    has_time: Callable[[], bool]
    part_bytes: int = PART_BYTES

    def run(self) -> OutputFacts | None:
        """The facts of the finished copy, or None where there was no time to finish it.

        Raises as `ResultFiles` does, `AwsBusy`, `PartTaken`, `ResultsMismatch`.
        """
        try:
            with ThreadPoolExecutor(
                READS_AHEAD + UPLOADS_AT_ONCE, thread_name_prefix="copy"
            ) as executor:
                return self._run(executor)
        except (ResultsChanged, UploadGone):
            _abort(self.lease, self.files, self.key)
            start_over(self.lease)
            return None

    def _run(self, executor: Executor) -> OutputFacts | None:
        checkpoint = self.lease.record.collection or {}
        if "upload_id" in checkpoint:
            return self._resumed(checkpoint, executor)
        first = self.results.get(ResultFile.OUTPUT, 0, self.part_bytes - 1, None)
        if first.total <= self.part_bytes:
            return self._small(first)
        part_bytes = max(self.part_bytes, ceil(first.total / MAX_PARTS))
        begun = {
            "upload_id": self.files.begin(self.key),
            "etag": first.etag,
            "total": first.total,
            "part_bytes": part_bytes,
            "restarts": checkpoint.get("restarts", 0),
        }
        scan = OutputScan()
        self.lease.checkpoint(begun | {"scan": scan.checkpoint()})
        return self._parts(begun, scan, executor)

    def _small(self, whole: FetchedRange) -> OutputFacts:
        scan = OutputScan()
        scan.add(whole.content)
        scan.finish()
        self.files.put(self.key, whole.content)
        return scan.facts(self.key)

    def _resumed(self, checkpoint: dict[str, Any], executor: Executor) -> OutputFacts | None:
        seen = checkpoint["scan"]
        start, end = seen["line_start"], seen["offset"]
        full_parts = end // checkpoint["part_bytes"]  # `complete` checks a shorter last one
        self.files.check_parts(
            self.key, checkpoint["upload_id"], full_parts, checkpoint["part_bytes"]
        )
        rest = b""
        if start < end:
            rest = self.results.get(ResultFile.OUTPUT, start, end - 1, checkpoint["etag"]).content
        return self._parts(checkpoint, OutputScan.resumed(seen, rest), executor)

    def _parts(
        self, begun: dict[str, Any], scan: OutputScan, executor: Executor
    ) -> OutputFacts | None:
        total, part_bytes = begun["total"], begun["part_bytes"]
        parts = self._read(begun, scan.offset, executor)
        uploads = PendingUploads(self.lease, begun)
        while scan.offset < total:
            if not self.has_time():
                uploads.wait_for_all()
                return None
            try:
                content = next(parts).content
            except Exception:
                uploads.wait_for_all()  # the next invocation need not upload them again
                raise
            number, checksum = scan.offset // part_bytes + 1, zlib.crc32(content)
            upload = executor.submit(
                self.files.put_part,
                self.key,
                begun["upload_id"],
                number,
                content,
                checksum=checksum,
            )
            scan.add(content, checksum)
            uploads.add(upload, scan)
        uploads.wait_for_all()
        scan.finish()
        count = ceil(total / part_bytes)
        self.files.complete(self.key, begun["upload_id"], count=count, total=total)
        return scan.facts(self.key)

    def _read(
        self, begun: dict[str, Any], first: int, executor: Executor
    ) -> Iterator[FetchedRange]:
        """The parts from byte `first` on, in order; a few are read ahead."""
        coming: deque[Callable[[], FetchedRange]] = deque()
        for start in range(first, begun["total"], begun["part_bytes"]):
            last = min(start + begun["part_bytes"], begun["total"]) - 1
            coming.append(
                self.results.get_ahead(executor, ResultFile.OUTPUT, start, last, begun["etag"])
            )
            if len(coming) == READS_AHEAD:
                yield coming.popleft()()
        while coming:
            yield coming.popleft()()


def start_over(lease: PartLease) -> None:
    """Puts a count of restarts in place of the checkpoint of results that changed.

    Raises `AwsBusy`, `PartTaken`; `ResultsMismatch` where they changed too often, and then leaves
    no checkpoint.
    """
    restarts = (lease.record.collection or {}).get("restarts", 0)
    try:
        again = restarts_after(restarts)
    except ResultsMismatch:
        lease.forget_collection()
        raise
    lease.checkpoint({"restarts": again})
