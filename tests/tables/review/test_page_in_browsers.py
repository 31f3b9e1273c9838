"""The review page at work in three real browsers, from disk, with keys alone.

Where a machine lacks one of them its tests are skipped; `.ci/run` installs all.
"""

import csv
import json
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tables.dictionary.dictionary import Dictionary
from tables.dictionary.learn import learned
from tables.review.agreement import decision_page, pairs_of
from tables.review.merge import merge
from tables.review.page.document import html_of_review
from tables.review.reviewed_file import read_reviewed
from tests.support.browsers import CHROMIUM, FIREFOX, WEBKIT, Page, Start, starter_of
from tests.support.eventually import eventually
from tests.support.tables.decided import SAVED, a_line, exported, saved_again
from tests.support.tables.reviews import PROJECT, ReviewedDrop, a_csv, a_reviewed_drop, some_rows
from tests.support.webkit import WebKit

pytestmark = pytest.mark.slow

AXE = PROJECT / "node_modules/axe-core/axe.min.js"
HOSTILE = (
    "</script><script>window.struck = 1</script>",
    "<!--<script>",
    "<img src=x onerror='window.struck = 1'>",
    "line\u2028end\u2029",
    "\"'`${window.struck = 1}",
    '=HYPERLINK("http://example.com")',
    "\u202egnp.exe",
)
PROGRESS = "document.getElementById('progress').textContent"
TITLE = "document.getElementById('item-title').textContent"
ASKED = """
performance.getEntriesByType('resource').map((each) => each.name)
  .filter((name) => !name.startsWith('data:'))
"""
SHOWN = "document.querySelectorAll('#list [role=option]').length"
REFUSED = (
    "<script>Object.defineProperty(window, 'localStorage', {get() { throw Error(); }});</script>"
)
MILLISECONDS = """
(() => {
  const began = performance.now();
  for (let each = 0; each < 20; each += 1) {
    document.body.dispatchEvent(new KeyboardEvent('keydown', {key: '1', bubbles: true}));
  }
  return (performance.now() - began) / 20;
})()
"""
SERIOUS = """
axe.run(document, {resultTypes: ['violations']}).then((found) => found.violations
  .filter((each) => ['serious', 'critical'].includes(each.impact))
  .map((each) => [each.id, each.nodes.map((node) => node.html)]))
"""


@pytest.fixture(scope="module", params=[CHROMIUM, FIREFOX, WEBKIT])
def start(request: pytest.FixtureRequest) -> Start:
    return starter_of(request.param)


@pytest.fixture(scope="module")
def page(start: Start, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    folder = tmp_path_factory.mktemp("browser")
    with start(folder, folder) as page:
        page.resize(1_280)
        yield page


@pytest.fixture
def folders(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """New folders with short paths: a browser's socket lies below one."""
    return tmp_path_factory.mktemp


def _written(folder: Path, data: dict[str, Any]) -> str:
    path = folder / "review.html"
    path.write_text(html_of_review(data), "utf-8")
    return path.as_uri()


def _named(page: Page, name: str) -> None:
    page.value_of(f"document.getElementById('by').value = {name!r}")


def _exported(page: Page, folder: Path) -> list[dict[str, str]]:
    page.tap("e")
    (path,) = eventually(lambda: [each for each in folder.glob("*.csv") if each.stat().st_size])
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def should_keep_fifty_decisions_over_a_closed_browser_export_and_merge_them(
    start: Start, folders: Callable[[str], Path], tmp_path: Path
) -> None:
    drop = a_reviewed_drop(a_csv(some_rows(2_000)))
    address = _written(tmp_path, drop.data)
    profile, downloads = folders("one"), folders("downloads")
    wanted = {}
    with ExitStack() as held:
        page = held.enter_context(start(profile, downloads))
        page.open(address)
        for item in drop.data["items"][:50]:
            if item.get("blind"):
                page.tap("/", *"3513", "Enter")
                wanted[item["id"]] = "code 3513"
            else:
                page.tap("2")
                wanted[item["id"]] = f"code {item['choices'][1]['code']}"
        assert page.value_of(PROGRESS).startswith("50 of ")
        if isinstance(page, WebKit):  # which keeps nothing for longer than it runs, when steered
            page.open("about:blank")
        else:
            page.close()
            held.close()
            page = held.enter_context(start(profile, downloads))
        page.open(address)
        assert page.value_of(PROGRESS).startswith("50 of ")
        assert page.value_of(TITLE).startswith("Text 51 of ")
        _named(page, "Ann O'Neil")
        rows = _exported(page, downloads)
        page.close()
    assert {row["item"]: row["decision"] for row in rows} == wanted
    assert {row["by"] for row in rows} == {"Ann O'Neil"}
    assert "yes" in {row["blind"] for row in rows}
    (path,) = downloads.glob("*.csv")
    _check_merged(drop, path, tmp_path, wanted)
    found = learned(Dictionary(0, {}), [read_reviewed(path.read_bytes(), path.name)])
    assert {name: count for name, count in found.texts.items() if count} == {"added": 50}


def _check_merged(drop: ReviewedDrop, path: Path, folder: Path, wanted: dict[str, str]) -> None:
    """The merged table has the decisions on all rows of their texts, and no others."""
    (folder / "results.csv").write_bytes(drop.results)
    (folder / "report.json").write_text(json.dumps(drop.report), "utf-8")
    manifest = merge(folder / "results.csv", [path], folder / "merged")
    names = {tuple(item["texts"]): item["id"] for item in drop.data["items"]}
    with (folder / "merged" / "results.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 2_000
    by_person = 0
    for row in rows:
        said = wanted.get(names.get((row["Job title"], row["Main tasks"]), ""))
        final = f"code {row['occupation_final_code']}" if row["occupation_final_code"] else None
        machine = f"code {row['occupation_code']}" if row["occupation_code"] else None
        assert final == (said or machine)
        by_person += row["occupation_final_by"] == "Ann O'Neil"
    assert manifest["rows"]["person"] == by_person
    assert by_person >= 50
    report = json.loads((folder / "merged" / "report.json").read_text("utf-8"))
    review = report["review"]
    assert review["texts"]["coded"] == 50
    assert review["codes"]["texts"] + review["suggestions"]["first"]["texts"] == sum(
        bool(item.get("blind")) for item in drop.data["items"][:50]
    )


def should_decide_between_two_reviewers(page: Page, folders: Callable[[str], Path]) -> None:
    drop = a_reviewed_drop(a_csv(some_rows(300)), blind_share=0)
    item, other, *_ = drop.data["items"]
    anns = exported([a_line(item, "code 351311"), a_line(other, "code 351311")])
    bobs = exported([a_line(each, "cannot be coded", by="Bob") for each in (item, other)])
    files = read_reviewed(anns, "ann.csv"), read_reviewed(bobs, "bob.csv")
    decide = decision_page(drop.data, files[0].drop_id, pairs_of(*files))
    assert decide is not None
    page.open(_written(folders("decide"), decide))
    choices = page.value_of("document.getElementById('choices').textContent")
    assert "351311 Chef said by Ann" in choices
    assert "cannot be coded said by Bob" in choices
    page.tap("1", "2")
    page.tap("k")
    assert "351311 Chef" in page.value_of("document.getElementById('said').textContent")
    page.tap("j")
    assert "cannot be coded" in page.value_of("document.getElementById('said').textContent")


def should_take_each_kind_of_decision_and_take_it_back(page: Page, tmp_path: Path) -> None:
    drop = a_reviewed_drop(a_csv(some_rows(300)), blind_share=0)
    first, _, third, *_ = drop.data["items"]
    page.open(_written(tmp_path, drop.data))
    said = "document.getElementById('said').textContent"
    page.tap("b", "1")
    page.tap("x")
    page.tap("n", *"odd", "Escape", "f", "1")
    assert page.value_of(PROGRESS).startswith("3 of ")
    page.tap("k", "k", "k")
    assert f"Decided: {first['choices'][0]['code'][:4]} " in page.value_of(said)
    page.tap("j")
    assert page.value_of(said) == "Decided: cannot be coded"
    page.tap("j")
    assert f"Decided: {third['choices'][0]['code']} " in page.value_of(said)
    assert page.value_of("document.getElementById('note').value") == "odd"
    assert page.value_of("document.getElementById('flag').ariaPressed") == "true"
    page.tap("u")
    assert page.value_of(said) == "Not decided yet."
    page.tap("u", "u", "u", "u")
    assert page.value_of(PROGRESS).startswith("0 of ")


def _many(folder: Path, count: int) -> str:
    """The address of a page with so many texts."""
    drop = a_reviewed_drop(
        a_csv([[str(number), f"job {number}", ""] for number in range(count)]),
        blind_share=0,
        answer=lambda _number, _record: {"suggestions": [SUGGESTED]},
    )
    assert len(drop.data["items"]) == count
    return _written(folder, drop.data)


def should_stay_as_fluid_with_ten_thousand_texts_as_with_a_hundred(
    page: Page, tmp_path: Path
) -> None:
    page.open(_many(tmp_path, 100))
    page.value_of(MILLISECONDS)
    few = page.value_of(MILLISECONDS)
    page.open(_many(tmp_path, 10_000))
    assert page.value_of(SHOWN) < 60
    page.value_of("document.getElementById('list').focus()")
    page.tap("End")
    assert page.value_of(TITLE).startswith("Text 10,000 of 10,000")
    assert page.value_of(SHOWN) < 60
    assert page.value_of(MILLISECONDS) < 5 * few


SUGGESTED = {"codeCategory": "351311", "codeLabel": "Chef", "codeConfidence": 0.5}


def should_ask_for_nothing_and_let_nothing_be_asked(page: Page, tmp_path: Path) -> None:
    page.open(_written(tmp_path, a_reviewed_drop(a_csv(some_rows(100))).data))
    page.tap("1", "/", *"cook", "Enter")
    assert page.value_of(ASKED) == []
    refused = "fetch('data:text/plain,hello').then(() => 'came', () => 'refused')"
    assert page.value_of(refused) == "refused"


def should_show_texts_of_strangers_as_texts(page: Page, tmp_path: Path) -> None:
    rows = [[str(number), text, text[::-1]] for number, text in enumerate(HOSTILE)]
    label = HOSTILE[0]
    drop = a_reviewed_drop(
        a_csv(rows),
        blind_share=0,
        codelist=None,
        answer=lambda _number, _record: {"suggestions": [SUGGESTED | {"codeLabel": label}]},
    )
    data = drop.data | {"name": HOSTILE[2], "fields": [HOSTILE[0], HOSTILE[2]]}
    page.open(_written(tmp_path, data))
    shown = page.value_of("document.getElementById('texts').textContent")
    assert HOSTILE[0] in shown
    for _ in rows:
        page.tap("1")
    assert page.value_of(PROGRESS).startswith(f"{len(rows)} of {len(rows)}")
    assert page.value_of("window.struck ?? null") is None
    assert page.value_of("document.scripts.length") == 2
    assert page.value_of("document.querySelectorAll('#detail img, #list img').length") == 0


def should_leave_no_formula_in_the_export_and_read_it_again(
    start: Start, folders: Callable[[str], Path], tmp_path: Path
) -> None:
    rows = [[str(number), text, "-1+1"] for number, text in enumerate(HOSTILE)]
    drop = a_reviewed_drop(
        a_csv(rows), blind_share=0, answer=lambda _n, _r: {"suggestions": [SUGGESTED]}
    )
    address = _written(tmp_path, drop.data)
    downloads = folders("downloads")
    with start(folders("one"), downloads) as page:
        page.open(address)
        for _ in rows:
            page.tap("n", *"=1+1", "Escape", "1")
        _named(page, "=cmd()")
        exported = _exported(page, downloads)
    assert len(exported) == len(rows)
    cells = [cell for row in exported for cell in row.values()]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]
    assert {row["note"] for row in exported} == {"'=1+1"}
    (path,) = downloads.glob("*.csv")
    with start(folders("two"), downloads) as page:
        page.open(address)
        assert page.value_of(PROGRESS).startswith("0 of ")
        page.give_file("#import", path)
        eventually(lambda: page.value_of(PROGRESS).startswith(f"{len(rows)} of "))
        assert page.value_of("document.getElementById('note').value") == "=1+1"
        assert "by =cmd()" in page.value_of("document.getElementById('said').textContent")


@pytest.mark.parametrize(("separator", "encoding"), SAVED)
def should_import_what_a_spreadsheet_has_saved_as_the_merge_reads_it(
    page: Page, tmp_path: Path, separator: str, encoding: str
) -> None:
    drop = a_reviewed_drop(a_csv(some_rows(100)), blind_share=0)
    line = a_line(drop.data["items"][0], "code 351311", by="Jürg", note="für “Köche”")
    path = tmp_path / "saved.csv"
    path.write_bytes(saved_again(exported([line], separator=separator), encoding))
    address = _written(tmp_path, drop.data)
    page.open(address)
    page.value_of("localStorage.clear()")
    page.open(address)
    page.give_file("#import", path)
    eventually(lambda: page.value_of(PROGRESS).startswith("1 of "))
    (read,) = read_reviewed(path.read_bytes(), "saved.csv").decisions
    assert page.value_of("document.getElementById('note').value") == read.note == "für “Köche”"
    assert "by Jürg" in page.value_of("document.getElementById('said').textContent")


def should_say_so_and_go_on_when_the_browser_keeps_nothing(
    start: Start, folders: Callable[[str], Path], tmp_path: Path
) -> None:
    html = html_of_review(a_reviewed_drop(a_csv(some_rows(100)), blind_share=0).data)
    without_policy = re.sub('<meta http-equiv="Content-Security-Policy"[^>]*>', REFUSED, html)
    path = tmp_path / "refused.html"
    path.write_text(without_policy, "utf-8")
    downloads = folders("downloads")
    with start(folders("one"), downloads) as page:
        page.open(path.as_uri())
        assert "refuses" in page.value_of("document.getElementById('warning').textContent")
        page.tap("1")
        assert page.value_of(PROGRESS).startswith("1 of ")
        _named(page, "Ann")
        assert len(_exported(page, downloads)) == 1


@pytest.mark.parametrize("width", [1_280, 380])
def should_have_no_serious_finding_of_accessibility(page: Page, tmp_path: Path, width: int) -> None:
    if not AXE.is_file():
        pytest.skip("no axe-core: make node_modules/.installed")
    page.resize(width)
    page.open(_written(tmp_path, a_reviewed_drop(a_csv(some_rows(500))).data))
    page.tap("1", "/", *"cook")
    page.value_of("document.getElementById('help').open = true")
    page.run(AXE.read_text("utf-8"))
    assert page.value_of(SERIOUS) == []
    page.resize(1_280)
