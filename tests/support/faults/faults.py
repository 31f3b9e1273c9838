"""What can go wrong in a conversation with a coding service: at which call, how, how often."""

from dataclasses import dataclass
from enum import StrEnum

ALWAYS = 1_000_000


class Call(StrEnum):
    """A call that Pipeline makes; the value is how the table names it."""

    TOKEN = "token"
    MODELS = "models"
    CREATE = "create"
    STATUS = "status"
    PUT = "PUT"
    OUTPUT = "GET output"
    METADATA = "GET metadata"
    CODE = "code a small batch"


class Kind(StrEnum):
    """What goes wrong; the value is how the table names it."""

    # An answer in place of the right one; nothing was done.
    ERROR = "error (HTTP 500)"
    NO_MODELS = "no model (HTTP 500)"
    UNAVAILABLE = "HTML page (HTTP 503)"
    BAD_GATEWAY = "HTML page (HTTP 502)"
    THROTTLE = "throttle"
    QUOTA = "quota used up"
    DENIED = "denied"
    REVOKED = "token no longer taken"
    NOT_YOURS = "another client's"
    UNKNOWN = "not found"
    TOPIC_UNKNOWN = "no such topic"
    REDIRECT = "redirect"
    HTML = "HTML page (HTTP 200)"
    BAD_REQUEST = "bad request"
    LEAK = "error that quotes a presigned URL"
    SIGNATURE = "signature does not match"
    TOO_LARGE = "file too large"
    EXPIRED = "URL expired"
    GZIP_EXPIRED = "URL expired, said in gzip"
    HALF_ERROR = "half of an error document"
    REQUEST_TIMEOUT = "request timeout (HTTP 400)"
    # The connection.
    HANG = "hang before"
    HANG_AFTER = "hang after"
    DROP_BEFORE = "connection dropped before"
    DROP_AFTER = "connection dropped after"
    RESET = "connection reset in the body"
    # The right answer, spoilt.
    BAD_JSON = "bad JSON"
    EMPTY = "empty"
    WRONG_JSON = "JSON of another form"
    LONG_ID = "an id of 300,000 characters"
    GZIP = "gzip"
    BAD_GZIP = "bad gzip"
    TOO_LONG = "answer without end"
    FOREIGN_HOST = "URL of a foreign host"
    FOREIGN_METADATA = "metadata's URL of a foreign host"
    PLAIN_FTP = "URL that is no https"
    EXPIRED_URL = "URL that has expired already"
    NO_URL = "no URL"
    ODD_STATUS = "a status that is not documented"
    FAILED = "status failed"
    PENDING = "status in_progress"
    # A file, spoilt.
    LOSES_INPUT = "accepted and lost"
    SHORT = "short body"
    TRUNCATED = "truncated file"
    WRONG_RANGE = "wrong range"
    NO_RANGE = "no Content-Range"
    WHOLE = "Range ignored"
    CHANGED_ETAG = "changed ETag"
    NO_ETAG = "no ETag"
    LINES_LOST = "lines lost"
    LINES_ADDED = "lines added"
    SHUFFLED = "lines shuffled"
    OTHER_IDS = "other recordIds"


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong, `times` times, after `skip` calls that go right."""

    call: Call
    kind: Kind
    times: int = 1
    skip: int = 0

    @property
    def hangs(self) -> bool:
        return self.kind in (Kind.HANG, Kind.HANG_AFTER)
