"""Whether two reviewers agree, by level; and a page to decide on what they don't agree about."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tables.errors import TableRefused
from tables.report.thresholds import rounded
from tables.review.final_decisions import newest_of_each
from tables.review.measures import agreement_of, at_level, levels_of
from tables.review.page.document import data_of_page, html_of_review
from tables.review.page_data import DECIDE, REVIEW, VERSION
from tables.review.reviewed_file import Decision, ReviewedFile, check_drop, read_reviewed

AGREEMENT_NAME, DECIDE_NAME = "agreement.json", "decide.html"
ITS_PAGE = "Take review.html of the same results."
Pair = tuple[Decision, Decision]
NOT_CODABLE = "-"
"""As a category beside the codes."""


def compare(first: Path, second: Path, page: Path, out: Path) -> dict[str, Any]:
    """Writes the agreement of two exported files to the folder `out`, and gives it.

    Where they disagree a page to decide lies beside it; `page` is the review page that both had.
    Raises `TableRefused`, and `OSError` where a file can't be read or written.
    """
    files = [read_reviewed(path.read_bytes(), path.name) for path in (first, second)]
    data = data_of_page(page.read_bytes())
    if data is None:
        raise TableRefused(f"{page.name} is no review page.", ITS_PAGE)
    pairs = pairs_of(*files)
    found = agreement(pairs, levels_of(code for code, _, _ in data["codes"]))
    people = [", ".join(each.people) for each in files]
    decide = decision_page(data, files[0].drop_id, pairs)
    out.mkdir(parents=True, exist_ok=True)
    if decide is not None:
        (out / DECIDE_NAME).write_text(html_of_review(decide), "utf-8")
    found = {"dropId": files[0].drop_id, "people": people, **found}
    written = json.dumps(found, ensure_ascii=False, indent=2)
    (out / AGREEMENT_NAME).write_text(written + "\n", "utf-8")
    return found


def pairs_of(first: ReviewedFile, second: ReviewedFile) -> list[Pair]:
    """The texts on which both decided, in the order of the first file.

    Raises `TableRefused` where the files are of two drops, or of one person.
    """
    check_drop([second], first.drop_id)
    if set(first.people) & set(second.people):
        (name, *_) = set(first.people) & set(second.people)
        raise TableRefused(
            f"Both files have decisions of {name}.",
            "Compare the files of two people, each under a name of their own.",
        )
    ones, others = (_made(each) for each in (first, second))
    return [(one, others[item]) for item, one in ones.items() if item in others]


def agreement(pairs: Sequence[Pair], levels: Iterable[int] = ()) -> dict[str, Any]:
    """Of all the texts, and of the blind ones alone: how many, agreement and kappa by level.

    `levels` are the classification's, as far as they are known; those of the codes are told too.

    Blind texts tell more: on the others both were led by the same suggestions.
    """
    return {
        "all": _by_level(pairs, levels),
        "blind": _by_level([each for each in pairs if each[0].blind], levels),
        "disagreements": sum(one.answer != other.answer for one, other in pairs),
    }


def decision_page(
    page: Mapping[str, Any], drop_id: str, pairs: Sequence[Pair]
) -> dict[str, Any] | None:
    """The data of a page to decide on the disagreements; None where there are none.

    `page` is the data of the review page that both had, of the drop `drop_id`. Raises
    `TableRefused` where it is another one.
    """
    differing = [(one, other) for one, other in pairs if one.answer != other.answer]
    if not differing:
        return None
    if page.get("drop") != drop_id or page.get("round") != REVIEW:
        raise TableRefused("The page is not the review page of this drop.", ITS_PAGE)
    known = {item["id"]: item for item in page["items"]}
    return {
        **page,
        "version": VERSION,
        "round": DECIDE,
        "items": [_item(pair, known.get(pair[0].item)) for pair in differing],
        "bounds": "Only the texts on which the two decided differently. What is decided here "
        "goes before what they said.",
    }


def _item(pair: Pair, shown: Mapping[str, Any] | None) -> dict[str, Any]:
    one = pair[0]
    texts = list(one.texts.values()) if shown is None else shown["texts"]
    rows = one.rows if shown is None else shown["rows"]
    return {"id": one.item, "texts": texts, "rows": rows, "choices": list(map(_choice, pair))}


def _choice(said: Decision) -> dict[str, Any]:
    answer = {"cannot": True} if said.cannot else {"code": said.code}
    return {**answer, "by": said.by, "note": said.note}


def _made(file: ReviewedFile) -> dict[str, Decision]:
    first_round = (each for each in file.decisions if each.round == REVIEW)
    newest = sorted(newest_of_each(first_round).values(), key=lambda each: each.at)
    return {each.item: each for each in newest if each.is_made}


def _by_level(pairs: Sequence[Pair], levels: Iterable[int]) -> dict[str, Any]:
    codes = [each.code for pair in pairs for each in pair if each.code]
    return {
        "texts": len(pairs),
        **_measured(pairs, lambda each: each.code or NOT_CODABLE),
        "levels": [
            {"level": level, **_measured(pairs, _down_to(level))}
            for level in sorted({*levels, *levels_of(codes)})
        ],
    }


def _down_to(level: int) -> Callable[[Decision], str]:
    """A shorter code is a category of its own: who says less says something else."""
    return lambda each: at_level(each.code, level) if each.code else NOT_CODABLE


def _measured(pairs: Sequence[Pair], category: Callable[[Decision], str]) -> dict[str, Any]:
    found = agreement_of([(category(one), category(other)) for one, other in pairs])
    share, kappa = found or (None, None)
    return {"agreement": rounded(share), "kappa": rounded(kappa)}
