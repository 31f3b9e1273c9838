"""Runs one command and ends with it, or when whoever started the guard is gone.

`python guard.py COMMAND…` leads a process group of its own; its standard input is a pipe whose
other end its starter holds. When the starter ends, however it ends, the pipe closes, and the
guard takes the whole group with it. It needs nothing but the standard library.
"""

import os
import select
import signal
import subprocess
import sys
from types import FrameType

GRACE_SECONDS = 0.5  # the server keeps nothing that a longer wait would save
_LOOK_SECONDS = 0.2


def main(command: list[str]) -> int:
    """The command's exit status, where it ended by itself."""
    ending: list[int] = []

    def note(sign: int, _frame: FrameType | None) -> None:
        ending.append(sign)

    signal.signal(signal.SIGTERM, note)
    signal.signal(signal.SIGINT, note)
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    while child.poll() is None and not ending and not _starter_is_gone():
        pass
    if child.poll() is None:
        os.killpg(0, signal.SIGTERM)  # our own handler only takes note
        try:
            child.wait(GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            child.kill()
    # Functions that outlived the server, and at last the guard itself.
    os.killpg(0, signal.SIGKILL)
    return child.returncode  # reached only where a group can't be signalled


def _starter_is_gone() -> bool:
    """Looks for a moment whether the pipe was closed; nothing is ever written to it."""
    try:
        readable, _, _ = select.select([0], [], [], _LOOK_SECONDS)
    except InterruptedError:
        return False
    return bool(readable) and os.read(0, 1) == b""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
