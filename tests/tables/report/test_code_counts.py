"""Rows by code: exact up to a bound, and honest beyond it."""

import json

from tables.report.code_counts import MAX_CODES, CodeCounts
from tables.report.state_size import COUNTS_BUDGET, LABELS_BUDGET


def should_count_codes_and_keep_their_first_labels() -> None:
    codes = CodeCounts()
    codes.add(["1", "2", "1"], ["One", "Two", "Uno"])
    codes.add(["2", "2"], ["Dos", "Dos"])
    assert codes.top(5) == [("2", 3), ("1", 2)]
    assert [codes.label_of(code) for code in ("1", "2", "3")] == ["One", "Two", ""]


def should_order_equally_frequent_codes_by_the_code() -> None:
    codes = CodeCounts()
    codes.add(["9", "3", "5"], ["", "", ""])
    assert codes.top(2) == [("3", 1), ("5", 1)]


def should_count_the_rest_together_when_codes_are_too_many() -> None:
    codes = CodeCounts()
    names = [f"{each:05}" for each in range(MAX_CODES + 10)]
    codes.add(names, names)
    codes.add(names, names)
    assert len(codes.counts) == MAX_CODES
    assert codes.others == 20
    assert codes.rows == 2 * len(names)
    assert codes.top(1) == [("00000", 2)]


def should_lose_no_row_and_no_top_label_when_a_state_is_too_large() -> None:
    codes = CodeCounts()
    names = [f"{each:030}" for each in range(4_000)]
    codes.add([*names, *names[3_990:]], ["\N{SNOWMAN}" * 300] * 4_010)
    state = json.loads(json.dumps(codes.to_state()))
    assert len(json.dumps(state)) < COUNTS_BUDGET + LABELS_BUDGET + 500
    back = CodeCounts.from_state(state)
    assert back.rows == codes.rows
    assert back.top(10) == codes.top(10)
    assert back.label_of(names[3_995]) == codes.label_of(names[3_995])


def should_learn_a_label_again_when_a_state_had_no_place_for_it() -> None:
    codes = CodeCounts.from_state({"counts": [["1", 4]], "labels": {}, "others": 0})
    codes.add(["1"], ["One"])
    assert codes.label_of("1") == "One"
    assert codes.counts["1"] == 5
