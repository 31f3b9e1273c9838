"""What the page of a review shows: which texts, in which order, and the codes to choose from."""

from collections.abc import Iterable, Mapping
from typing import Any

from shared.codelist import Codelist
from tables.report.report import AboutDrop
from tables.report.tally import Tally
from tables.review.distinct_texts import DistinctText, DistinctTexts

VERSION = "1"
REVIEW, DECIDE = "review", "decide"
"""The rounds: the first reading, by anybody; the decision where readers disagree."""


def page_data(
    texts: DistinctTexts,
    tally: Tally,
    *,
    about: AboutDrop,
    fields: Iterable[str],
    codelist: Codelist | None,
) -> dict[str, Any] | None:
    """The data of a drop's page, whose rows are all in `texts` and `tally`.

    None: no row has suggestions alone. Without a `codelist` the page knows the codes that came out
    for the file, and says so.
    """
    uncoded, blind = texts.most_frequent(), texts.blind_sample()
    if not uncoded:
        return None
    items = [_item(name, each) for name, each in uncoded.items() if name not in blind]
    items.sort(key=_urgency)
    items = _interleaved(items, [_blind_item(name, each) for name, each in blind.items()])
    seen = dict.fromkeys(tally.codes.counts, "")
    seen |= {code: tally.codes.label_of(code) for code in seen}
    seen |= {s.code: s.label for each in uncoded.values() for s in each.suggestions}
    return {
        "version": VERSION,
        "round": REVIEW,
        "drop": about.drop_id,
        "topic": about.topic,
        "name": about.key.rpartition("/")[2] or about.key,
        "fields": list(fields),
        "items": items,
        "hasCodelist": codelist is not None,
        "codes": code_entries(codelist, seen),
        "known": known_codes(codelist is not None, len(seen)),
        "bounds": _bounds(texts, tally, len(items), len(blind)),
    }


def code_entries(codelist: Codelist | None, seen: Mapping[str, str]) -> list[list[str | None]]:
    """Code, label and the code above (None at the top), in the order of the codes.

    A code that was only seen lies below the longest code that it begins with.
    """
    entries = {} if codelist is None else dict(codelist.codes)
    known = [*entries, *(code for code in seen if code not in entries)]
    places = set(known)
    return sorted(
        [code, entries[code].label, entries[code].parent]
        if code in entries
        else [code, seen[code], _above(code, places)]
        for code in known
    )


def known_codes(is_whole: bool, count: int) -> str:
    """Which codes the page knows, for people."""
    if is_whole:
        return "By a code, or by words of its label in any order."
    return (
        f"By a code or by words of its label. Only the {count:,} codes that came out for this file "
        "are known here; any other can be typed."
    )


def _above(code: str, known: set[str]) -> str | None:
    return next((code[:end] for end in range(len(code) - 1, 0, -1) if code[:end] in known), None)


def _item(name: str, each: DistinctText) -> dict[str, Any]:
    choices = [{"code": s.code, "confidence": s.confidence} for s in each.suggestions]
    return {"id": name, "texts": each.texts, "rows": each.rows, "choices": choices}


def _blind_item(name: str, each: DistinctText) -> dict[str, Any]:
    return {"id": name, "texts": each.texts, "rows": each.rows, "blind": True}


def _urgency(item: Mapping[str, Any]) -> tuple[float, str]:
    """Least first: the rows of a text, times how unsure its first suggestion is.

    That is 0 where it has all confidence, and nothing comes close; 1 where it has none.
    """
    first, second = ([each["confidence"] for each in item["choices"]] + [0, 0])[:2]
    first, second = first or 0, second or 0
    unsure = 1 - (first + max(first - second, 0)) / 2
    return -item["rows"] * unsure, item["id"]


def _interleaved(items: list[Any], blind: list[Any]) -> list[Any]:
    """The blind ones at equal distances: whoever stops half way has read half of them."""
    whole = len(items) + len(blind)
    places = {(2 * number + 1) * whole // (2 * len(blind)) for number in range(len(blind))}
    items, blind = items[::-1], blind[::-1]
    return [blind.pop() if place in places else items.pop() for place in range(whole)]


def _bounds(texts: DistinctTexts, tally: Tally, items: int, blind: int) -> str:
    """What the page has and what it lacks, in words."""
    said = ["The most frequent and most uncertain first."]
    said.append("Texts that differ in case and spaces alone are one.")
    if not texts.is_complete:
        uncoded = tally.best_suggestions.known + tally.best_suggestions.unknown
        said.append(
            f"The file has more texts with suggestions alone: the {items - blind:,} most frequent "
            f"are here, of {uncoded:,} rows in all, and their rows are counted at least."
        )
    if blind:
        said.append(
            f"{blind:,} of them, spread evenly, are blind: drawn from all texts, with and without "
            "a code, and shown without suggestions, so that agreement can be measured."
        )
    return " ".join(said)
