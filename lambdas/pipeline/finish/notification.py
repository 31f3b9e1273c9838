"""What is sent of a drop's end: an e-mail for people, JSON for programs, an event."""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

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


def notification_of(body: Mapping[str, Any]) -> dict[str, str]:
    """What the state machine publishes of a result's body: to people and programs, and as an event.

    `body` is that of `DropResult`; its schema is docs/schemas/notification.json.
    """
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


def console_link(bucket: str, prefix: str) -> str:
    """Where the AWS console shows a folder of a bucket, to whoever may see it. No secret."""
    return f"https://console.aws.amazon.com/s3/buckets/{bucket}?prefix={quote(prefix)}"


def subject_of(body: Mapping[str, Any]) -> str:
    """The e-mail's subject, such as `Dropcoder: coded jobs.jsonl`: ASCII, on one line."""
    name = body["key"].rstrip("/").rpartition("/")[2]
    subject = f"Dropcoder: {SUBJECTS[body['status']]} {name}"
    plain = subject.encode("ascii", "replace").decode("ascii")
    return "".join(c if c.isprintable() else "?" for c in plain)[:MAX_SUBJECT]


def text_of(body: Mapping[str, Any]) -> str:
    """The e-mail's text."""
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
        counts = [f"{records['coded']:,} coded", f"{records['suggested']:,} suggested only"]
        if nothing := records["nothingToCode"]:
            counts.append(f"{nothing:,} with nothing to code")
        rows.append(("Records", f"{records['output']:,} ({', '.join(counts)})"))
    if body["rows"] is not None:
        by_status = ", ".join(
            f"{count:,} {each.replace('_', ' ')}" for each, count in body["rows"].items() if count
        )
        rows.append(("Rows", f"{sum(body['rows'].values()):,} ({by_status})"))
    rows += [
        (label.capitalize(), f"s3://{results['bucket']}/{results[label]}")
        for label in ("table", "page", "review", "report")
        if results.get(label) is not None  # a body of before may lack one
    ]
    rows.append(("Folder", f"s3://{results['bucket']}/{results['prefix']}"))
    rows.append(("Console", results["console"]))
    rows.append(("Drop id", body["dropId"]))
    table = "\n".join(f"{label + ':':<10}{_one_line(value)}" for label, value in rows if value)
    said = [HEADLINES[body["status"]], body["reason"], body["nextStep"]]
    return "\n\n".join([*(_one_line(text) for text in said if text), table]) + "\n"


def _one_line(text: str) -> str:
    return "".join(character if character.isprintable() else "?" for character in text)
