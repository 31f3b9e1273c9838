"""The clock, given to whatever reads the time or waits, so that no test has to sleep."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta


@dataclass(frozen=True, slots=True)
class Clock:
    """Reads the time, and waits. Tests give functions of their own."""

    seconds: Callable[[], float] = time.time
    """The seconds since 1970, UTC."""
    sleep: Callable[[float], None] = time.sleep

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.seconds(), UTC)

    def milliseconds(self) -> int:
        return round(self.seconds() * 1000)

    def iso(self) -> str:
        """Now, as states, ledger and messages have it (see `iso`)."""
        return iso(self.now())


def iso(moment: datetime) -> str:
    """ISO 8601 in UTC with milliseconds, e.g. `2026-11-21T23:45:00.000Z`."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def parsed(text: str) -> datetime:
    """The moment that an ISO 8601 text names; without a zone it is UTC."""
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def next_midnight(moment: datetime) -> datetime:
    """The next beginning of a UTC day after `moment`."""
    day = moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return day + timedelta(days=1)
