"""`dropcoder merge`, `agree` and `dictionary`: what becomes of files that a review page exports."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from dropcoder.commands.verbs import check_files, force_option, verb
from dropcoder.errors import FileRejected
from dropcoder.terminal.screen import Screen
from dropcoder.terminal.text import one_line

MERGE_EXAMPLE = """\
dropcoder merge survey-coded/results.csv ann.csv
dropcoder merge results.xlsx ann.csv bob.csv decide.csv -o final"""
DICTIONARY_EXAMPLE = """\
dropcoder dictionary anzsco-dictionary ann.csv bob.csv decide.csv
dropcoder code survey.xlsx --dictionary anzsco-dictionary"""
AGREE_EXAMPLE = """\
dropcoder agree ann.csv bob.csv --page survey-coded/review.html"""
PATH = click.Path(path_type=Path)
ENDED = {
    "model": "by the model",
    "person": "by people",
    "dictionary": "from the dictionary",
    "cannotBeCoded": "not codable",
    "disagreed": "disagreed on",
    "open": "open",
    "nothingToCode": "with nothing to code",
    "unsent": "blank or refused",
}
"""What rows end as (`tables.report.page.reviewed.ENDS`), in words."""
LEARNED = {
    "added": "added",
    "replaced": "replaced",
    "unchanged": "known already",
    "outdated": "decided otherwise later",
    "disagreed": "that reviewers disagree on",
    "altered": "not as they stood in the drop",
}
"""What becomes of decided texts (`tables.dictionary.learn.OUTCOMES`), in words."""


@verb(MERGE_EXAMPLE)
@click.argument("table", type=PATH)
@click.argument("reviewed", type=PATH, nargs=-1, required=True)
@click.option(
    "-o",
    "--out",
    type=PATH,
    metavar="DIR",
    help="Folder for what is written.  [default: reviewed, beside TABLE]",
)
@force_option
def merge(
    screen: Screen, *, table: Path, reviewed: tuple[Path, ...], out: Path | None, force: bool
) -> None:
    """Put the decisions of REVIEWED files into TABLE.

    TABLE is a table as it was given back, with its report.json beside it; REVIEWED are the files
    that its review page exported, of one person or several. The table is written again with a final
    code, label, person, time and note for each row; its report says how right the machine was on
    the texts that people read without its suggestions.
    """
    from dropcoder.local_coding.result_folder import (  # noqa: PLC0415
        checked_folder,
        filled,
        from_here,
    )
    from tables.report.files import MANIFEST, PAGE, REPORT, REVIEW  # noqa: PLC0415  tables take time
    from tables.review.merge import merge  # noqa: PLC0415

    check_files(table, *reviewed, next_step="Name a table that was given back, and exported files.")
    beside = [table.parent / name for name in (REPORT, REVIEW)]
    folder = checked_folder(
        out or table.parent / "reviewed",
        replace=force,
        writes=(table.name, REPORT, PAGE, MANIFEST),
        reads=(table, *reviewed, *beside),
    )
    with _told(), filled(folder) as begun:
        manifest = merge(table, reviewed, begun)
    rows, texts = manifest["rows"], manifest["texts"]
    ended = ", ".join(f"{rows[end]:,} {said}" for end, said in ENDED.items() if rows[end])
    screen.say(f"{sum(rows.values()):,} rows: {ended}")
    if texts["disagreed"]:
        screen.say(f"Reviewers disagree on {texts['disagreed']:,} texts; see: dropcoder agree")
    if texts["unmatched"]:
        screen.note(f"No row has {texts['unmatched']:,} of the texts that were decided")
    screen.say(one_line(f"Table:  {from_here(folder / manifest['table']['file'])}"))
    screen.say(one_line(f"Report: {from_here(folder / PAGE)}"))
    screen.document(manifest)


@verb(DICTIONARY_EXAMPLE)
@click.argument("folder", type=PATH)
@click.argument("reviewed", type=PATH, nargs=-1, required=True)
def dictionary(screen: Screen, *, folder: Path, reviewed: tuple[Path, ...]) -> None:
    """Learn the decisions of REVIEWED files, for `code --dictionary`.

    FOLDER holds a topic's dictionary: a file for each version, with a line for each text that
    people have decided on, its code, by whom and when. REVIEWED are files that review pages of that
    topic exported, of one drop or several. They become the next version; earlier ones stay as they
    are. Texts that reviewers disagree on are left out until somebody decides; later decisions
    replace earlier ones.
    """
    from dropcoder.local_coding.dictionary_folder import learn_into  # noqa: PLC0415
    from dropcoder.local_coding.result_folder import from_here  # noqa: PLC0415

    check_files(*reviewed, next_step="Name files that were exported from a review page.")
    path, found = learn_into(folder, reviewed)
    became = ", ".join(f"{count:,} {LEARNED[end]}" for end, count in found.texts.items() if count)
    screen.say(f"{sum(found.texts.values()):,} texts: {became or 'none was decided'}")
    if path is not None:
        entries = f"{len(found.dictionary.entries):,} texts"
        screen.say(one_line(f"Dictionary: {from_here(path)}, {entries}"))
    screen.document(
        {
            "dictionary": None if path is None else str(path),
            "version": found.dictionary.version,
            "entries": len(found.dictionary.entries),
            "texts": dict(found.texts),
        }
    )


@verb(AGREE_EXAMPLE)
@click.argument("first", type=PATH)
@click.argument("second", type=PATH)
@click.option(
    "--page",
    type=PATH,
    metavar="FILE",
    help="The review page that both had.  [default: review.html, beside FIRST]",
)
@click.option(
    "-o",
    "--out",
    type=PATH,
    metavar="DIR",
    help="Folder for what is written.  [default: agreement, beside FIRST]",
)
@force_option
def agree(
    screen: Screen,
    *,
    first: Path,
    second: Path,
    page: Path | None,
    out: Path | None,
    force: bool,
) -> None:
    """Say how far two reviewers agree.

    FIRST and SECOND are what a review page exported for two people. The share of equal decisions
    and Cohen's kappa are told for whole codes and down to each level, of all texts that both
    decided and of those alone that they read without suggestions. Where they disagree, decide.html
    is a page with these texts alone.
    """
    from dropcoder.local_coding.result_folder import (  # noqa: PLC0415
        checked_folder,
        filled,
        from_here,
    )
    from tables.report.files import REVIEW  # noqa: PLC0415
    from tables.review.agreement import AGREEMENT_NAME, DECIDE_NAME, compare  # noqa: PLC0415

    page = page or first.parent / REVIEW
    check_files(first, second, next_step="Name two files that were exported from a review page.")
    check_files(page, next_step="Name the review page that both had: --page FILE")
    folder = checked_folder(
        out or first.parent / "agreement",
        replace=force,
        writes=(AGREEMENT_NAME, DECIDE_NAME),
        reads=(first, second, page),
    )
    with _told(), filled(folder, at_times=[DECIDE_NAME]) as begun:
        found = compare(first, second, page, begun)
    for name, title in (("all", "All texts"), ("blind", "Blind texts")):
        screen.say(f"{title}: {_agreement(found[name])}")
        for each in found[name]["levels"]:
            screen.say(f"  down to {each['level']} digits: {_agreement(each)}")
    if found["disagreements"]:
        place = one_line(from_here(folder / DECIDE_NAME))
        screen.say(f"{found['disagreements']:,} to decide: {place}")
    screen.document(found)


def _agreement(found: Mapping[str, Any]) -> str:
    if found["agreement"] is None:
        return "none that both have decided"
    texts = f" of {found['texts']:,}" if "texts" in found else ""
    agreed = f"{found['agreement']:.1%}{texts} agree"
    if found["kappa"] is None:
        return f"{agreed}; no kappa, as both gave all of them one and the same answer"
    return f"{agreed}, kappa {found['kappa']:.2f}"


@contextmanager
def _told() -> Iterator[None]:
    """A refusal of the tables' as one of the command line's."""
    from tables.errors import TableRefused  # noqa: PLC0415

    try:
        yield
    except TableRefused as refused:
        raise FileRejected(refused.reason, next_step=refused.next_step) from None
