"""What fits a service: printable ASCII, cut at words."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.fitted_texts import printable_ascii, shortened


@pytest.mark.parametrize(
    ("texts", "most", "kept"),
    [
        (("cook", "plans menus and buys"), 17, ("cook", "plans menus")),
        (("cook", "plans menus and buys"), 15, ("cook", "plans menus")),
        (("head cook, hotel", "plans"), 10, ("head cook", "")),
        (("head cook", "x" * 300), 20, ("head cook", "x" * 11)),
        (("x" * 300, ""), 20, ("x" * 20, "")),
        (("a " + "x" * 300,), 20, ("a " + "x" * 18,)),
        (("cook", "plans"), 9, ("cook", "plans")),
    ],
)
def should_cut_at_a_word_the_last_text_first(
    texts: tuple[str, ...], most: int, kept: tuple[str, ...]
) -> None:
    assert shortened(texts, most) == kept


@given(texts=st.lists(st.text("ab ,", max_size=30)).map(tuple), most=st.integers(1, 40))
@settings(max_examples=40)
def should_keep_beginnings_that_fit_together(texts: tuple[str, ...], most: int) -> None:
    kept = shortened(texts, most)

    assert sum(map(len, kept)) <= most
    assert all(text.startswith(each) for text, each in zip(texts, kept, strict=True))


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("Caf\u00e9 owner", "Cafe owner"),
        ("driver\u2019s mate \u2013 \u201cyard\u201d\u2026", 'driver\'s mate - "yard"...'),
        ("Stra\u00dfenb\u00e4cker", "Strassenbacker"),
        ("nurse\t\r\n(wards)\x00", "nurse (wards)"),
        ("\u533b\u8005", ""),
        ("teacher  of  maths", "teacher  of  maths"),
    ],
)
def should_write_in_ascii_what_can_be(text: str, plain: str) -> None:
    assert printable_ascii(text) == plain


@given(st.text(max_size=40))
def should_give_printable_ascii_of_any_text_and_leave_it_so(text: str) -> None:
    plain = printable_ascii(text)
    assert plain.isascii()
    assert not plain or plain.isprintable()
    assert printable_ascii(plain) == plain
