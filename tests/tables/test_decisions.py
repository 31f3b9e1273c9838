from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tables.decisions import Decided, RowDecisions, RowStatus
from tables.plan import ColumnMapping, TableFormat, TablePlan
from tables.rows import Cell, RowBatch, Written
from tests.support.tables.dictionaries import a_dictionary, an_entry

SENT, SHORTENED, BLANK, REFUSED, KNOWN = RowStatus
PLAN = TablePlan(
    format=TableFormat.JSON_LINES,
    columns=("id", "job", "industry", "duties"),
    mapping=ColumnMapping(fields={"occp_text": (1, 2), "tasks_text": (3,)}, record_id=0),
)
CELLS = st.none() | st.text(max_size=8) | st.integers() | st.just("x" * 200) | st.just(["list"])


def _of(
    *rows: Sequence[Cell], plan: TablePlan = PLAN, faults: dict[int, str] | None = None
) -> Decided:
    batch = RowBatch(range(2, 2 + len(rows)), list(rows), faults or {})
    return RowDecisions(plan).of(batch)


def should_send_a_row_with_its_id_and_joined_texts() -> None:
    found = _of(["a", " cook ", "hotel", None], ["b", "", "null", "cleans\nrooms"])

    assert found.statuses == [SENT, SENT]
    assert found.record_ids == ["a", "b"]
    assert found.texts == [("cook, hotel", ""), ("", "cleans rooms")]
    assert not found.reasons


def should_take_the_number_of_the_row_where_it_has_no_id() -> None:
    without = replace(PLAN, mapping=replace(PLAN.mapping, record_id=None))

    assert _of(["a", "cook"], plan=without).record_ids == ["2"]
    assert _of(["", "cook"], [None, "cook"], [Written("7"), "cook"], [7.0, "cook"]).record_ids == [
        "2",
        "3",
        "7",
        "7",
    ]


def should_not_send_a_row_without_text() -> None:
    found = _of(["a", " ", "n/a", "\0"], ["b"], [], ["c", "cook"])

    assert found.statuses == [BLANK, BLANK, BLANK, SENT]
    assert found.record_ids == ["", "", "", "c"]
    assert found.texts == [(), (), (), ("cook", "")]


def should_shorten_a_row_with_too_much_text() -> None:
    found = _of(["a", "cook", None, "plans " * 60], ["b", "x" * 299, None, "y"])

    assert found.statuses == [SHORTENED, SENT]
    assert found.texts[0] == ("cook", ("plans " * 49).rstrip())


def should_refuse_a_row_that_cannot_be_read_or_holds_a_list() -> None:
    found = _of(
        ["a", "cook"],
        ["b", ["cook", "nurse"]],
        ["c", "cook", {"x": 1}],
        [["d"], "cook"],
        ["e" * 1001, "cook"],
        faults={0: "is not JSON"},
    )

    assert found.statuses == [REFUSED, REFUSED, REFUSED, SENT, REFUSED]
    assert found.record_ids == ["", "", "", "5", ""]
    assert found.reasons == {
        0: "is not JSON",
        1: "has a list in “job”, where one text is needed",
        2: "has an object in “industry”, where one text is needed",
        4: "has an id of 1,001 characters; at most 1,000 are taken",
    }


def should_keep_an_id_as_it_is_but_for_what_json_cannot_hold() -> None:
    found = _of([" a  1 ", "cook"], ["b\0\ud800", "cook"])

    assert found.record_ids == [" a  1 ", "b\ufffd"]


def should_leave_empty_a_field_that_no_column_is_mapped_to() -> None:
    mapping = ColumnMapping(fields={"occp_text": (1,), "tasks_text": ()}, record_id=None)

    assert _of(["a", "cook"], plan=replace(PLAN, mapping=mapping)).texts == [("cook", "")]


@pytest.mark.parametrize("form", list(TableFormat))
def should_pad_short_rows_in_every_format(form: TableFormat) -> None:
    found = _of([], ["a"], ["b", "cook"], plan=replace(PLAN, format=form))

    assert found.statuses == [BLANK, BLANK, SENT]


def should_say_what_was_sent_of_lines_that_went_as_they_are() -> None:
    plan = replace(
        PLAN, prepared=False, mapping=ColumnMapping(fields={"occp_text": (1,)}, record_id=0)
    )

    found = _of(["a", " null "], ["", ""], ["x" * 2000, "y" * 300], plan=plan)

    assert found.statuses == [SENT, SENT, SENT]
    assert found.record_ids == ["a", "", "x" * 2000]
    assert found.texts == [(" null ",), ("",), ("y" * 300,)]
    without = replace(plan, mapping=ColumnMapping(fields={"occp_text": (1,)}, record_id=None))
    assert _of(["a", "cook"], plan=without).record_ids == [""]


@given(rows=st.lists(st.lists(CELLS, max_size=5), max_size=8))
@settings(max_examples=40)
def should_decide_each_row_whatever_stands_beside_it(rows: list[list[Cell]]) -> None:
    found = _of(*rows)

    alone = [
        RowDecisions(PLAN).of(RowBatch([place + 2], [row], {})) for place, row in enumerate(rows)
    ]
    assert found.statuses == [each.statuses[0] for each in alone]
    assert found.record_ids == [each.record_ids[0] for each in alone]
    assert found.texts == [each.texts[0] for each in alone]
    assert [found.reasons.get(place) for place in range(len(rows))] == [
        each.reasons.get(0) for each in alone
    ]


@given(
    st.lists(
        st.lists(st.integers(0, 300).map("x".__mul__), min_size=4, max_size=4),
        min_size=1,
        max_size=3,
    ),
    st.lists(st.lists(st.integers(0, 3), min_size=1, max_size=3), min_size=2, max_size=2),
    st.integers(0, 3) | st.none(),
)
def should_decide_the_same_when_the_longest_row_is_known(
    rows: list[list[str]], places: list[list[int]], record_id: int | None
) -> None:
    fields = dict(zip(("occp_text", "tasks_text"), map(tuple, places), strict=True))
    mapping = ColumnMapping(fields=fields, record_id=record_id)
    plan = replace(PLAN, format=TableFormat.CSV, mapping=mapping)
    longest = max(len(",".join(row)) for row in rows)

    unknown, known = (
        RowDecisions(plan).of(RowBatch(range(len(rows)), list(rows), {}, longest=each))
        for each in (None, longest)
    )

    assert known == unknown


def should_not_send_what_the_dictionary_has() -> None:
    dictionary = a_dictionary(an_entry("cook, hotel"), an_entry("x" * 300), an_entry("nurse", "a"))
    rows: list[Sequence[Cell]] = [
        ["a", "COOK", "Hotel", None],
        ["b", "cook", "hotel", "at sea"],
        ["c"],
        ["d", "x" * 301],
        ["e", "x" * 300],
        ["f", "nurse", None, ["a"]],
    ]
    found = RowDecisions(PLAN, dictionary).of(RowBatch(range(2, 8), rows, {}))
    assert found.statuses == [KNOWN, SENT, BLANK, SHORTENED, KNOWN, REFUSED]
    assert [found.texts[place] for place in (0, 4)] == [(), ()]
    assert [found.record_ids[place] for place in (0, 4)] == ["", ""]
    assert {place: each.texts["occp_text"] for place, each in found.known.items()} == {
        0: "cook, hotel",
        4: "x" * 300,
    }
