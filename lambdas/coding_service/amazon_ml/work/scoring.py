"""A block of lines in, a block of result lines out, with true counts. Knows nothing of AWS."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import islice
from typing import Protocol

import numpy as np
import numpy.typing as npt

from coding_service.amazon_ml.work.csv_lines import CsvLineFault, LineForm, Observation, written

BATCH_LINES = 8_192  # as the coder's: enough that its branches have work, few enough for memory
SCORE_DIGITS = 6
ONE = 10**SCORE_DIGITS
CELL_BYTES = len("0.") + SCORE_DIGITS + len(",")
FAULTS_KEPT = 100  # of a range, for the log
MOST_INVALID = 10_000
"""With more invalid lines the whole file is refused (developer guide, "Understanding the Data
Format for Amazon ML")."""


class Scorer(Protocol):
    """A trained model."""

    def probabilities(
        self, records: Sequence[Mapping[str, str]]
    ) -> npt.NDArray[np.float32] | npt.NDArray[np.float64]: ...


@cache
def _cells() -> npt.NDArray[np.bytes_]:
    """The text of each score from 0 to 1 in millionths, with a comma behind it.

    To look a score up costs a fiftieth of writing it anew, and a file has a hundred a record.
    """
    millionths = np.arange(ONE + 1)
    text = np.full((ONE + 1, CELL_BYTES), ord("0"), np.uint8)
    text[:, 0] += (millionths // ONE).astype(np.uint8)
    text[:, 1] = ord(".")
    for digit in range(SCORE_DIGITS):
        power = 10 ** (SCORE_DIGITS - 1 - digit)
        text[:, 2 + digit] += (millionths // power % 10).astype(np.uint8)
    text[:, -1] = ord(",")
    return text.reshape(-1).view(f"S{CELL_BYTES}")


@dataclass
class Counts:
    """What became of the lines of a range."""

    total: int = 0
    invalid: int = 0
    faults: list[tuple[int, str]] = field(default_factory=list)
    """Number of the line in the range, from 0, and why it is invalid; the first ones."""

    def refuse(self, fault: CsvLineFault) -> None:
        if len(self.faults) < FAULTS_KEPT:
            self.faults.append((self.total, str(fault)))
        self.invalid += 1
        self.total += 1


@dataclass(frozen=True, slots=True)
class LineScorer:
    """Scores lines of a data source with a model."""

    model: Scorer
    fields: tuple[str, ...]
    form: LineForm

    def results(self, lines: Iterable[bytes | None], counts: Counts) -> Iterator[bytes]:
        """A result line for each line, a few thousand at a time; an invalid one's is blank."""
        source = iter(lines)
        while batch := list(islice(source, BATCH_LINES)):
            yield self._block(batch, counts)

    def _block(self, batch: Sequence[bytes | None], counts: Counts) -> bytes:
        read: list[Observation | None] = []
        for line in batch:
            try:
                read.append(self.form.read(line))
                counts.total += 1
            except CsvLineFault as fault:
                counts.refuse(fault)
                read.append(None)
        rows = self._rows([each for each in read if each is not None])
        if self.form.tag_column is None:
            return b"".join([b"\n" if each is None else next(rows) for each in read])
        out: list[bytes] = []
        for each in read:
            out += (b"\n",) if each is None else (written(each.tag).encode(), b",", next(rows))
        return b"".join(out)

    def _rows(self, observations: Sequence[Observation]) -> Iterator[bytes]:
        """The scores of each observation, up to the line's end."""
        if not observations:
            return
        names = self.fields
        records = [dict(zip(names, each.texts, strict=True)) for each in observations]
        scores = np.rint(self.model.probabilities(records) * ONE).astype(np.int32)
        cells = _cells()[np.clip(scores, 0, ONE)]
        width = cells.shape[1] * CELL_BYTES
        rows = cells.view(np.uint8).reshape(len(observations), width)
        rows[:, -1] = ord("\n")
        text = rows.tobytes()
        for first in range(0, len(text), width):
            yield text[first : first + width]
