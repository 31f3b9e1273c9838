"""Holds a drop's results, as they were downloaded, against the file that was dropped."""

import json
import zlib
from pathlib import Path
from typing import Any

from dropcoder.deployed.results import Downloaded
from localcloud.tables import changed_rows, read_table


def disagreements(dropped: Path, results: Downloaded) -> list[str]:
    """How manifest, output, table and the dropped file differ; empty where they agree."""
    if results.manifest is None:
        return ["there is no manifest"]
    manifest = json.loads(results.manifest.read_text("utf-8"))
    if results.output is None or results.table is None:
        return ["there is no output" if results.output is None else "there is no table"]
    output = results.output.read_bytes()
    said_in, said_out = manifest["input"], manifest["output"]
    counted = sum(manifest["table"]["rows"].values())
    before, after = read_table(dropped, manifest), read_table(results.table, manifest)
    compared: tuple[tuple[str, Any, Any], ...] = (
        ("bytes of the dropped file", dropped.stat().st_size, manifest["dropped"]["bytes"]),
        ("bytes of the output", len(output), said_out["bytes"]),
        ("records of the output", len(output.splitlines()), said_out["records"]),
        ("CRC-32 of the output", f"{zlib.crc32(output):08x}", said_out["crc32"]),
        ("records out and rows in", said_out["records"], said_in["rows"]),
        ("rows of the dropped table", len(before.rows), counted),
    )
    if said_in["records"] == said_in["rows"]:  # else rows with the same texts are one record
        digests = said_out["recordIdDigest"], said_in["recordIdDigest"]
        compared += (("the manifest's digests", *digests),)
    differing = [
        f"{name}: {ours} here, {said} there" for name, ours, said in compared if ours != said
    ]
    return differing + changed_rows(before, after)
