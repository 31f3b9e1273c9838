from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from xml.etree.ElementTree import fromstring

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tables.readers.sheets.shared_strings import unescaped
from tables.rows import Written
from tables.writers.sheet_cells import SheetCells, letters_of


def _cells(style: str = "") -> tuple[SheetCells, list[str]]:
    asked: list[str] = []

    def style_of(code: str) -> int:
        asked.append(code)
        return len(asked)

    return SheetCells(style_of), asked


def _row(cell: Any, formats: dict[int, str] | None = None) -> tuple[str, str, list[str]]:
    """The type of the only cell, its text, and the formats that were asked for."""
    cells, asked = _cells()
    row = fromstring(cells.row(7, [cell], formats or {}))  # noqa: S314  our own
    found = row[0]
    assert found.attrib["r"] == "A7"
    assert ("s" in found.attrib) is bool(asked)
    return found.get("t", "n"), "".join(found.itertext()), asked


@pytest.mark.parametrize(
    ("cell", "kind", "text", "formats"),
    [
        ("007", "inlineStr", "007", []),
        ("=1+1", "inlineStr", "=1+1", []),
        ("<r>&amp;</r>", "inlineStr", "<r>&amp;</r>", []),
        (" a ", "inlineStr", " a ", []),
        (True, "b", "1", []),
        (42, "n", "42", []),
        (0.1 + 0.2, "n", "0.30000000000000004", []),
        (123_456_789_012_345, "n", "123456789012345", []),
        (1_234_567_890_123_456, "inlineStr", "1234567890123456", []),
        (float("nan"), "inlineStr", "nan", []),
        (Decimal("1.50"), "n", "1.50", []),
        (Decimal("1.0000000000000001"), "inlineStr", "1.0000000000000001", []),
        (Written("1.50"), "n", "1.50", []),
        (Written("1e400"), "inlineStr", "1e400", []),
        (Written("007"), "inlineStr", "007", []),
        (date(2024, 2, 29), "n", "45351", ["yyyy-mm-dd"]),
        (date(1900, 2, 28), "inlineStr", "1900-02-28", []),
        (date(1900, 3, 1), "n", "61", ["yyyy-mm-dd"]),
        (datetime.fromisoformat("2024-02-29T12:00"), "n", "45351.5", ["yyyy-mm-dd hh:mm:ss"]),
        (datetime(2024, 2, 29, tzinfo=UTC), "inlineStr", "2024-02-29 00:00:00+00:00", []),
        (time(18), "n", "0.75", ["hh:mm:ss"]),
        (timedelta(hours=36), "n", "1.5", ["[h]:mm:ss"]),
        (timedelta(hours=-1), "inlineStr", "-1:00:00", []),
        ([1, 2], "inlineStr", "[1,2]", []),
        (b"ab", "inlineStr", "ab", []),
    ],
)
def should_write_a_cell_as_what_it_is(cell: Any, kind: str, text: str, formats: list[str]) -> None:
    assert _row(cell) == (kind, text, formats)


def should_show_numbers_and_dates_as_the_dropped_sheet_does() -> None:
    assert _row(42, {0: "00000"})[2] == ["00000"]
    assert _row(date(2024, 2, 29), {0: "DD.MM.YYYY"})[2] == ["DD.MM.YYYY"]
    assert _row("text", {0: "DD.MM.YYYY"})[2] == []


@given(st.text(st.characters() | st.sampled_from("_x0D\r\0\ufffe<&\ud800"), max_size=20))
def should_write_any_text_so_that_excel_reads_it(text: str) -> None:
    kind, written, _ = _row(text or "x")
    assert kind == "inlineStr"
    whole = (text or "x").encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    assert unescaped(written) == whole


@pytest.mark.parametrize("character", ["a", "\U0001f600"])
def should_cut_what_no_cell_holds(character: str) -> None:
    cells, _ = _cells()
    units = len(character.encode("utf-16-le")) // 2
    fits = character * (32_767 // units)
    cells.row(1, [fits], {})
    assert cells.cut_cells == 0
    row = fromstring(cells.row(1, [fits + character * 5], {}))  # noqa: S314  our own
    assert "".join(row.itertext()) == fits
    assert cells.cut_cells == 1


def should_leave_out_empty_cells_and_name_columns_by_letters() -> None:
    cells, _ = _cells()
    row = fromstring(cells.row(3, [None, "a", "", 1], {}, text_style=5))  # noqa: S314  our own
    assert [(cell.get("r"), cell.get("s")) for cell in row] == [("B3", "5"), ("D3", None)]
    places = (0, 25, 26, 701, 702, 16_383)
    assert list(map(letters_of, places)) == ["A", "Z", "AA", "ZZ", "AAA", "XFD"]
