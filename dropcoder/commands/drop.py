"""`dropcoder drop` and `watch`: a file into the drop bucket, and how it ends."""

import os
from collections.abc import Iterable, Sequence
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
from dropcoder.errors import (
    CommandError,
    ExitStatus,
    Interrupted,
    NotFound,
    StillGoing,
    UsageError,
)
from dropcoder.terminal.screen import Screen
from dropcoder.terminal.text import one_line

if TYPE_CHECKING:
    from dropcoder.deployed.reach import Pipeline

ENDED_AS = {"complete": ExitStatus.DONE, "rejected": ExitStatus.REJECTED}
"""What a command ends with that followed a drop; of any other status, 1."""
WORST_FIRST = (
    *(ExitStatus.GOING, ExitStatus.NOT_FOUND),  # how all ended is not known
    *(ExitStatus.FAILED, ExitStatus.REJECTED, ExitStatus.DONE),
)
"""Of several drops, the first of these counts."""
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
    metavar="DIR",
    help=f"With --wait: where each drop's folder of results goes.  [default: {OUT}]",
)
@click.option(
    "--patience", type=float, metavar="SECONDS", help="With --wait: give up after that, for all."
)
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
    out: Path | None,
    patience: float | None,
    **said: Any,
) -> int:
    """Put each FILE into the drop bucket, to be coded.

    It prints the drop's id, by which `watch`, `show` and `get` know it. What is said of its table
    (--columns and so on) goes with it as metadata. With --wait the exit status is that of `watch`.
    """
    from dropcoder.deployed.put_file import key_of, put_file  # noqa: PLC0415

    if not wait and (out is not None or patience is not None):
        raise UsageError("--out and --patience mean nothing without --wait.", next_step="Add it.")
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
    return _followed(screen, pipeline, [each.drop_id for each in dropped], patience, out or OUT)


@deployed_verb(WATCH)
@click.argument("drops", nargs=-1, metavar="[DROP…]")
@click.option("--patience", type=float, metavar="SECONDS", help="Give up after that, for all.")
def watch(
    screen: Screen, pipeline: "Pipeline", *, drops: tuple[str, ...], patience: float | None
) -> int:
    """Follow each DROP to its end; without any, show all that end.

    A DROP is an id, or its beginning. The exit status says how they ended: 4 one has not within
    --patience, else 6 nothing is known of one, else 1 one failed or timed out, else 3 one was
    rejected, else 0. Drops go on when nobody watches. Without DROP it goes on until Ctrl-C, and
    needs to make a queue; with --json each ending is a line.
    """
    from dropcoder.deployed.known_drops import KnownDrops  # noqa: PLC0415

    if not drops and patience is not None:
        raise UsageError("--patience needs a DROP.", next_step="Name one, or end it with Ctrl-C.")
    if not drops:
        _watch_all(screen, pipeline)
    known = KnownDrops(pipeline)
    return _followed(screen, pipeline, dict.fromkeys(map(known.whole_id, drops)), patience, None)


def _followed(
    screen: Screen,
    pipeline: "Pipeline",
    drop_ids: Iterable[str],
    patience: float | None,
    out: Path | None,
) -> int:
    """Follows the drops, and gets the results of each where `out` is a folder for them.

    Each is looked at, also where patience ended with the one before.
    """
    from pipeline.clock import Clock  # noqa: PLC0415

    began = Clock().seconds()
    ends: list[int] = []
    told: list[dict[str, Any]] = []
    waiting = list(drop_ids)
    for number, drop_id in enumerate(waiting):
        try:
            found = _ending(screen, pipeline, drop_id, patience=patience, began=began, out=out)
        except (StillGoing, NotFound) as error:
            if len(waiting) == 1:
                raise
            screen.refusal(error)  # of this drop; the others may have ended
            ends.append(error.status)
            told.append(_unended(drop_id, error))
        except KeyboardInterrupt:
            raise _interrupted(waiting[number:], results=out is not None) from None
        else:
            ends.append(ENDED_AS.get(found["status"], ExitStatus.FAILED))
            told.append(found)
    screen.document(told)
    return min(ends, key=WORST_FIRST.index)


def _ending(
    screen: Screen,
    pipeline: "Pipeline",
    drop_id: str,
    *,
    patience: float | None,
    began: float,
    out: Path | None,
) -> dict[str, Any]:
    """How a drop ended, for programs, after it was told for people."""
    from dropcoder.deployed.follow import follow  # noqa: PLC0415

    with screen.live() as tell:
        found = follow(pipeline, drop_id, tell=tell, patience=patience, began=began)
    tell_ending(screen, status=found.status, key=found.key, body=dict(found.body))
    files = None if out is None else fetch(screen, pipeline, found, out, replace=True)
    return found.to_json() | {"files": files}


def _unended(drop_id: str, error: CommandError) -> dict[str, Any]:
    """For programs: what is known of a drop that was not seen to end."""
    from dropcoder.deployed.known_drops import GOING  # noqa: PLC0415

    status = GOING if isinstance(error, StillGoing) else None
    return {
        "dropId": drop_id,
        "status": status,
        "error": str(error),
        "nextStep": error.next_step,
    }


def _interrupted(drop_ids: Sequence[str], *, results: bool) -> Interrupted:
    """What to do about the drops that were followed, and whose results were to be had."""
    goes = "The drops go on." if len(drop_ids) > 1 else "The drop goes on."
    step = f"See how it ends: dropcoder watch {' '.join(each[:8] for each in drop_ids)}"
    if results:
        step += "; its results: dropcoder get DROP"
    return Interrupted(f"Interrupted. {goes}", next_step=step)


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
