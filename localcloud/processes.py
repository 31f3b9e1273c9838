"""Processes that we start in a group of their own, so that all of a group can be stopped.

Only groups that we started are ever signalled, by their number, after a look at whether the
number still stands for what we started.
"""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

GRACE_SECONDS = 5.0
"""From the polite signal to the final one."""
_LOOK_SECONDS = 0.05
PROC = Path("/proc")  # Linux; elsewhere `ps` answers


def stop_group(group: int, *, grace: float = GRACE_SECONDS) -> None:
    """Ends every process of a group: asks, waits up to `grace` seconds, then kills."""
    for sign in (signal.SIGTERM, signal.SIGKILL):
        if not _signal(group, sign):
            return
        deadline = time.monotonic() + (grace if sign == signal.SIGTERM else GRACE_SECONDS)
        while time.monotonic() < deadline:
            if not alive_in_group(group):
                return
            time.sleep(_LOOK_SECONDS)


def alive_in_group(group: int) -> bool:
    """Whether a process of the group still runs (the dead that nobody has buried don't count)."""
    states = _states_of_group(group)
    if states is not None:
        return any(state not in "ZX" for state in states)
    return _signal(group, 0)


def command_of(pid: int) -> str | None:
    """The command line of a running process; None where there is none."""
    if (PROC / "self" / "stat").exists():
        try:
            words = (PROC / str(pid) / "cmdline").read_bytes()
            return words.replace(b"\0", b" ").decode(errors="replace").strip() or None
        except OSError:
            return None
    found = subprocess.run(
        ["ps", "-ww", "-o", "args=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return found.stdout.strip() or None


@contextmanager
def logged_process(
    command: Sequence[str | Path], *, environment: Mapping[str, str], directory: Path, log: Path
) -> Iterator[subprocess.Popen[str]]:
    """Runs a command whose output we read; on the way out, however, its whole group ends."""
    with log.open("w", encoding="utf-8") as kept:
        kept.write(f"$ {' '.join(str(word) for word in command)}\n")
    process = subprocess.Popen(
        [str(word) for word in command],
        env=dict(environment),
        cwd=directory,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
        start_new_session=True,
    )
    try:
        yield process
    finally:
        if process.stdout is not None:
            process.stdout.close()
        stop_group(process.pid)
        process.wait()


def run_logged(
    command: Sequence[str | Path],
    *,
    environment: Mapping[str, str],
    directory: Path,
    log: Path,
    on_line: Callable[[str], None],
) -> int:
    """The command's exit status; each line goes to `on_line` and into the log."""
    with logged_process(command, environment=environment, directory=directory, log=log) as process:
        if process.stdout is None:
            raise RuntimeError("a process started with a pipe has none")
        with log.open("a", encoding="utf-8") as kept:
            for line in process.stdout:
                kept.write(line)
                on_line(line.rstrip("\n"))
        return process.wait()


def _signal(group: int, sign: int) -> bool:
    try:
        os.killpg(group, sign)
    except ProcessLookupError:
        return False
    except PermissionError:  # macOS says so of a group in which only the unburied are left
        return False
    return True


def _states_of_group(group: int) -> list[str] | None:
    """The states (`man 5 proc`) of a group's processes; None where there is no /proc."""
    if not (PROC / "self" / "stat").exists():
        return None
    states = []
    for stat in PROC.glob("[0-9]*/stat"):
        try:
            # The name stands in parentheses and may hold anything; state and group follow it.
            fields = stat.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[2]) == group:
            states.append(fields[0])
    return states
