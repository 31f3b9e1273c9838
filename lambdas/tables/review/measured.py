"""How right the machine was, as people's decisions on the blind share show it."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tables.coded.coded_rows import CodeAnswer
from tables.report.thresholds import rounded
from tables.review.final_decisions import FinalDecision
from tables.review.measures import at_level, levels_of, wilson


@dataclass(slots=True)
class MachineAnswers:
    """What the machine said of the texts that people have decided on, and their rows."""

    results: dict[str, CodeAnswer | None] = field(default_factory=dict)
    """By text; None: it gave suggestions alone."""
    suggestions: dict[str, tuple[CodeAnswer, ...]] = field(default_factory=dict)
    rows: Counter[str] = field(default_factory=Counter)

    def add(
        self, item: str, result: CodeAnswer | None, suggestions: tuple[CodeAnswer, ...]
    ) -> None:
        """One row more."""
        self.results.setdefault(item, result)
        self.suggestions.setdefault(item, suggestions)
        self.rows[item] += 1


def measured(
    answers: MachineAnswers, decisions: Mapping[str, FinalDecision], levels: Iterable[int] = ()
) -> dict[str, Any]:
    """Of the blind texts with a decision: how many codes, and how many first suggestions, it was.

    Every distinct text counts once, as each was as likely to be drawn; rows are told beside. A
    broader code is right where the person's lies below it. `levels` are the classification's, as
    far as they are known; those of the codes are told in any case.
    """
    blind = [i for i in answers.results if decisions[i].blind and decisions[i].is_made]
    results = {item: answers.results[item] for item in blind}
    coded = {item: each for item, each in results.items() if each is not None}
    said = {item: answers.suggestions[item] for item in blind if item not in coded}
    uncoded = {item: each for item, each in said.items() if each}
    people = {item: decisions[item].code or "" for item in blind}
    right = [item for item, each in coded.items() if _is_right(each.code, people[item])]
    confidences = [each.confidence for each in coded.values() if each.confidence is not None]
    first = [item for item, each in uncoded.items() if _is_right(each[0].code, people[item])]
    among = [
        item
        for item, each in uncoded.items()
        if any(_is_right(one.code, people[item]) for one in each)
    ]
    return {
        "codes": {
            **_share(right, coded),
            "rows": sum(answers.rows[item] for item in coded),
            "rowsRight": sum(answers.rows[item] for item in right),
            "expected": rounded(sum(confidences) / len(confidences)) if confidences else None,
            "levels": _by_level(coded, people, levels),
        },
        "suggestions": {"first": _share(first, uncoded), "any": _share(among, uncoded)},
    }


def _by_level(
    coded: Mapping[str, CodeAnswer], people: Mapping[str, str], levels: Iterable[int]
) -> list[dict[str, Any]]:
    """The same down to each level, of the codes that are as deep."""
    found = []
    for level in sorted({*levels, *levels_of(each.code for each in coded.values())}):
        deep = {i: at_level(each.code, level) for i, each in coded.items()}
        deep = {item: code for item, code in deep.items() if len(code) == level}
        right = [item for item, code in deep.items() if at_level(people[item], level) == code]
        if deep:
            found.append({"level": level, **_share(right, deep)})
    return found


def _is_right(machine: str, person: str) -> bool:
    (level,) = levels_of([machine])
    return at_level(person, level) == at_level(machine, level)


def _share(right: Iterable[str], of: Iterable[str]) -> dict[str, Any]:
    """How many of how many, and the interval of 95 % in which the share of all such texts lies."""
    good, count = len(list(right)), len(list(of))
    low, high = wilson(good, count) or (None, None)
    return {
        "texts": count,
        "right": good,
        "share": rounded(good / count) if count else None,
        "low": rounded(low),
        "high": rounded(high),
    }
