"""Each rule of the layout says what is wrong with a tree that breaks it, and nothing else."""

from pathlib import Path

import pytest

from tests.architecture.rules import (
    MOST_IN_A_FOLDER,
    arrows_that_do_not_go_down,
    classes_of_one_name,
    full_folders,
    imports_of,
    names_with_ing,
    sizes_out_of_bounds,
)
from tests.support.made_up_tree import made_up

ORDER = (("submit", "check"), ("ledger",), ("errors",))
LAYERED = {
    "__init__.py": "",
    "submit/handler.py": "from app.ledger.drops import Drops",
    "check/handler.py": "import app.errors",
    "ledger/drops.py": "from app import errors",
    "errors.py": "",
}


def should_find_no_fault_when_arrows_go_down(tmp_path: Path) -> None:
    assert arrows_that_do_not_go_down(made_up(tmp_path, LAYERED), ORDER) == []


@pytest.mark.parametrize(
    ("place", "text", "fault"),
    [
        ("check/handler.py", "from app.submit.handler import handler", "check imports submit"),
        ("ledger/drops.py", "from app.check import handler", "ledger imports check"),
        ("errors.py", "def f():\n    import app.ledger.drops", "errors imports ledger"),
        ("ledger/drops.py", "from ..submit.handler import x", "ledger imports submit"),
        ("attic/box.py", "", "attic has no place in the order"),
    ],
)
def should_name_the_rooms_when_an_arrow_goes_up_or_sideways(
    tmp_path: Path, place: str, text: str, fault: str
) -> None:
    assert arrows_that_do_not_go_down(made_up(tmp_path, LAYERED | {place: text}), ORDER) == [fault]


def should_name_the_room_when_the_order_has_one_that_is_gone(tmp_path: Path) -> None:
    faults = arrows_that_do_not_go_down(made_up(tmp_path, LAYERED), (*ORDER, ("domain",)))
    assert faults == ["domain is in the order and not in the tree"]


@pytest.mark.parametrize("text", ["import training", "from training.fit import train"])
def should_name_the_import_when_a_package_is_forbidden(tmp_path: Path, text: str) -> None:
    tree = made_up(tmp_path, {"__init__.py": text, "fit.py": "import trainings, app.training"})
    (fault,) = imports_of(tree, ["training", "bench"])
    assert fault.startswith("app imports training")


@pytest.mark.parametrize(
    ("verb", "twin"), [("submit", "submitting"), ("check", "checking"), ("rescue", "rescuing")]
)
def should_name_both_when_one_is_the_other_plus_ing(tmp_path: Path, verb: str, twin: str) -> None:
    tree = made_up(tmp_path, {f"{verb}/handler.py": "", f"rooms/{twin}.py": "", "string.py": ""})
    assert names_with_ing(tree) == [f"{twin} beside {verb}"]


def should_count_a_folders_modules_without_its_package_and_the_folders_below(
    tmp_path: Path,
) -> None:
    files = {f"room/m{n}.py": "" for n in range(MOST_IN_A_FOLDER)}
    assert (
        full_folders(made_up(tmp_path, files | {"room/__init__.py": "", "room/a/b.py": ""})) == []
    )
    assert full_folders(made_up(tmp_path, {"room/one_more.py": ""})) == ["room: 15"]


def should_name_a_module_when_it_is_too_small_or_too_large_without_a_reason(
    tmp_path: Path,
) -> None:
    sizes = {"small.py": 39, "least.py": 40, "most.py": 320, "large.py": 321, "lines.py": 3}
    tree = made_up(tmp_path, {name: "x = 1\n" * lines for name, lines in sizes.items()})
    faults = sizes_out_of_bounds(tree, {"lines.py": "it stands alone", "most.py": "once larger"})
    assert sorted(faults) == [
        "large.py: 321 lines",
        "most.py: needs no exception",
        "small.py: 39 lines",
    ]


def should_name_the_modules_when_public_classes_share_a_name(tmp_path: Path) -> None:
    tree = made_up(
        tmp_path,
        {
            "a.py": "class Piece: ...\nclass Config: ...\nclass _Own: ...",
            "b.py": "class Piece: ...\nclass Config: ...\nclass _Own: ...\nclass Alone: ...",
        },
    )
    faults = classes_of_one_name(tree, {"Config": "one for each stack", "Alone": "once shared"})
    assert faults == ["Piece: app.a, app.b", "Alone: needs no exception"]
