"""Codes, labels and parents; and scores of classes rolled up to one code."""

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from pipeline.errors import ResultsMismatch, SettingInvalid

MOST_SUGGESTIONS = 3  # the batch page's AsynchronousCodeResponse: 1 to 3
FAINTEST_SUGGESTION = 0.1  # of the first suggestion's confidence, as CodingService has it
DIGITS = 4  # of a confidence, as the service's samples have them


@dataclass(frozen=True, slots=True)
class Code:
    """`parent` is the code one level up; None at the top."""

    code: str
    label: str
    parent: str | None


@dataclass(frozen=True, slots=True)
class Codelist:
    """Every code of every level, by code."""

    codes: Mapping[str, Code]

    @classmethod
    def read(cls, path: Path) -> Self:
        """Of a CSV with the columns code, label, parent. Raises `SettingInvalid`."""
        try:
            with path.open(encoding="utf-8", newline="") as file:
                rows = list(csv.DictReader(file))
            codes = {r["code"]: Code(r["code"], r["label"], r["parent"] or None) for r in rows}
        except (OSError, KeyError, csv.Error, UnicodeDecodeError) as error:
            raise SettingInvalid(
                f"the codelist {path.name} can't be read ({type(error).__name__}); it is a CSV "
                "with the columns code, label and parent; mend it and deploy again"
            ) from None
        for each in codes.values():
            if each.parent is not None and each.parent not in codes:
                raise SettingInvalid(
                    f"the codelist {path.name} lacks {each.parent}, the parent of {each.code}; "
                    "mend it and deploy again"
                )
        return cls(codes)

    def lineage(self, code: str) -> Iterator[Code]:
        """The code and its ancestors, the top last."""
        seen: set[str] = set()
        at: str | None = code
        while at is not None and at not in seen:
            seen.add(at)
            yield self.codes[at]
            at = self.codes[at].parent

    def depth(self, code: str) -> int:
        """1 at the top."""
        return sum(1 for _ in self.lineage(code))


@dataclass(slots=True)
class Placing:
    """Places rows of scores, one for each of `classes`.

    The deepest level at which one code's sum reaches the threshold gives the result; where none
    does, the likeliest classes are suggested. One class may be no code, for texts that no code
    fits. Raises `ResultsMismatch` where more classes are none.
    """

    codelist: Codelist
    classes: Sequence[str]
    threshold: float
    _levels: list[list[tuple[str, list[int]]]] = field(init=False, repr=False)
    """From the deepest up: each code's classes, by their places."""
    _coding: list[int] = field(init=False, repr=False)
    """The places of classes that are codes."""
    _surest: frozenset[int] = field(init=False, repr=False)
    """The places of those on the deepest level."""
    _beginnings: dict[str, str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        known = self.codelist.codes
        self._coding = [n for n, name in enumerate(self.classes) if name in known]
        strange = [name for name in self.classes if name not in known]
        if len(strange) > 1 or not self._coding:
            raise ResultsMismatch(
                f"{len(strange)} classes of the model are not in the topic's codelist, "
                f"{strange[0] if strange else 'none'} for example; deploy the codelist that the "
                "model was trained with"
            )
        members: dict[int, dict[str, list[int]]] = {}
        for place in self._coding:
            for code in self.codelist.lineage(self.classes[place]):
                level = members.setdefault(self.codelist.depth(code.code), {})
                level.setdefault(code.code, []).append(place)
        self._levels = [list(members[depth].items()) for depth in sorted(members, reverse=True)]
        self._surest = frozenset(
            places[0] for code, places in self._levels[0] if self.classes[places[0]] == code
        )
        self._beginnings = {code: _beginning(known[code]) for code in known}

    def answer(self, scores: Sequence[float]) -> str:
        """What follows the recordId in a line of output, as JSON."""
        best = max(self._coding, key=scores.__getitem__)
        if scores[best] >= self.threshold and best in self._surest:
            return f'"result": {self._coded(self.classes[best], scores[best])}'
        for level in self._levels:
            sums = [(sum(map(scores.__getitem__, places)), code) for code, places in level]
            reached, code = max(sums, key=lambda each: each[0])
            if reached >= self.threshold:
                return f'"result": {self._coded(code, reached)}'
        likeliest = sorted(self._coding, key=lambda place: -scores[place])[:MOST_SUGGESTIONS]
        faintest = max(scores[best] * FAINTEST_SUGGESTION, 10.0**-DIGITS)
        suggested = [
            self._coded(self.classes[place], scores[place])
            for rank, place in enumerate(likeliest)
            if rank == 0 or scores[place] >= faintest
        ]
        return f'"suggestions": [{", ".join(suggested)}]'

    def _coded(self, code: str, confidence: float) -> str:
        return f"{self._beginnings[code]}{round(min(confidence, 1.0), DIGITS)}}}"


def _beginning(code: Code) -> str:
    known = {"codeCategory": code.code, "codeLabel": code.label}
    return f'{json.dumps(known, ensure_ascii=False)[:-1]}, "codeConfidence": '
