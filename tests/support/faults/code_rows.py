"""The rows of the call that codes a small batch, which the engine `coding-service-small` makes."""

from tests.support.faults.faults import ALWAYS, Call
from tests.support.faults.row import (
    FAILING,
    NOT_JSON,
    PASSING,
    REFUSED_TOKEN,
    SERVICE,
    THROTTLED,
    Dropped,
    K,
    Row,
    rows,
)

TRUSTED = "so a small batch's results can't be trusted"


def code_rows() -> list[Row]:
    """A batch that may have been coded is asked for again: that costs a call, and nothing else."""
    always = {
        **FAILING,
        K.THROTTLE: THROTTLED,
        K.REVOKED: REFUSED_TOKEN,
    }
    refused = {
        K.REDIRECT: "redirects",
        K.TOO_LONG: f"{SERVICE} answered with over",
        **dict.fromkeys((K.HTML, K.BAD_JSON, K.EMPTY), NOT_JSON),
        K.DENIED: REFUSED_TOKEN,
        K.TOPIC_UNKNOWN: "The specified topic does not exist",
        K.BAD_REQUEST: "with HTTP 400",
        K.LEAK: "?[hidden]",
        K.WRONG_JSON: TRUSTED,
        K.LINES_LOST: f"18 answers to 20 records, {TRUSTED}",
        K.LINES_ADDED: f"21 answers to 20 records, {TRUSTED}",
        K.SHUFFLED: f"other records' than those asked for, {TRUSTED}",
        K.OTHER_IDS: f"other records' than those asked for, {TRUSTED}",
    }
    return [
        *rows(Call.CODE, "complete", [*PASSING, K.REVOKED]),
        *rows(Call.CODE, "complete", [K.QUOTA], 3),
        *rows(Call.CODE, "complete", [K.ERROR, K.DROP_AFTER], dropped=Dropped.SHARED),
        *rows(Call.CODE, "failed", refused),
        *rows(Call.CODE, "failed", always, ALWAYS),
    ]
