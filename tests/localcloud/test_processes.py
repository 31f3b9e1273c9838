"""Process groups: everything that we start ends with us, and nothing else does."""

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from localcloud import guard
from localcloud.processes import alive_in_group, command_of, run_logged, stop_group
from tests.support.eventually import eventually

SLEEP = "import time; time.sleep(600)"
STUBBORN = f"""
import signal
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("up", flush=True)
{SLEEP}
"""
PARENT = f"""
import subprocess, sys
subprocess.Popen([sys.executable, "-c", {SLEEP!r}])
print("up", flush=True)
{SLEEP}
"""

Start = Callable[[str], subprocess.Popen[str]]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts Python code in a group of its own; whatever is left of it ends with the test."""
    started: list[subprocess.Popen[str]] = []

    def _start(code: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", code],
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        started.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "up\n"
        return process

    yield _start
    for process in started:
        stop_group(process.pid)
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


def should_end_children_too_when_a_group_is_stopped(start: Start) -> None:
    parent = start(PARENT)
    stop_group(parent.pid)
    assert parent.wait() == -signal.SIGTERM
    assert not alive_in_group(parent.pid)


def should_kill_when_a_process_does_not_listen(start: Start) -> None:
    stubborn = start(STUBBORN)
    stop_group(stubborn.pid, grace=0.1)
    assert stubborn.wait() == -signal.SIGKILL


def should_leave_other_groups_alone_when_one_is_stopped(start: Start) -> None:
    stopped, other = start(PARENT), start(PARENT)
    stop_group(stopped.pid)
    assert alive_in_group(other.pid)


def should_do_nothing_when_the_group_is_gone(start: Start) -> None:
    gone = start("print('up', flush=True)")
    gone.wait()
    stop_group(gone.pid)
    assert not alive_in_group(gone.pid)


def should_name_the_command_when_a_process_runs(start: Start) -> None:
    running = start(PARENT)
    assert "time.sleep(600)" in (command_of(running.pid) or "")


def should_name_no_command_when_there_is_no_process(start: Start) -> None:
    gone = start("print('up', flush=True)")
    gone.wait()
    assert command_of(gone.pid) is None


def should_end_the_guarded_group_when_its_starter_is_killed(start: Start, tmp_path: Path) -> None:
    # The starter holds the pipe's other end and has no chance to clean up.
    written = tmp_path / "group"
    starter = start(
        "import pathlib, subprocess, sys, time\n"
        f"guarded = subprocess.Popen([sys.executable, '-I', {guard.__file__!r}, sys.executable,"
        f" '-c', {PARENT!r}], stdin=subprocess.PIPE, stdout=subprocess.PIPE,"
        " start_new_session=True)\n"
        "guarded.stdout.readline()\n"
        f"pathlib.Path({str(written)!r}).write_text(str(guarded.pid))\n"
        "print('up', flush=True); time.sleep(600)"
    )
    group = int(written.read_text())
    assert alive_in_group(group)
    starter.kill()
    eventually(lambda: alive_in_group(group), until=lambda alive: not alive, within=10)


def should_keep_a_log_and_tell_each_line_when_a_command_runs(tmp_path: Path) -> None:
    lines: list[str] = []
    status = run_logged(
        [sys.executable, "-c", "import sys; print('one'); print('two'); sys.exit(3)"],
        environment={},
        directory=tmp_path,
        log=tmp_path / "log",
        on_line=lines.append,
    )
    assert status == 3
    assert lines == ["one", "two"]
    assert (tmp_path / "log").read_text().endswith("one\ntwo\n")


def should_end_the_command_when_its_reader_gives_up(tmp_path: Path) -> None:
    groups: list[int] = []

    def give_up(line: str) -> None:
        groups.append(int(line))
        raise InterruptedError

    with pytest.raises(InterruptedError):
        run_logged(
            [sys.executable, "-c", f"import os; print(os.getpid(), flush=True); {SLEEP}"],
            environment={},
            directory=tmp_path,
            log=tmp_path / "log",
            on_line=give_up,
        )
    assert not alive_in_group(groups[0])
