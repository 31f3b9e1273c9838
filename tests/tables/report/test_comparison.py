"""What a drop's report remembers for the next one, and what that says of the difference."""

import json
from typing import Any

from tables.report.comparison import MOST_CHANGED, summary_of
from tables.report.page.document import html_of
from tables.report.state_size import MAX_SUMMARY
from tests.support.tables.reports import (
    A_BLANK,
    ABOUT,
    MODEL,
    a_coded,
    a_report,
    a_suggested,
    some_rows,
)


def _codes(**counts: int) -> list[Any]:
    return [a_coded(code, f"Label {code}") for code, count in counts.items() for _ in range(count)]


def should_compare_with_nothing_at_a_topics_first_drop() -> None:
    assert a_report()["previous"] is None


def should_compare_with_nothing_when_the_summary_is_of_another_version() -> None:
    assert a_report(previous={"summaryVersion": "0"})["previous"] is None


def should_find_no_difference_when_the_same_is_dropped_again() -> None:
    previous = a_report(previous=json.loads(json.dumps(summary_of(a_report()))))["previous"]
    assert previous["key"] == ABOUT.key
    assert previous["rows"] == 1_000
    assert previous["meanConfidence"] == previous["previousMeanConfidence"]
    assert not previous["modelChanged"]
    assert previous["codes"] == []
    assert not any(each["change"] or each["notable"] for each in previous["statuses"])


def should_tell_how_the_shares_by_status_changed() -> None:
    then = summary_of(a_report([a_coded()] * 90 + [a_suggested()] * 10))
    now = a_report([a_coded()] * 50 + [a_suggested()] * 49 + [A_BLANK], previous=then)["previous"]
    changes = {each["status"]: each for each in now["statuses"]}
    assert changes["coded"]["change"] == -0.4
    assert changes["coded"]["notable"]
    assert changes["blank"]["change"] == 0.01
    assert not changes["blank"]["notable"]


def should_name_the_model_that_coded_the_last_one_when_it_was_another() -> None:
    then = summary_of(a_report(model=dict(MODEL) | {"modelVersion": 6}))
    previous = a_report(previous=then)["previous"]
    assert previous["modelChanged"]
    assert previous["previousModel"]["modelVersion"] == "6"


def should_name_no_other_model_when_the_dictionary_had_every_text_of_the_last_one() -> None:
    now = a_report(previous=summary_of(a_report(model={})))
    assert not now["previous"]["modelChanged"]
    assert "no model coded it" in html_of(now)
    assert not a_report(model={}, previous=summary_of(a_report()))["previous"]["modelChanged"]


def should_list_codes_by_how_much_their_share_changed() -> None:
    then = summary_of(a_report(_codes(a=60, b=30, gone=10)))
    changes = a_report(_codes(a=30, b=30, new=40), previous=then)["previous"]["codes"]
    assert [(each["code"], each["change"]) for each in changes] == [
        ("new", 0.4),
        ("a", -0.3),
        ("gone", -0.1),
    ]
    assert changes[2]["label"] == "Label gone"
    assert not any(each["previousIsAtMost"] for each in changes)


def should_say_only_what_is_known_of_a_code_that_the_summary_has_no_place_for() -> None:
    then = summary_of(a_report(_codes(**{f"c{each:03}": 2 + each % 3 for each in range(150)})))
    assert not then["allCodes"]
    changes = a_report(_codes(new=100, rare=1, c149=300), previous=then)["previous"]["codes"]
    assert len(changes) == MOST_CHANGED
    by_code = {each["code"]: each for each in changes}
    assert by_code["new"]["previousIsAtMost"]
    assert "rare" not in by_code


def should_remember_little_whatever_was_coded() -> None:
    wide = "\N{GRINNING FACE}"
    rows = [a_coded(f"{each:03}{wide * 40}", wide * 300) for each in range(200)]
    summary = summary_of(a_report(rows, model=dict.fromkeys(MODEL, wide * 1_000)))
    assert len(json.dumps(summary)) < MAX_SUMMARY
    assert len(json.dumps(summary_of(a_report(some_rows(500))))) < 2_000
