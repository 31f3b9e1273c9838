from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tables.errors import TableRefused
from tables.mapping.column_options import parse_columns
from tables.mapping.columns import MAX_COLUMNS, fields_named, mapped
from tables.plan import ColumnMapping, TableOptions

FIELDS = ("occp_text", "tasks_text")
OPTIONS = TableOptions(fields=FIELDS)


def _options(columns: str) -> TableOptions:
    return replace(OPTIONS, columns=parse_columns(columns))


def _mapping(occp: tuple[int, ...], tasks: tuple[int, ...], ids: int | None) -> ColumnMapping:
    return ColumnMapping(fields={"occp_text": occp, "tasks_text": tasks}, record_id=ids)


def _refused(columns: list[str], options: TableOptions = OPTIONS) -> TableRefused:
    with pytest.raises(TableRefused) as refused:
        mapped(columns, options)
    assert_short(refused.value)
    return refused.value


def assert_short(refused: TableRefused) -> None:
    assert len(refused.reason) <= 300
    assert len(refused.next_step) <= 300
    assert (refused.reason + refused.next_step).isprintable()


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        (["recordId", "occp_text", "tasks_text"], _mapping((1,), (2,), 0)),
        (["Tasks_Text", "Occp_Text", "RecordID"], _mapping((1,), (0,), 2)),
        (["age", "Job Title", "Main duties", "id"], _mapping((1,), (2,), 3)),
        (["Beruf", "Tätigkeiten"], _mapping((0,), (1,), None)),
        (["Métier", "missions principales"], _mapping((0,), (), None)),
        (["Main tasks"], _mapping((), (0,), None)),
        (["occp_text", "occupation", "job"], _mapping((0,), (), None)),
        (["OCCP TEXT", "occp_text"], _mapping((1,), (), None)),
        (["", "job", ""], _mapping((1,), (), None)),
        (["id", "case id", "job"], _mapping((2,), (), None)),
        (["recordId", "record_id", "job"], _mapping((2,), (), 0)),
        (["record_id", "RECORD ID", "job"], _mapping((2,), (), None)),
    ],
)
def should_find_columns_by_the_names_that_they_are_known_by(
    columns: list[str], expected: ColumnMapping
) -> None:
    assert mapped(columns, OPTIONS) == expected


@pytest.mark.parametrize(
    ("columns", "said", "expected"),
    [
        (["job", "industry"], "occp_text=job + industry", _mapping((0, 1), (), None)),
        (["Job!", "job"], "occp_text=Job!", _mapping((0,), (), None)),
        (["JOB", "x"], "occp_text= job", _mapping((0,), (), None)),
        (["", "", ""], "occp_text=#2+#3; recordId=#1", _mapping((1, 2), (), 0)),
        (["#2", "x"], "occp_text=#2", _mapping((0,), (), None)),
        (["2", "x"], "occp_text=#2", _mapping((1,), (), None)),
        (["a", "job", "position", "duties"], "OCCP TEXT=a", _mapping((0,), (3,), None)),
        (["job", "duties"], "occp_text=duties", _mapping((1,), (), None)),
        (["job", "duties"], "tasks_text=", _mapping((0,), (), None)),
        (["id", "job"], "recordId=", _mapping((1,), (), None)),
        (["id", "job"], "occp_text=id", _mapping((0,), (), None)),
        (["job", "x"], "occp_text=job+job+x", _mapping((0, 1), (), None)),
    ],
)
def should_take_the_columns_that_somebody_mapped(
    columns: list[str], said: str, expected: ColumnMapping
) -> None:
    assert mapped(columns, _options(said)) == expected


def should_refuse_two_candidates_with_the_line_that_decides() -> None:
    refused = _refused(["id", "Job title", "Position", "Duties"])

    assert refused.reason == "Two columns could be occp_text: “Job title”, “Position”."
    assert "--metadata columns='occp_text=Job title'" in refused.next_step
    assert mapped(["Job title", "Position"], _options("occp_text=Job title")).fields["occp_text"]


@pytest.mark.parametrize("said", ["", "occp_text=Job", "occp_text=job"])
def should_refuse_one_of_two_columns_of_one_name_and_say_their_numbers(said: str) -> None:
    columns = ["id", "Job", "age", "Job"]
    refused = _refused(columns, _options(said) if said else OPTIONS)

    assert refused.reason == "Two columns are called “Job”: #2, #4."
    assert "columns='occp_text=#2'" in refused.next_step
    assert mapped(columns, _options("occp_text=#4")).fields["occp_text"] == (3,)


def should_refuse_a_table_without_a_known_column_with_what_comes_nearest() -> None:
    columns = ["age", "isco_code", "Q12: What is your main occupation?", "Ocupation", "sex", "x"]
    refused = _refused(columns)

    assert refused.reason.startswith("No column is known as occp_text or tasks_text. The table has")
    assert "Nearest: “Ocupation”" in refused.reason
    assert "--metadata columns='occp_text=Ocupation'" in refused.next_step


def should_refuse_a_mapped_column_that_is_not_there() -> None:
    refused = _refused(["id", "Job titel", "x"], _options("occp_text=Job title"))

    assert "mapped to the column “Job title”, which the table lacks" in refused.reason
    assert "“id”, “Job titel”, “x”" in refused.reason
    assert "columns='occp_text=Job titel'" in refused.next_step


def should_keep_what_was_mapped_in_the_line_that_it_advises() -> None:
    refused = _refused(["A", "B", "Position"], _options("tasks_text=B; occp_text=Positon"))

    assert "columns='tasks_text=B; occp_text=Position'" in refused.next_step


@pytest.mark.parametrize("number", ["#0", "#4", "#99999"])
def should_refuse_a_number_that_the_table_lacks(number: str) -> None:
    assert number in _refused(["a", "b", "c"], _options(f"occp_text={number}")).reason


def should_refuse_a_field_that_the_model_lacks() -> None:
    refused = _refused(["job"], replace(OPTIONS, columns={"title": ("job",)}))

    assert "“title”" in refused.reason
    assert "occp_text" in refused.next_step


def should_refuse_two_columns_of_ids() -> None:
    assert "recordId" in _refused(["a", "b", "job"], _options("recordId=a+b")).reason


@pytest.mark.parametrize(
    "name", ["C++; it's", 'a "job"', "Tätigkeit im Beruf", "a, b", "job=1", " job2", "x" * 50]
)
def should_advise_a_number_where_a_name_does_not_stand_in_a_line(name: str) -> None:
    refused = _refused(["a", name], _options(f'occp_text="{name.replace(chr(34), chr(34) * 2)}y"'))

    assert "columns='occp_text=#2'" in refused.next_step


def should_answer_in_bounds_whatever_the_names() -> None:
    many = _refused([f"{'job' * 300}{n}" for n in range(MAX_COLUMNS)])
    wide = _refused(["job"] * (MAX_COLUMNS + 1))
    none = _refused([])

    assert "16,379 more" in many.reason or "more" in many.reason
    assert "16,385" in wide.reason
    assert "no columns" in none.reason


@given(st.lists(st.text(max_size=30), max_size=6), st.text(max_size=30))
def should_map_or_refuse_any_names_in_words(columns: list[str], asked: str) -> None:
    options = replace(OPTIONS, columns={"tasks_text": (asked,)})
    said, mapping = "", None
    try:
        mapping = mapped(columns, options)
    except TableRefused as refused:
        said = refused.reason + refused.next_step
        assert_short(refused)

    assert said.isprintable()
    assert mapping is None or len(mapping.fields["tasks_text"]) == 1
    assert mapping is None or fields_named(columns, options)


@given(st.lists(st.text(st.sampled_from("abc é+;\"'#,="), max_size=8), min_size=1, max_size=5))
def should_advise_a_line_that_leads_to_the_column(columns: list[str]) -> None:
    try:
        mapped(columns, replace(OPTIONS, columns={"occp_text": ("zzz",)}))
    except TableRefused as refused:
        line = refused.next_step.split("columns='")[1].split("' (")[0]
        assert mapped(columns, _options(line)).fields["occp_text"]


@pytest.mark.parametrize(
    ("cells", "named"),
    [
        (["id", "Job title", "Duties"], 2),
        (["job", "position"], 1),
        (["Survey of 2024", None, None], 0),
        ([1, 2.5, None, b"job"], 0),
        ([], 0),
        (["x" * 10_000_000], 0),
    ],
)
def should_see_how_many_fields_a_row_names(cells: list[str], named: int) -> None:
    assert fields_named(cells, OPTIONS) == named


def should_see_a_header_by_what_was_mapped() -> None:
    by_name, by_number = _options("occp_text=Q1 + Q2"), _options("occp_text=#3")

    assert fields_named(["q1", "x"], by_name)
    assert not fields_named(["x", "y"], by_name)
    assert fields_named(["id", "age", ""], by_number)
    assert not fields_named(["Survey of 2024", None, None], by_number)
    assert not fields_named(["id", "age"], by_number)
