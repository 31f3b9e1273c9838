"""What people have decided becomes the next version of a dictionary."""

from typing import Any

from tables.dictionary.dictionary import Dictionary
from tables.dictionary.learn import Learned, learned, without_drop
from tables.review.distinct_texts import text_id
from tables.review.reviewed_file import read_reviewed
from tests.support.tables.decided import a_line, exported

DROP = "3f2a" * 8
EMPTY = Dictionary(0, {})


def _item(*texts: str, drop: str = DROP) -> dict[str, Any]:
    return {"id": text_id(texts, drop), "texts": texts, "rows": 3}


def _learned(*lines: dict[str, str], before: Dictionary = EMPTY) -> Learned:
    drops = dict.fromkeys(line["drop"] for line in lines)
    files = [
        read_reviewed(exported(line for line in lines if line["drop"] == drop), "reviewed.csv")
        for drop in drops
    ]
    return learned(before, files)


def _counted(found: Learned) -> dict[str, int]:
    return {outcome: count for outcome, count in found.texts.items() if count}


def should_hold_codes_of_any_level_and_what_cannot_be_coded() -> None:
    found = _learned(
        a_line(_item("Cook", ""), "code 351411", label="Cook"),
        a_line(_item("driver", ""), "code 73", label="Drivers"),
        a_line(_item("stuff", ""), "cannot be coded"),
        a_line(_item("nurse", ""), "", note="who?"),
    )
    assert _counted(found) == {"added": 3}
    assert found.dictionary.version == 1
    entries = found.dictionary.entries.values()
    assert [(e.texts["occp_text"], e.code, e.label) for e in entries] == [
        ("Cook", "351411", "Cook"),
        ("driver", "73", "Drivers"),
        ("stuff", None, ""),
    ]
    assert {(each.by, each.at, each.drop_id, each.version) for each in entries} == {
        ("Ann", "2026-03-06T08:00:00.000Z", DROP, 1)
    }


def should_hold_nothing_on_what_reviewers_disagree_until_somebody_decides() -> None:
    item = _item("Cook", "")
    lines = [a_line(item, "code 351411"), a_line(item, "code 351311", by="Bob")]
    found = _learned(*lines)
    assert _counted(found) == {"disagreed": 1}
    assert found.dictionary is not EMPTY
    assert found.dictionary == EMPTY
    decided = a_line(item, "code 351311", by="Cleo", round="decide")
    (entry,) = _learned(*lines, decided).dictionary.entries.values()
    assert (entry.code, entry.by) == ("351311", "Cleo")


def should_replace_what_was_decided_earlier_and_nothing_later() -> None:
    first = _learned(a_line(_item("cook", ""), "code 351411")).dictionary
    other = "9b" * 16
    line = a_line(_item("COOK", "", drop=other), "code 351311", drop=other)
    later = _learned(line | {"at": "2026-03-07T08:00:00.000Z"}, before=first)
    assert _counted(later) == {"replaced": 1}
    assert later.dictionary.version == 2
    (entry,) = later.dictionary.entries.values()
    assert (entry.code, entry.drop_id, entry.version) == ("351311", other, 2)
    earlier = _learned(line | {"at": "2026-03-05T08:00:00.000Z"}, before=first)
    assert _counted(earlier) == {"outdated": 1}
    again = _learned(line | {"decision": "code 351411"}, before=first)
    assert _counted(again) == {"unchanged": 1}
    assert again.dictionary == earlier.dictionary == first


def should_hold_no_text_that_is_not_as_it_stood_in_its_drop() -> None:
    item = _item("x" * 400, "y" * 400)
    cut = a_line({**item, "texts": ("x" * 400, "y" * 199 + "…")}, "code 351411")
    saved = a_line({**_item("漢字", ""), "texts": ("??", "")}, "code 351411")
    assert _counted(_learned(cut, saved)) == {"altered": 2}


def should_forget_what_was_decided_of_a_drop() -> None:
    other = "9b" * 16
    found = _learned(
        a_line(_item("cook", ""), "code 351411"),
        a_line(_item("nurse", "", drop=other), "code 254499", drop=other),
    ).dictionary
    left = without_drop(found, DROP)
    assert left.version == 2
    assert [each.drop_id for each in left.entries.values()] == [other]
