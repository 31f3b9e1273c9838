"""Describe…: filtered, sorted and in pages.

One order for all: by the filter's variable (CreatedAt where there is none), then by creation, then
by the id. A page begins after the last entry of the one before, so what is created or deleted
between two pages neither repeats nor hides an entry.
"""

import base64
import binascii
import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from coding_service.amazon_ml.api.request_shapes import COMPARATORS
from coding_service.amazon_ml.errors import ApiError, invalid_input
from shared.received_json import read_json

MOST_RESULTS = 100  # the reference: Limit is 1 to 100, 100 if it is not given
CREATED_AT = "CreatedAt"
TIMES = frozenset({CREATED_AT, "LastUpdatedAt"})
SHOWN_AS = {
    "IAMUser": "CreatedByIamUser",
    "DataSourceId": "BatchPredictionDataSourceId",
    "DataURI": "InputDataLocationS3",
}
"""The members of answers that some filter variables stand for; others have the member's name."""
ABSENT = {"RealtimeEndpointStatus": "NONE"}

Place = tuple[Any, float, str]
"""What entries are ordered by."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of the list that a Describe… request filters and sorts."""

    entry_id: str
    shown: Mapping[str, Any]
    number: int = 0
    """It breaks ties of creation, as a model's version does."""

    def variable(self, name: str) -> Any:
        """What it is filtered by: text, or seconds for times; an absent one is ""."""
        return self.shown.get(SHOWN_AS.get(name, name), ABSENT.get(name, ""))

    def place(self, variable: str) -> Place:
        tie = f"{self.number:09}{self.entry_id}"
        return (self.variable(variable), self.shown[CREATED_AT], tie)


def described(entries: Iterable[Entry], request: Mapping[str, Any]) -> dict[str, Any]:
    """The answer to a Describe… request. Raises `ApiError`."""
    variable = request.get("FilterVariable") or CREATED_AT
    wanted = _filter(variable, request)
    backwards = request.get("SortOrder") == "dsc"
    found = sorted(
        (each for each in entries if wanted(each)),
        key=lambda each: each.place(variable),
        reverse=backwards,
    )
    query = _query(request)
    if token := request.get("NextToken"):
        last = _read_token(token, query)
        try:
            found = [
                each
                for each in found
                if (each.place(variable) < last if backwards else each.place(variable) > last)
            ]
        except TypeError:  # a value of another kind than the variable's
            raise _bad_token() from None
    limit = request.get("Limit") or MOST_RESULTS
    page = found[:limit]
    answer: dict[str, Any] = {"Results": [dict(each.shown) for each in page]}
    if len(found) > limit:
        answer["NextToken"] = _token(page[-1].place(variable), query)
    return answer


def _filter(variable: str, request: Mapping[str, Any]) -> Callable[[Entry], bool]:
    given = {name: request[name] for name in COMPARATORS if request.get(name) is not None}
    if not given:
        return lambda _: True
    if "FilterVariable" not in request:
        raise invalid_input(f"{next(iter(given))} needs a FilterVariable to compare with")
    tests = [_test(variable, name, value) for name, value in given.items()]
    return lambda entry: all(test(entry.variable(variable)) for test in tests)


def _test(variable: str, comparator: str, text: str) -> Callable[[Any], bool]:
    if comparator == "Prefix":
        if variable in TIMES:
            raise invalid_input(f"Prefix cannot be used with {variable}")
        return lambda found: str(found).startswith(text)
    value: Any = _seconds(variable, text) if variable in TIMES else text
    tests: dict[str, Callable[[Any], bool]] = {
        "EQ": lambda found: bool(found == value),
        "NE": lambda found: bool(found != value),
        "GT": lambda found: bool(found > value),
        "GE": lambda found: bool(found >= value),
        "LT": lambda found: bool(found < value),
        "LE": lambda found: bool(found <= value),
    }
    return tests[comparator]


def _seconds(variable: str, text: str) -> float:
    """A time as epoch seconds, or as ISO 8601 (UTC where it names no zone)."""
    try:
        return float(text)
    except ValueError:
        pass
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise invalid_input(
            f"{variable} is compared with epoch seconds or an ISO 8601 time, not {text[:64]!r}"
        ) from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _query(request: Mapping[str, Any]) -> str:
    """What must stay the same from page to page."""
    kept = {name: request.get(name) for name in ("FilterVariable", "SortOrder", *COMPARATORS)}
    return hashlib.sha256(json.dumps(kept, sort_keys=True).encode()).hexdigest()[:16]


def _token(place: Sequence[Any], query: str) -> str:
    return base64.urlsafe_b64encode(json.dumps([query, *place]).encode()).decode()


def _read_token(token: str, query: str) -> Place:
    try:
        token_query, value, created, tie = read_json(base64.urlsafe_b64decode(token.encode()))
        if not (isinstance(value, str | float | int) and isinstance(tie, str)):
            raise _bad_token()
        if token_query == query:
            return value, float(created), tie
    except (ValueError, TypeError, OverflowError, binascii.Error):
        pass
    raise _bad_token()


def _bad_token() -> ApiError:
    return invalid_input("NextToken is not one that this request was answered with before")
