"""A dictionary's file is read as it was written, by people and spreadsheets too."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tables.dictionary.dictionary_file import (
    dictionary_bytes,
    name_of,
    newest,
    read_dictionary,
    version_in,
)
from tables.errors import TableRefused
from tests.support.garbage import garbage
from tests.support.tables.dictionaries import a_dictionary, an_entry

CELLS = st.text(
    st.one_of(
        st.sampled_from("=+-@'\",;\t\r\n 0a"),
        st.characters(exclude_categories=["Cs"], exclude_characters="\0"),
    ),
    max_size=9,
)


@given(
    st.lists(
        st.builds(
            an_entry,
            st.tuples(CELLS, st.just("x")).map("".join),
            CELLS,
            code=st.none() | st.sampled_from(("024113", "1", "A.1")),
            label=CELLS,
        ),
        min_size=1,
        max_size=5,
    )
)
def should_be_read_as_it_was_written(entries: list[object]) -> None:
    dictionary = a_dictionary(*entries, version=12)  # type: ignore[arg-type]
    name = name_of(dictionary.version)
    found = read_dictionary(dictionary_bytes(dictionary), name)
    assert found == dictionary
    assert list(found.entries) == list(dictionary.entries), "the order too"


def should_say_who_decided_what_and_when_on_each_line() -> None:
    content = dictionary_bytes(a_dictionary(an_entry("=cook", "ships"), an_entry("x", code=None)))
    assert content.decode("utf-8-sig").splitlines() == [
        "decision,label,by,at,drop,version,text:occp_text,text:tasks_text",
        f"code 351311,Chef,Ann,2026-03-06T08:00:00.000Z,{'3f2a' * 8},1,'=cook,ships",
        f"cannot be coded,Chef,Ann,2026-03-06T08:00:00.000Z,{'3f2a' * 8},1,x,",
    ]


def should_be_read_as_a_spreadsheet_saved_it() -> None:
    content = dictionary_bytes(a_dictionary(an_entry("Köchin"))).decode("utf-8-sig")
    saved = content.replace(",", ";").encode("cp1252")
    (entry,) = read_dictionary(saved, "x/dictionary-0001.csv").entries.values()
    assert (entry.code, entry.texts["occp_text"]) == ("351311", "Köchin")


def should_take_the_highest_version_for_the_newest() -> None:
    names = ["dictionary-0009.csv", "dictionary-10000.csv", "dictionary-0000.csv", "x.csv"]
    assert newest(names) == "dictionary-10000.csv"
    assert newest(["notes.txt"]) is None
    assert [version_in(each) for each in names] == [9, 10_000, 0, None]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("code 351311", "351311"), "is damaged in row 2"),
        (("code 351311", "code "), "is damaged in row 2"),
        (("Ann", '"Ann'), "cell has no end|damaged"),
        (("cook", ""), "is damaged in row 2"),
        (("version", "round"), "lacks the column version"),
        (("decision", "item"), "does not begin"),
    ],
)
def should_refuse_what_is_damaged(change: tuple[str, str], says: str) -> None:
    content = dictionary_bytes(a_dictionary(an_entry("cook"))).decode().replace(*change).encode()
    with pytest.raises(TableRefused, match=says):
        read_dictionary(content, "dictionary-0001.csv")


def should_refuse_a_file_of_another_name() -> None:
    content = dictionary_bytes(a_dictionary(an_entry("cook")))
    with pytest.raises(TableRefused, match="not named as a dictionary"):
        read_dictionary(content, "copy of dictionary.csv")


@given(garbage())
def should_refuse_garbage_in_words(content: bytes) -> None:
    with pytest.raises(TableRefused, match=r"dictionary-0001\.csv "):
        read_dictionary(content, "dictionary-0001.csv")
