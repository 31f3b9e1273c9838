"""The project's trees keep the rules of the layout; `rules` has each of them."""

import re
from functools import cache
from pathlib import Path

import pytest

from docs import imports
from tests.architecture.rules import (
    Reasons,
    arrows_that_do_not_go_down,
    classes_of_one_name,
    full_folders,
    imports_of,
    names_with_ing,
    sizes_out_of_bounds,
)

PROJECT = Path(__file__).parents[2]
read_tree = cache(imports.read_tree)
LAMBDAS = ("pipeline", "coding_service", "tables", "protocol", "shared")

# A room imports rooms of later lines only. A room of its own line it never imports: the first has
# the folders of the functions.
PIPELINE = (
    ("prepare", "receive", "submit", "check", "collect", "finish", "report_failure"),
    ("dependencies",),
    ("config",),  # knows the settings of each engine
    ("engines", "table_settings"),
    ("executions", "rate_limit", "validation"),
    ("ledger", "storage"),
    ("domain",),
    ("aws", "observability"),
    ("clock", "errors"),
)
DOCUMENTED = (
    *("lambdas", "training", "infra", "bench", "simulation", "localcloud", "erasure", "dropcoder"),
    *("docs", "tests"),
)
NOT_DEPLOYED = (
    *("training", "infra", "bench", "tests", "localcloud", "simulation", "erasure", "dropcoder"),
    *("docs",),
)
# The rooms of the command line; what a person sees stands above what a verb does.
DROPCODER = (
    *(
        ("__main__",),
        ("commands",),
        ("estimates",),
        ("deployed", "local_coding"),
        ("terminal",),
        ("errors",),
    ),
)

SIZES: dict[str, Reasons] = {
    "lambdas": {
        "coding_service/observability.py": "all of its subject, and more than one room imports it",
        "pipeline/storage/prepared_table.py": "what prepare and finish share, and no other",
        "protocol/statuses.py": "the documented list, name for name",
    },
    "infra": {
        "account.py": "what every resource gets alike, so that no construct says it",
        "assets/errors.py": "the package's one error, which all of its modules raise",
        "nag.py": "the rule pack and its exceptions, which every construct names",
        "pipeline/notifications.py": "a construct of the stack, as the others are",
        "settings/service_addresses.py": "what both stacks hand each other",
    },
    "training": {
        "__main__.py": "python -m training",
    },
    "bench": {
        "streams/function_variables.py": "one dictionary, which tests use too",
        "streams/memory_curve.py": "a computed model with its sources",
    },
    "simulation": {},
    "dropcoder": {
        "__main__.py": "python -m dropcoder",
        "terminal/text.py": "all that is shown passes here, of the local cloud too",
    },
}
"""By tree, the modules that are shorter or longer than the rule, each with its reason."""
ERROR_TREES = "each service has an error tree of its own, in the same words"
CLASS_NAMES = dict.fromkeys(("AwsBusy", "Final", "OperatorNeeded", "TryAgain"), ERROR_TREES)


def expect_none(faults: list[str]) -> None:
    assert not faults, "\n".join(faults)  # all of them: pytest itself would show the first


def should_import_downwards_only_and_no_other_function() -> None:
    tree = read_tree(PROJECT, "lambdas/pipeline")
    expect_none(arrows_that_do_not_go_down(tree, PIPELINE))


def should_print_in_no_room_of_the_command_line_but_that_of_its_verbs() -> None:
    tree = read_tree(PROJECT, "dropcoder")
    expect_none(arrows_that_do_not_go_down(tree, DROPCODER))


def should_take_no_cloud_to_code_and_plan_on_a_laptop() -> None:
    tree = read_tree(PROJECT, "dropcoder")
    for room in ("local_coding", "estimates", "terminal"):
        files = [each for each in tree.rooms[room] if any("boto" in name for name in each.imported)]
        expect_none([each.name for each in files])


def should_deploy_nothing_that_imports_what_is_not_deployed() -> None:
    expect_none(imports_of(read_tree(PROJECT, "lambdas"), NOT_DEPLOYED))


@pytest.mark.parametrize(
    ("package", "others"),
    [
        ("pipeline", ["coding_service"]),
        ("coding_service", ["pipeline", "tables"]),
        ("tables", ["pipeline", "coding_service"]),
        ("protocol", ["pipeline", "coding_service", "shared", "tables"]),
        ("shared", ["pipeline", "coding_service", "protocol", "tables"]),
    ],
)
def should_not_import_the_other_stacks_package(package: str, others: list[str]) -> None:
    expect_none(imports_of(read_tree(PROJECT, f"lambdas/{package}"), others))


@pytest.mark.parametrize(
    "path",
    [
        *(f"lambdas/{package}" for package in LAMBDAS),
        "training",
        "infra",
        "bench",
        "simulation",
        "dropcoder",
    ],
)
def should_tell_files_apart_by_more_than_ing_and_fill_no_folder(path: str) -> None:
    tree = read_tree(PROJECT, path)
    expect_none(names_with_ing(tree) + full_folders(tree))


@pytest.mark.parametrize(("path", "excepted"), SIZES.items())
def should_hold_a_subject_in_each_module_and_no_more(path: str, excepted: Reasons) -> None:
    expect_none(sizes_out_of_bounds(read_tree(PROJECT, path), excepted))


def should_name_each_public_class_apart() -> None:
    expect_none(classes_of_one_name(read_tree(PROJECT, "lambdas"), CLASS_NAMES))


def should_document_arguments_and_attributes_in_one_way() -> None:
    fields = re.compile(r"^\s*(\"\"\")?:(param|ivar|returns?|raises)\b", re.MULTILINE)
    files = [path for tree in DOCUMENTED for path in (PROJECT / tree).rglob("*.py")]
    assert len(files) > 300
    expect_none([str(path) for path in files if fields.search(path.read_text("utf-8"))])
