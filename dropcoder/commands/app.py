"""The command `dropcoder`, and how it ends."""

import signal
import sys
import tomllib
from collections.abc import Sequence
from importlib import metadata
from itertools import takewhile
from pathlib import Path
from types import FrameType

import click

from dropcoder.commands.code import code
from dropcoder.commands.drop import drop, watch
from dropcoder.commands.drops import erase, list_drops, retry, show
from dropcoder.commands.get import get
from dropcoder.commands.operate import costs, doctor
from dropcoder.commands.plan import plan
from dropcoder.commands.review import agree, dictionary, merge
from dropcoder.commands.verbs import COMMAND, JSON_OPTION, Sectioned
from dropcoder.errors import CommandError, ExitStatus, Interrupted, UsageError
from dropcoder.terminal.screen import Screen


def version() -> str:
    """The installed package's; in a checkout, what it would be installed as."""
    try:
        return metadata.version(COMMAND)
    except metadata.PackageNotFoundError:
        project = Path(__file__).parents[2] / "pyproject.toml"
        return str(tomllib.loads(project.read_text("utf-8"))["project"]["version"])


SECTIONS = (
    ("On this machine", (code, plan, merge, agree, dictionary)),
    ("Drops of a deployed Pipeline", (drop, watch, list_drops, show, get, retry, erase)),
    ("The deployment", (doctor, costs)),
)


@click.group(cls=Sectioned, sections=SECTIONS, context_settings={"max_content_width": 100})
@click.version_option(version(), prog_name=COMMAND)
def dropcoder() -> None:
    """Tables of free text, coded to a classification of occupations.

    `code`, `plan`, `merge`, `agree` and `dictionary` work on this machine and send nothing. All
    others work with a deployed Pipeline, in the account and region of the shell's AWS credentials,
    or in the local cloud: eval "$(make -s env)". Every verb takes --json, for programs, and --help,
    with an example.

    Exit statuses: 0 done, 1 failed, 2 the command line can't be meant, 3 the file is rejected, 4
    the drop has not ended, 5 nobody said yes, 6 no such drop, 130 Ctrl-C.

    Completion, for bash (zsh and fish alike): eval "$(_DROPCODER_COMPLETE=bash_source dropcoder)"
    """


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs a command line and ends the process with its status."""
    for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(sign, _interrupt)
    try:
        status = run(arguments)
    except BrokenPipeError:  # whoever read the output has seen enough, as `head` has
        sys.stdout = None  # nothing is flushed at the end
        status = ExitStatus.FAILED
    sys.exit(status)


def run(arguments: Sequence[str] | None = None) -> int:
    """The exit status of a command line (`ExitStatus`)."""
    arguments = sys.argv[1:] if arguments is None else arguments
    screen = Screen(as_json=_for_programs(arguments))
    try:
        found = dropcoder.main(arguments, prog_name=COMMAND, standalone_mode=False)
    except click.ClickException as error:
        error.show()
        told = _told(error)
    except (click.Abort, KeyboardInterrupt):
        told = Interrupted("Interrupted.")
        screen.note(str(told))
    else:
        return found if isinstance(found, int) else ExitStatus.DONE
    screen.failure(told)
    return told.status


def _for_programs(arguments: Sequence[str]) -> bool:
    """Whether one JSON document is wanted, also of a command line that can't be meant."""
    options = takewhile(lambda each: each != "--", arguments)
    return JSON_OPTION in options


def _told(error: click.ClickException) -> CommandError:
    """What click says of a command line, as an error of ours."""
    context = getattr(error, "ctx", None)
    path = COMMAND if context is None else context.command_path
    return UsageError(error.format_message(), next_step=f"See what it takes: {path} --help")


def _interrupt(_sign: int, _frame: FrameType | None) -> None:
    """Once is enough: what follows is cleaning up, which a second Ctrl-C must not stop."""
    for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(sign, signal.SIG_IGN)
    raise KeyboardInterrupt
