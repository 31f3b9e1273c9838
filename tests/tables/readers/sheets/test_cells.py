from datetime import date, datetime, timedelta
from xml.etree.ElementTree import fromstring

import pytest
from openpyxl.utils.datetime import CALENDAR_MAC_1904, CALENDAR_WINDOWS_1900

from tables.readers.sheets.cells import CellXml
from tables.readers.sheets.number_formats import NumberFormats
from tables.readers.sheets.shared_strings import SharedStrings
from tables.rows import Cell
from tests.support.tables.made_workbook import MAIN

FORMATS = NumberFormats(
    codes={1: "DD.MM.YY", 2: "DD.MM.YY hh:mm", 3: "[h]:mm"}, dates={1, 2, 3}, spans={3}, days={1}
)
NOON = datetime.fromisoformat("2024-02-29T12:00")


def _value(xml: str, *, epoch: datetime = CALENDAR_WINDOWS_1900) -> Cell:
    cell = fromstring(xml.replace("<c", f'<c xmlns="{MAIN}"', 1))  # noqa: S314  our own
    return CellXml(SharedStrings(None), FORMATS, epoch).value(cell)


@pytest.mark.parametrize(
    ("xml", "value"),
    [
        *(("<c/>", None), ("<c><v/></c>", None), ("<c><f>1</f></c>", None)),
        *(("<c><v>42</v></c>", 42), ("<c><v>4.20</v></c>", 4.2), ("<c><v>1E3</v></c>", 1000.0)),
        *(('<c t="b"><v>1</v></c>', True), ('<c t="b"><v>0</v></c>', False)),
        *(('<c t="e"><v>#N/A</v></c>', "#N/A"), ('<c t="str"><v>007</v></c>', "007")),
        *(('<c t="inlineStr"/>', None), ('<c t="inlineStr"><is/></c>', "")),
        ('<c s="1"><v>45351</v></c>', date(2024, 2, 29)),
        ('<c s="1"><v>45351.5</v></c>', NOON),
        ('<c s="2"><v>45351</v></c>', datetime.combine(date(2024, 2, 29), NOON.min.time())),
        ('<c s="3"><v>1.5</v></c>', timedelta(hours=36)),
        ('<c s="1"><v>-99999999</v></c>', "#VALUE!"),
        ('<c t="d"><v>2024-02-29T12:00:00</v></c>', NOON),
    ],
)
def should_read_a_cell_as_what_it_is(xml: str, value: Cell) -> None:
    found = _value(xml)
    assert found == value
    assert type(found) is type(value)


def should_count_dates_from_the_workbooks_own_first_day() -> None:
    found = _value('<c s="1"><v>43889</v></c>', epoch=CALENDAR_MAC_1904)
    assert found == date(2024, 2, 29)


@pytest.mark.parametrize(
    "xml",
    ["<c><v>x</v></c>", '<c t="s"><v>0</v></c>', '<c t="b"><v>x</v></c>', '<c s="x"><v>1</v></c>'],
)
def should_raise_for_what_no_excel_writes(xml: str) -> None:
    with pytest.raises((ValueError, LookupError)):
        _value(xml)


def should_place_cells_by_their_letters_or_behind_the_last() -> None:
    cells = CellXml(SharedStrings(None), FORMATS, CALENDAR_WINDOWS_1900)
    row = fromstring('<row><c r="B7"/><c/><c r="XFD7"/></row>')  # noqa: S314  our own
    places: list[int] = []
    for cell in row:
        places.append(cells.place(cell, places[-1] if places else -1))
    assert places == [1, 2, 16_383]
    with pytest.raises(ValueError, match="A1B"):
        cells.place(fromstring('<c r="A1B7"/>'), 0)  # noqa: S314  our own
