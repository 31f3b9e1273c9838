from hypothesis import given
from hypothesis import strategies as st

from tables.writers.column_names import unique_names


def should_keep_names_that_are_different() -> None:
    assert unique_names(("id", "Job", "x y"), 3) == ("id", "Job", "x y")


def should_number_names_that_stand_twice_and_name_columns_without() -> None:
    names = ("Job", "job", "", "Job", " ", "Job_2")
    assert unique_names(names, 8) == (
        *("Job", "job_3", "column_3", "Job_4", "column_5", "Job_2"),
        *("column_7", "column_8"),
    )


def should_take_no_name_that_another_column_has() -> None:
    assert unique_names(("", "column_1"), 2) == ("column_1_2", "column_1")


@given(st.lists(st.sampled_from(["", "a", "A", "a_2", "A_2", "column_1", "Column_2", "a_2_2"])))
def should_never_give_a_name_twice(columns: list[str]) -> None:
    names = unique_names(columns, len(columns) + 1)
    assert len({name.casefold() for name in names}) == len(columns) + 1


def should_name_many_columns_alike_quickly() -> None:
    assert len(set(unique_names(["a"] * 16_384, 16_384))) == 16_384
