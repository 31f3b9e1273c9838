"""What can go wrong where models are made, and who can mend it.

CoderError
├── TopicError           the author of the topic folder: file, line and remedy are in the message
└── PublishError         whoever publishes a model: what to do is in the message
"""

from pathlib import Path

from coding_service.coder.errors import CoderError


class TopicError(CoderError):
    """A topic folder that cannot be used; its author can mend it.

    :param path: the file at fault.
    :param line: the 1-based line at fault, or None when the whole file is.
    :param problem: what is wrong there.
    :param remedy: what to do next.
    """

    def __init__(self, path: Path, line: int | None, problem: str, remedy: str) -> None:
        self.path = path
        self.line = line
        self.problem = problem
        self.remedy = remedy
        where = str(path) if line is None else f"{path}:{line}"
        super().__init__(f"{where}: {problem}. {remedy}.")


class PublishError(CoderError):
    """A model that could not be published.

    :param problem: what is wrong.
    :param remedy: what to do next.
    """

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(f"{problem}. {remedy}.")
