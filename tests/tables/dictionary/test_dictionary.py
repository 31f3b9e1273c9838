"""A text is found as it was decided on, whatever its case, spaces and way of writing letters."""

from typing import Literal
from unicodedata import normalize

from hypothesis import given
from hypothesis import strategies as st

from tables.text.plain_text import alike
from tests.support.tables.dictionaries import FIELDS, a_dictionary, an_entry

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
Form = Literal["NFC", "NFD", "NFKC", "NFKD"]
FORMS: st.SearchStrategy[Form] = st.sampled_from(("NFC", "NFD", "NFKC", "NFKD"))
SPACES = st.text(" \t\n\u00a0\u3000", max_size=3)


@given(TEXTS)
def should_fold_what_is_folded_already_to_itself(text: str) -> None:
    assert alike(alike(text)) == alike(text)


@given(
    st.lists(st.text("abcdeß éü漢fiÅ²", max_size=8), min_size=2, max_size=2),
    FORMS,
    SPACES,
    st.booleans(),
)
def should_find_a_text_whatever_its_case_spaces_and_letters(
    texts: list[str], form: Form, space: str, is_upper: bool
) -> None:
    entry = an_entry(*texts)
    written = [
        space + normalize(form, (text.upper() if is_upper else text).replace(" ", f" {space}"))
        for text in texts
    ]
    found = a_dictionary(entry).known(FIELDS, [[each] for each in written])
    assert found == ({0: entry} if any(each.split() for each in texts) else {})


@given(TEXTS, TEXTS)
def should_find_equal_texts_alone(decided: str, other: str) -> None:
    found = a_dictionary(an_entry(decided)).known(FIELDS, [[other], [""]])
    assert bool(found) is (alike(decided) == alike(other) != "")


def should_ask_for_the_texts_of_all_fields() -> None:
    dictionary = a_dictionary(an_entry("cook", "ships"), an_entry("cook"))
    columns = [["cook", "Cook", "cook", "ships"], ["Ships ", "", "cars", "cook"]]
    found = dictionary.known(FIELDS, columns)
    assert {place: each.texts["tasks_text"] for place, each in found.items()} == {0: "ships", 1: ""}


def should_not_depend_on_the_order_of_fields_or_on_those_without_text() -> None:
    dictionary = a_dictionary(an_entry("cook", "ships"), an_entry("nurse"))
    fields = ("employer", "tasks_text", "occp_text")
    columns = [["", "", "Navy"], ["ships", "", ""], ["cook", "nurse", "nurse"]]
    assert list(dictionary.known(fields, columns)) == [0, 1]


def should_count_the_latest_of_several_on_one_text() -> None:
    first = an_entry("cook", code="1", at="2026-01-02T00:00:00.000Z")
    second = an_entry("COOK", code="2", at="2026-01-03T00:00:00.000Z")
    for entries in ((first, second), (second, first)):
        (found,) = a_dictionary(*entries).entries.values()
        assert found.code == "2"
