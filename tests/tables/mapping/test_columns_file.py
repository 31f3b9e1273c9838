import pytest
from hypothesis import given
from hypothesis import strategies as st

from tables.errors import TableRefused
from tables.mapping.columns_file import MAX_FILE_BYTES, content_of
from tables.plan import TableOptions

OPTIONS = TableOptions(fields=("occp_text",))


@pytest.mark.parametrize(
    "content",
    [
        "columns: {occp_text: Tätigkeit}".encode(),
        "columns: {occp_text: Tätigkeit}".encode("cp1252"),
        "columns: {occp_text: Tätigkeit}".encode("utf-8-sig"),
        "\ufeffcolumns: {occp_text: Tätigkeit}".encode("utf-16-le"),
        "columns:\r\n  occp_text: Tätigkeit\r\n".encode(),
    ],
)
def should_read_the_file_as_an_editor_saved_it(content: bytes) -> None:
    assert content_of(content, OPTIONS) == {"columns": {"occp_text": "Tätigkeit"}}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"a: [", "line 1"),
        (b"a: 1\nb: {", "line 2"),
        (b"\tcolumns: x", "line 1"),
        (b"a: &x [1]\nb: *x", "alias"),
        (b"&a [*a]", "alias"),
        (b"a: 1\na: 2", "twice"),
        (b"? [a]\n: b", "no text"),
        (b"- a", "no keys"),
        (b"just text", "no keys"),
        (b"a: 1\n---\nb: 2", "more than is read"),
        (b"a: " + b"[" * 30_000, "more than is read"),
        (b"a: " + b"{a: " * 10_000, "more than is read"),
        (b"a:\n" + b"- " * 5000, "more than is read"),
        (b"a: \x00", "does not allow"),
        (b"a" * (MAX_FILE_BYTES + 1), "64 kB"),
    ],
)
def should_refuse_what_is_no_small_plain_file(content: bytes, said: str) -> None:
    with pytest.raises(TableRefused, match=said) as refused:
        content_of(content, OPTIONS)

    assert refused.value.reason.startswith("columns.yaml ")
    assert len(refused.value.reason) < 200


def should_run_nothing_that_a_file_names() -> None:
    assert content_of(b"a: !!python/object/apply:os.getcwd []", OPTIONS) == {"a": []}


@given(
    st.binary(max_size=60)
    | st.text(st.sampled_from("ab:{}[]-&*!|>'\"#\n ?"), max_size=40).map(str.encode)
)
def should_read_or_refuse_any_bytes(content: bytes) -> None:
    value, said = {}, ""
    try:
        value = content_of(content, OPTIONS)
    except TableRefused as refused:
        said = refused.reason

    assert said.isprintable()
    assert all(isinstance(name, str) for name in value)
