"""What a competitor took is what its processes took."""

import json
import subprocess
import sys
from typing import Any

from bench.report.runs import MEASURED

SPIN = "import time\nwhile time.process_time() < 0.2: pass"
HOLD = "held = bytearray(64 << 20)"


def measured(*commands: list[str]) -> tuple[int, dict[str, Any]]:
    done = subprocess.run(
        [
            sys.executable,
            "-I",
            "-S",
            str(MEASURED),
            json.dumps({"commands": commands, "cores": []}),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, json.loads(done.stdout)


def python(text: str) -> list[str]:
    return [sys.executable, "-I", "-S", "-c", text]


def should_count_the_processor_time_and_memory_of_each_command_of_a_pipe() -> None:
    status, taken = measured(python(SPIN), python(HOLD))
    spun, held = taken["processes"]
    assert status == 0
    assert spun["cpu_seconds"] >= 0.2
    assert held["peak_bytes"] >= 64 << 20
    assert spun["peak_bytes"] < 64 << 20
    assert taken["seconds"] >= 0.2


def should_join_the_commands_when_they_are_a_pipe() -> None:
    check = "import sys; sys.exit(sys.stdin.read() != 'passed on')"
    status, _ = measured(python("print('passed on', end='')"), python(check))
    assert status == 0


def should_fail_when_the_first_command_of_a_pipe_fails() -> None:
    status, _ = measured(python("raise SystemExit(3)"), python("pass"))
    assert status == 1
