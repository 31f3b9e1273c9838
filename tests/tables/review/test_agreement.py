import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tables.errors import TableRefused
from tables.review.agreement import agreement, compare, decision_page, pairs_of
from tables.review.final_decisions import final_decisions
from tables.review.measures import agreement_of, at_level, levels_of, wilson
from tables.review.page.document import data_of_page, html_of_review
from tables.review.reviewed_file import ReviewedFile, begins_like_one, read_reviewed
from tests.support.tables.decided import SAVED, a_line, exported, saved_again

COOKS, CHEFS, NURSES = "code 351411", "code 351311", "code 254411"
# 100 texts: what Ann and Bob say, and how often. Of Cohen's kind, with known kappas.
SAID = (
    (CHEFS, CHEFS, 40),
    (CHEFS, COOKS, 10),
    (COOKS, COOKS, 20),
    (COOKS, NURSES, 5),
    (NURSES, NURSES, 20),
    (NURSES, "cannot be coded", 5),
)


def _item(number: int, **more: Any) -> dict[str, Any]:
    return {"id": f"t{number:016x}", "rows": 2, "texts": [f"text {number}", ""], **more}


def _two_files(said: tuple[tuple[str, str, int], ...] = SAID) -> tuple[ReviewedFile, ReviewedFile]:
    anns: list[dict[str, str]] = []
    bobs: list[dict[str, str]] = []
    for one, other, count in said:
        for _ in range(count):
            item = _item(len(anns), blind=len(anns) % 2 == 0)
            anns.append(a_line(item, one))
            bobs.append(a_line(item, other, by="Bob", note="so"))
    return (
        read_reviewed(exported(anns), "ann.csv"),
        read_reviewed(exported(bobs, separator=";"), "bob.csv"),
    )


def should_give_the_known_kappa_by_level() -> None:
    found = agreement(pairs_of(*_two_files()))
    # Six digits: 80 of 100 agree. By chance .5*.4 + .25*.3 + .25*.25 = .3375.
    assert found["all"]["agreement"] == 0.8
    assert found["all"]["kappa"] == pytest.approx((0.8 - 0.3375) / (1 - 0.3375), abs=1e-6)
    (level,) = found["all"]["levels"]
    assert (level["level"], level["kappa"]) == (6, found["all"]["kappa"])
    assert found["disagreements"] == 20
    assert found["blind"]["texts"] == 50


def should_agree_more_where_codes_part_further_down() -> None:
    first, second = _two_files((("code 2544", "code 254411", 5), (CHEFS, COOKS, 5)))
    levels = agreement(pairs_of(first, second), [1, 6])["all"]["levels"]
    found = [(each["level"], each["agreement"]) for each in levels]
    assert found == [(1, 1.0), (4, 0.5), (6, 0.0)]


def should_reproduce_cohens_own_example() -> None:
    """Cohen (1960), table 1: two judges of 200 cases; kappa .492."""
    table = ((88, 14, 18), (10, 40, 10), (2, 6, 12))
    pairs = [
        (str(one), str(other))
        for one, row in enumerate(table)
        for other, count in enumerate(row)
        for _ in range(count)
    ]
    found = agreement_of(pairs)
    assert found is not None
    assert found[0] == pytest.approx(0.70)
    assert found[1] == pytest.approx(0.492, abs=1e-3)


def should_give_wilsons_interval() -> None:
    """Newcombe (1998), table I: 81 of 263, and 0 of 20."""
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert wilson(0, 20) == pytest.approx((0.0, 0.1611), abs=5e-5)
    assert wilson(0, 0) is None


@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def should_have_the_share_within_its_interval(counts: tuple[int, int]) -> None:
    low, high = wilson(*counts) or (1.0, 0.0)
    assert 0 <= low <= counts[0] / counts[1] + 1e-12
    assert counts[0] / counts[1] - 1e-12 <= high <= 1


def should_leave_kappa_open_when_chance_leaves_nothing() -> None:
    assert agreement_of([("a", "a")] * 3) == (1.0, None)
    assert agreement_of([]) is None


def should_count_letters_and_digits_as_levels() -> None:
    assert at_level("24.12-13", 4) == "2412"
    assert levels_of(["24.12", "2", "", "A01"]) == [1, 3, 4]


def should_make_a_page_of_what_they_disagree_about() -> None:
    first, second = _two_files()
    pairs = pairs_of(first, second)
    items = [_item(number) for number in range(50)]
    page = {"drop": first.drop_id, "round": "review", "items": items, "codes": [], "known": ""}
    found = decision_page(page, first.drop_id, pairs)
    assert found is not None
    assert found["round"] == "decide"
    assert len(found["items"]) == 20
    assert found["items"][0] == {
        **_item(40),
        "choices": [
            {"code": "351311", "by": "Ann", "note": ""},
            {"code": "351411", "by": "Bob", "note": "so"},
        ],
    }
    assert found["items"][-1]["choices"][1] == {"cannot": True, "by": "Bob", "note": "so"}
    assert found["items"][-1]["texts"] == ["text 99", ""]
    assert decision_page(page, first.drop_id, pairs[:3]) is None
    with pytest.raises(TableRefused, match="not the review page of this drop"):
        decision_page(page | {"drop": "other"}, first.drop_id, pairs)


def should_write_the_agreement_and_the_page_to_decide(tmp_path: Path) -> None:
    first, second = tmp_path / "ann.csv", tmp_path / "bob.csv"
    first.write_bytes(exported([a_line(_item(1), CHEFS), a_line(_item(2), COOKS)]))
    second.write_bytes(exported([a_line(_item(n), COOKS, by="Bob") for n in (1, 2)]))
    page = tmp_path / "review.html"
    for content in (b"<html>", b"PK\x03\x04\xff\xfe", html_of_review({"drop": "1"}).encode()):
        page.write_bytes(content)
        with pytest.raises(TableRefused, match="is no review page"):
            compare(first, second, page, tmp_path / "out")
    data = {"drop": "3f2a" * 8, "round": "review", "items": [_item(1)], "codes": []}
    page.write_text(html_of_review(data), "utf-8")
    found = compare(first, second, page, tmp_path / "out")
    assert json.loads((tmp_path / "out" / "agreement.json").read_text("utf-8")) == found
    assert found["people"] == ["Ann", "Bob"]
    decide = data_of_page((tmp_path / "out" / "decide.html").read_bytes())
    assert decide is not None
    assert [each["id"] for each in decide["items"]] == [_item(1)["id"]]


def should_refuse_to_compare_a_person_with_themselves() -> None:
    first, _ = _two_files()
    with pytest.raises(TableRefused, match="Both files have decisions of Ann"):
        pairs_of(first, first)


def should_take_the_newest_of_a_persons_decisions() -> None:
    first, second = _two_files(((CHEFS, CHEFS, 1),))
    newer = a_line(_item(0), COOKS, at="2026-03-07T08:00:00Z")
    older = a_line(_item(0), NURSES, at="2026-03-01T08:00:00Z")
    again = read_reviewed(exported([newer, older]), "ann.csv")
    assert pairs_of(first, second)[0][0].code == "351311"
    assert pairs_of(again, second)[0][0].code == "351411"


def should_read_files_put_one_behind_the_other_as_one() -> None:
    first = exported([a_line(_item(0), CHEFS)])
    second = exported([a_line(_item(0), CHEFS, by="Bob")])
    read = read_reviewed(first + second, "both.csv")
    assert read.people == ("Ann", "Bob")
    assert final_decisions([read])[_item(0)["id"]].by == "Ann, Bob"


@pytest.mark.parametrize(
    ("head", "is_one"),
    [
        (exported([])[:64], True),
        (exported([], separator=";")[:64], True),
        (b"item,drop,round,by,at,decision,label,blind", True),
        (exported([], separator="\t").decode().encode("utf-16-le")[:64], True),
        (b"item,drop,price\n1,2,3\n", False),
        (b"\xff\xfe\x00", False),
    ],
)
def should_know_an_exported_file_by_its_beginning(head: bytes, is_one: bool) -> None:
    assert begins_like_one(head) is is_one


@pytest.mark.parametrize(("separator", "encoding"), SAVED)
def should_read_what_a_spreadsheet_has_saved(separator: str, encoding: str) -> None:
    line = a_line(_item(0), CHEFS, label="Köchin", note="'=1+1")
    saved = saved_again(exported([line], separator=separator), encoding)
    assert begins_like_one(saved[:64])
    (decision,) = read_reviewed(saved, "ann.csv").decisions
    assert (decision.label, decision.note, decision.rows) == ("Köchin", "=1+1", 2)
    assert decision.texts == {"occp_text": "text 0", "tasks_text": ""}
