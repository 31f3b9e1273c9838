"""`dropcoder get`: a drop's results on this machine."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dropcoder.commands.deployed_verb import deployed_verb
from dropcoder.errors import ExitStatus, StillGoing
from dropcoder.terminal.screen import Screen
from dropcoder.terminal.text import one_line

if TYPE_CHECKING:
    from dropcoder.deployed.known_drops import KnownDrop
    from dropcoder.deployed.reach import Pipeline

EXAMPLE = """\
dropcoder get 3f9c1d2a
dropcoder get 3f9c1d2a -o results --force"""
SHOWN = {"table": "Table", "page": "Report", "review": "Review", "report": "Why"}


@deployed_verb(EXAMPLE)
@click.argument("drop", metavar="DROP")
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path),
    default=Path(),
    metavar="DIR",
    help="Where the folder of results goes.  [default: here]",
)
@click.option("--force", is_flag=True, help="Replace what is in that folder.")
def get(screen: Screen, pipeline: "Pipeline", *, drop: str, out: Path, force: bool) -> int:
    """Download the results of DROP, an id or its beginning.

    They come into a folder called like the file and the beginning of the id: the table with its
    codes, report.html and report.json, what the service said, and the manifest; of a rejected drop,
    the report that says why. Exit status 4: it has not ended.
    """
    from dropcoder.deployed.known_drops import GOING, KnownDrops  # noqa: PLC0415

    found = KnownDrops(pipeline).named(drop)
    if found.status == GOING:
        raise StillGoing(
            f"The drop {found.short_id} has not ended.",
            next_step=f"Follow it: dropcoder watch {found.short_id}",
        )
    screen.document(fetch(screen, pipeline, found, out, replace=force))
    return ExitStatus.DONE


def fetch(
    screen: Screen, pipeline: "Pipeline", found: "KnownDrop", out: Path, *, replace: bool
) -> dict[str, Any]:
    """Downloads what an ended drop has, and says where it is; the same for programs."""
    from dropcoder.deployed.results import download  # noqa: PLC0415
    from dropcoder.local_coding.result_folder import (  # noqa: PLC0415
        checked_folder,
        drop_folder,
        filled,
        from_here,
    )

    results = found.body.get("results") or {}
    folder = checked_folder(out / drop_folder(found.key, found.drop_id), replace=replace)
    with screen.progress("Getting the results", None) as advance, filled(folder) as begun:
        done = download(pipeline, results, begun, advance)
    done = done.in_place(folder)
    for name, title in SHOWN.items():
        if path := getattr(done, name):
            screen.say(one_line(f"{title + ':':<8}{from_here(path)}"))
    return {"dropId": found.drop_id, "status": found.status, "folder": str(folder)} | done.to_json()
