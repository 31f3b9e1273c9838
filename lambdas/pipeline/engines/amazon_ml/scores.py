"""The service's output: gzip CSV, a header, then a row of scores for each row of the input.

Developer guide, "Reading the batch prediction output files". A row that could not be used is blank.
"""

import csv
import re
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from pipeline.engines.amazon_ml.codelist import ScoreRollup
from pipeline.engines.base import OperationFailed
from pipeline.errors import ResultsMismatch
from protocol.records import MAX_LINE_BYTES
from shared.lines import NEWLINE, batches, rest_after
from shared.received_json import read_json

BESIDE_SCORES = ("tag", "trueLabel")  # columns that stand in front of the classes
GZIP = 31  # zlib's window bits for gzip
INFLATED_BYTES = 1 << 20  # of one step, as scores of many classes shrink tenfold and more; ours
MAX_ROW_BYTES = 2 * MAX_LINE_BYTES  # an id fills a line of input at most, scores are short; ours

_ROW_ID = re.compile(r"(\d+)(?: (.*))?", re.DOTALL)


@dataclass(slots=True)
class Inflation:
    """Inflates gzip members, one after the other, that come in pieces."""

    _member: "zlib._Decompress | None" = field(default=None, init=False, repr=False)
    """The one that has begun and not ended."""

    def of(self, piece: bytes) -> Iterator[bytes]:
        """What the piece holds, in short steps. Raises `ResultsMismatch`."""
        full = False
        while piece or full:
            self._member = self._member or zlib.decompressobj(GZIP)
            try:
                made = self._member.decompress(piece, INFLATED_BYTES)
            except zlib.error:
                raise ResultsMismatch("the engine's scores are no gzip file") from None
            if made:
                yield made
            piece, full = self._member.unconsumed_tail, len(made) == INFLATED_BYTES
            if self._member.eof:
                piece, full = self._member.unused_data, False
                self._member = None

    def finish(self) -> None:
        """Raises `ResultsMismatch` where the last member was cut off."""
        if self._member is not None:
            raise ResultsMismatch("the engine's scores end in the middle")


@dataclass(slots=True)
class ScoreLines:
    """The lines of the output, in batches; `offset` counts the bytes, inflated, behind them."""

    pieces: Iterator[bytes]
    """Of the gzip file, from its beginning."""
    header: list[str] = field(init=False)
    offset: int = field(default=0, init=False)
    _rest: bytes = field(default=b"", init=False, repr=False)
    _blocks: Iterator[bytes] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Reads the header. Raises `ResultsMismatch`."""
        self._blocks = self._inflated()
        while NEWLINE not in self._rest:
            self._rest += next(self._blocks, NEWLINE)
            self._check_length()
        line, _, self._rest = self._rest.partition(NEWLINE)
        try:
            (self.header,) = csv.reader([_text(line)])
        except csv.Error:
            raise ResultsMismatch("the first line of the engine's scores can't be read") from None
        self.offset = len(line) + 1

    def skip_to(self, offset: int) -> None:
        """Passes over what an earlier invocation has dealt with; `offset` is a line's beginning."""
        while self.offset + len(self._rest) < offset:
            self.offset += len(self._rest)
            self._rest = next(self._blocks, b"")
            if not self._rest:
                raise ResultsMismatch("the engine's scores have become fewer")
        self._rest = self._rest[offset - self.offset :]
        self.offset = offset

    def batches(self) -> Iterator[list[bytes]]:
        """The lines that follow, without their ends; `offset` is behind the batch given last."""
        for block in self._with_rest():
            for lines in batches(self._rest, block):
                self.offset += sum(map(len, lines)) + len(lines)
                yield lines
            self._rest = rest_after(self._rest, block)
            self._check_length()
        if self._rest:
            self.offset += len(self._rest)
            yield [self._rest]

    def _with_rest(self) -> Iterator[bytes]:
        held, self._rest = self._rest, b""
        if held:
            yield held
        yield from self._blocks

    def _inflated(self) -> Iterator[bytes]:
        inflation = Inflation()
        for piece in self.pieces:
            yield from inflation.of(piece)
        inflation.finish()

    def _check_length(self) -> None:
        if len(self._rest) > MAX_ROW_BYTES:
            raise ResultsMismatch("the engine's scores have a line that is too long")


@dataclass(slots=True)
class LineRenderer:
    """Makes lines of output, as the Coding Service documents them, of lines of scores."""

    header: Sequence[str]
    rollup_of: Callable[[Sequence[str]], ScoreRollup]
    line: int = 0
    """How many lines there were so far; of the input, too."""
    _scores_at: int = field(init=False)
    _classes: int = field(init=False)
    _answer: Callable[[Sequence[float]], str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        beside = [name for name in self.header[: len(BESIDE_SCORES)] if name in BESIDE_SCORES]
        if beside[:1] != ["tag"]:
            raise ResultsMismatch("the engine's scores do not name the rows that they are of")
        self._scores_at, self._classes = len(beside), len(self.header) - len(beside)
        self._answer = self.rollup_of(self.header[len(beside) :]).answer

    def of(self, lines: Sequence[bytes]) -> bytes:
        """Raises `OperationFailed` at a blank line, `ResultsMismatch` at a wrong one."""
        made = []
        try:
            for line in lines:
                self.line += 1
                made.append(self._rendered(line))
        except (csv.Error, ValueError):
            raise ResultsMismatch(
                f"the engine's scores can't be read near line {self.line}"
            ) from None
        return "".join(made).encode("utf-8", "surrogatepass")

    def _rendered(self, line: bytes) -> str:
        row_id, scores = self._read(line)
        named = _ROW_ID.fullmatch(row_id)
        if named is None or int(named[1]) != self.line or len(scores) != self._classes:
            raise ResultsMismatch(
                f"row {self.line} of the engine's scores is not the one of line {self.line}"
            )
        record_id = named[2] or ""
        if "\\" in record_id or '"' in record_id:
            read_json(f'"{record_id}"')  # what was escaped is still a text
        return f'{{"recordId": "{record_id}", {self._answer(scores)}}}\n'

    def _read(self, line: bytes) -> tuple[str, list[float]]:
        """The row's id and its scores. Only ids are ever in quotes."""
        if not line.strip():
            raise OperationFailed(
                f"line {self.line} could not be used by Amazon ML, which takes at most 100 kB a "
                "record"
            )
        if self._scores_at == 1 and not line.startswith(b'"'):
            row_id, _, scores = line.partition(b",")
            return _text(row_id), [*map(float, scores.split(b","))]
        (row,) = csv.reader([_text(line)])
        return row[0], [*map(float, row[self._scores_at :])]


def _text(line: bytes) -> str:
    return line.removesuffix(b"\r").decode("utf-8", "replace")
