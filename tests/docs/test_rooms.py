"""Figures, picture and table of rooms say what a made-up tree's sources say."""

from pathlib import Path

import pytest

from docs.arrows import in_circles, levels, without_implied
from docs.blocks import BlockError, filled
from docs.imports import read_tree
from docs.rooms import figures, figures_table, room_picture, room_table
from tests.support.made_up_tree import made_up
from tests.support.markdown import table_rows

TREE = {
    "__init__.py": '"""The app."""\n',
    "submit/__init__.py": '"""It submits | sends.\n\nIt never\nwaits.\n\nMore."""\n',
    "submit/handler.py": "import json\nfrom app.ledger.drops import Drops\nimport app.errors\n",
    "check/__init__.py": '"""It checks.\n\n| a | table |\n"""\n',
    "check/handler.py": "def f():\n  from app.submit import handler\nimport app.errors\n",
    "ledger/__init__.py": "from app.ledger.drops import Drops\n",
    "ledger/drops.py": "from app.errors import Gone\n" + "\n" * 49,
    "errors.py": '"""Every error.\n\nA tree of them."""\n',
}


def should_measure_what_the_sources_say(tmp_path: Path) -> None:
    assert figures(made_up(tmp_path, TREE)) == {
        "modules": "4",
        "lines": "59",
        "median lines": "3",
        "smallest": "3 (`check/handler.py`)",
        "largest": "50 (`ledger/drops.py`)",
        "under 40 lines": "3",
        "under 60 lines": "4",
        "most in a folder": "1 (`lambdas/app/submit`)",
        "rooms": "4",
        "layers": "4",
        "arrows between rooms": "5",
        "rooms in circles": "0",
        "import depth": "4",
        "arrows a module": "1.5",
    }


def should_have_a_column_for_each_tree(tmp_path: Path) -> None:
    trees = [made_up(tmp_path, TREE), made_up(tmp_path, {"one.py": "import two"}, "bench")]
    rows = {name: values for name, *values in table_rows(figures_table(trees))}
    assert (rows["modules"], rows["rooms"]) == (["4", "1"], ["4", "1"])


def should_draw_only_arrows_that_no_longer_way_implies_and_shared_files_below(
    tmp_path: Path,
) -> None:
    picture, caption = room_picture(made_up(tmp_path, TREE)).split("```\n\n")
    assert picture.splitlines() == [
        "```mermaid",
        "flowchart TD",
        '    room_check["check/"]',
        '    room_submit["submit/"]',
        '    room_ledger["ledger/"]',
        "    room_check --> room_submit",
        "    room_submit --> room_ledger",
        '    shared["shared: errors"]',
        "    room_ledger ~~~ shared",
    ]
    assert "what is shared (`errors`)" in caption


def should_draw_a_file_with_its_arrows_when_few_rooms_import_it_or_it_imports_a_folder(
    tmp_path: Path,
) -> None:
    more = {
        "few.py": "",
        "wiring.py": "import app.ledger.drops, app.few",
        "submit/handler.py": "import app.wiring",
        "check/handler.py": "import app.wiring",
    }
    picture = room_picture(made_up(tmp_path, TREE | more))
    assert 'room_wiring["wiring.py"]' in picture
    assert "room_wiring --> room_few\n" in picture


def should_say_what_belongs_in_a_room_and_what_does_not(tmp_path: Path) -> None:
    assert table_rows(room_table(made_up(tmp_path, TREE))) == [
        ["`check/`", "It checks.", "`handler`"],
        ["`ledger/`", "", "`drops`"],
        ["`submit/`", r"It submits \| sends. It never waits.", "`handler`"],
        ["`errors.py`", "Every error.", ""],
    ]


def should_fill_the_blocks_of_a_document() -> None:
    made = filled("<!-- room table: docs -->\n<!-- end -->", where="x.md")
    assert "| `rooms.py` | " in made
    assert "flowchart TD" in filled("<!-- rooms: docs -->\n<!-- end -->", where="x.md")


@pytest.mark.parametrize("path", ["absent", "README.md", "samples"])
def should_name_the_document_when_there_is_no_such_tree(path: str) -> None:
    with pytest.raises(BlockError, match=f"^x.md: the block 'rooms' cannot be made: {path}: "):
        filled(f"<!-- rooms: {path} -->\n<!-- end -->", where="x.md")


def should_not_run_what_it_reads(tmp_path: Path) -> None:
    (module,) = made_up(tmp_path, {"a.py": "raise SystemExit\nclass A: ..."}).modules
    assert module.classes == ("A",)


def should_take_the_lambdas_folder_for_a_place_of_imports_and_no_package(tmp_path: Path) -> None:
    made_up(tmp_path, TREE)
    names = {each.name for each in read_tree(tmp_path, "lambdas").files}
    assert {"app", "app.submit", "app.submit.handler"} <= names


CIRCLE = {"a": {"b", "d"}, "b": {"c", "d"}, "c": {"b", "d"}, "d": set[str]()}


def should_count_a_circle_as_one_box_of_a_chain() -> None:
    assert levels(CIRCLE) == {"a": 3, "b": 2, "c": 2, "d": 1}
    assert in_circles(CIRCLE) == ["b", "c"]


def should_keep_the_arrows_of_a_circle() -> None:
    assert without_implied(CIRCLE) == {"a": ["b"], "b": ["c", "d"], "c": ["b", "d"], "d": []}
