import pytest

from tables.mapping.advice import LINE_CHARACTERS, advice, many_called, nearest

KNOWN = ["occupation", "jobtitle", "job"]


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        (["age", "ocupation", "sex"], [1]),
        (["Q7_occupation_open", "sex"], [0]),
        (["occupation code", "occupation as told"], [1, 0]),
        (["job satisfaction", "Job titel", "occupations", "jobtitles"], [2, 3, 1]),
        (["age", "", "???"], []),
    ],
)
def should_guess_the_columns_that_are_called_most_alike(
    columns: list[str], expected: list[int]
) -> None:
    assert nearest(columns, KNOWN) == expected


def should_compare_no_more_letters_than_a_message_shows() -> None:
    assert nearest(["occupation" * 100_000] * 3, KNOWN) == [0, 1, 2]


def should_name_the_columns_or_their_numbers() -> None:
    columns = ["Job", "job", "Job", *["x"] * 9]

    assert many_called(columns, "occp_text", (0, 1, 2)).startswith("3 columns could be occp_text: ")
    assert many_called(columns, "occp_text", (0, 2)) == "Two columns are called “Job”: #1, #3."
    assert many_called(columns, "f", range(3, 12)).endswith("“x”: #4, #5, #6, #7, #8 and 4 more.")


def should_write_a_line_with_names_or_else_with_numbers() -> None:
    columns = ["Job title", "a;b", "x" * 40, "y" * 40, "z" * 40, "w" * 40, "v" * 40]

    assert "columns='f=Job title + #2; g=" in advice(columns, {"f": (0, 1), "g": (2,), "h": ()})
    assert "columns='f=#3 + #4 + #5 + #6 + #7'" in advice(columns, {"f": (2, 3, 4, 5, 6)})
    many = {f"field{n}": (n % 7,) for n in range(40)}
    assert "columns='field39=#5'" in advice(columns, many)
    assert len(advice(columns, many)) < LINE_CHARACTERS
