"""What can go wrong in the coder, and who can mend it.

CoderError
├── RecordError          whoever wrote the file of records: line and remedy are in the message
├── ModelError           the operator: a model directory is missing or damaged, train it again
└── CatalogueError       whoever asked for a topic or a model
    ├── UnknownTopicError    no such topic
    ├── NoModelsError        the topic is known and has no trained model yet
    ├── UnknownModelError    no topic has a model with this GUID
    └── ForeignModelError    the model exists and belongs to another topic
"""

from pathlib import Path


class CoderError(Exception):
    """Any failure that the coder can explain."""


class RecordError(CoderError):
    """A line of a file of records that is not a record; its writer can mend it."""

    def __init__(self, source: str, line: int, problem: str, remedy: str) -> None:
        self.line = line
        """The 1-based line at fault, or 0 when the whole file is."""
        where = f"{source}:{line}" if line else source
        super().__init__(f"{where}: {problem}. {remedy}.")


class ModelError(CoderError):
    """A trained model that is missing or damaged; training it again mends it."""

    def __init__(self, path: Path, problem: str) -> None:
        self.path = path
        super().__init__(f"{path}: {problem}. Train the topic again into this directory.")


class CatalogueError(CoderError):
    """A topic or a model was asked for that the catalogue cannot give."""


class UnknownTopicError(CatalogueError):
    """No such topic."""

    def __init__(self, topic: str) -> None:
        super().__init__(f"there is no topic {topic!r}")


class NoModelsError(CatalogueError):
    """The topic is known and has no trained model yet."""

    def __init__(self, topic: str) -> None:
        super().__init__(f"topic {topic!r} has no trained model")


class UnknownModelError(CatalogueError):
    """No topic has a model with this GUID."""

    def __init__(self, model_id: str) -> None:
        super().__init__(f"there is no model {model_id!r}")


class ForeignModelError(CatalogueError):
    """The model exists and belongs to another topic."""

    def __init__(self, model_id: str, topic: str) -> None:
        super().__init__(f"model {model_id!r} does not belong to topic {topic!r}")
