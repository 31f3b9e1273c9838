"""The page in a real browser: it is quiet, asks for nothing, and works for everyone.

Where a machine has no Chromium these tests are skipped; `.ci/run` installs one.
"""

import base64
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from tables.report.comparison import summary_of
from tables.report.page.document import html_of
from tests.support.browser import NAMES, Browser, BrowserFailed, browser_path, started
from tests.support.browser_pages import (
    CONTRASTS,
    LEAST_CONTRAST,
    asked,
    name_of,
    nodes_of,
    role_of,
    told,
)
from tests.support.eventually import eventually
from tests.support.tables.reports import a_report, a_suggested, some_rows

REACHABLE = "[...document.querySelectorAll('a[href], summary, [tabindex]')]"
CURRENT = f"{REACHABLE}.indexOf(document.activeElement)"


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    path = browser_path()
    if path is None:
        pytest.skip(f"no browser on this machine: none of {', '.join(NAMES)}")
    with started(path, tmp_path_factory.mktemp("browser")) as browser:
        yield browser


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Of a page with all its parts: a thousand rows, texts too many to count, an earlier drop."""
    hard = [a_suggested(f"rare {each}", "x" * 90) for each in range(4_100)]
    then = summary_of(a_report(some_rows(900, seed=7)))
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(html_of(a_report([*some_rows(1_000), *hard], previous=then)), "utf-8")
    return path.as_uri()


@pytest.fixture
def page(browser: Browser, address: str) -> Browser:
    browser.resize(1_000)
    browser.prefer("light")
    browser.open(address)
    return browser


def should_be_quiet_and_ask_for_nothing_but_itself(page: Browser, address: str) -> None:
    page.value_of("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    assert told(page) == []
    asked_for = asked(page)
    assert [url for url in asked_for if not url.startswith("data:")] == [address]
    assert page.value_of("document.scripts.length") == 0


def should_notice_a_page_that_is_not_quiet(browser: Browser, address: str, tmp_path: Path) -> None:
    worse = tmp_path / "worse.html"
    content = Path(address.removeprefix("file://")).read_text("utf-8")
    mark = "<script>alert(1)</script><p style='color: red'>"
    worse.write_text(content.replace("<main>", f"<main>{mark}<img src='other.png'>"), "utf-8")
    browser.open(worse.as_uri())
    texts = str(told(browser))
    assert "script-src" in texts
    assert "style-src" in texts
    assert not [url for url in asked(browser) if url.startswith("http")]


def should_reach_and_open_everything_by_keyboard(page: Browser) -> None:
    folded = page.value_of("document.querySelectorAll('details').length")
    page.value_of("document.querySelectorAll('details').forEach((each) => { each.open = false; })")
    reached, outlines = set(), set()
    for _ in range(page.value_of(f"{REACHABLE}.length")):
        page.press("Tab", 9)
        reached.add(page.value_of(CURRENT))
        outlines.add(page.value_of("getComputedStyle(document.activeElement).outlineStyle"))
        if page.value_of("document.activeElement.localName") == "summary":
            page.press("Enter", 13, "\r")
    assert folded >= 2
    assert page.value_of("document.querySelectorAll('details[open]').length") == folded
    assert reached == set(range(page.value_of(f"{REACHABLE}.length")))
    assert outlines == {"solid"}


def should_have_landmarks_and_headings_in_order(page: Browser) -> None:
    nodes = nodes_of(page)
    roles = [role_of(each) for each in nodes]
    for landmark in ("banner", "navigation", "main", "contentinfo"):
        assert roles.count(landmark) == 1, landmark
    levels = [
        value["value"]["value"]
        for each in nodes
        if role_of(each) == "heading"
        for value in each["properties"]
        if value["name"] == "level"
    ]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(below - above <= 1 for above, below in pairwise(levels))


def should_have_names_for_images_tables_and_regions(page: Browser) -> None:
    named: dict[str, list[str]] = {"image": [], "table": [], "region": [], "link": []}
    for each in nodes_of(page):
        named.get(role_of(each), []).append(name_of(each))
    assert len(named["image"]) == 2
    assert len(named["table"]) >= 8
    assert all(name for names in named.values() for name in names)
    assert page.value_of("[...document.querySelectorAll('th')].every((each) => each.scope)")


def should_fit_a_narrow_screen(page: Browser) -> None:
    page.resize(400)
    page.value_of("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
    assert page.value_of("document.documentElement.scrollWidth") <= 400
    beyond = "[...document.querySelectorAll('body *')].filter((each) => !each.closest('.frame') "
    beyond += "&& each.getBoundingClientRect().right > 400.5).map((each) => each.outerHTML)"
    assert page.value_of(beyond) == []
    moving = "[...document.querySelectorAll('.frame')].filter((each) => each.scrollWidth > "
    moving += "each.clientWidth).map((each) => each.getAttribute('tabindex'))"
    assert set(page.value_of(moving)) == {"0"}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def should_have_text_that_stands_out(page: Browser, scheme: str) -> None:
    page.prefer(scheme)
    page.value_of("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
    contrasts = page.value_of(CONTRASTS)
    assert len(contrasts) > 300
    assert [each for each in contrasts if each[1] < LEAST_CONTRAST] == []


def should_have_colours_of_their_own_for_light_and_dark(page: Browser) -> None:
    ground = "getComputedStyle(document.body).backgroundColor"
    light = page.value_of(ground)
    page.prefer("dark")
    assert (light, page.value_of(ground)) == ("rgb(255, 255, 255)", "rgb(20, 24, 27)")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def should_print_on_a4(page: Browser, scheme: str) -> None:
    page.prefer(scheme)
    printed = page.send("Page.printToPDF", preferCSSPageSize=True, printBackground=False)
    pdf = base64.b64decode(printed["data"])
    assert pdf.startswith(b"%PDF-")
    sizes = re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", pdf)
    assert len(sizes) >= 2
    assert {(round(float(width)), round(float(height))) for width, height in sizes} == {(595, 842)}


def should_end_with_the_block_and_leave_no_process(tmp_path: Path) -> None:
    path = browser_path()
    if path is None:
        pytest.skip(f"no browser on this machine: none of {', '.join(NAMES)}")
    with pytest.raises(BrowserFailed):
        _fail_in_a_browser(path, tmp_path)
    eventually(lambda: _processes_of(tmp_path), until=lambda found: not found, within=10)


def _fail_in_a_browser(path: str, folder: Path) -> None:
    with started(path, folder) as browser:
        assert str(browser.process) in _processes_of(folder)
        browser.value_of("thisIsNotThere")


def _processes_of(folder: Path) -> list[str]:
    lines = Path("/proc").glob("[0-9]*/cmdline")
    return [each.parent.name for each in lines if _holds(each, folder)]


def _holds(command_line: Path, folder: Path) -> bool:
    try:
        return str(folder).encode() in command_line.read_bytes()
    except OSError:  # it has ended meanwhile
        return False
