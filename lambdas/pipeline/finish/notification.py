"""The notification of a drop's end: a subject, a text for people, and the body for programs."""

import json
from collections.abc import Mapping
from typing import Any

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
