"""Coding a file in resumable slices: as many parts of output as the time allows, then a checkpoint.

A checkpoint lies at a line's end where a part of the output was stored, so going on from it
gives the same parts as never having stopped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import msgspec

from coding_service.coder.model import BATCH_RECORDS, Coding
from coding_service.errors import InputRefused
from coding_service.files import InputFile, OutputFile, lines
from coding_service.progress import Progress, Stage
from protocol.records import RecordFault, RecordForm

PART_BYTES = 8 << 20
"""S3: at least 5 MiB a part but the last, at most 10,000 parts. 5 GB of the shortest records
(34 bytes) code to about 45 GB, which is 5,500 parts of this size."""

_encode = msgspec.json.Encoder().encode


class Coder(Protocol):
    """A trained model."""

    def code(self, records: Sequence[Mapping[str, str]]) -> list[Coding]: ...


def check_size(size: int, *, at_most: int) -> None:
    """Raises `InputRefused` for a file that can't be coded by its size (bytes)."""
    if size == 0:
        raise InputRefused(
            "The input file is empty. Create a new operation and upload at least one record."
        )
    if size > at_most:
        raise InputRefused(
            f"The input file has {size:,} bytes; at most {at_most:,} are allowed. "
            "Split it and create an operation for each piece."
        )


@dataclass
class Slice:
    """The work of one invocation.

    :ivar time_remains: whether another part can be coded before the function must stop.
    :ivar now: epoch seconds, to read the operation with.
    """

    source: InputFile
    output: OutputFile
    model: Coder
    input_format: tuple[str, ...]
    time_remains: Callable[[], bool]
    now: int
    part_bytes: int = PART_BYTES

    def run(self, start: Progress) -> Progress:
        """The progress after this slice: `coding` where records remain, else `coded`.

        Raises `InputRefused` at the first line that is no record; `InputGone`; `AwsBusy`.
        """
        form = RecordForm(self.input_format, start.has_record_id)
        stored, reached = start, start
        buffer = bytearray()
        for batch, size in self._batches(form, start):
            codings = self.model.code(batch)
            for coding in codings:
                buffer += _encode(coding.to_json())
                buffer += b"\n"
            coded = sum(coding.result is not None for coding in codings)
            reached = replace(
                reached,
                status=Stage.CODING,
                offset=reached.offset + size,
                records=reached.records + len(batch),
                has_record_id=form.has_record_id,
                coded=reached.coded + coded,
                suggested=reached.suggested + len(batch) - coded,
            )
            if len(buffer) >= self.part_bytes and reached.offset < self.source.size:
                stored = reached = self._stored(reached, buffer)
                buffer.clear()
                if not self.time_remains():
                    return stored
        return self._ended(reached, buffer)

    def _batches(
        self, form: RecordForm, start: Progress
    ) -> Iterator[tuple[list[dict[str, str]], int]]:
        """Records in batches, each with the bytes of input that it takes."""
        number, size = start.records, 0
        batch: list[dict[str, str]] = []
        for line, length in lines(self.source.blocks(start.offset)):
            number += 1
            try:
                batch.append(form.parse(line))
            except RecordFault as fault:
                raise InputRefused(
                    f"Line {number:,} {fault}. Correct the file and create a new operation."
                ) from None
            size += length
            if len(batch) == BATCH_RECORDS:
                yield batch, size
                batch, size = [], 0
        if batch:
            yield batch, size

    def _stored(self, reached: Progress, buffer: bytearray) -> Progress:
        upload_id = self.output.upload_id(now=self.now)
        number = reached.parts + 1
        self.output.write_part(upload_id, number, bytes(buffer))
        return replace(reached, parts=number, output_bytes=reached.output_bytes + len(buffer))

    def _ended(self, reached: Progress, buffer: bytearray) -> Progress:
        if reached.parts:
            reached = self._stored(reached, buffer)
        else:
            self.output.write_whole(bytes(buffer))
            reached = replace(reached, output_bytes=len(buffer))
        return replace(reached, status=Stage.CODED)
