"""One file's journey, from this machine into the drop bucket and back, as a person follows it."""

import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from dropcoder.terminal.text import one_line, shortened
from localcloud.cloud import LocalCloud
from localcloud.console import Console
from localcloud.errors import DropFailed, Interrupted
from localcloud.executions import Executions, Whereabouts
from localcloud.functionlogs import last_lines
from localcloud.notifications import Notification, Subscription, subscribed
from localcloud.results import Downloaded, disagreements, download
from localcloud.tables import read_table
from pipeline.domain.identity import drop_id, results_prefix
from pipeline.validation.rejection_report import REPORT_NAME
from tables.rows import Cell

UNNOTICED_SECONDS = 60.0
"""A drop without an execution after that was not noticed: an event went astray."""
SHOWN_LINES = 10
SHOWN_FAULTS = 5
_TEXT_WIDTH, _LABEL_WIDTH = 44, 36
_CODE = ("code", "label", "confidence")


@dataclass(frozen=True, slots=True)
class Dropped:
    """A file that lies in the drop bucket."""

    file: Path
    bucket: str
    key: str
    version_id: str
    drop_id: str
    at: float
    """Seconds since the epoch."""


def take(
    cloud: LocalCloud,
    file: Path,
    *,
    topic: str,
    out: Path,
    console: Console,
    patience: float,
    goes_on: bool = False,
) -> None:
    """Drops the file and follows it to its results. Raises `DropFailed`.

    A drop that has not ended after `patience` seconds is given up. Where the drop `goes_on` though
    nobody follows it, whoever interrupts is told how to.
    """
    with subscribed(cloud, name=f"dropcoder-{uuid.uuid4().hex[:12]}") as subscription:
        dropped = drop(cloud, file, topic=topic)
        console.say(one_line(f"Dropped {file.name} as s3://{dropped.bucket}/{dropped.key}"))
        try:
            told = _follow(cloud, dropped, subscription, console=console, patience=patience)
        except Interrupted:
            if goes_on:
                below = results_prefix(dropped.key, topic, dropped.drop_id)
                console.say(f"The drop goes on; its id is {dropped.drop_id}.")
                console.say("To see how it ends: make watch")
                console.say(one_line(f"Results: s3://{cloud.pipeline.results_bucket}/{below}"))
            raise
    results = download(cloud, told, out)
    if told.status != "complete":
        raise _failed(cloud, dropped, told, results)
    if differing := disagreements(file, results):
        raise DropFailed("The results disagree with the file.", lines=tuple(differing))
    _show(topic, told, results, console=console, seconds=time.time() - dropped.at)


def drop(cloud: LocalCloud, file: Path, *, topic: str) -> Dropped:
    """Puts the file under `<topic>/<its name>`, as any S3 client would."""
    key = f"{topic}/{file.name}"
    bucket = cloud.pipeline.drop_bucket
    at = time.time()
    with file.open("rb") as body:
        version = cloud.s3().put_object(Bucket=bucket, Key=key, Body=body)["VersionId"]
    return Dropped(
        file=file,
        bucket=bucket,
        key=key,
        version_id=version,
        drop_id=drop_id(bucket, key, version),
        at=at,
    )


def _follow(
    cloud: LocalCloud,
    dropped: Dropped,
    subscription: Subscription,
    *,
    console: Console,
    patience: float,
) -> Notification:
    executions = Executions(cloud)
    while True:
        for told in subscription.receive():
            if told.drop_id == dropped.drop_id:
                subject = one_line(told.subject)
                console.say(f"Told after {time.time() - dropped.at:.1f} s: {subject}")
                return told
        waited = time.time() - dropped.at
        execution = executions.of_drop(dropped.drop_id)  # another one, once it tries again
        if execution is not None:
            where = executions.whereabouts(execution)
            console.live(_line(where, waited), told=_line(where, None))
        else:
            console.live(f"  waiting to be noticed, {waited:.0f} s", told="  waiting to be noticed")
        if waited > patience or (execution is None and waited > UNNOTICED_SECONDS):
            raise DropFailed(
                f"After {waited:.0f} s the drop has "
                + ("not ended." if execution else "not been noticed."),
                next_step="What the functions logged last stands above.",
                lines=last_lines(cloud, since_ms=int(dropped.at * 1000)),
            )


def _line(where: Whereabouts, waited: float | None) -> str:
    operation = f", operation {where.status}" if where.operation_id and where.status else ""
    time_so_far = "" if waited is None else f", {waited:.0f} s"
    return f"  {where.execution.lower()}: {where.state}{operation}{time_so_far}"


def _failed(
    cloud: LocalCloud, dropped: Dropped, told: Notification, results: Downloaded
) -> DropFailed:
    lines: tuple[str, ...]
    next_step = told.next_step or ""
    if results.report is not None:
        faults = results.report.get("faults", [])
        shown = [one_line(f"line {f['line']} {f['fault']}") for f in faults[:SHOWN_FAULTS]]
        there = one_line(f"s3://{told.results.bucket}/{told.results.report}")
        here = one_line(str(_shown_path(results.directory / REPORT_NAME)))
        lines = (*shown, f"Report: {here}", f"and in {there}")
        next_step = results.report.get("nextStep") or next_step
    else:
        lines = last_lines(cloud, since_ms=int(dropped.at * 1000))
    return DropFailed(
        one_line(f"The drop ended as {told.status}: {told.reason}"),
        next_step=one_line(next_step),
        lines=lines,
    )


def _show(
    topic: str, told: Notification, results: Downloaded, *, console: Console, seconds: float
) -> None:
    if results.table is None or results.manifest is None:  # disagreements() has made sure
        return
    table = read_table(results.table, results.manifest)
    texts = [name for names in results.manifest["table"]["columns"].values() for name in names]
    wanted = [f"{topic}_status", *(f"{topic}{alt}_{n}" for alt in ("", "_alt1") for n in _CODE)]
    shown = [list(table.column(name)) for name in (*texts, *wanted)]
    console.say()
    console.table(
        ["text", "status", "code", "label", "confidence"],
        [_row(cells, len(texts)) for cells in islice(zip(*shown, strict=True), SHOWN_LINES)],
    )
    counts = told.rows or {}
    by_status = ", ".join(f"{count:,} {status}" for status, count in counts.items() if count)
    console.say()
    console.say(
        f"{sum(counts.values()):,} rows: {by_status}; {seconds:.1f} s. "
        "The manifest agrees with the file, and each row came back as it was."
    )
    console.say(one_line(f"Table:  {_shown_path(results.table)}"))
    if results.page is not None:
        console.say(one_line(f"Report: {_shown_path(results.page)}"))


def _shown_path(path: Path) -> Path:
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path


def _row(cells: Sequence[Cell], texts: int) -> list[str]:
    text = " · ".join(str(each) for each in cells[:texts] if each not in (None, ""))
    status, *codes = ("" if each is None else str(each) for each in cells[texts:])
    suggested = not codes[0] and codes[len(_CODE)]
    code, label, confidence = codes[len(_CODE) :] if suggested else codes[: len(_CODE)]
    return [
        shortened(text, _TEXT_WIDTH),
        status,
        f"{code}?" if suggested else code,
        shortened(label, _LABEL_WIDTH),
        confidence[:4],
    ]
