"""`dropcoder list`, `show`, `retry` and `erase`: drops that the ledger knows."""

import re
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import click

from dropcoder.commands.deployed_verb import deployed_verb, tell_ending
from dropcoder.errors import UsageError
from dropcoder.terminal.screen import Screen
from dropcoder.terminal.text import one_line, shortened

if TYPE_CHECKING:
    from dropcoder.deployed.known_drops import KnownDrop
    from dropcoder.deployed.reach import Pipeline
    from erasure.erase import Kept

YES = ("y", "yes")
STATUSES = ("complete", "rejected", "failed", "timed_out", "going")
KEY_WIDTH, REASON_WIDTH = 48, 60
_AGE = re.compile(r"(\d+)([dhm])")
_UNITS = {"d": "days", "h": "hours", "m": "minutes"}


@deployed_verb("dropcoder list --since 7d --status failed", "list")
@click.option("--status", type=click.Choice(STATUSES), help="Only drops with this status.")
@click.option("--topic", help="Only drops of this topic.")
@click.option(
    "--since", metavar="WHEN", help="Dropped since then: 2026-11-01, or 7d, 12h, 30m ago."
)
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="At most.")
def list_drops(
    screen: Screen,
    pipeline: "Pipeline",
    *,
    status: str | None,
    topic: str | None,
    since: str | None,
    limit: int,
) -> None:
    """List drops, the newest first.

    The ledger, which keeps a drop for some thirteen months, is read from end to end.
    """
    from dropcoder.deployed.known_drops import KnownDrops  # noqa: PLC0415

    moment = None if since is None else moment_of(since, datetime.now(UTC))
    found = KnownDrops(pipeline).listed(status=status, topic=topic, since=moment)
    shown = found[:limit]
    if shown:
        screen.table(("id", "status", "dropped", "key", "reason"), list(map(_row, shown)))
    if len(found) > limit:
        screen.note(f"{len(found) - limit:,} more; see them with --limit {len(found)}")
    elif not found:
        screen.note("No such drop.")
    screen.document([each.to_json() for each in shown])


def moment_of(text: str, now: datetime) -> datetime:
    """The moment that `--since` names. Raises `UsageError`."""
    if age := _AGE.fullmatch(text):
        return now - timedelta(**{_UNITS[age[2]]: int(age[1])})
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(
            f"{text} is no moment.", next_step="Write 2026-11-01, 2026-11-01T09:30, 7d, 12h or 30m."
        ) from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _row(drop: "KnownDrop") -> tuple[str, ...]:
    return (
        drop.short_id,
        drop.status,
        drop.dropped_at[:16].replace("T", " "),
        shortened(drop.key, KEY_WIDTH),
        shortened(str(drop.body.get("reason") or ""), REASON_WIDTH),
    )


@deployed_verb("dropcoder show 3f9c1d2a")
@click.argument("drop", metavar="DROP")
def show(screen: Screen, pipeline: "Pipeline", *, drop: str) -> None:
    """Show what is known of DROP, an id or its beginning.

    Its file, when it was dropped and ended, how it ended and why, its rows and its results; while
    it is coded, the state that its execution is in.
    """
    from dropcoder.deployed.executions import Executions  # noqa: PLC0415
    from dropcoder.deployed.known_drops import GOING, KnownDrops  # noqa: PLC0415

    found = KnownDrops(pipeline).named(drop)
    where = None
    if found.execution:
        executions = Executions(pipeline.clients, pipeline.deployment)
        where = executions.whereabouts(executions.arn(found.execution))
    screen.facts(
        {
            "Drop": found.drop_id,
            "File": one_line(f"s3://{pipeline.deployment.drop_bucket}/{found.key}"),
            "Bytes": f"{found.size:,}",
            "Topic": found.topic or "",
            "Model": str(found.body.get("model") or found.model or ""),
            "Dropped": found.dropped_at,
            "Ended": found.ended_at,
            "Execution": one_line(found.execution),
            "State": one_line(f"{where.execution.lower()}: {where.state}") if where else "",
        }
    )
    if found.status == GOING:
        screen.say(f"{GOING:<10} follow it: dropcoder watch {found.short_id}")
    else:
        tell_ending(screen, status=found.status, key=found.key, body=dict(found.body))
    state = None if where is None else {"execution": where.execution, "state": where.state}
    screen.document(found.to_json() | {"whereabouts": state})


@deployed_verb("dropcoder retry 3f9c1d2a")
@click.argument("drop", metavar="DROP")
def retry(screen: Screen, pipeline: "Pipeline", *, drop: str) -> None:
    """Have DROP tried again, an id or its beginning.

    Where its execution stopped and Step Functions can go on with it (within fourteen days), it goes
    on, and what is done is not done again. Else the same version of its file is dropped once more,
    which makes a new drop with an id of its own. A complete drop is left alone.
    """
    from dropcoder.deployed.known_drops import KnownDrops  # noqa: PLC0415
    from dropcoder.deployed.retry import retry as try_again  # noqa: PLC0415

    found = KnownDrops(pipeline).named(drop)
    done = try_again(pipeline, found)
    if done.redriven:
        screen.say(f"Its execution goes on; follow it: dropcoder watch {done.drop_id[:8]}")
    else:
        screen.say(one_line(f"{done.drop_id}  s3://{pipeline.deployment.drop_bucket}/{found.key}"))
    screen.document({"dropId": done.drop_id, "redriven": done.redriven})


@deployed_verb("dropcoder erase 3f9c1d2a")
@click.argument("drop", metavar="DROP")
@click.option(
    "--key", default="", help="How its key begins: a shorter search, once the ledger forgot it."
)
@click.option("--yes", is_flag=True, help="Erase without asking.")
def erase(screen: Screen, pipeline: "Pipeline", *, drop: str, key: str, yes: bool) -> None:
    """Erase DROP and all that is kept of it, for good.

    A DROP is an id, or its beginning. It shows what there is and asks; then the dropped file, its
    results, its prepared rows and its items of the ledger are deleted, and it says what remains
    elsewhere, and until when (docs/privacy.md). A drop that the ledger has forgotten needs its
    whole id.
    """
    from dropcoder.deployed.known_drops import KnownDrops  # noqa: PLC0415
    from erasure.erase import erase_drop  # noqa: PLC0415

    def confirm(kept: "Kept") -> bool:
        _tell_kept(screen, kept)
        return yes or _agrees(screen)

    kept = erase_drop(
        pipeline.clients,
        KnownDrops(pipeline).whole_id(drop),
        confirm=confirm,
        stack=pipeline.deployment.stack,
        below=key,
    )
    screen.say(f"Erased drop {kept.drop_id}.")
    screen.say("What remains, and until when:")
    for each in kept.remains:
        screen.say(f"  {each.line()}")
    screen.document({"dropId": kept.drop_id, "remains": [_remains(each) for each in kept.remains]})


def _remains(each: Any) -> dict[str, Any]:
    until = None if each.until is None else each.until.date().isoformat()
    return {"where": each.where, "what": each.what, "until": until, "says": each.says or None}


def _tell_kept(screen: Screen, kept: "Kept") -> None:
    where, items = kept.deployment, kept.items
    screen.say(f"Stack {where.stack} of account {where.account} in {where.region}")
    key = kept.key or "(its key is not known any more)"
    screen.say(one_line(f"Drop  {kept.drop_id}  {key}"))
    for bucket, (count, size) in kept.places().items():
        screen.say(f"  {bucket}: {count:,} versions and markers, {size:,} bytes")
    if kept.uploads:
        screen.say(f"  unfinished uploads: {len(kept.uploads):,}")
    screen.say(f"  {where.ledger_table}: {items.count:,} items")
    if items.shared:
        screen.say("  It shared an operation; what the other drops have of it stays.")
    if kept.ended.may_be_redriven:
        screen.say(
            "  Its execution failed, with other drops in it. Once this one is erased, that "
            "execution can't be redriven: the others have to be dropped again."
        )


def _agrees(screen: Screen) -> bool:
    if not sys.stdin.isatty():
        screen.note("Nobody can be asked here; --yes (make: YES=1) erases without asking.")
        return False
    screen.note("Erase it for good? [y/N]")
    try:
        return input().strip().lower() in YES
    except EOFError:  # Ctrl-D
        return False
