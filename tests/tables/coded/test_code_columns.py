import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tables.coded.code_columns import CodeColumns, confidence_text, status_of
from tables.coded.coded_rows import CodeAnswer, CodedRows, CodedStatus

NAMES = (
    *("occ_code", "occ_label", "occ_level", "occ_confidence", "occ_status"),
    *("occ_alt1_code", "occ_alt1_label", "occ_alt1_confidence"),
    *("occ_alt2_code", "occ_alt2_label", "occ_alt2_confidence"),
    *("occ_alt3_code", "occ_alt3_label", "occ_alt3_confidence"),
    "occ_model",
)


def should_name_the_columns_after_the_topic() -> None:
    columns = CodeColumns("occ", ("id", "text"), {})
    assert columns.names == NAMES
    assert len(columns.kinds) == len(NAMES)
    assert (columns.status_name, columns.line_name) == ("occ_status", "occ_line")
    assert CodeColumns("", (), {}).names[0] == "code"


@pytest.mark.parametrize(
    ("own", "suffix"),
    [
        (["OCC_Label"], "_2"),
        (["occ_line"], "_2"),
        ([*NAMES, *(f"{name}_2" for name in NAMES)], "_3"),
        (["occ_status_2"], ""),
        (["occ_status", "occ_status"], "_3"),  # the second one becomes occ_status_2 in JSON
    ],
)
def should_number_all_of_them_where_the_table_has_one(own: list[str], suffix: str) -> None:
    columns = CodeColumns("occ", own, {})
    assert columns.names == tuple(f"{name}{suffix}" for name in NAMES)
    assert columns.line_name == f"occ_line{suffix}"


def should_give_the_cells_of_each_row() -> None:
    coded = CodedRows(
        numbers=[2, 3, 4],
        statuses=[CodedStatus.CODED, CodedStatus.SUGGESTED, CodedStatus.REFUSED],
        results=[CodeAnswer("0241", "Cook", 0.9), None, None],
        levels=[4, None, None],
        suggestions=[(), (CodeAnswer("1", "A", None), CodeAnswer("2", "B", 0.25)), ()],
        texts=[("a",), ("b",), ()],
    )
    nothing = (None, None, None)
    assert CodeColumns("occ", (), {"modelId": "m"}).values(coded) == [
        ("0241", "Cook", 4, 0.9, "coded", *nothing * 3, "m"),
        (None, *nothing, "suggested", "1", "A", None, "2", "B", 0.25, *nothing, "m"),
        (None, *nothing, "refused", *nothing * 3, "m"),
    ]


@pytest.mark.parametrize(
    ("confidence", "text"),
    [
        *((None, ""), (1.0, "1"), (1, "1"), (0.0, "0"), (0, "0"), (0.5, "0.5"), (0.1, "0.1")),
        *((0.97316, "0.9732"), (0.00001, "0"), (1e-300, "0"), (0.99999, "1"), (0.3000001, "0.3")),
    ],
)
def should_write_a_confidence_as_a_plain_decimal(confidence: float | None, text: str) -> None:
    assert confidence_text(confidence) == text


@given(st.floats(0, 1))
def should_write_any_confidence_with_at_most_four_decimals(confidence: float) -> None:
    text = confidence_text(confidence)
    assert math.isclose(float(text), confidence, abs_tol=0.00005 + 1e-12)
    assert len(text) <= 6
    assert set(text) <= set("0123456789.")
    assert not text.endswith(".")
    assert "." not in text or not text.endswith("0")


def should_tell_codes_of_the_deepest_level_from_those_above() -> None:
    assert status_of(6, 0, code_digits=6) is CodedStatus.CODED
    assert status_of(7, 0, code_digits=6) is CodedStatus.CODED
    assert status_of(4, 0, code_digits=6) is CodedStatus.BROADER
    assert status_of(None, 1, code_digits=6) is CodedStatus.SUGGESTED
    assert status_of(None, 0, code_digits=6) is CodedStatus.NOTHING_TO_CODE
