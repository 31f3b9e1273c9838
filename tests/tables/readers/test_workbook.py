import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from pathlib import Path
from random import Random
from typing import Any

import openpyxl
import pytest

from tables.errors import TableRefused
from tables.plan import TableOptions
from tables.readers.workbook import SheetRows, Workbook, open_workbook, reopened
from tables.rows import Cell
from tests.support.tables.coding import OPTIONS, workbook
from tests.support.tables.held_bytes import HeldBytes
from tests.support.tables.made_workbook import HEADER, MAIN, made_workbook, sheet_xml


def _rows(reader: Workbook, state: dict[str, Any] | None = None) -> list[tuple[int, list[Cell]]]:
    return [
        (number, list(cells))
        for batch in reader.rows(state)
        for number, cells in zip(batch.numbers, batch.cells, strict=True)
    ]


def _opened(content: bytes, options: TableOptions = OPTIONS) -> list[tuple[int, list[Cell]]]:
    reader, _ = open_workbook(HeldBytes(content), options)
    return _rows(reader)


def _text(row: int, text: str, column: str = "A") -> str:
    return f'<row r="{row}"><c r="{column}{row}" t="str"><v>{text}</v></c></row>'


@contextmanager
def _memory_below(megabytes: int) -> Iterator[None]:
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < megabytes << 20
    finally:
        tracemalloc.stop()


def should_find_the_header_below_rows_of_titles(tmp_path: Path) -> None:
    rows: list[list[Any]] = [
        ["Survey"],
        [],
        ["Nr", "Job title", "Main tasks"],
        [1, "cook"],
        [],
        [2, "nurse", "x"],
    ]
    source = workbook(tmp_path / "a.xlsx", rows)
    reader, plan = open_workbook(source, OPTIONS)
    assert reader.columns == plan.columns == ("Nr", "Job title", "Main tasks")
    assert (plan.header_row, plan.sheet, plan.width) == (3, "People", 3)
    assert plan.mapping.fields == {"occp_text": (1,), "tasks_text": (2,)}
    assert [row.cells for row in reader.above()] == [["Survey"], []]
    assert _rows(reader) == [(4, [1, "cook"]), (5, []), (6, [2, "nurse", "x"])]
    assert _rows(reopened(source, plan)) == _rows(reader)


def should_prefer_the_row_that_names_more_fields(tmp_path: Path) -> None:
    rows = [["Occupation"], ["Job title", "Main tasks"], ["cook", "x"]]
    _, plan = open_workbook(workbook(tmp_path / "a.xlsx", rows), OPTIONS)
    assert plan.header_row == 2


def should_keep_the_types_of_cells_and_how_they_are_shown(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["Job title", "b", "c", "d", "e", "f", "g", "h", "i"])
    moment = datetime(2024, 2, 29, 12, 30)  # noqa: DTZ001  sheets know no time zone
    sheet.append(["cook", 42, 0.25, True, date(2024, 2, 29), moment, time(7, 5), "#N/A"])
    sheet["B2"].number_format = "00000"
    sheet["E2"].number_format = "DD.MM.YYYY"
    sheet["I2"] = timedelta(hours=30)
    sheet["I2"].number_format = "[h]:mm"
    book.save(tmp_path / "a.xlsx")
    reader, _ = open_workbook(HeldBytes((tmp_path / "a.xlsx").read_bytes()), OPTIONS)
    batch = next(iter(reader.rows()))
    cells = [
        *("cook", 42, 0.25, True, date(2024, 2, 29), moment, time(7, 5), "#N/A"),
        timedelta(hours=30),
    ]
    assert batch.cells == [cells]
    assert list(map(type, batch.cells[0])) == list(map(type, cells))
    assert isinstance(batch, SheetRows)
    formats = batch.formats[0]
    assert (formats[1], formats[4], formats[8]) == ("00000", "DD.MM.YYYY", "[h]:mm")
    assert formats.keys() == {1, 4, 5, 6, 8}


def should_read_what_formulas_last_gave_and_decode_what_xml_cannot_hold() -> None:
    rows = (
        HEADER + '<row r="2"><c r="A2"><f>1+1</f><v>2</v></c><c r="B2" t="str"><f>x</f><v>a</v></c>'
        '<c r="C2"><f>1+1</f></c><c r="D2" t="e"><v>#N/A</v></c><c r="E2" t="s"><v>0</v></c>'
        '<c r="F2" t="inlineStr"><is><r><t>a_x005F_x000D_</t></r><r><t xml:space="preserve"> b'
        '</t></r></is></c><c r="G2" t="s"><v>1</v></c></row>'
    )
    strings = (
        f'<sst xmlns="{MAIN}"><si><t>a_x000D_\nb</t></si><si><r><t>職</t></r><r><t>業</t></r>'
        "<rPh><t>ショク</t></rPh></si></sst>"
    )
    content = made_workbook(rows, parts={"xl/sharedStrings.xml": strings})
    assert _opened(content) == [(2, [2, "a", None, "#N/A", "a\r\nb", "a_x000D_ b", "職業"])]


def should_take_the_first_sheet_with_a_header_and_hidden_ones_last(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    first = book.active
    assert first is not None
    first.title, first["A1"] = "Notes", "Nothing here"
    for title, state in (("Hidden", "hidden"), ("People", "visible"), ("More", "visible")):
        sheet = book.create_sheet(title)
        sheet.sheet_state = state
        sheet["B2"], sheet["B3"] = "Job title", title
    book.save(tmp_path / "a.xlsx")
    source = HeldBytes((tmp_path / "a.xlsx").read_bytes())
    reader, plan = open_workbook(source, OPTIONS)
    assert plan.sheet == "People"
    assert plan.columns == ("", "Job title")
    assert _rows(reader) == [(3, [None, "People"])]
    reader, plan = open_workbook(source, replace(OPTIONS, sheet=" hidden"))
    assert _rows(reopened(source, plan)) == _rows(reader) == [(3, [None, "Hidden"])]
    with pytest.raises(TableRefused) as refused:
        open_workbook(source, replace(OPTIONS, sheet="Pepole"))
    assert "“Notes”, “People”, “More”, “Hidden”" in refused.value.reason
    with pytest.raises(TableRefused, match="Nothing here"):
        open_workbook(source, replace(OPTIONS, sheet="Notes"))


def should_say_that_there_is_nothing() -> None:
    with pytest.raises(TableRefused, match="nothing in its first 20 rows"):
        _opened(made_workbook(""))
    with pytest.raises(TableRefused, match="no sheet with cells"):
        _opened(made_workbook(parts={"xl/worksheets/sheet1.xml": None}))


def should_go_on_behind_any_batch(tmp_path: Path) -> None:
    rows = [["Job title"], *([f"cook {number}"] for number in range(2_500)), *[[]] * 5, ["end"]]
    reader, _ = open_workbook(workbook(tmp_path / "a.xlsx", rows), OPTIONS)
    batches = list(reader.rows())
    assert len(batches) > 2
    for batch in batches:
        assert _rows(reader, batch.state) == [
            row for row in _rows(reader) if row[0] > batch.numbers[-1]
        ]


def should_stay_cheap_with_a_cell_in_the_last_corner() -> None:
    corner = '<row r="1048576"><c r="XFD1048576" s="0"/></row>'
    content = made_workbook(HEADER + _text(2, "cook") + corner)
    with _memory_below(8):
        assert _opened(content) == [(2, ["cook"])]
    with pytest.raises(TableRefused, match=r"Row 1,048,576 .* column XFD; at most 2,000"):
        _opened(made_workbook(HEADER + _text(1_048_576, "x", "XFD")))


def should_count_empty_rows_between_others_and_leave_out_those_at_the_end() -> None:
    rows = HEADER + _text(3, "cook") + _text(5_000, "nurse") + '<row r="5001"><c r="A5001"/></row>'
    found = _opened(made_workbook(rows))
    assert (len(found), found[0], found[1], found[-1]) == (
        *(4_999, (2, []), (3, ["cook"])),
        (5_000, ["nurse"]),
    )


def should_number_rows_and_cells_that_say_nothing_of_their_place() -> None:
    rows = (
        '<row><c t="str"><v>Job title</v></c></row><row><c/><c t="str"><v>a</v></c></row>'
        '<row r="7.0"><c t="str"><v>b</v></c></row>'
    )
    found = _opened(made_workbook(rows))
    assert [row for row in found if row[1]] == [(2, [None, "a"]), (7, ["b"])]


def should_keep_a_date_that_no_calendar_has_as_an_error() -> None:
    styles = (
        f'<styleSheet xmlns="{MAIN}"><fonts><font/></fonts><fills><fill/></fills><borders><border/>'
        '</borders><cellStyleXfs><xf/></cellStyleXfs><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/>'
        "</cellXfs></styleSheet>"
    )
    rows = (
        HEADER + '<row r="2"><c r="A2" s="1"><v>99999999</v></c><c r="B2" s="9"><v>1</v></c></row>'
    )
    assert _opened(made_workbook(rows, parts={"xl/styles.xml": styles})) == [(2, ["#VALUE!", 1])]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (made_workbook()[:-30], "can't be read"),
        (made_workbook()[:200] + b"x" * 300 + made_workbook()[500:], "can't be read"),
        (made_workbook(parts={"xl/workbook.xml": None}), "can't be read"),
        (made_workbook(parts={"[Content_Types].xml": "<Types/>"}), "can't be read"),
        (made_workbook(parts={"xl/workbook.xml": "<workbook"}), "can't be read"),
        (made_workbook(parts={"xl/workbook.xml": "<a>" * 100_000}), "can't be read"),
        (made_workbook(parts={"xl/worksheets/sheet1.xml": "<worksheet"}), "can't be read"),
        (made_workbook(HEADER + '<row r="x"/>'), "can't be read"),
        (made_workbook(HEADER + '<row r="2"><c r="2A"><v>1</v></c></row>'), "can't be read"),
        (made_workbook(HEADER + '<row r="2"><c r="A2"><v>1x</v></c></row>'), "can't be read"),
        (made_workbook(HEADER + '<row r="2"><c t="s"><v>5</v></c></row>'), "can't be read"),
        (made_workbook(HEADER + '<row r="2"><c t="s"><v>-1</v></c></row>'), "can't be read"),
        (made_workbook(HEADER + "<row r='2'>" + "<a>" * 50_000), "can't be read"),
        (made_workbook(HEADER + _text(3, "a") + _text(2, "b")), "Row 2 .* behind row 3"),
        (made_workbook(HEADER + _text(1_048_577, "a")), "Row 1,048,577"),
        (made_workbook(HEADER + "<row r='2'>" + "<c/>" * 300_000 + "</row>"), "more parts"),
        (made_workbook(HEADER + _text(2, "x" * (5 << 20))), "takes more than 4 MB"),
        (
            made_workbook(
                parts={"xl/worksheets/sheet1.xml": sheet_xml(HEADER, before=" " * (5 << 20))}
            ),
            "takes more than 4 MB",
        ),
        (
            made_workbook(
                parts={"xl/worksheets/sheet1.xml": f"<!DOCTYPE a [<!ENTITY b 'c'>]>{sheet_xml('')}"}
            ),
            "XML that no Excel writes",
        ),
        (
            made_workbook(parts={"xl/workbook.xml": "<!DOCTYPE a [<!ENTITY b 'c'>]><workbook/>"}),
            "XML that no Excel writes",
        ),
    ],
)
def should_refuse_what_no_excel_writes(content: bytes, says: str) -> None:
    with _memory_below(90), pytest.raises(TableRefused, match=says) as refused:
        _opened(content)
    assert len(f"{refused.value.reason} {refused.value.next_step}") <= 300


def should_leave_what_stands_behind_the_rows_unread() -> None:
    rest = "<conditionalFormatting/>" * 10_000 + "<broken"
    sheet = sheet_xml(HEADER + _text(2, "cook"), after=rest)
    assert _opened(made_workbook(parts={"xl/worksheets/sheet1.xml": sheet})) == [(2, ["cook"])]


def should_let_pass_what_its_source_raises() -> None:
    class Broken(HeldBytes):
        broken = False

        def read(self, first: int, last: int) -> bytes:
            if self.broken:
                raise TimeoutError(110, "gone")
            return super().read(first, last)

    # More than is read at a time, also when it is packed.
    chance = Random(1)  # noqa: S311  no secret
    rows = "".join(_text(row, f"cook {chance.random()}") for row in range(2, 100_000))
    source = Broken(made_workbook(HEADER + rows))
    reader, _ = open_workbook(source, OPTIONS)
    batches = reader.rows()
    next(batches)
    source.broken = True
    with pytest.raises(TimeoutError):
        list(batches)


def should_read_a_large_sheet_in_little_memory(tmp_path: Path) -> None:
    rows = [_text(row, f"cook and {row}") for row in range(2, 20_000)]
    content = made_workbook(HEADER + "".join(rows))
    assert len(content) < 1 << 20
    reader, _ = open_workbook(HeldBytes(content), OPTIONS)
    with _memory_below(3):
        assert sum(len(batch.cells) for batch in reader.rows()) == 19_998
