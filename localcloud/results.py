"""Downloads a drop's results and holds them against the file that was dropped."""

import hashlib
import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from localcloud.cloud import LocalCloud
from localcloud.notifications import Notification
from protocol.records import RecordFault, decode_output_line, is_coded, record_id_of

_BLOCK_BYTES = 1 << 20
_CODE_KEYS = ("codeCategory", "codeLabel", "codeConfidence")


@dataclass(frozen=True, slots=True)
class Facts:
    """What a JSONL file is, measured here and not believed."""

    bytes: int
    records: int
    sha256: str
    crc32: int
    record_ids: str
    """SHA-256 over the recordIds in their order; equal for an input and its output."""


@dataclass(frozen=True, slots=True)
class Downloaded:
    """A drop's results on this machine."""

    directory: Path
    output: Path | None
    manifest: dict[str, Any] | None
    report: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class CodedLine:
    """One line of output for a person: the code and its label, or the best suggestion."""

    record_id: str
    code: str
    label: str
    confidence: float | None
    coded: bool


def download(cloud: LocalCloud, told: Notification, out: Path) -> Downloaded:
    """Downloads what the notification names into `out/<file stem>-<drop id, short>/`."""
    directory = out / f"{PurePosixPath(told.key).stem or 'drop'}-{told.drop_id[:8]}"
    directory.mkdir(parents=True, exist_ok=True)
    s3 = cloud.s3()
    found: dict[str, Path] = {}
    for name in ("output", "metadata", "manifest", "report"):
        key = getattr(told.results, name)
        if key:
            found[name] = directory / PurePosixPath(key).name
            s3.download_file(told.results.bucket, key, str(found[name]))
    return Downloaded(
        directory=directory,
        output=found.get("output"),
        manifest=_json(found.get("manifest")),
        report=_json(found.get("report")),
    )


def facts_of(path: Path) -> Facts:
    """Measures a JSONL file line by line, whatever its size."""
    whole, ids, crc, size, records = hashlib.sha256(), hashlib.sha256(), 0, 0, 0
    with path.open("rb") as lines:
        for line in lines:
            whole.update(line)
            crc = zlib.crc32(line, crc)
            size += len(line)
            if stripped := line.strip():
                records += 1
                ids.update(record_id_of(decode_output_line(stripped)).encode() + b"\n")
    return Facts(
        bytes=size,
        records=records,
        sha256=whole.hexdigest(),
        crc32=crc,
        record_ids=ids.hexdigest(),
    )


def disagreements(dropped: Path, results: Downloaded) -> list[str]:
    """How manifest, output and the dropped file differ; empty where they agree."""
    manifest = results.manifest
    if manifest is None:
        return ["there is no manifest"]
    if results.output is None:
        return ["there is no output"]
    try:
        given, got = facts_of(dropped), facts_of(results.output)
        said_in, said_out = manifest["input"], manifest["output"]
        compared = (
            ("bytes of the input", given.bytes, said_in["bytes"]),
            ("records of the input", given.records, said_in["records"]),
            ("SHA-256 of the input", given.sha256, said_in["sha256"]),
            ("bytes of the output", got.bytes, said_out["bytes"]),
            ("records of the output", got.records, said_out["records"]),
            ("records out and in", got.records, given.records),
            ("recordIds out and in", got.record_ids, given.record_ids),
            ("the manifest's digests", said_out["recordIdDigest"], said_in["recordIdDigest"]),
        )
    except (RecordFault, KeyError, TypeError) as error:
        return [f"the manifest or the output can't be read: {error}"]
    return [f"{name}: {ours} here, {said} there" for name, ours, said in compared if ours != said]


def coded_lines(output: Path, *, first: int) -> Iterator[CodedLine]:
    """The first lines of an output, for people."""
    with output.open("rb") as lines:
        for _, line in zip(range(first), lines, strict=False):
            yield _coded_line(json.loads(line))


def first_texts(dropped: Path, *, first: int) -> Iterator[str]:
    """What the first records of an input say, its text fields one after the other."""
    with dropped.open("rb") as lines:
        for _, line in zip(range(first), lines, strict=False):
            record = decode_output_line(line.strip())
            yield " · ".join(
                str(text) for name, text in record.items() if name != "recordId" and text
            )


def _coded_line(line: dict[str, Any]) -> CodedLine:
    coded = is_coded(line)
    plain = {name.strip(): value for name, value in line.items()}
    best = plain.get("result") if coded else (plain.get("suggestions") or [{}])[0]
    named = {name.strip(): value for name, value in (best or {}).items()}
    code, label, confidence = (named.get(key) for key in _CODE_KEYS)
    return CodedLine(
        record_id=record_id_of(line),
        code=str(code or ""),
        label=str(label or ""),
        confidence=float(confidence) if confidence is not None else None,
        coded=coded,
    )


def _json(path: Path | None) -> dict[str, Any] | None:
    if path is None:
        return None
    read: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return read
