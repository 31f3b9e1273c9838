"""One file's journey, from this machine into the drop bucket and back, as a person follows it."""

import time
import uuid
from dataclasses import dataclass
from pathlib import Path

from localcloud.cloud import LocalCloud
from localcloud.console import Console, shortened
from localcloud.errors import DropFailed
from localcloud.executions import Executions, Whereabouts
from localcloud.functionlogs import last_lines
from localcloud.notifications import Notification, Subscription, subscribed
from localcloud.results import (
    CodedLine,
    Downloaded,
    coded_lines,
    disagreements,
    download,
    first_texts,
)
from pipeline.domain.identity import drop_id

UNNOTICED_SECONDS = 60.0
"""A drop without an execution after that was not noticed: an event went astray."""
SHOWN_LINES = 10
SHOWN_FAULTS = 5
_TEXT_WIDTH, _LABEL_WIDTH = 44, 36


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
    cloud: LocalCloud, file: Path, *, topic: str, out: Path, console: Console, patience: float
) -> None:
    """Drops the file and follows it to its results. Raises `DropFailed`.

    A drop that has not ended after `patience` seconds is given up.
    """
    with subscribed(cloud, name=f"dropcoder-{uuid.uuid4().hex[:12]}") as subscription:
        dropped = drop(cloud, file, topic=topic)
        console.say(f"Dropped {file.name} as s3://{dropped.bucket}/{dropped.key}")
        told = _follow(cloud, dropped, subscription, console=console, patience=patience)
    results = download(cloud, told, out)
    if told.status != "complete":
        raise _failed(cloud, dropped, told, results)
    if differing := disagreements(file, results):
        raise DropFailed("The results disagree with the file.", lines=tuple(differing))
    _show(file, told, results, console=console, seconds=time.time() - dropped.at)


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
                console.say(f"Told after {time.time() - dropped.at:.1f} s: {told.subject}")
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
    if results.report is not None:
        faults = results.report.get("faults", [])
        lines = tuple(f"line {f['line']} {f['fault']}" for f in faults[:SHOWN_FAULTS])
    else:
        lines = last_lines(cloud, since_ms=int(dropped.at * 1000))
    return DropFailed(
        f"The drop ended as {told.status}: {told.reason}",
        next_step=told.next_step or "",
        lines=lines,
    )


def _show(
    file: Path, told: Notification, results: Downloaded, *, console: Console, seconds: float
) -> None:
    if results.output is None:  # disagreements() has made sure
        return
    shown = zip(
        first_texts(file, first=SHOWN_LINES),
        coded_lines(results.output, first=SHOWN_LINES),
        strict=False,
    )
    console.say()
    console.table(
        ["text", "code", "label", "confidence"], [_row(text, line) for text, line in shown]
    )
    counts = told.records or {}
    console.say()
    console.say(
        f"{counts.get('output', 0):,} records: {counts.get('coded', 0):,} coded, "
        f"{counts.get('suggested', 0):,} with suggestions (?); {seconds:.1f} s. "
        "The manifest agrees with the file."
    )
    console.say(f"Results: {_shown_path(results.directory)}/")


def _shown_path(path: Path) -> Path:
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path


def _row(text: str, line: CodedLine) -> list[str]:
    confidence = "" if line.confidence is None else f"{line.confidence:.2f}"
    return [
        shortened(text, _TEXT_WIDTH),
        line.code if line.coded else f"{line.code}?",
        shortened(line.label, _LABEL_WIDTH),
        confidence,
    ]
