"""What is told when a drop ends: a subject, a text for people, a JSON body for programs.

The body's schema is docs/schemas/notification.json.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.domain.drop import Drop
from pipeline.domain.identity import folder_of

SCHEMA_VERSION = "1"
MAX_SUBJECT = 99  # SNS: an e-mail's subject has less than 100 ASCII characters
NO_TOPIC = "none"

HEADLINES = {
    "complete": "Your file has been coded.",
    "failed": "Your file could not be coded.",
    "timed_out": "The service did not take your file in time.",
    "rejected": "Your file was rejected; nothing of it has been coded.",
}
SUBJECTS = {
    "complete": "coded",
    "failed": "FAILED",
    "timed_out": "TIMED OUT",
    "rejected": "REJECTED",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """Where the results lie; None for what is absent. Keys of the results bucket."""

    bucket: str
    prefix: str
    output: str | None = None
    metadata: str | None = None
    manifest: str | None = None
    report: str | None = None

    def to_json(self) -> dict[str, Any]:
        return {
            "bucket": self.bucket,
            "prefix": self.prefix,
            "output": self.output,
            "metadata": self.metadata,
            "manifest": self.manifest,
            "report": self.report,
        }


@dataclass(frozen=True, slots=True)
class Records:
    """How many lines went in, came out, are coded, have suggestions only."""

    input: int
    output: int
    coded: int
    suggested: int

    def to_json(self) -> dict[str, int]:
        return {
            "input": self.input,
            "output": self.output,
            "coded": self.coded,
            "suggested": self.suggested,
        }


def body_of(
    drop: Drop,
    *,
    status: str,
    reason: str | None,
    next_step: str,
    model: str | None,
    records: Records | None,
    results: Results,
    ended_at: str,
) -> dict[str, Any]:
    """The notification's body. `messageId` is the same whenever the same ending is told."""
    return {
        "schemaVersion": SCHEMA_VERSION,
        "messageId": f"{drop.drop_id}-{status}",
        "dropId": drop.drop_id,
        "status": status,
        "topic": drop.topic,
        "model": model,
        "bucket": drop.bucket,
        "key": drop.key,
        "versionId": drop.version_id,
        "drop_prefix": folder_of(drop.key),
        "reason": reason,
        "nextStep": next_step,
        "records": None if records is None else records.to_json(),
        "results": results.to_json(),
        "droppedAt": drop.dropped_at,
        "endedAt": ended_at,
    }


def announcement_of(body: Mapping[str, Any]) -> dict[str, str]:
    """What the state machine publishes: one publish for people and programs, and an event."""
    program_text = json.dumps(body, ensure_ascii=False)
    return {
        "subject": subject_of(body),
        "message": json.dumps(
            {"default": program_text, "email": text_of(body)}, ensure_ascii=False
        ),
        "status": body["status"],
        "topic": body["topic"] or NO_TOPIC,
        "drop_prefix": body["drop_prefix"],
        "detail": program_text,
    }


def subject_of(body: Mapping[str, Any]) -> str:
    """E.g. `Dropcoder: coded jobs.jsonl`; ASCII, on one line."""
    name = body["key"].rstrip("/").rpartition("/")[2]
    subject = f"Dropcoder: {SUBJECTS[body['status']]} {name}"
    plain = subject.encode("ascii", "replace").decode("ascii")
    return "".join(c if c.isprintable() else "?" for c in plain)[:MAX_SUBJECT]


def text_of(body: Mapping[str, Any]) -> str:
    """The e-mail."""
    results, records = body["results"], body["records"]
    rows = [
        ("File", f"s3://{body['bucket']}/{body['key']}"),
        ("Version", body["versionId"]),
        ("Dropped", body["droppedAt"]),
        ("Ended", body["endedAt"]),
        ("Topic", body["topic"]),
        ("Model", body["model"]),
    ]
    if records is not None:
        coded, suggested = f"{records['coded']:,} coded", f"{records['suggested']:,} suggested only"
        rows.append(("Records", f"{records['output']:,} ({coded}, {suggested})"))
    rows += [
        (label.capitalize(), f"s3://{results['bucket']}/{results[label]}")
        for label in ("output", "metadata", "manifest", "report")
        if results[label] is not None
    ]
    rows.append(("Drop id", body["dropId"]))
    table = "\n".join(f"{label + ':':<10}{_one_line(value)}" for label, value in rows if value)
    said = [HEADLINES[body["status"]], body["reason"], body["nextStep"]]
    return "\n\n".join([*(_one_line(text) for text in said if text), table]) + "\n"


def _one_line(text: str) -> str:
    return "".join(character if character.isprintable() else "?" for character in text)
