"""`python -m reviews`: what is done with the files that the review page exports.

    python -m reviews merge results.csv ann.csv …      the table with everybody's decisions
    python -m reviews agree ann.csv bob.csv            agreement, kappa, and a page to decide

What each does is `tables.review`; nothing here knows AWS.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tables.errors import TableRefused
from tables.review.agreement import DECIDE_NAME, compare
from tables.review.merge import merge

MERGED, COMPARED = "reviewed", "agreement"
"""Folders beside what is read, where none is named."""


def main(arguments: Sequence[str]) -> int:
    """Returns the process's exit status: 0, or 1 after a message on standard error."""
    chosen = _parser().parse_args(arguments)
    try:
        if chosen.verb == "merge":
            _merge(chosen.table, chosen.reviewed, chosen.out or chosen.table.parent / MERGED)
        else:
            out = chosen.out or chosen.first.parent / COMPARED
            page = chosen.page or chosen.first.parent / "review.html"
            _agree(chosen.first, chosen.second, page, out)
    except TableRefused as refused:
        print(f"{refused.reason} {refused.next_step}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"{error.filename}: {error.strerror}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m reviews", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    merging = verbs.add_parser("merge", help="the table with everybody's decisions")
    merging.add_argument("table", type=Path, help="as given back, its report.json beside it")
    merging.add_argument("reviewed", type=Path, nargs="+", help="what the review page exported")
    agreeing = verbs.add_parser("agree", help="agreement of two reviewers, and a page to decide")
    agreeing.add_argument("first", type=Path, help="what the review page exported")
    agreeing.add_argument("second", type=Path, help="the same, of another person")
    agreeing.add_argument("--page", type=Path, help="review.html; default: beside the first file")
    for each in (merging, agreeing):
        each.add_argument("-o", "--out", type=Path, help="folder for what is written")
    return parser


def _merge(table: Path, reviewed: Sequence[Path], out: Path) -> None:
    manifest = merge(table, reviewed, out)
    rows, texts = manifest["rows"], manifest["texts"]
    print(f"{out / manifest['table']['file']}: {sum(rows.values()):,} rows")
    print(f"  {rows['model']:,} by the model, {rows['person']:,} by people, ", end="")
    print(f"{rows['cannotBeCoded']:,} not codable, {rows['open']:,} open")
    if texts["disagreed"]:
        print(
            f"  texts on which reviewers disagree: {texts['disagreed']:,}; python -m reviews agree"
        )
    if texts["unmatched"]:
        print(f"  decisions on texts that no row has: {texts['unmatched']:,}")


def _agree(first: Path, second: Path, page: Path, out: Path) -> None:
    found = compare(first, second, page, out)
    for name, title in (("all", "All texts"), ("blind", "Blind texts")):
        print(f"{title}: {_told(found[name])}")
        for each in found[name]["levels"]:
            print(f"  down to {each['level']} digits: {_told(each)}")
    if found["disagreements"]:
        print(f"{found['disagreements']:,} to decide: {out / DECIDE_NAME}")


def _told(found: dict[str, Any]) -> str:
    if found["agreement"] is None:
        return "none that both have decided"
    kappa = "open" if found["kappa"] is None else f"{found['kappa']:.2f}"
    texts = f" of {found['texts']:,}" if "texts" in found else ""
    return f"{found['agreement']:.1%}{texts} agree, kappa {kappa}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
