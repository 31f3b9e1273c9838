import re
from itertools import pairwise
from typing import Any

import pytest

from shared.codelist import Codelist, CodelistEntry
from tables.report.tally import Tally
from tables.review import distinct_texts
from tables.review.distinct_texts import DistinctTexts
from tables.review.page.document import data_of_page, html_of_review
from tables.review.page_data import page_data
from tests.support.tables.reports import (
    A_NOTHING,
    ABOUT,
    CodedRow,
    a_coded,
    a_suggested,
    batch_of,
)

FIELDS = ("occp_text", "tasks_text")
HOSTILE = "</script><!--<script> & \u2028\u2029 \"quotes\" 'too'"


def _page_of(rows: list[CodedRow], share: float = 0, codelist: Codelist | None = None) -> Any:
    texts, tally = DistinctTexts(ABOUT.drop_id, share), Tally()
    texts.add(batch_of(rows))
    tally.add(batch_of(rows))
    return page_data(texts, tally, about=ABOUT, fields=FIELDS, codelist=codelist)


def should_put_the_frequent_and_uncertain_first() -> None:
    rows = [
        a_suggested("once, unsure", confidence=0.1),
        *[a_suggested("often, sure", confidence=0.95)] * 3,
        *[a_suggested("often, unsure", confidence=0.2)] * 3,
        a_suggested("once, unknown", confidence=None),
    ]
    items = _page_of(rows)["items"]
    assert [each["texts"][0] for each in items] == [
        "often, unsure",
        "once, unknown",
        "once, unsure",
        "often, sure",
    ]
    assert items[0]["choices"] == [{"code": "2412", "confidence": 0.2}]


@pytest.mark.parametrize("row", [a_coded(), A_NOTHING])
def should_have_no_page_when_no_row_is_left_for_people(row: CodedRow) -> None:
    assert _page_of([row] * 5, share=1) is None


def should_leave_out_what_has_nothing_to_code_but_for_the_blind_share() -> None:
    rows = [*[A_NOTHING] * 50, a_suggested("manager", "")]
    assert [each["texts"][0] for each in _page_of(rows)["items"]] == ["manager"]
    blind = _page_of(rows, share=1)["items"]
    assert {each["texts"][0] for each in blind if each["blind"]} == {"manager", "retired"}


def should_tell_nothing_of_blind_texts_and_spread_them_evenly() -> None:
    rows = [a_suggested(f"text {number}", "") for number in range(400)]
    items = _page_of(rows, share=0.25)["items"]
    blind = [place for place, each in enumerate(items) if each.get("blind")]
    assert len(items) == 400
    assert 60 <= len(blind) <= 140
    assert all(set(items[place]) == {"id", "texts", "rows", "blind"} for place in blind)
    gaps = {after - before for before, after in pairwise(blind)}
    assert max(gaps) - min(gaps) <= 1


def should_know_the_codes_of_the_codelist_and_those_that_came_out() -> None:
    entries = {
        "2": CodelistEntry("2", "Professionals", None),
        "24": CodelistEntry("24", "Education", "2"),
    }
    page = _page_of([a_suggested(), a_coded("99")], codelist=Codelist(entries))
    assert page["hasCodelist"]
    assert page["codes"] == [
        ["2", "Professionals", None],
        ["24", "Education", "2"],
        ["2412", "Teachers", "24"],
        ["99", "Teacher", None],
    ]


def should_say_that_it_knows_no_more_when_there_is_no_codelist() -> None:
    page = _page_of([a_suggested(), a_coded()])
    assert not page["hasCodelist"]
    assert "Only the 2 codes that came out for this file" in page["known"]


def should_say_what_is_left_out_when_there_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(distinct_texts, "MOST_TEXTS", 10)
    page = _page_of([a_suggested(f"text {number}") for number in range(12)])
    assert len(page["items"]) == 10
    assert "the 10 most frequent are here, of 12 rows in all" in page["bounds"]


def should_hold_anybodys_texts_as_data_alone() -> None:
    page = _page_of([a_suggested(HOSTILE, HOSTILE[::-1])]) | {"name": HOSTILE}
    html = html_of_review(page)
    assert html.count("</script>") == 2
    assert html.count("<!--") == 0
    assert "\u2028" not in html
    assert data_of_page(html.encode())["items"][0]["texts"] == [HOSTILE, HOSTILE[::-1]]  # type: ignore[index]
    assert len(re.findall("sha256-", html)) == 2
    assert "default-src &#x27;none&#x27;" in html


@pytest.mark.parametrize("html", ["", "<html>", '<script type="application/json" id="data">{'])
def should_find_no_data_when_it_is_no_such_page(html: str) -> None:
    assert data_of_page(html.encode()) is None
