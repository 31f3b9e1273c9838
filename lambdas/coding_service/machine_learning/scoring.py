"""A block of lines in, a block of result lines out, with true counts. Knows nothing of AWS."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Protocol

import numpy as np
import numpy.typing as npt

from coding_service.machine_learning.csv_lines import LineFault, LineForm, Observation, written

BATCH_LINES = 2_048  # as the coder's: enough that words repeat, few enough for any memory
SCORE_DIGITS = 6
ONE = 10**SCORE_DIGITS
FAULTS_KEPT = 100  # of a range, for the log
MOST_INVALID = 10_000
"""Of a file: "If Amazon ML rejects more than 10,000 observations, it rejects the entire .csv file"
(developer guide, "Understanding the Data Format for Amazon ML")."""


class Scorer(Protocol):
    """A trained model."""

    def probabilities(
        self, records: Sequence[Mapping[str, str]]
    ) -> npt.NDArray[np.float32] | npt.NDArray[np.float64]: ...


class _Texts(dict[int, str]):
    """A score's text by its millionths. Most scores of a file are the same few: tiny ones."""

    def __missing__(self, millionths: int) -> str:
        if millionths >= ONE:
            text = "1"
        elif millionths <= 0:
            text = "0"
        else:
            text = f"0.{millionths:0{SCORE_DIGITS}}".rstrip("0")
        self[millionths] = text
        return text


@dataclass
class Counts:
    """What became of the lines of a range.

    :ivar faults: number of the line in the range, from 0, and why it is invalid; the first ones.
    """

    total: int = 0
    invalid: int = 0
    faults: list[tuple[int, str]] = field(default_factory=list)

    def refuse(self, fault: LineFault) -> None:
        if len(self.faults) < FAULTS_KEPT:
            self.faults.append((self.total, str(fault)))
        self.invalid += 1
        self.total += 1


_TEXTS = _Texts()


@dataclass(frozen=True, slots=True)
class LineScorer:
    """Scores lines of a data source with a model."""

    model: Scorer
    fields: tuple[str, ...]
    form: LineForm

    def results(self, lines: Iterable[bytes | None], counts: Counts) -> Iterator[str]:
        """A result line for each line, a few thousand at a time; an invalid one's is blank."""
        source = iter(lines)
        while batch := list(islice(source, BATCH_LINES)):
            yield self._block(batch, counts)

    def _block(self, batch: Sequence[bytes | None], counts: Counts) -> str:
        read: list[Observation | None] = []
        for line in batch:
            try:
                read.append(self.form.read(line))
                counts.total += 1
            except LineFault as fault:
                counts.refuse(fault)
                read.append(None)
        rows = iter(self._rows([each for each in read if each is not None]))
        tagged = self.form.tag_column is not None
        out = []
        for each in read:
            if each is None:
                out.append("\n")
            elif tagged:
                out.append(f"{written(each.tag)},{next(rows)}\n")
            else:
                out.append(next(rows) + "\n")
        return "".join(out)

    def _rows(self, observations: Sequence[Observation]) -> Iterator[str]:
        if not observations:
            return
        names = self.fields
        records = [dict(zip(names, each.texts, strict=True)) for each in observations]
        millionths = np.rint(self.model.probabilities(records) * ONE).astype(np.int32)
        text = _TEXTS.__getitem__
        for row in millionths.tolist():
            yield ",".join(map(text, row))
