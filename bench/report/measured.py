"""Runs commands as one pipe and prints what each took: wall time, processor time, peak memory.

    python -I -S bench/report/measured.py '{"commands": [["cat", "file"], ["wc"]], "cores": [0]}'

A process of its own, and a small one: Linux counts what a process held before `exec` to its peak
memory, so a large starter would be measured in place of a small command.
"""

import json
import os
import subprocess
import sys
import time
from typing import Any


def main(spec: dict[str, Any]) -> int:
    """0 where every command ended well, else 1."""
    if spec["cores"]:
        os.sched_setaffinity(0, spec["cores"])
    begun = time.perf_counter()
    processes = _started(spec["commands"])
    taken = [_taken(process) for process in processes]
    seconds = time.perf_counter() - begun
    print(json.dumps({"seconds": seconds, "processes": taken}))
    return 1 if any(process.returncode for process in processes) else 0


def _started(commands: list[list[str]]) -> list[subprocess.Popen[bytes]]:
    processes: list[subprocess.Popen[bytes]] = []
    for number, command in enumerate(commands):
        last = number == len(commands) - 1
        process = subprocess.Popen(
            command,
            stdin=processes[-1].stdout if processes else subprocess.DEVNULL,
            # What the last one prints is no measurement.
            stdout=sys.stderr if last else subprocess.PIPE,
        )
        if processes and processes[-1].stdout is not None:
            processes[-1].stdout.close()
        processes.append(process)
    return processes


def _taken(process: subprocess.Popen[bytes]) -> dict[str, float]:
    """With the children that it waited for."""
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return {
        "cpu_seconds": usage.ru_utime + usage.ru_stime,
        "peak_bytes": usage.ru_maxrss * 1024,  # Linux: kibibytes (man 2 getrusage)
    }


if __name__ == "__main__":
    sys.exit(main(json.loads(sys.argv[1])))
