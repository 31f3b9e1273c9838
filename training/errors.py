"""What can go wrong where models are made, and who can mend it.

CoderError
├── TopicError           the author of the topic folder: file, line and remedy are in the message
├── PublishError         whoever publishes a model: what to do is in the message
└── WorseModel           whoever trains: the new model is worse than the one before
"""

from collections.abc import Sequence
from pathlib import Path

from coding_service.coder.errors import CoderError


class TopicError(CoderError):
    """A topic folder that cannot be used; its author can mend it."""

    def __init__(self, path: Path, line: int | None, problem: str, remedy: str) -> None:
        self.path = path
        """The file at fault."""
        self.line = line
        """The 1-based line at fault, or None when the whole file is."""
        self.problem = problem
        """What is wrong there."""
        self.remedy = remedy
        """What to do next."""
        where = str(path) if line is None else f"{path}:{line}"
        super().__init__(f"{where}: {problem}. {remedy}.")


class PublishError(CoderError):
    """A model that could not be published.

    `problem` says what is wrong, `remedy` what to do next.
    """

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(f"{problem}. {remedy}.")


class WorseModel(CoderError):
    """A model that is worse than the one before, and was not kept."""

    def __init__(self, figures: Sequence[str]) -> None:
        super().__init__(
            f"The model is worse on the sample: {'; '.join(figures)}. Nothing was kept or "
            "published. Look at the decisions that it learned, give them less weight (--add-weight)"
            ", or keep it all the same: --force."
        )
