"""The page holds all that the report has, and nothing that a text put there."""

import base64
import hashlib
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import pytest

from tables.coded.coded_rows import CodeAnswer
from tables.plan import ColumnMapping
from tables.report.comparison import summary_of
from tables.report.page.document import html_of
from tests.support.tables.reports import (
    A_BLANK,
    ABOUT,
    MODEL,
    PLAN,
    CodedRow,
    a_coded,
    a_report,
    a_suggested,
    some_rows,
)

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</style></title></svg><iframe src=//evil.example>",
    "' onfocus='alert(1)' autofocus='",
    "javascript:alert(1)",
    "<!-- &lt;b&gt; ]]> \u202e\0\ud800",
)
_ALLOWED = (
    "html head meta link title style body header main nav footer section h1 h2 h3 p ul ol li a bdi "
    "time figure figcaption span svg desc line rect circle polyline text details summary table "
    "caption thead tbody tr th td dl dt dd div"
)


class _Page(HTMLParser):
    def __init__(self, markup: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.texts: list[str] = []
        self.feed(markup)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def hostile_report(text: str) -> dict[str, Any]:
    """A report with this text in each place where other people's texts go."""
    answer = CodeAnswer(text, text, 0.8)
    rows = [replace(a_coded(), result=answer), a_suggested(text, text), a_coded(), A_BLANK]
    plan = replace(
        PLAN,
        columns=(text,) * 4,
        mapping=ColumnMapping(fields={text: (1,), "tasks_text": (2, 3)}, record_id=0),
        assumed_examples=(text,) * 3,
        separator=text[:1],
        sheet=text,
        refusals=((3, text),),
    )
    about = replace(ABOUT, topic=text, key=f"a/{text}", drop_id=text, files=(text,))
    model = dict.fromkeys(MODEL, text) | {text: text, "evaluation": {text: text}}
    gone = replace(a_coded(), result=CodeAnswer(f"x{text}", text, 0.8))
    then = summary_of(a_report([gone, *rows], plan=plan, about=about, model=model))
    return a_report(
        rows, plan=plan, about=about, model=model | {"modelVersion": "8"}, previous=then
    )


@pytest.mark.parametrize("text", HOSTILE)
def should_show_a_hostile_text_as_text_wherever_it_stands(text: str) -> None:
    page = _Page(html_of(hostile_report(text)))
    assert {tag for tag, _ in page.tags} <= set(_ALLOWED.split())
    for _, attributes in page.tags:
        assert not [name for name in attributes if name.startswith("on")]
        assert "autofocus" not in attributes
        assert re.match(r"#|\./|data:,$", attributes.get("href", "#"))
    seen = text.translate({0: "␀", 0x202E: "\\u202e", 0xD800: "\\ud800"})
    assert "".join(page.texts).count(seen[:28]) > 20


@pytest.mark.parametrize("text", HOSTILE)
def should_be_the_same_page_when_the_report_was_written_and_read(text: str) -> None:
    report = hostile_report(text)
    written = json.dumps(report, ensure_ascii=False).encode()
    assert html_of(json.loads(written)) == html_of(report)


def should_make_the_same_bytes_of_the_same_rows() -> None:
    assert html_of(a_report()).encode() == html_of(a_report()).encode()


def should_allow_nothing_but_its_own_style() -> None:
    page = html_of(a_report())
    (style,) = re.findall("<style>(.*?)</style>", page, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = next(
        attributes["content"]
        for tag, attributes in _Page(page).tags
        if attributes.get("http-equiv") == "Content-Security-Policy"
    )
    assert policy.startswith("default-src 'none'; ")
    assert f"style-src 'sha256-{digest}';" in policy
    assert "unsafe" not in policy
    assert not re.search(r"\sstyle=|url\(|@import|https?:", page)


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([], "The table has no rows."),
        ([A_BLANK], "No row has a code."),
        ([a_coded()], "Every row that was sent has a code."),
        ([a_coded(confidence=None)], "no threshold can be chosen"),
        ([a_suggested()], "have suggestions only"),
    ],
)
def should_say_in_words_what_there_is_nothing_of(rows: list[CodedRow], words: str) -> None:
    assert words in html_of(a_report(rows))


def should_hold_the_reports_numbers() -> None:
    report = a_report(previous=summary_of(a_report(some_rows(900, seed=4))))
    text = " ".join(_Page(html_of(report)).texts)
    expected = [
        report["threshold"]["sentence"],
        report["headline"],
        *(each["label"] for each in report["codes"]["top"]),
        *(each["texts"][0] for each in report["uncoded"]["top"]),
        *(each["reason"] for each in report["refused"]["first"]),
        *(str(each) for each in report["shortened"]["first"]),
        *report["assumed"]["examples"],
        *(each["value"] for each in report["modelFacts"]),
        *report["model"].values(),
        *(each["label"] for each in report["previous"]["codes"]),
        *report["files"],
    ]
    assert [each for each in expected if each not in text] == []


def should_give_each_id_once() -> None:
    ids = [
        attributes["id"] for _, attributes in _Page(html_of(a_report())).tags if "id" in attributes
    ]
    assert len(ids) == len(set(ids)) > 10


def should_link_to_names_beside_it_alone() -> None:
    report = a_report(about=replace(ABOUT, files=("a b/../ü?#.csv",)))
    links = [each["href"] for tag, each in _Page(html_of(report)).tags if tag == "a"]
    assert links[-1] == "./a%20b%2F..%2F%C3%BC%3F%23.csv"


def should_say_at_least_and_at_most_when_texts_were_too_many() -> None:
    rows = [a_suggested(f"rare {each}") for each in range(5_000)]
    page = html_of(a_report([*rows, *[a_suggested("manager")] * 50]))
    assert "At least" in page
    assert "too many different texts" in page
