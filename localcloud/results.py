"""Downloads a drop's results and holds them against the file that was dropped."""

import json
import zlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from localcloud.cloud import LocalCloud
from localcloud.notifications import Notification
from localcloud.tables import changed_rows, read_table


@dataclass(frozen=True, slots=True)
class Downloaded:
    """A drop's results on this machine."""

    directory: Path
    output: Path | None
    table: Path | None
    page: Path | None
    manifest: dict[str, Any] | None
    report: dict[str, Any] | None


def download(cloud: LocalCloud, told: Notification, out: Path) -> Downloaded:
    """Downloads what the notification names into `out/<file stem>-<drop id, short>/`."""
    directory = out / f"{PurePosixPath(told.key).stem or 'drop'}-{told.drop_id[:8]}"
    directory.mkdir(parents=True, exist_ok=True)
    s3 = cloud.s3()
    found: dict[str, Path] = {}
    for name in ("output", "metadata", "manifest", "report", "table", "page"):
        key = getattr(told.results, name)
        if key:
            found[name] = directory / PurePosixPath(key).name
            s3.download_file(told.results.bucket, key, str(found[name]))
    return Downloaded(
        directory=directory,
        output=found.get("output"),
        table=found.get("table"),
        page=found.get("page"),
        manifest=_json(found.get("manifest")),
        report=_json(found.get("report")),
    )


def disagreements(dropped: Path, results: Downloaded) -> list[str]:
    """How manifest, output, table and the dropped file differ; empty where they agree."""
    manifest = results.manifest
    if manifest is None:
        return ["there is no manifest"]
    if results.output is None or results.table is None:
        return ["there is no output" if results.output is None else "there is no table"]
    output = results.output.read_bytes()
    said_in, said_out = manifest["input"], manifest["output"]
    counted = sum(manifest["table"]["rows"].values())
    before, after = read_table(dropped, manifest), read_table(results.table, manifest)
    compared = (
        ("bytes of the dropped file", dropped.stat().st_size, manifest["dropped"]["bytes"]),
        ("bytes of the output", len(output), said_out["bytes"]),
        ("records of the output", len(output.splitlines()), said_out["records"]),
        ("CRC-32 of the output", f"{zlib.crc32(output):08x}", said_out["crc32"]),
        ("records out and in", said_out["records"], said_in["records"]),
        ("the manifest's digests", said_out["recordIdDigest"], said_in["recordIdDigest"]),
        ("rows of the dropped table", len(before.rows), counted),
    )
    differing = [
        f"{name}: {ours} here, {said} there" for name, ours, said in compared if ours != said
    ]
    return differing + changed_rows(before, after)


def _json(path: Path | None) -> dict[str, Any] | None:
    if path is None:
        return None
    read: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return read
