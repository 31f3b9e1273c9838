"""Checks and counts the lines of an output file as its bytes pass by."""

import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Self

from pipeline.domain.facts import OutputFacts
from pipeline.errors import ResultsMismatch
from pipeline.validation.checksums import joined
from pipeline.validation.digest import SequenceDigest
from protocol.quick_lines import QuickOutput
from protocol.records import (
    MAX_LINE_BYTES,
    RecordFault,
    decode_output_line,
    has_nothing,
    is_coded,
    record_id_of,
)
from shared.lines import batches, rest_after


@dataclass(slots=True)
class OutputScan:
    """The counts up to `offset`; resumes from its checkpoint and the rest of one line."""

    offset: int = 0
    """Bytes seen."""
    crc32: int = 0
    """CRC-32 of the bytes seen."""
    records: int = 0
    coded: int = 0
    nothing: int = 0
    digest: SequenceDigest = SequenceDigest()  # noqa: RUF009  frozen
    rest: bytes = b""
    """The beginning of a line whose end has not been seen."""
    _quick: QuickOutput = field(default_factory=QuickOutput, repr=False, compare=False)

    @property
    def line_start(self) -> int:
        """The offset at which the line of `rest` begins."""
        return self.offset - len(self.rest)

    @property
    def suggested(self) -> int:
        return self.records - self.coded - self.nothing

    def add(self, content: bytes, checksum: int | None = None) -> None:
        """Counts the next bytes; `checksum` is their own CRC-32, where the caller has it.

        Raises `ResultsMismatch` where a line is no line of output."""
        self.offset += len(content)
        if checksum is None:
            self.crc32 = zlib.crc32(content, self.crc32)
        else:
            self.crc32 = joined(self.crc32, checksum, len(content))
        for lines in batches(self.rest, content):
            self._count(lines)
        self.rest = rest_after(self.rest, content)
        if len(self.rest) > MAX_LINE_BYTES:
            self._count([self.rest])  # too long to be held: refused with its number

    def finish(self) -> None:
        """Counts the end of the file: a line without a newline is a line too."""
        if self.rest:
            self._count([self.rest])
            self.rest = b""

    def facts(self, key: str) -> OutputFacts:
        """The facts of what was counted, once that is a whole file: the object `key`."""
        return OutputFacts(
            key=key,
            bytes=self.offset,
            records=self.records,
            crc32=f"{self.crc32:08x}",
            record_id_digest=self.digest.to_text(),
            coded=self.coded,
            suggested=self.suggested,
            nothing=self.nothing,
        )

    def checkpoint(self) -> dict[str, Any]:
        """The state without the rest of a line, which is read again (from `line_start`)."""
        return {
            "offset": self.offset,
            "line_start": self.line_start,
            "crc32": self.crc32,
            "records": self.records,
            "coded": self.coded,
            "nothing": self.nothing,
            "digest": asdict(self.digest),
        }

    @classmethod
    def resumed(cls, checkpoint: Mapping[str, Any], rest: bytes) -> Self:
        return cls(
            offset=checkpoint["offset"],
            crc32=checkpoint["crc32"],
            records=checkpoint["records"],
            coded=checkpoint["coded"],
            nothing=checkpoint.get("nothing", 0),  # checkpoints from before have none
            digest=SequenceDigest(**checkpoint["digest"]),
            rest=rest,
        )

    def _count(self, lines: list[bytes]) -> None:
        """Counts lines at once where all of them are as documented, otherwise one by one."""
        ids, coded, nothing = self._quick.ids_and_counts(lines) or self._one_by_one(lines)
        self.records += len(ids)
        self.coded += coded
        self.nothing += nothing
        self.digest = self.digest.extended(ids)

    def _one_by_one(self, lines: list[bytes]) -> tuple[list[str], int, int]:
        answers = []
        for number, line in enumerate(lines, start=self.records + 1):
            try:
                answers.append(decode_output_line(line))
            except RecordFault as fault:
                raise ResultsMismatch(
                    f"line {number} of the results {fault}; drop the file again, and if it comes "
                    "back, tell the service's operator"
                ) from None
        ids = [record_id_of(answer) for answer in answers]
        return ids, sum(map(is_coded, answers)), sum(map(has_nothing, answers))
