"""What a threshold brings: the rows at or above it, how many of them are right, and the work left.

Confidences are calibrated: of a thousand codes with 0.9, about nine hundred are right. So the mean
confidence of what is at or above a threshold is the precision to expect there.
"""

from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import Any

from tables.report.confidences import BINS, Confidences, mean_of
from tables.report.tally import Tally
from tables.report.words import hours, number, percent, rows

ROWS_AN_HOUR = 100  # that a person codes by hand; ours, as experienced coders say 50 to 150
THRESHOLD = 0.75  # that the report speaks of first; ours


def by_threshold(tally: Tally, rows_an_hour: float) -> list[dict[str, Any]]:
    """An entry for each hundredth from 0.00 to 0.99, as `report.json` has it."""
    to_code = tally.rows - tally.empty - tally.known
    results, suggestions = _at_or_above(tally.results), _at_or_above(tally.best_suggestions)
    entries = []
    for place, (coded, total) in enumerate(results):
        suggested, more = suggestions[place]
        left = to_code - coded
        entries.append(
            {
                "threshold": place / BINS,
                "coded": coded,
                "coverage": share(coded, tally.rows),
                "expectedPrecision": rounded(mean_of(total, coded)),
                "left": left,
                "hours": round(left / rows_an_hour, 2),
                "withSuggestions": {
                    "coded": coded + suggested,
                    "coverage": share(coded + suggested, tally.rows),
                    "expectedPrecision": rounded(mean_of(total + more, coded + suggested)),
                },
            }
        )
    return entries


def _at_or_above(confidences: Confidences) -> list[tuple[int, int]]:
    """By bin: the rows in it and above, and their confidences together."""
    counts = accumulate(reversed(confidences.counts))
    sums = accumulate(reversed(confidences.sums))
    return list(zip(counts, sums, strict=True))[::-1]


def entry_at(entries: Sequence[Mapping[str, Any]], threshold: float) -> Mapping[str, Any]:
    """The entry of the nearest hundredth."""
    return entries[min(max(round(threshold * BINS), 0), BINS - 1)]


def sentence(
    entry: Mapping[str, Any], all_rows: int, empty: int, rows_an_hour: float, *, known: int = 0
) -> str:
    """What a manager needs to know of a threshold; `known` rows are in the dictionary."""
    coded, left, precision = entry["coded"], entry["left"], entry["expectedPrecision"]
    right = "" if precision is None else f", about {percent(precision, 0)} right"
    nothing = (
        f"; {number(empty)} {'has' if empty == 1 else 'have'} nothing to code" if empty else ""
    )
    dictionary = (
        f"; {number(known)} {'is' if known == 1 else 'are'} known from the dictionary"
        if known
        else ""
    )
    work = ""
    if left:
        work = f": {hours(left / rows_an_hour)} by hand at {rows_an_hour:,g} an hour"
    return (
        f"At {entry['threshold']:.2f}, {number(coded)} of {rows(all_rows)} "
        f"{'is' if coded == 1 else 'are'} coded{right}{dictionary}{nothing}; "
        f"{number(left)} {'is' if left == 1 else 'are'} left{work}."
    )


def share(part: int, whole: int) -> float:
    """A part of the whole, from 0 to 1; 0 of nothing."""
    return round(part / whole, 6) if whole else 0.0


def rounded(value: float | None) -> float | None:
    """So exactly as confidences are kept."""
    return None if value is None else round(value, 6)
