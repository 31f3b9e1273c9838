"""Why a command did not do what it was asked for, and its exit statuses.

CommandError
├── UsageError      what was asked for can't be meant
├── FileRejected    the file is no table that can be coded as it is
├── NotFound        there is no such drop, file or stack
├── StillGoing      the drop has not ended
├── Unconfirmed     the person did not say yes
└── Interrupted     Ctrl-C
"""

from enum import IntEnum


class ExitStatus(IntEnum):
    """What a command ends with; the command's help and docs/command-line.md list them."""

    DONE = 0
    FAILED = 1
    """Something broke, AWS refused a call, or the drop failed."""
    USAGE = 2
    """The command line can't be meant: an option, a path, a topic, a stack's name."""
    REJECTED = 3
    """The file can't be coded as it is; the message says what to mend."""
    GOING = 4
    """The drop has not ended yet."""
    UNCONFIRMED = 5
    """The person did not say yes; nothing was changed."""
    NOT_FOUND = 6
    """Nothing is known of such a drop."""
    INTERRUPTED = 130
    """Ctrl-C, as shells have it."""


class CommandError(Exception):
    """Why a command stopped; `next_step` says what to do about it."""

    status = ExitStatus.FAILED

    def __init__(
        self, message: str, *, next_step: str = "", rows: tuple[tuple[int, str], ...] = ()
    ) -> None:
        super().__init__(message)
        self.next_step = next_step
        self.rows = rows
        """The first rows of a file that are the reason: number and what is wrong with each."""


class UsageError(CommandError):
    """What was asked for can't be meant."""

    status = ExitStatus.USAGE


class FileRejected(CommandError):
    """The file is no table that can be coded as it is."""

    status = ExitStatus.REJECTED


class NotFound(CommandError):
    """There is no such drop."""

    status = ExitStatus.NOT_FOUND


class StillGoing(CommandError):
    """The drop has not ended."""

    status = ExitStatus.GOING


class Unconfirmed(CommandError):
    """The person did not say yes; nothing was changed."""

    status = ExitStatus.UNCONFIRMED


class Interrupted(CommandError):
    """Ctrl-C."""

    status = ExitStatus.INTERRUPTED
