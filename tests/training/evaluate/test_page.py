"""The evaluation page says all figures, is quiet in a browser, and is there for everyone.

Where a machine has no Chromium the tests in a browser are skipped; `.ci/run` installs one.
"""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from coding_service.coder.model import TrainedModel
from tests.support.browser import NAMES, Browser, browser_path, started
from tests.support.browser_pages import (
    CONTRASTS,
    LEAST_CONTRAST,
    asked,
    name_of,
    nodes_of,
    role_of,
    told,
)
from training.evaluate.evaluate import evaluate
from training.evaluate.numbers import compared, numbers_of
from training.evaluate.page import evaluation_page
from training.topic.topic import Question

HOSTILE = "</style><script>alert(1)</script>\u202e\0<img src=x onerror=alert(1)>"
CODES = ("11", "12", "21", "22")
TEXTS = ("hotel cook", "bread baker", "bus driver", "truck driver")


def numbers(model: TrainedModel, texts: tuple[str, ...] = TEXTS) -> dict[str, Any]:
    questions = [
        Question({"occp_text": f"{text} {place}", "tasks_text": ""}, CODES[place % 4], "clear")
        for place, text in enumerate(text for text in texts for _ in range(10))
    ]
    command = f"python -m training evaluate {HOSTILE}"
    measured = evaluate(model, questions)
    return numbers_of(model.card, model.hierarchy, measured, records=HOSTILE, command=command)


@pytest.fixture(scope="module")
def content(trades: TrainedModel) -> str:
    """A page with all its parts, and other people's texts that would be more than that."""
    now = numbers(trades)
    now["faults"] = [{**each, "text": HOSTILE} for each in now["faults"]]
    return evaluation_page(now, compared(now, numbers(trades, TEXTS[:2])))


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    path = browser_path()
    if path is None:
        pytest.skip(f"no browser on this machine: none of {', '.join(NAMES)}")
    with started(path, tmp_path_factory.mktemp("browser")) as browser:
        yield browser


@pytest.fixture
def page(browser: Browser, content: str, tmp_path: Path) -> Browser:
    (tmp_path / "e.html").write_text(content, "utf-8")
    browser.resize(1_000)
    browser.prefer("light")
    browser.open((tmp_path / "e.html").as_uri())
    return browser


def should_say_the_figures_and_the_command(trades: TrainedModel) -> None:
    found = numbers(trades)
    page = evaluation_page(found)

    assert f"{found['coverage'] * 100:.1f}\N{NO-BREAK SPACE}%" in page
    assert found["model"]["modelId"] in page
    assert "python -m training evaluate" in page
    assert "Nothing to compare with was named" in page


def should_hold_nothing_that_a_text_put_there(content: str) -> None:
    assert "<script" not in content
    assert "<img" not in content
    assert content.count("<style>") == 1
    assert "&lt;script&gt;" in content


def should_be_the_same_bytes_when_the_numbers_are(trades: TrainedModel) -> None:
    assert evaluation_page(numbers(trades)) == evaluation_page(numbers(trades))


def should_say_so_when_no_record_gets_a_code(trades: TrainedModel) -> None:
    found = numbers(trades) | {"asserted": 0, "coverage": 0.0, "precision": None}

    assert "No record gets a code at the threshold of 0.70." in evaluation_page(found)


def should_be_quiet_and_ask_for_nothing_but_itself(page: Browser) -> None:
    page.value_of("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    assert told(page) == []
    assert [url for url in asked(page) if not url.startswith(("data:", "file:"))] == []
    assert page.value_of("document.scripts.length") == 0


def should_have_landmarks_names_and_headings_in_order(page: Browser) -> None:
    nodes = nodes_of(page)
    roles = [role_of(each) for each in nodes]
    for landmark in ("banner", "navigation", "main", "contentinfo"):
        assert roles.count(landmark) == 1, landmark
    levels = page.value_of("[...document.querySelectorAll('h1,h2,h3')].map((e) => +e.localName[1])")
    assert levels[0] == 1
    assert all(below - above <= 1 for above, below in pairwise(levels))
    named = [
        name_of(each) for each in nodes if role_of(each) in ("image", "table", "region", "link")
    ]
    assert all(named)
    links = page.value_of("[...document.links].every((e) => document.querySelector(e.hash))")
    assert links


@pytest.mark.parametrize("scheme", ["light", "dark"])
def should_have_text_that_stands_out(page: Browser, scheme: str) -> None:
    page.prefer(scheme)
    page.value_of("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
    contrasts = page.value_of(CONTRASTS)
    assert len(contrasts) > 200
    assert [each for each in contrasts if each[1] < LEAST_CONTRAST] == []


def should_fit_a_narrow_screen_and_paper(page: Browser) -> None:
    page.resize(400)
    page.value_of("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
    assert page.value_of("document.documentElement.scrollWidth") <= 400
    printed = page.send("Page.printToPDF", preferCSSPageSize=True, printBackground=False)
    assert printed["data"].startswith("JVBERi")  # %PDF
