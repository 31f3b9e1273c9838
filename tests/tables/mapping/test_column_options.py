from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tables.errors import TableRefused
from tables.mapping.column_options import options_of_file, options_of_metadata, parse_columns
from tables.plan import TableOptions

OPTIONS = TableOptions(fields=("occp_text", "tasks_text"))
EMPTY = {"occp_text": (), "tasks_text": ()}


def _said(refused: TableRefused) -> str:
    assert len(refused.reason) <= 300
    assert len(refused.next_step) <= 300
    assert (refused.reason + refused.next_step).isprintable()
    return f"{refused.reason} {refused.next_step}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("occp_text=Job title", {"occp_text": ("Job title",)}),
        (
            " occp_text = Job title + Industry ;tasks_text=Duties; ",
            {"occp_text": ("Job title", "Industry"), "tasks_text": ("Duties",)},
        ),
        ('occp_text="C++; or ""C""" + x', {"occp_text": ('C++; or "C"', "x")}),
        ("occp_text=a=b\ntasks_text=", {"occp_text": ("a=b",), "tasks_text": ()}),
        ("occp_text=#3+#4", {"occp_text": ("#3", "#4")}),
        ('occp_text=" "', {"occp_text": (" ",)}),
        ("occp_text=Jobs, more", {"occp_text": ("Jobs, more",)}),
    ],
)
def should_read_a_mapping(text: str, expected: dict[str, tuple[str, ...]]) -> None:
    assert parse_columns(text) == expected


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "empty"),
        (" ; ", "empty"),
        ("Job title", "“field=”"),
        ("=Job title", "“field=”"),
        ('"occp_text=x"', "“field=”"),
        ("occp_text=C++", "double quotes"),
        ("occp_text=+", "double quotes"),
        ('occp_text=a "b" c', "double quotes"),
        ("occp_text=a; occp_text=b", "twice"),
        ('occp_text="a', "closes"),
        ("x" * 100_000, "“field=”"),
    ],
)
def should_refuse_what_is_no_mapping_with_an_example(text: str, said: str) -> None:
    with pytest.raises(TableRefused, match=said) as refused:
        parse_columns(text)

    assert "occp_text=Job title + Industry" in _said(refused.value)


@given(
    st.dictionaries(
        st.sampled_from(["occp_text", "tasks_text", "recordId"]),
        st.lists(st.text(min_size=1, max_size=9), max_size=3).map(tuple),
        min_size=1,
    )
)
def should_read_any_names_in_quotes(columns: dict[str, tuple[str, ...]]) -> None:
    def quoted(name: str) -> str:
        return '"' + name.replace('"', '""') + '"'

    text = ";".join(f"{field}={'+'.join(map(quoted, names))}" for field, names in columns.items())

    assert parse_columns(text) == columns


@given(st.text(st.sampled_from("ab=;+\" \n'"), max_size=20))
def should_read_or_refuse_any_text_in_words(text: str) -> None:
    columns: dict[str, tuple[str, ...]] = {}
    try:
        columns = parse_columns(text)
    except TableRefused as refused:
        _said(refused)

    assert all("" not in names for names in columns.values()) or '""' in text


def should_take_metadata_before_what_was_set_field_by_field() -> None:
    options = replace(OPTIONS, columns={"occp_text": ("A",), "tasks_text": ("B",)})

    said = {"columns": "Occp Text=C", "mtime": "1", "strict": "yes", "maxrefusedshare": "10 %"}
    found = options_of_metadata(said, options)

    assert found.columns == {"occp_text": ("C",), "tasks_text": ("B",)}
    assert found.strict is True
    assert found.max_refused_share == 0.1
    assert options_of_metadata({}, options) == options


def should_read_metadata_as_s3_gives_it() -> None:
    said = {"columns": "=?UTF-8?Q?occp=5Ftext=3DT=C3=A4tigkeit?=", "sheet": "=?x", "ENCODING": "L1"}

    found = options_of_metadata(said, OPTIONS)

    assert found.columns == {"occp_text": ("Tätigkeit",)}
    assert found.sheet == "=?x"
    assert found.encoding == "iso8859-1"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("strict", "perhaps"),
        ("maxrefusedshare", "5"),
        ("maxrefusedshare", "-1"),
        ("maxrefusedshare", "nan"),
        ("maxrefusedshare", ""),
        ("sheet", " "),
        ("sheet", "x" * 32),
        ("encoding", "ebcdic"),
        ("columns", "Job title"),
        ("columns", "title=Job title"),
    ],
)
def should_refuse_a_value_that_can_not_be(name: str, value: str) -> None:
    with pytest.raises(TableRefused) as refused:
        options_of_metadata({name: value}, OPTIONS)

    assert _said(refused.value)


def should_read_all_that_a_file_may_say() -> None:
    content = """\
# ours
columns:
  occp_text: Job title + "Industry; branch"
  tasks_text: [No, 1, "a + b"]
  recordId:
sheet: 2024-01-01
encoding: windows-1252
strict: true
maxRefusedShare: 0.2
"""
    found = options_of_file(content.encode(), OPTIONS)

    assert found == TableOptions(
        fields=OPTIONS.fields,
        columns={
            "occp_text": ("Job title", "Industry; branch"),
            "tasks_text": ("No", "1", "a + b"),
            "recordId": (),
        },
        sheet="2024-01-01",
        encoding="cp1252",
        strict=True,
        max_refused_share=0.2,
    )


@pytest.mark.parametrize("content", [b"", b"\n# nothing\n", b"\xef\xbb\xbf", b"---\n"])
def should_change_nothing_by_an_empty_file(content: bytes) -> None:
    assert options_of_file(content, OPTIONS) == OPTIONS


def should_read_columns_as_one_text() -> None:
    content = b"columns: occp_text=Job title; tasks_text=Duties"

    assert options_of_file(content, OPTIONS).columns["tasks_text"] == ("Duties",)


def should_name_the_key_that_was_meant() -> None:
    with pytest.raises(TableRefused, match="“colums”") as refused:
        options_of_file(b"colums: {occp_text: x}", OPTIONS)

    assert "Did you mean columns?" in _said(refused.value)


def should_say_which_keys_there_are_when_one_is_like_none() -> None:
    with pytest.raises(TableRefused, match="“occp_text”") as refused:
        options_of_file(b"occp_text: Job title", OPTIONS)

    assert "It may have: columns, sheet" in _said(refused.value)


@pytest.mark.parametrize(
    "content",
    [
        b"columns: [occp_text]",
        b"columns: {occp_text: [[x]]}",
        b"columns: {occp_text: [x, '']}",
        b"columns: {occp_text: {a: b}}",
        b"columns: {occp_text: x; y}",
        b"columns: {title: x}",
        b"strict: [true]",
        b"sheet: {a: b}",
        b"encoding: [a]",
        b"maxRefusedShare: []",
    ],
)
def should_refuse_a_file_with_values_that_can_not_be(content: bytes) -> None:
    with pytest.raises(TableRefused) as refused:
        options_of_file(content, OPTIONS)

    assert _said(refused.value)
