"""A row of the fault matrix, and the words that several of them share."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from tests.support.faults.faults import ALWAYS, Call, Fault, Kind

K = Kind


class Dropped(StrEnum):
    """What is dropped; the value is how the table names it."""

    FILE = "a file"
    LARGE = "a file with 12 MB of results"
    SHARED = "three files that share an operation"


@dataclass(frozen=True, slots=True)
class Row:
    """One fault, and the one end that a drop comes to with it."""

    fault: Fault
    ends: str
    """The notification's status."""
    says: str = ""
    """Words of the reason that it gives."""
    dropped: Dropped = Dropped.FILE
    is_quick: bool = False
    """Whether `make check-aws` tests it too: its kind of fault appears for the first time."""
    uploads: int = 1
    """The most uploads that count: one for each operation that the service codes, or fails."""

    @property
    def how_often(self) -> str:
        times = {1: "once", ALWAYS: "always"}.get(self.fault.times, f"{self.fault.times} times")
        return f"{times}, after {self.fault.skip} that went well" if self.fault.skip else times

    @property
    def name(self) -> str:
        return f"{self.fault.call}: {self.fault.kind}, {self.how_often}, {self.dropped}"


PASSING = (
    *(K.ERROR, K.UNAVAILABLE, K.BAD_GATEWAY, K.THROTTLE, K.QUOTA, K.GZIP, K.BAD_GZIP),
    *(K.HANG, K.HANG_AFTER, K.DROP_BEFORE, K.DROP_AFTER, K.RESET, K.SHORT),
)
"""Once, these cost an API's caller nothing but time."""
API = (Call.TOKEN, Call.MODELS, Call.CREATE, Call.STATUS)
SERVICE, ENDPOINT = "coding service at 127.0.0.1", "token endpoint at 127.0.0.1"
STORAGE = "service's storage at 127.0.0.1"
SIX = "None of 6 operations within"
THROTTLED = "with HTTP 429: Too Many Requests 16 times in a row"
NOT_JSON, NOT_THE_FORM = "with something that is not JSON", "does not speak the documented form"
REFUSED_TOKEN = "it refuses a fresh token"
_CUT = "(the connection was cut, or it was no HTTP)"
FAILING = {
    K.ERROR: "with HTTP 500",
    K.UNAVAILABLE: "with HTTP 503",
    K.HANG: "gave no answer to",
    K.DROP_AFTER: _CUT,
    K.RESET: _CUT,
    K.BAD_GZIP: "(a compressed answer that can't be read)",
}
"""What is said of any API that always does so."""


def rows(  # noqa: PLR0917  a table's columns
    call: Call,
    ends: str,
    said: dict[Kind, str] | Iterable[Kind],
    times: int = 1,
    skip: int = 0,
    dropped: Dropped = Dropped.FILE,
) -> list[Row]:
    """A row for each kind, with the words that its end says."""
    says = said if isinstance(said, dict) else dict.fromkeys(said, "")
    return [Row(Fault(call, k, times, skip), ends, text, dropped) for k, text in says.items()]
