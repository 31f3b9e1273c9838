"""Why a drop was not erased.

EraseError
├── BadRequest      what was asked for can't be meant
├── NothingKnown    nothing is kept of such a drop
├── StillGoing      the drop has not ended
├── NotConfirmed    the person did not say yes
└── Unfinished      some of it may be erased; the same command goes on
"""


class EraseError(Exception):
    """Why nothing, or not all, was erased; `next_step` says what to do about it."""

    def __init__(self, message: str, *, next_step: str = "") -> None:
        super().__init__(message)
        self.next_step = next_step


class BadRequest(EraseError):
    """What was asked for can't be meant: no drop id, no stack of that name, or several stacks."""


class NothingKnown(EraseError):
    """Nothing is kept of such a drop: it was erased before, or there never was one."""


class StillGoing(EraseError):
    """The drop is being coded, or may be taken in at any time."""


class NotConfirmed(EraseError):
    """The person did not say yes; nothing was erased."""


class Unfinished(EraseError):
    """AWS refused a step, or something changed meanwhile. What is left is found again."""
