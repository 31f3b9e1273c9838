"""Whatever goes in as text comes out as text."""

from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tables.report.page.markup import Markup, element, joined, pairs, table, text, theirs
from tables.report.words import visible


class _Seen(HTMLParser):
    def __init__(self, markup: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(markup)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


PIECES = st.lists(
    st.sampled_from(["<", ">", '"', "'", "&", "lt;", "<!--", "</bdi>", "a", "\0", "]]>"])
)


@settings(max_examples=80)
@given(PIECES.map("".join) | st.text(max_size=20))
def should_never_become_markup(content: str) -> None:
    seen = _Seen(element("p", theirs(content), title=content))
    assert [tag for tag, _ in seen.tags] == ["p", "bdi"]
    assert seen.tags[0][1]["title"] == visible(content)
    assert seen.text == visible(content)


def should_name_attributes_as_html_does() -> None:
    drawn = element("td", text("1"), class_="number", aria_label="one", viewBox="0 0 1 1")
    assert drawn == '<td class="number" aria-label="one" viewBox="0 0 1 1">1</td>'


def should_join_with_text_between() -> None:
    assert joined([theirs("a"), theirs("b")], " < ") == "<bdi>a</bdi> &lt; <bdi>b</bdi>"


def should_head_columns_and_rows_of_a_table() -> None:
    drawn = table(
        "Rows", ["Status", "Rows", ""], [(text("coded"), text("3"), Markup("<svg></svg>"))]
    )
    scopes = [attributes["scope"] for tag, attributes in _Seen(drawn).tags if tag == "th"]
    assert scopes == ["col", "col", "row"]
    assert "<caption>Rows</caption>" in drawn
    assert "tabindex" not in drawn


def should_let_the_keyboard_reach_a_wide_table() -> None:
    frame = _Seen(table("Rows", ["A"], [(text("1"),)], is_wide=True)).tags[0][1]
    assert (frame["tabindex"], frame["role"], frame["aria-label"]) == ("0", "region", "Rows")


def should_refuse_rows_of_another_width() -> None:
    with pytest.raises(ValueError, match=r"shorter|longer"):
        table("Rows", ["A", "B"], [(text("1"),)])


def should_pair_names_and_values() -> None:
    assert pairs([(text("a"), text("b"))]) == "<dl><dt>a</dt><dd>b</dd></dl>"
