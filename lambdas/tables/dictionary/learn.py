"""From what people have decided to the next version of a dictionary."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from tables.dictionary.dictionary import Dictionary, KnownText, key_of
from tables.review.distinct_texts import text_id
from tables.review.final_decisions import final_decisions
from tables.review.reviewed_file import Decision, ReviewedFile

OUTCOMES: Final = ("added", "replaced", "unchanged", "outdated", "disagreed", "altered")
"""What becomes of a decided text: it is new; has another code than before; has the same one; was
decided otherwise later; has no entry as reviewers disagree; or is not as it stood in its drop,
since it was too long for the page, or a spreadsheet has changed it."""


@dataclass(frozen=True, slots=True)
class Learned:
    """A dictionary that has learned from reviewed files."""

    dictionary: Dictionary
    """The same as before where no text is added or replaced."""
    texts: Mapping[str, int]
    """How many of the decided ones, by `OUTCOMES`."""


def learned(before: Dictionary, files: Sequence[ReviewedFile]) -> Learned:
    """The next version: the entries of `before`, and what people have decided since.

    Files of one drop are looked at together, as for a merge: where two people differ and nobody has
    decided, there is no entry. Of decisions at different times the latest counts.
    """
    texts = Counter(dict.fromkeys(OUTCOMES, 0))
    entries = dict(before.entries)
    found = sorted(_entries(files, before.version + 1, texts), key=lambda each: each.at)
    for each in found:
        key = key_of(each.texts, each.texts.values())
        outcome = _outcome(entries.get(key), each)
        texts[outcome] += 1
        if outcome in ("added", "replaced"):
            entries[key] = each
    is_new = texts["added"] or texts["replaced"]
    version = before.version + 1 if is_new else before.version
    return Learned(Dictionary(version, entries), dict(texts))


def without_drop(dictionary: Dictionary, drop_id: str) -> Dictionary:
    """The next version, without what was decided in a drop's review."""
    kept = {key: each for key, each in dictionary.entries.items() if each.drop_id != drop_id}
    return replace(dictionary, version=dictionary.version + 1, entries=kept)


def _whole_texts(decisions: Iterable[Decision], drop_id: str) -> dict[str, Mapping[str, str]]:
    """The texts of a drop's decisions, by item, where they are as they stood in the drop."""
    return {
        each.item: each.texts
        for each in decisions
        if text_id(each.texts.values(), drop_id) == each.item
    }


def _outcome(before: KnownText | None, now: KnownText) -> str:
    if before is None:
        return "added"
    if before.code == now.code:
        return "unchanged"
    return "replaced" if now.at >= before.at else "outdated"


def _entries(
    files: Iterable[ReviewedFile], version: int, texts: Counter[str]
) -> Iterator[KnownText]:
    """An entry for each text that was decided; counts in `texts` those without one."""
    of_drop: dict[str, list[ReviewedFile]] = defaultdict(list)
    for each in files:
        of_drop[each.drop_id].append(each)
    for drop_id, together in of_drop.items():
        whole = _whole_texts((d for each in together for d in each.decisions), drop_id)
        for item, final in final_decisions(together).items():
            texts["disagreed"] += final.disagreed
            if not final.is_made:
                continue
            if item not in whole:
                texts["altered"] += 1
                continue
            about = (final.label, final.by, final.at, drop_id, version)
            yield KnownText(whole[item], final.code, *about)
