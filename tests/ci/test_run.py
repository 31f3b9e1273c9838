"""What continuous integration starts goes on to the tests whatever this machine can't have."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from infra.project_files import PROJECT

BROWSERS = ("chromium", "firefox-esr", "webkit2gtk-driver", "xvfb")
APT = """#!/bin/sh
echo "apt-get $*" >> "$CALLS"
case " $GONE " in *" all "*) exit 100;; esac
for word; do case " $GONE " in *" $word "*) exit 100;; esac; done
"""
MAKE = '#!/bin/sh\necho "make $*" >> "$CALLS"\n'


def _run(folder: Path, *there: str, gone: str) -> tuple[list[str], str]:
    """The calls of apt-get and make on a machine with these commands, and what was said.

    Of Debian's packages those that are `gone` can't be had."""
    tools = folder / "bin"
    tools.mkdir()
    for name in ("bash", "dirname", "timeout", "sh"):
        found = shutil.which(name)
        assert found is not None
        (tools / name).symlink_to(found)
    fakes = {"apt-get": APT, "make": MAKE, "id": "#!/bin/sh\necho 0\n"}
    for name, content in fakes.items() | dict.fromkeys(there, "#!/bin/sh\n").items():
        (tools / name).write_text(content)
        (tools / name).chmod(0o755)
    script = folder / ".ci" / "run"
    script.parent.mkdir()
    shutil.copy(PROJECT / ".ci" / "run", script)
    calls = folder / "calls"
    done = subprocess.run(
        [str(tools / "bash"), str(script)],
        env={"PATH": str(tools), "CALLS": str(calls), "GONE": gone, "HOME": os.fspath(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return calls.read_text().splitlines(), done.stderr


@pytest.mark.parametrize(
    ("gone", "missed"),
    [("", ()), ("firefox-esr", ("firefox-esr",)), ("all", BROWSERS)],
    ids=["all there", "one missing", "no registry"],
)
def should_ask_for_each_browser_and_test_without_what_can_not_be_had(
    tmp_path: Path, gone: str, missed: tuple[str, ...]
) -> None:
    calls, said = _run(tmp_path, gone=gone)
    installs = [call.split()[-1] for call in calls if " install " in call]
    assert tuple(installs) == BROWSERS
    assert calls[-1] == "make test bench-quick"
    assert tuple(each for each in BROWSERS if f"{each} could not" in said) == missed


def should_ask_for_nothing_where_all_is_there(tmp_path: Path) -> None:
    calls, _ = _run(tmp_path, "chromium", "firefox", "WebKitWebDriver", "Xvfb", gone="all")
    assert calls == ["make test bench-quick"]
