"""Scores of classes rolled up to one code of the topic's codelist."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from pathlib import Path

from pipeline.errors import ResultsMismatch, SettingInvalid
from shared.codelist import Codelist, CodelistEntry, CodelistUnreadable

MOST_SUGGESTIONS = 3  # the batch page's AsynchronousCodeResponse: 1 to 3
FAINTEST_SUGGESTION = 0.1  # of the first suggestion's confidence, as CodingService has it
ROUNDING = 1e-9  # what adding up scores of six digits may be off by; ours
DIGITS = 4  # of a confidence, as the service's samples have them


def read_codelist(path: Path) -> Codelist:
    """A topic's codelist. Raises `SettingInvalid`."""
    try:
        return Codelist.read(path)
    except CodelistUnreadable as error:
        raise SettingInvalid(f"{error}; mend it and deploy again") from None


@dataclass(slots=True)
class ScoreRollup:
    """Makes a code, or suggestions, of each row of scores, one for each of `classes`.

    The deepest level at which one code's sum reaches the threshold gives the result; where none
    does, the likeliest classes are suggested, and none where no class has a score above 0: there is
    nothing to code. One class may be no code, for texts that no code fits. Raises `ResultsMismatch`
    where more classes are none.

    Classes are put in the order of the tree, so that each code's are neighbours: a code's sum is
    then the difference of two running sums, and a row costs a few steps for each code.
    """

    codelist: Codelist
    classes: Sequence[str]
    threshold: float
    _order: list[int] = field(init=False, repr=False)
    """The places of the classes that are codes, in the order of the tree."""
    _levels: list[tuple[list[str], list[tuple[int, int]]]] = field(init=False, repr=False)
    """From the deepest up: codes, and for each where its classes begin, and end before."""
    _surest: frozenset[int] = field(init=False, repr=False)
    """The classes of the deepest level, by their places in the order of the tree."""
    _beginnings: dict[str, str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        known = self.codelist.codes
        self._check_classes()
        paths = {n: self._path(name) for n, name in enumerate(self.classes) if name in known}
        self._order = sorted(paths, key=paths.__getitem__)
        spans: dict[int, dict[str, tuple[int, int]]] = {}
        for place, at in enumerate(self._order):
            for depth, code in enumerate(paths[at]):
                level = spans.setdefault(depth, {})
                level[code] = (level.get(code, (place, place))[0], place + 1)
        deepest = max(spans)
        self._levels = [
            (list(spans[depth]), list(spans[depth].values())) for depth in sorted(spans)[::-1]
        ]
        self._surest = frozenset(
            place for place, at in enumerate(self._order) if len(paths[at]) == deepest + 1
        )
        self._beginnings = {code: _beginning(known[code]) for code in known}

    def answer(self, scores: Sequence[float]) -> str:
        """What follows the recordId in a line of output, as JSON."""
        ordered = [scores[place] for place in self._order]
        best = max(ordered)
        if best >= self.threshold and (likeliest := ordered.index(best)) in self._surest:
            return f'"result": {self._coded(self._class(likeliest), best)}'
        running = [0.0, *accumulate(ordered)]
        for codes, spans in self._levels:
            sums = [running[end] - running[start] for start, end in spans]
            reached = max(sums)
            if reached >= self.threshold - ROUNDING:
                return f'"result": {self._coded(codes[sums.index(reached)], reached)}'
        return f'"suggestions": [{", ".join(self._suggested(ordered))}]'

    def _suggested(self, ordered: Sequence[float]) -> Iterator[str]:
        ranked = sorted(range(len(ordered)), key=ordered.__getitem__, reverse=True)
        faintest = max(ordered[ranked[0]] * FAINTEST_SUGGESTION, 10.0**-DIGITS)
        for rank, place in enumerate(ranked[:MOST_SUGGESTIONS]):
            if ordered[place] >= faintest or (rank == 0 and ordered[place] > 0):
                yield self._coded(self._class(place), ordered[place])

    def _class(self, place: int) -> str:
        return self.classes[self._order[place]]

    def _path(self, code: str) -> tuple[str, ...]:
        """From the top down to the code."""
        return tuple(each.code for each in self.codelist.lineage(code))[::-1]

    def _check_classes(self) -> None:
        unknown = [name for name in self.classes if name not in self.codelist.codes]
        if len(unknown) > 1 or len(unknown) == len(self.classes):
            raise ResultsMismatch(
                f"{len(unknown)} classes of the model are not in the topic's codelist, "
                f"{unknown[0] if unknown else 'none'} for example; deploy the codelist that the "
                "model was trained with"
            )

    def _coded(self, code: str, confidence: float) -> str:
        return f"{self._beginnings[code]}{round(min(confidence, 1.0), DIGITS)}}}"


def _beginning(code: CodelistEntry) -> str:
    known = {"codeCategory": code.code, "codeLabel": code.label}
    return f'{json.dumps(known, ensure_ascii=False)[:-1]}, "codeConfidence": '
