"""Numbers and texts as the report writes them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tables.report.words import NO_BREAK, day, hours, percent, points, rows, visible


@pytest.mark.parametrize(
    ("share", "digits", "text"),
    [
        (0.0, 1, "0.0 %"),
        (1.0, 1, "100.0 %"),
        (1.0, 0, "100 %"),
        (0.8412, 1, "84.1 %"),
        (0.8412, 0, "84 %"),
        (0.0004, 1, "under 0.1 %"),
        (0.9996, 1, "over 99.9 %"),
        (0.9996, 0, "over 99.9 %"),
        (0.997, 0, "99.7 %"),
        (0.004, 0, "0.4 %"),
    ],
)
def should_never_round_to_all_or_nothing(share: float, digits: int, text: str) -> None:
    assert percent(share, digits) == text.replace(" %", f"{NO_BREAK}%")


@pytest.mark.parametrize(
    ("change", "text"), [(0.032, "+3.2"), (-0.004, "−0.4"), (0.0, "0.0"), (-0.0001, "0.0")]
)
def should_write_changes_with_their_sign(change: float, text: str) -> None:
    assert points(change) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "nothing"), (0.4, "less than an hour"), (1.2, "1 hour"), (15.88, "16 hours")],
)
def should_write_hours_as_people_say_them(value: float, text: str) -> None:
    assert hours(value) == text.replace("1 ", f"1{NO_BREAK}").replace("6 ", f"6{NO_BREAK}")


def should_count_rows_in_words() -> None:
    assert [rows(1), rows(8412)] == [f"1{NO_BREAK}row", f"8,412{NO_BREAK}rows"]


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("Köchin 厨师", "Köchin 厨师"),
        ("a\nb\tc\0", "a␊b␉c␀"),
        ("\x7f\x85", "␡\\u0085"),
        ("abc\u202edef", "abc\\u202edef"),
        ("\ud800", "\\ud800"),
        ("\ufeffa", "\\ufeffa"),
    ],
)
def should_make_visible_what_cannot_be_seen(text: str, seen: str) -> None:
    assert visible(text) == seen


def should_cut_what_is_too_long() -> None:
    assert visible("abcdef", 4) == "abc…"
    assert visible("abcd", 4) == "abcd"


@settings(max_examples=50)
@given(st.text(st.characters(exclude_categories=()), max_size=30))
def should_always_make_text_that_can_be_written(text: str) -> None:
    seen = visible(text)
    assert visible(seen) == seen
    seen.encode()


def should_read_moments_and_leave_others_as_they_are() -> None:
    assert day("2026-03-05T14:02:11Z") == "5 March 2026, 14:02 UTC"
    assert day("2026-03-05T14:02:11+02:00") == "5 March 2026, 12:02 UTC"
    assert day("yesterday") == "yesterday"
