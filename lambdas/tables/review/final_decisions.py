"""What counts of all decisions on a text: the newest of each person, and whether they agree."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tables.review.page_data import DECIDE
from tables.review.reviewed_file import Decision, ReviewedFile


@dataclass(frozen=True, slots=True)
class FinalDecision:
    """What became of one text."""

    code: str | None
    """None: it can't be coded, or the reviewers disagree, or nothing was decided."""
    label: str
    by: str
    """Those who decided so, with commas between; "" where nothing counts."""
    at: str
    note: str
    cannot: bool = False
    disagreed: bool = False
    """Reviewers said different things, and nobody has decided between them."""
    blind: bool = False
    flag: bool = False

    @property
    def is_made(self) -> bool:
        """Whether the text has a code by it, or surely none."""
        return self.cannot or self.code is not None


def final_decisions(files: Iterable[ReviewedFile]) -> dict[str, FinalDecision]:
    """By text. A decision between reviewers who disagreed goes before what they said."""
    by_item: dict[str, list[Decision]] = defaultdict(list)
    for each in files:
        for decision in each.decisions:
            by_item[decision.item].append(decision)
    return {item: _final(decisions) for item, decisions in by_item.items()}


def newest_of_each(decisions: Iterable[Decision]) -> dict[tuple[str, str], Decision]:
    """By text and person; a note alone is no decision, and replaces none."""
    newest: dict[tuple[str, str], Decision] = {}
    for each in sorted(decisions, key=lambda each: each.at):
        before = newest.get((each.item, each.by))
        if before is None or each.is_made or not before.is_made:
            newest[each.item, each.by] = each
    return newest


def _final(decisions: list[Decision]) -> FinalDecision:
    """Of all decisions on one text."""
    newest = list(newest_of_each(each for each in decisions if each.round != DECIDE).values())
    decided = [each for each in decisions if each.round == DECIDE and each.is_made]
    made = [max(decided, key=lambda each: each.at)] if decided else [e for e in newest if e.is_made]
    notes = dict.fromkeys(each.note for each in decisions if each.note)
    said: Mapping[str | None, Decision] = {each.answer: each for each in made}
    about = {
        "blind": any(each.blind for each in decisions),
        "flag": any(each.flag for each in newest),
    }
    if len(said) != 1:
        if said:
            notes[_disagreement(made)] = None
        note = "; ".join(notes)
        return FinalDecision(None, "", "", "", note, disagreed=bool(said), **about)
    (decision,) = said.values()
    return FinalDecision(
        decision.code,
        decision.label,
        ", ".join(dict.fromkeys(each.by for each in made)),
        max(each.at for each in made),
        "; ".join(notes),
        cannot=decision.cannot,
        **about,
    )


def _disagreement(made: Iterable[Decision]) -> str:
    """Such as `reviewers disagree: Ann 2412, Bob cannot be coded`."""
    said = [f"{each.by} {each.code or 'cannot be coded'}" for each in made]
    return f"reviewers disagree: {', '.join(said)}"
