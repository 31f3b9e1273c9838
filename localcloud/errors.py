"""What goes wrong in the local cloud.

LocalCloudError
├── StartFailed       the server did not come up
├── DeployFailed      the CDK CLI refused or failed
├── NothingRuns       a command needs `make up` first
└── DropFailed        the drop ended otherwise than `complete`, or its results disagree

Interrupted           Ctrl-C, or the process was asked to end
"""


class LocalCloudError(Exception):
    """Something the person at the terminal must know; `next_step` says what to do about it."""

    def __init__(self, message: str, *, next_step: str = "", lines: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.next_step = next_step
        self.lines = lines
        """What a log said last, where that explains the message."""


class StartFailed(LocalCloudError):
    """The server did not come up."""


class DeployFailed(LocalCloudError):
    """The CDK CLI refused or failed."""


class NothingRuns(LocalCloudError):
    """A command needs a kept cloud, and there is none."""


class DropFailed(LocalCloudError):
    """The drop ended otherwise than `complete`, or its results disagree with the input."""


class Interrupted(BaseException):
    """Ctrl-C, or a signal that asks the process to end.

    No `Exception`, as KeyboardInterrupt is none: it is raised wherever the process happens to be,
    and botocore takes any exception during a call for a lost connection and tries again."""
