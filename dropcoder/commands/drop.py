"""`dropcoder drop` and `watch`: a file into the drop bucket, and how it ends."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dropcoder.commands.deployed_verb import deployed_verb, tell_ending
from dropcoder.commands.get import fetch
from dropcoder.commands.verbs import (
    check_files,
    said_of_table,
    table_options,
    topic_option,
)
from dropcoder.errors import ExitStatus, Interrupted, UsageError
from dropcoder.terminal.screen import Screen
from dropcoder.terminal.text import one_line

if TYPE_CHECKING:
    from dropcoder.deployed.known_drops import KnownDrop
    from dropcoder.deployed.reach import Pipeline

ENDED_AS = {"complete": ExitStatus.DONE, "rejected": ExitStatus.REJECTED}
"""What a command ends with that followed a drop; of any other status, 1."""
DROP = """\
dropcoder drop survey.xlsx
dropcoder drop 2026/*.csv --topic anzsco --under 2026 --wait -o results"""
WATCH = """\
dropcoder watch 3f9c1d2a
dropcoder watch"""
OUT = Path("out")


@deployed_verb(DROP)
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE…")
@topic_option("The topic that codes it, as the service calls it.")
@click.option("--model", metavar="ID", help="A certain model of the topic; by default its latest.")
@click.option(
    "--under", default="", metavar="FOLDER", help="Folder below the topic, e.g. 2026/may."
)
@click.option("--wait", is_flag=True, help="Follow each to its end, and get its results.")
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path),
    default=OUT,
    show_default=True,
    metavar="DIR",
    help="With --wait: where each drop's folder of results goes.",
)
@click.option("--patience", type=float, metavar="SECONDS", help="With --wait: give up after that.")
@table_options
def drop(
    screen: Screen,
    pipeline: "Pipeline",
    *,
    files: tuple[Path, ...],
    topic: str,
    model: str | None,
    under: str,
    wait: bool,
    out: Path,
    patience: float | None,
    **said: Any,
) -> int:
    """Put each FILE into the drop bucket, to be coded.

    It prints the drop's id, by which `watch`, `show` and `get` know it. What is said of its table
    (--columns and so on) goes with it as metadata. With --wait the exit status is that of `watch`.
    """
    from dropcoder.deployed.put_file import key_of, put_file  # noqa: PLC0415

    keys = {file: key_of(file, topic=topic, folder=under, model=model) for file in files}
    check_files(*keys)
    if len(set(keys.values())) < len(keys):
        raise UsageError(
            "Two files have the same name, and would be the same key.",
            next_step="Drop them with different folders: --under FOLDER",
        )
    dropped = []
    for file, key in keys.items():
        with screen.progress(f"Dropping {file.name}", file.stat().st_size or None) as advance:
            each = put_file(pipeline, file, key, said_of_table(**said), advance)
        dropped.append(each)
        screen.say(one_line(f"{each.drop_id}  s3://{each.bucket}/{each.key}"))
    if not wait:
        screen.document([each.to_json() for each in dropped])
        return ExitStatus.DONE
    return _followed(screen, pipeline, [each.drop_id for each in dropped], patience, out)


@deployed_verb(WATCH)
@click.argument("drops", nargs=-1, metavar="[DROP…]")
@click.option("--patience", type=float, metavar="SECONDS", help="Give up on a drop after that.")
def watch(
    screen: Screen, pipeline: "Pipeline", *, drops: tuple[str, ...], patience: float | None
) -> int:
    """Follow each DROP to its end; without any, show all that end.

    A DROP is an id, or its beginning. The exit status says how they ended: 0 all complete, 3 one
    was rejected, 1 one failed or timed out, 4 one has not ended within --patience. Drops go on when
    nobody watches. Without DROP it goes on until Ctrl-C, and needs to make a queue; with --json
    each ending is a line.
    """
    from dropcoder.deployed.known_drops import KnownDrops  # noqa: PLC0415

    if not drops:
        _watch_all(screen, pipeline)
    known = KnownDrops(pipeline)
    return _followed(screen, pipeline, [known.whole_id(each) for each in drops], patience, None)


def _followed(
    screen: Screen,
    pipeline: "Pipeline",
    drop_ids: Sequence[str],
    patience: float | None,
    out: Path | None,
) -> int:
    """Follows the drops, and gets the results of each where `out` is a folder for them."""
    from dropcoder.deployed.follow import follow  # noqa: PLC0415

    ended: list[KnownDrop] = []
    files: dict[str, Any] = {}
    for number, drop_id in enumerate(drop_ids):
        try:
            with screen.live() as tell:
                found = follow(pipeline, drop_id, tell=tell, patience=patience)
        except KeyboardInterrupt:
            going = " ".join(each[:8] for each in drop_ids[number:])
            raise Interrupted(
                "Interrupted. The drops go on."
                if " " in going
                else "Interrupted. The drop goes on.",
                next_step=f"See how it ends: dropcoder watch {going}",
            ) from None
        ended.append(found)
        tell_ending(screen, status=found.status, key=found.key, body=dict(found.body))
        if out is not None:
            files[drop_id] = fetch(screen, pipeline, found, out, replace=True)
    screen.document([each.to_json() | {"files": files.get(each.drop_id)} for each in ended])
    worst = {ENDED_AS.get(each.status, ExitStatus.FAILED) for each in ended}
    return ExitStatus.FAILED if ExitStatus.FAILED in worst else max(worst)


def _watch_all(screen: Screen, pipeline: "Pipeline") -> None:
    """Until Ctrl-C."""
    from dropcoder.deployed.notifications import subscribed  # noqa: PLC0415

    clients, deployment = pipeline.clients, pipeline.deployment
    with subscribed(clients, deployment, name=f"dropcoder-watch-{os.getpid()}") as subscription:
        screen.note("Watching; Ctrl-C ends it.")
        try:
            while True:
                for told in subscription.receive(wait_seconds=10):
                    tell_ending(screen, status=told.status, key=told.key, body=told.body)
                    screen.line(told.body)
        except KeyboardInterrupt:
            raise Interrupted("Stopped watching; the drops go on.") from None
