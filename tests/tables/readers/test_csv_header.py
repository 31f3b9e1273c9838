import pytest

from tables.errors import EncodingAssumed, TableRefused
from tables.plan import ColumnMapping, TableFormat, TableOptions, TablePlan
from tables.readers.csv_header import open_csv
from tests.support.tables.held_bytes import HeldBytes

OPTIONS = TableOptions(fields=("occp_text", "tasks_text"))
NOTHING_KNOWN = TablePlan(
    format=TableFormat.CSV, columns=(), mapping=ColumnMapping(fields={}, record_id=None)
)


def _opened(text: str, options: TableOptions = OPTIONS) -> TablePlan:
    return open_csv(HeldBytes(text.encode(), block=7), options, NOTHING_KNOWN, None)


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def should_find_separator_and_header(separator: str, end: str) -> None:
    header = separator.join(["ID", "Job title", "main_tasks"])
    row = separator.join(["1", '"cook, head; of | all\t"', "cooks, plans; buys"])

    plan = _opened(f"{header}{end}{row}{end}")

    assert plan.separator == separator
    assert plan.columns == ("ID", "Job title", "main_tasks")
    assert plan.mapping == ColumnMapping(
        fields={"occp_text": (1,), "tasks_text": (2,)}, record_id=0
    )
    assert (plan.header_row, plan.header_end) == (1, len(header + end))


def should_pass_over_the_rows_above_the_header() -> None:
    above = 'Survey of 2024,,\n"Asked by\nphone, mostly",\n\n'

    plan = _opened(f'{above}id,"job\ntitle"\n1,nurse\n')

    assert (plan.header_row, plan.columns) == (5, ("id", "job\ntitle"))
    assert plan.header_end == len(f'{above}id,"job\ntitle"\n')


def should_prefer_the_row_that_names_most_fields() -> None:
    plan = _opened("Occupation\nid,occupation,tasks\n1,nurse,nursing\n")

    assert (plan.header_row, len(plan.columns)) == (2, 3)


@pytest.mark.parametrize("said", ["sep=;", '"sep=;"', "SEP=;"])
def should_believe_the_line_that_says_the_separator(said: str) -> None:
    plan = _opened(f"{said}\r\noccupation,a;duties\r\nnurse;nursing\r\n")

    assert (plan.separator, plan.header_row) == (";", 2)
    assert plan.columns == ("occupation,a", "duties")


def should_take_one_column_of_texts_full_of_commas_as_one() -> None:
    plan = _opened("occupation\ndriver, bus\ncook\nnurse, ward, nights\n")

    assert plan.columns == ("occupation",)
    assert plan.separator != ","


def should_not_be_misled_by_a_quote_that_another_separator_leaves_open() -> None:
    plan = _opened('id;"note, ""x""";job\n1;"a,""b\n";cook\n')

    assert plan.separator == ";"


def should_name_the_columns_of_the_table_where_none_is_known() -> None:
    with pytest.raises(TableRefused, match="Bezeichnung"):
        _opened("Umfrage 2024\nLaufnr;Bezeichnung;Alter\n1;Koch;30\n2;Wirt;40\n")


def should_find_columns_that_somebody_mapped() -> None:
    options = TableOptions(fields=("occp_text",), columns={"occp_text": ("q7", "q8")})

    plan = _opened("id;q7;q8\n1;Koch;Hotel\n", options)

    assert plan.mapping.fields == {"occp_text": (1, 2)}


@pytest.mark.parametrize("text", ["", "\n\n", "sep=;\n"])
def should_refuse_a_file_without_rows(text: str) -> None:
    with pytest.raises(TableRefused, match="no row"):
        _opened(text)


def should_name_the_line_of_a_quote_that_is_open_from_the_beginning() -> None:
    with pytest.raises(TableRefused, match=r"opens in line 2 is never closed"):
        _opened('survey\n"job,duties\nnurse,x\n')


def should_refuse_a_header_without_an_end() -> None:
    with pytest.raises(TableRefused, match="line 1 is longer"):
        _opened("x" * (1 << 20) + "occupation\n")


def should_refuse_more_columns_than_a_sheet_has() -> None:
    with pytest.raises(TableRefused, match="20,001 columns"):
        _opened("occupation" + ",x" * 20_000 + "\n")


def should_ask_for_the_fallback_where_the_first_rows_are_not_utf_8() -> None:
    with pytest.raises(EncodingAssumed):
        open_csv(
            HeldBytes("métier\ncuisinier\n".encode("cp1252")), OPTIONS, NOTHING_KNOWN, "cp1252"
        )
