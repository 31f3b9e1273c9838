"""Coding while the caller waits: one record, or a small batch of them.

The service's user guide, "Real-time (synchronous) coding", "Coding service formats" and "Glossary
of inputs and responses". What the guide leaves open, and what was decided, stands in
docs/coding-service.md, "One record, or three hundred, at once".
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from protocol.records import RECORD_ID

MOST_RECORDS = 300  # of a small batch
MOST_CHARACTERS = 100  # of a record's text fields together
MOST_CODES = 16  # of a single record's result

RECORD, RECORDS, NUMBER_OF_SUGGESTIONS = "record", "records", "numberOfSuggestions"


class CodeStatus(StrEnum):
    """Whether a code was found with confidence."""

    SUCCESSFUL = "successful"
    UNSUCCESSFUL = "unsuccessful"


def batch_request(records: list[dict[str, str]]) -> dict[str, Any]:
    """The body of a call for a small batch; each record may have a recordId."""
    return {RECORDS: records}


def batch_answer(record: Mapping[str, str], coded: Mapping[str, Any]) -> dict[str, Any]:
    """The answer for a record of a small batch.

    `coded` is what a file's output says of it: a `result`, or else `suggestions`.
    """
    return {
        RECORD_ID: record.get(RECORD_ID),
        **_status_and_input(record, successful="result" in coded),
        **{name: value for name, value in coded.items() if name != RECORD_ID},
    }


def single_answer(record: Mapping[str, str], codes: list[dict[str, Any]]) -> dict[str, Any]:
    """The answer for a record alone: its code and others of the same category, or none."""
    own_id = {RECORD_ID: record[RECORD_ID]} if RECORD_ID in record else {}
    return {**own_id, **_status_and_input(record, successful=bool(codes)), "result": codes}


def _status_and_input(record: Mapping[str, str], *, successful: bool) -> dict[str, Any]:
    status = CodeStatus.SUCCESSFUL if successful else CodeStatus.UNSUCCESSFUL
    texts = {name: value for name, value in record.items() if name != RECORD_ID}
    return {"codeStatus": str(status), "input": texts}
