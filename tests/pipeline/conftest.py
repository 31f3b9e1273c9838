"""A deployed Pipeline for the journeys; what was written is searched for secrets after each."""

import json
import logging
from collections.abc import Iterator

import pytest

from pipeline.config import environment
from pipeline.dependencies import dependencies
from tests.support.pipeline.clouds import cloud
from tests.support.pipeline.journey import Journey, configured
from tests.support.pipeline.memory_service import (
    CLIENT_SECRET,
    TOKEN_CANARY,
    URL_CANARY,
    MemoryService,
)

CANARIES = (CLIENT_SECRET, TOKEN_CANARY, URL_CANARY)


@pytest.fixture
def settings() -> dict[str, str]:
    """Variables that a test's functions have otherwise."""
    return {}


@pytest.fixture
def journey(
    settings: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> Iterator[Journey]:
    """A deployed Pipeline; at the end no secret may have been written anywhere."""
    memory = MemoryService()
    caplog.set_level(logging.DEBUG)
    with cloud(executes=True) as aws, memory.listening() as address:
        configured(monkeypatch, address, settings)
        ready = Journey(aws, memory, monkeypatch)
        yield ready
        ready.notifications()
        written = capfd.readouterr()
        places = {
            "output": written.out + written.err,
            "logs": _records(caplog),
            "ledger": repr(aws.ledger.table.scan()["Items"]),
            "states": json.dumps(ready.states),
            "executions": repr(ready.executions()),
            "results": "".join(aws.result(k).decode() for k in aws.result_keys()),
        }
        dependencies.cache_clear()
        environment.cache_clear()
    assert memory.token_requests <= 2
    for place, text in places.items():
        assert text or place == "results", f"nothing in the {place}: the search proves nothing"
        for canary in CANARIES:
            assert canary not in text, f"a secret is in the {place}"


def _records(caplog: pytest.LogCaptureFixture) -> str:
    """What all loggers were given at the lowest level, before a formatter could redact it."""
    return "\n".join(
        f"{record.getMessage()} {record.__dict__}" for record in caplog.get_records("call")
    )
