"""Copies an operation's output to the results bucket, in steps that resume.

A part is got by one ranged GET, counted, and put by one UploadPart; the next ones are got and the
ones before are put meanwhile. Every few parts a checkpoint says up to where all parts are put. That
is checked against S3's own list of parts when the copy resumes; a part that was put after the last
checkpoint is simply put again.
"""

import zlib
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from math import ceil
from typing import Any

from pipeline.attempts import Claim, OutputFacts
from pipeline.downloading import Piece
from pipeline.engines.engine import Result, Results, ResultsChanged
from pipeline.errors import ResultsMismatch
from pipeline.multipart import MAX_PARTS, PART_BYTES, ResultFiles, UploadGone
from pipeline.putting import PUTS, Puts
from pipeline.scanning import OutputScan

MAX_RESTARTS = 3  # ours: results that change under the copy again and again can't be trusted
GETS = 3  # ours: at once; with the parts that are put and the one that is counted, 6 are in memory


@dataclass(slots=True, kw_only=True)
class OutputCopy:
    """The copy of one output to `key`. Its checkpoint lives in the part's ledger item."""

    claim: Claim
    results: Results
    files: ResultFiles
    key: str
    has_time: Callable[[], bool]
    part_bytes: int = PART_BYTES

    def run(self) -> OutputFacts | None:
        """The facts of the finished copy, or None where there was no time to finish it.

        Raises as `Results` does, `AwsBusy`, `PartTaken`, `ResultsMismatch`.
        """
        try:
            with ThreadPoolExecutor(GETS + PUTS, thread_name_prefix="copy") as executor:
                return self._run(executor)
        except (ResultsChanged, UploadGone):
            self._start_over()
            return None

    def abandon(self) -> None:
        """Frees what was put of a copy that will not be finished."""
        checkpoint = self.claim.record.collection or {}
        if "upload_id" in checkpoint:
            self.files.abort(self.key, checkpoint["upload_id"])
        self.claim.forget_collection()

    def _run(self, executor: Executor) -> OutputFacts | None:
        checkpoint = self.claim.record.collection or {}
        if "upload_id" in checkpoint:
            return self._resumed(checkpoint, executor)
        first = self.results.get(Result.OUTPUT, 0, self.part_bytes - 1, None)
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
        self.claim.checkpoint(begun | {"scan": scan.checkpoint()})
        return self._parts(begun, scan, executor)

    def _small(self, whole: Piece) -> OutputFacts:
        scan = OutputScan()
        scan.add(whole.content)
        scan.finish()
        self.files.put(self.key, whole.content)
        return self._facts(scan)

    def _resumed(self, checkpoint: dict[str, Any], executor: Executor) -> OutputFacts | None:
        seen = checkpoint["scan"]
        start, end = seen["line_start"], seen["offset"]
        full_parts = end // checkpoint["part_bytes"]  # `complete` checks a shorter last one
        self.files.check_parts(
            self.key, checkpoint["upload_id"], full_parts, checkpoint["part_bytes"]
        )
        rest = b""
        if start < end:
            rest = self.results.get(Result.OUTPUT, start, end - 1, checkpoint["etag"]).content
        return self._parts(checkpoint, OutputScan.resumed(seen, rest), executor)

    def _parts(
        self, begun: dict[str, Any], scan: OutputScan, executor: Executor
    ) -> OutputFacts | None:
        total, part_bytes = begun["total"], begun["part_bytes"]
        pieces = self._pieces(begun, scan.offset, executor)
        puts = Puts(self.claim, begun)
        while scan.offset < total:
            if not self.has_time():
                puts.settle()
                return None
            try:
                content = next(pieces).content
            except Exception:
                puts.settle()  # the next invocation need not put them again
                raise
            number, checksum = scan.offset // part_bytes + 1, zlib.crc32(content)
            putting = executor.submit(
                self.files.put_part,
                self.key,
                begun["upload_id"],
                number,
                content,
                checksum=checksum,
            )
            scan.add(content, checksum)
            puts.add(putting, scan)
        puts.settle()
        scan.finish()
        count = ceil(total / part_bytes)
        self.files.complete(self.key, begun["upload_id"], count=count, total=total)
        return self._facts(scan)

    def _pieces(self, begun: dict[str, Any], first: int, executor: Executor) -> Iterator[Piece]:
        """The parts from byte `first` on, in order; a few are got ahead."""
        coming: deque[Callable[[], Piece]] = deque()
        for start in range(first, begun["total"], begun["part_bytes"]):
            last = min(start + begun["part_bytes"], begun["total"]) - 1
            coming.append(
                self.results.get_ahead(executor, Result.OUTPUT, start, last, begun["etag"])
            )
            if len(coming) == GETS:
                yield coming.popleft()()
        while coming:
            yield coming.popleft()()

    def _start_over(self) -> None:
        restarts = (self.claim.record.collection or {}).get("restarts", 0) + 1
        self.abandon()
        if restarts > MAX_RESTARTS:
            raise ResultsMismatch(
                "the results kept changing while they were collected; drop the file again, and "
                "tell the service's operator"
            )
        self.claim.checkpoint({"restarts": restarts})

    def _facts(self, scan: OutputScan) -> OutputFacts:
        return OutputFacts(
            key=self.key,
            bytes=scan.offset,
            records=scan.records,
            crc32=f"{scan.crc32:08x}",
            record_id_digest=scan.digest.to_text(),
            coded=scan.coded,
            suggested=scan.suggested,
        )
