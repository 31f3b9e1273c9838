"""The rows of the fault matrix: what goes wrong, and how the drop ends then.

Each is tested by tests/faults, and listed in docs/faults.md (`make docs`). What a row is: `row`.
"""

from collections.abc import Iterable
from dataclasses import replace

from tests.support.faults.code_rows import code_rows
from tests.support.faults.faults import ALWAYS, Call, Fault, Kind
from tests.support.faults.row import (
    API,
    ENDPOINT,
    FAILING,
    NOT_JSON,
    NOT_THE_FORM,
    PASSING,
    REFUSED_TOKEN,
    SERVICE,
    SIX,
    STORAGE,
    THROTTLED,
    Dropped,
    K,
    Row,
    rows,
)


def _api_rows(call: Call) -> list[Row]:
    name = ENDPOINT if call is Call.TOKEN else SERVICE
    always = {
        **FAILING,
        K.THROTTLE: "with HTTP 429" if call is Call.TOKEN else THROTTLED,
    }
    spoilt = {K.REDIRECT: "redirects", K.TOO_LONG: f"{name} answered with over 1,048,576 bytes"}
    if call is Call.TOKEN:
        no_token = (K.HTML, K.BAD_JSON, K.EMPTY, K.WRONG_JSON)
        spoilt |= dict.fromkeys(no_token, "without an access_token")
        spoilt |= {K.DENIED: f"{name} refuses the client's credentials (HTTP 403)"}
    else:
        spoilt |= dict.fromkeys((K.HTML, K.BAD_JSON, K.EMPTY), NOT_JSON)
        spoilt |= {K.WRONG_JSON: NOT_THE_FORM, K.DENIED: REFUSED_TOKEN}
    if call is Call.CREATE:  # where an operation may have been made, six is the limit
        unsure = (K.HANG, K.DROP_AFTER, K.RESET, K.BAD_GZIP)
        always |= dict.fromkeys(unsure, "6 times no answer came to the call that creates")
    replaced = [] if call is Call.TOKEN else [K.REVOKED]
    never_taken = dict.fromkeys(replaced, REFUSED_TOKEN)
    return [
        *rows(call, "complete", [*PASSING, *replaced]),
        *rows(call, "failed", spoilt),
        *rows(call, "failed", always | never_taken, ALWAYS),
    ]


def _create_rows() -> list[Row]:
    refused = {
        K.BAD_REQUEST: f"{SERVICE} answered POST /v1/topics/anzsco/batch-code with HTTP 400",
        K.LEAK: "cannot write https://b.s3.aws/k?[hidden]",
        K.FOREIGN_HOST: "leads to elsewhere.example, which the setting presignedHosts",
        K.PLAIN_FTP: "is no URL that may be called",
        **dict.fromkeys((K.NO_URL, K.LONG_ID), NOT_THE_FORM),
    }
    expired = {K.EXPIRED_URL: f"6 times the {STORAGE} called the new upload URL expired"}
    return [
        *rows(Call.CREATE, "rejected", {K.TOPIC_UNKNOWN: "has no topic anzsco; its topics are"}),
        *rows(Call.CREATE, "failed", refused),
        *rows(Call.CREATE, "complete", [K.EXPIRED_URL]),
        *rows(Call.CREATE, "failed", expired, ALWAYS),
        *rows(Call.CREATE, "complete", [K.QUOTA], 3),
        *rows(Call.CREATE, "complete", [K.DROP_AFTER], dropped=Dropped.SHARED),
    ]


def _models_rows() -> list[Row]:
    refused = {
        K.NO_MODELS: "No models found for topic",
        K.LEAK: "?[hidden]",
        K.LONG_ID: NOT_THE_FORM,
    }
    return [
        *rows(Call.MODELS, "rejected", {K.TOPIC_UNKNOWN: "its topics are anzsco"}),
        *rows(Call.MODELS, "failed", refused),
    ]


def _status_rows() -> list[Row]:
    refused = {
        K.NOT_YOURS: "User is not authorised to retrieve operation GUID",
        K.UNKNOWN: "Unable to retrieve operation for given id",
        K.ODD_STATUS: NOT_THE_FORM,
        K.FAILED: "line 3 is odd (https://elsewhere.example/storage?[hidden]",
        K.LEAK: "cannot write https://b.s3.aws/k?[hidden]",
    }
    urls = {
        K.NO_URL: "it gives no download URLs any more",
        K.FOREIGN_HOST: "leads to elsewhere.example",
        K.FOREIGN_METADATA: "leads to elsewhere.example",
        K.PLAIN_FTP: "is no URL that may be called",
    }
    expired = {K.EXPIRED_URL: f"{STORAGE} called 3 fresh download URLs expired"}
    halves = Fault(Call.STATUS, K.FAILED)
    return [
        *rows(Call.STATUS, "failed", refused),
        *rows(Call.STATUS, "complete", [K.PENDING], 30),
        *rows(Call.STATUS, "failed", urls, skip=2),
        *rows(Call.STATUS, "complete", [K.EXPIRED_URL], skip=2),
        *rows(Call.STATUS, "failed", expired, ALWAYS, 2),
        Row(halves, "complete", dropped=Dropped.SHARED, uploads=3),
    ]


def _put_rows() -> list[Row]:
    unsure = "6 times the upload was never confirmed (the service says awaiting_input)"
    passing = (
        *(K.ERROR, K.UNAVAILABLE, K.BAD_GATEWAY, K.THROTTLE, K.REQUEST_TIMEOUT, K.EXPIRED),
        *(K.HANG, K.HANG_AFTER, K.DROP_BEFORE, K.DROP_AFTER, K.RESET, K.LOSES_INPUT),
        *(K.QUOTA, K.HTML, K.GZIP, K.BAD_GZIP, K.GZIP_EXPIRED, K.HALF_ERROR),
    )
    always = {
        K.ERROR: unsure,
        K.BAD_GATEWAY: unsure,
        K.HANG: unsure,
        K.DROP_BEFORE: unsure,
        K.RESET: unsure,
        K.UNAVAILABLE: f"6 times the {STORAGE} did not take the file (HTTP 503)",
        K.THROTTLE: f"6 times the {STORAGE} did not take the file (SlowDown)",
        K.REQUEST_TIMEOUT: f"6 times the {STORAGE} did not take the file (RequestTimeout)",
        K.QUOTA: f"6 times the {STORAGE} did not take the file (HTTP 429)",
        K.HALF_ERROR: f"6 times the {STORAGE} did not take the file (HTTP 503)",
        K.EXPIRED: f"6 times the {STORAGE} called the new upload URL expired (AccessDenied)",
    }
    refused = {
        K.DENIED: f"{STORAGE} refused the file (AccessDenied)",
        K.SIGNATURE: f"{STORAGE} refused the file (SignatureDoesNotMatch)",
        K.TOO_LARGE: "split it",
        K.REDIRECT: f"{STORAGE} refused the file (HTTP 307)",
    }
    timed_out = dict.fromkeys((K.LOSES_INPUT, K.HTML), "it was tried 3 times")
    return [
        *rows(Call.PUT, "complete", passing),
        *rows(Call.PUT, "failed", always, ALWAYS),
        *rows(Call.PUT, "complete", [K.HANG_AFTER, K.DROP_AFTER], ALWAYS),
        *rows(Call.PUT, "timed_out", timed_out, ALWAYS),
        *rows(Call.PUT, "failed", refused),
        *rows(Call.PUT, "failed", {K.EXPIRED: SIX}, ALWAYS, dropped=Dropped.SHARED),
        *rows(Call.PUT, "complete", [K.DROP_AFTER], dropped=Dropped.SHARED),
    ]


def _get_rows(call: Call) -> list[Row]:
    passing = (
        *(K.ERROR, K.UNAVAILABLE, K.BAD_GATEWAY, K.THROTTLE, K.EXPIRED, K.UNKNOWN),
        *(K.HANG, K.HANG_AFTER, K.DROP_BEFORE, K.DROP_AFTER, K.RESET, K.SHORT, K.WHOLE),
        *(K.QUOTA, K.GZIP_EXPIRED, K.HALF_ERROR),
    )
    always = {
        K.ERROR: f"{STORAGE} gave no results (InternalError)",
        K.THROTTLE: f"{STORAGE} gave no results (SlowDown)",
        K.QUOTA: f"{STORAGE} gave no results (HTTP 429)",
        K.EXPIRED: f"{STORAGE} called 3 fresh download URLs expired (AccessDenied)",
        K.UNKNOWN: "(NoSuchKey); they were asked for 5 times within 6 min",
        K.HANG: "(the connection was lost)",
        K.RESET: "(the connection was lost)",
    }
    refused = {
        K.DENIED: f"{STORAGE} refused to give the results (AccessDenied)",
        K.REDIRECT: f"{STORAGE} refused to give the results (HTTP 307)",
        K.WRONG_RANGE: "(an answer without the range that was asked for)",
        K.NO_RANGE: "(an answer without the range that was asked for)",
        **dict.fromkeys((K.GZIP, K.BAD_GZIP), "(a Content-Encoding that was not asked for)"),
    }
    return [
        *rows(call, "complete", passing),
        *rows(call, "failed", always, ALWAYS),
        *rows(call, "failed", refused),
    ]


def _output_rows() -> list[Row]:
    differs = {
        K.LINES_LOST: "20 records went in, 18 came out",
        K.LINES_ADDED: "20 records went in, 21 came out",
        K.SHUFFLED: "recordIds",
        K.OTHER_IDS: "recordIds",
        K.TRUNCATED: "of the results is not JSON",
        K.BAD_JSON: "Line 3 of the results is not JSON",
        K.HTML: "Line 1 of the results is not JSON",
        K.EMPTY: "20 records went in, 0 came out",
        K.WRONG_JSON: "not an object",
    }
    shared = {
        K.LINES_LOST: "4 records went in, 3 came out",
        K.LINES_ADDED: "4 records went in, 5 came out",
        K.SHUFFLED: "do not have the recordIds that went in",
    }
    alone_at_last = rows(Call.OUTPUT, "failed", shared, ALWAYS, dropped=Dropped.SHARED)
    large = [K.CHANGED_ETAG, K.SHORT, K.RESET, K.EXPIRED, K.UNKNOWN, K.WHOLE]
    out, large_file = Call.OUTPUT, Dropped.LARGE
    return [
        *rows(out, "failed", differs),
        *rows(out, "complete", [K.NO_ETAG], ALWAYS),
        *rows(out, "complete", large, skip=1, dropped=large_file),
        *rows(out, "complete", [K.WHOLE, K.NO_ETAG], ALWAYS, dropped=large_file),
        *rows(out, "complete", [K.WHOLE], ALWAYS, 1, large_file),
        *rows(out, "complete", [K.WHOLE], ALWAYS, dropped=Dropped.SHARED),
        *rows(out, "complete", [K.UNKNOWN], dropped=Dropped.SHARED),
        *(replace(row, uploads=5) for row in alone_at_last),
    ]


def _metadata_rows() -> list[Row]:
    unknown = "it is unknown which model coded the file"
    spoilt = dict.fromkeys(
        (K.HTML, K.BAD_JSON, K.EMPTY, K.WRONG_JSON, K.TRUNCATED, K.LONG_ID), unknown
    )
    return rows(Call.METADATA, "failed", spoilt)


NO_ROWS: tuple[tuple[Iterable[Call], Iterable[Kind], str], ...] = (
    (
        (*API, Call.PUT),
        (K.WRONG_RANGE, K.CHANGED_ETAG, K.LINES_LOST, K.LINES_ADDED, K.SHUFFLED),
        "these spoil a file of results, and the answer is none",
    ),
    (
        (Call.CODE,),
        (K.WRONG_RANGE, K.CHANGED_ETAG),
        "its answers come whole: there are no ranges, and no object that could change",
    ),
    (
        (Call.METADATA,),
        (K.LINES_LOST, K.LINES_ADDED, K.SHUFFLED),
        "it is one object of JSON; what may be wrong with it are *bad JSON* and those beside it",
    ),
    ((Call.METADATA,), (K.CHANGED_ETAG,), "it is read once, in one range"),
    (
        (Call.TOKEN, Call.MODELS, Call.PUT, Call.OUTPUT, Call.METADATA, Call.CODE),
        (K.FOREIGN_HOST,),
        "their answers have no URL; a *redirect* is one that leads elsewhere",
    ),
    ((*API, Call.CODE), (K.EXPIRED,), "a token expires, and no URL: *token no longer taken*"),
    (
        (Call.PUT,),
        (K.BAD_JSON, K.SHORT),
        "the answer has nothing that is read; of a refusal, *half of an error document* is",
    ),
)
"""Calls, kinds of faults, and why no row has such a call with such a fault."""


def _first_of_their_kind(rows: Iterable[Row]) -> tuple[Row, ...]:
    """The rows, those marked as quick whose kind of fault has not come before."""
    met: set[Kind] = set()
    marked = []
    for row in rows:
        marked.append(replace(row, is_quick=row.fault.kind not in met))
        met.add(row.fault.kind)
    return tuple(marked)


ROWS = _first_of_their_kind(
    [
        *(row for call in API for row in _api_rows(call)),
        *_models_rows(),
        *_create_rows(),
        *_status_rows(),
        *_put_rows(),
        *_get_rows(Call.OUTPUT),
        *_output_rows(),
        *_get_rows(Call.METADATA),
        *_metadata_rows(),
        *code_rows(),
    ]
)
