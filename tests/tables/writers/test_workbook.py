from dataclasses import replace
from datetime import date
from pathlib import Path

import openpyxl
import pytest
from openpyxl.worksheet.worksheet import Worksheet

from tables.errors import TableRefused
from tables.plan import TableFormat, TablePlan
from tests.support.tables.coding import coded_table
from tests.support.tables.held_bytes import HeldBytes

CSV = "Nr;Job title;Bemerkung\n007;" + "Koch " * 20 + ";漢字漢字漢字\n8;Arzt;x\n"


def _sheet(path: Path) -> Worksheet:
    sheet = openpyxl.load_workbook(path).active
    assert isinstance(sheet, Worksheet)
    return sheet


def should_write_a_sheet_that_is_easy_to_read(tmp_path: Path) -> None:
    path = tmp_path / "back.xlsx"
    table = coded_table(CSV.encode(), TableFormat.CSV)
    table.write(TableFormat.XLSX, path)
    sheet = _sheet(path)
    assert sheet.title == "Table"
    assert sheet.dimensions == sheet.auto_filter.ref == "A1:R3"
    assert sheet.freeze_panes == "A2"
    assert sheet["B1"].font.b
    assert not sheet["B2"].font.b
    widths = [sheet.column_dimensions[letter].width for letter in "ABCD"]
    assert [round(width) for width in widths] == [9, 61, 16, 19]
    assert sheet["A2"].value == "007"
    assert sheet["D2"].value == "024113"
    assert (sheet["F2"].value, sheet["G2"].value, sheet["G2"].number_format) == (
        *(6, 0.97312),
        "0.00##",
    )
    assert table.cut_cells == 0


def should_keep_how_numbers_and_dates_are_shown_and_where_the_header_is(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert isinstance(sheet, Worksheet)
    sheet.title = "Umfrage [1]".replace("[", "(").replace("]", ")")
    sheet["A1"] = date(2024, 1, 1)
    sheet["A1"].number_format = "DD.MM.YYYY"
    for column, cell in zip("ABC", ("Nr", "Job title", "since"), strict=True):
        sheet[f"{column}3"] = cell
    sheet["A4"], sheet["B4"], sheet["C4"] = 42, "cook", date(2020, 2, 29)
    sheet["A4"].number_format, sheet["C4"].number_format = "00000", "MMM YY"
    book.save(tmp_path / "a.xlsx")
    path = tmp_path / "back.xlsx"
    content = (tmp_path / "a.xlsx").read_bytes()
    coded_table(HeldBytes(content), TableFormat.XLSX).write(TableFormat.XLSX, path)
    back = _sheet(path)
    assert back.title == "Umfrage (1)"
    assert [back[name].number_format for name in ("A1", "A4", "C4")] == [
        *("DD.MM.YYYY", "00000", "MMM YY")
    ]
    assert [back[name].value for name in ("A4", "B4", "D3")] == [42, "cook", "occupation_code"]
    assert back.freeze_panes == "A4"
    assert back.auto_filter.ref == "A3:R4"


def should_say_how_many_texts_were_cut(tmp_path: Path) -> None:
    table = coded_table(b"job,n\ncook," + b"x" * 40_000 + b"\n", TableFormat.CSV)
    table.write(TableFormat.XLSX, tmp_path / "back.xlsx")
    assert table.cut_cells == 1
    assert len(str(_sheet(tmp_path / "back.xlsx")["B2"].value)) == 32_767


def should_write_any_number_of_formats_in_a_bounded_number_of_styles(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert isinstance(sheet, Worksheet)
    sheet.append(["job", "n"])
    for number in range(300):
        sheet.append(["cook", number])
        sheet.cell(number + 2, 2).number_format = "0" * (number + 1)
    book.save(tmp_path / "a.xlsx")
    source = HeldBytes((tmp_path / "a.xlsx").read_bytes())
    coded_table(source, TableFormat.XLSX).write(TableFormat.XLSX, tmp_path / "back.xlsx")
    back = _sheet(tmp_path / "back.xlsx")
    assert [back.cell(row, 2).number_format for row in (2, 101, 301)] == ["0", "0" * 100, "General"]


def should_refuse_more_columns_than_a_sheet_has(tmp_path: Path) -> None:
    table = coded_table(b"job\ncook\n", TableFormat.CSV)
    table.plan = replace(table.plan, width=16_370)
    with pytest.raises(TableRefused, match="16,385 columns"):
        table.write(TableFormat.XLSX, tmp_path / "back.xlsx")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("name", "sheet"),
    [
        ("History", "Table"),
        ("'a'", "a"),
        ("a/b:c" * 10, "a_b_ca_b_ca_b_ca_b_ca_b_ca_b_ca"),
        ("", "Table"),
    ],
)
def should_name_the_sheet_as_excel_can(tmp_path: Path, name: str, sheet: str) -> None:
    def named(plan: TablePlan) -> TablePlan:
        return replace(plan, sheet=name)

    table = coded_table(b"job\ncook\n", TableFormat.CSV)
    table.plan = named(table.plan)
    table.write(TableFormat.XLSX, tmp_path / "back.xlsx")
    assert _sheet(tmp_path / "back.xlsx").title == sheet
