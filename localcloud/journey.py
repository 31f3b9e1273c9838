"""One file's journey, from this machine into the drop bucket and back, as a person follows it."""

import json
import time
import uuid
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

from dropcoder.deployed.follow import follow
from dropcoder.deployed.notifications import Notification, Subscription, subscribed
from dropcoder.deployed.put_file import key_of, put_file
from dropcoder.deployed.reach import Pipeline
from dropcoder.deployed.results import Downloaded, download
from dropcoder.errors import CommandError
from dropcoder.local_coding.result_folder import drop_folder, from_here
from dropcoder.terminal.text import one_line, shortened
from localcloud.cloud import LocalCloud
from localcloud.console import Console
from localcloud.errors import DropFailed
from localcloud.functionlogs import last_lines
from localcloud.results import disagreements
from localcloud.tables import read_table
from pipeline.validation.rejection_report import REPORT_NAME
from tables.rows import Cell

TOLD_SECONDS = 60.0  # from a drop's end until everybody is told; ours
SHOWN_LINES = 10
SHOWN_FAULTS = 5
_TEXT_WIDTH, _LABEL_WIDTH = 44, 36
_CODE = ("code", "label", "confidence")


def take(
    cloud: LocalCloud, file: Path, *, topic: str, out: Path, console: Console, patience: float
) -> None:
    """Drops the file and follows it to its results, and to the notification. Raises `DropFailed`.

    A drop that has not ended after `patience` seconds is given up.
    """
    pipeline, at = Pipeline(cloud.clients, cloud.pipeline), time.time()

    def tell(now: str, news: str) -> None:
        console.live(f"  {now}", told=f"  {news}")

    name = f"dropcoder-{uuid.uuid4().hex[:12]}"
    with subscribed(pipeline.clients, pipeline.deployment, name=name) as subscription:
        try:
            key = key_of(file, topic=topic)
            dropped = put_file(pipeline, file, key, {}, lambda _: None)
            console.say(one_line(f"Dropped {file.name} as s3://{dropped.bucket}/{dropped.key}"))
            follow(pipeline, dropped.drop_id, tell=tell, patience=patience)
        except CommandError as error:
            raise DropFailed(
                str(error),
                next_step="What the functions logged last stands above.",
                lines=last_lines(cloud, since_ms=int(at * 1000)),
            ) from None
        told = _told(subscription, dropped.drop_id)
    console.say(f"Told after {time.time() - at:.1f} s: {one_line(told.subject)}")
    folder = out / drop_folder(told.key, told.drop_id)
    folder.mkdir(parents=True, exist_ok=True)
    results = download(pipeline, told.body["results"], folder)
    if told.status != "complete":
        raise _failed(cloud, told, results, since=at)
    if differing := disagreements(file, results):
        raise DropFailed("The results disagree with the file.", lines=tuple(differing))
    _show(topic, told, results, console=console, seconds=time.time() - at)


def _told(subscription: Subscription, drop_id: str) -> Notification:
    """The notification of a drop that has ended. Raises `DropFailed`."""
    until = time.monotonic() + TOLD_SECONDS
    while time.monotonic() < until:
        for told in subscription.receive():
            if told.drop_id == drop_id:
                return told
    raise DropFailed(f"The drop has ended, and after {TOLD_SECONDS:.0f} s nobody was told.")


def _failed(
    cloud: LocalCloud, told: Notification, results: Downloaded, *, since: float
) -> DropFailed:
    lines: tuple[str, ...]
    next_step = told.next_step or ""
    if results.report is not None:
        report = json.loads(results.report.read_text("utf-8"))
        faults = report.get("faults", [])
        shown = [one_line(f"line {f['line']} {f['fault']}") for f in faults[:SHOWN_FAULTS]]
        there = one_line(f"s3://{told.results.bucket}/{told.results.report}")
        here = one_line(from_here(results.directory / REPORT_NAME))
        lines = (*shown, f"Report: {here}", f"and in {there}")
        next_step = report.get("nextStep") or next_step
    else:
        lines = last_lines(cloud, since_ms=int(since * 1000))
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
    manifest = json.loads(results.manifest.read_text("utf-8"))
    table = read_table(results.table, manifest)
    texts = [name for names in manifest["table"]["columns"].values() for name in names]
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
    console.say(one_line(f"Table:  {from_here(results.table)}"))
    if results.page is not None:
        console.say(one_line(f"Report: {from_here(results.page)}"))
    if results.review is not None:
        console.say(one_line(f"Review: {from_here(results.review)}"))


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
