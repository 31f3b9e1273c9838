"""Identity: the ids of a drop and its parts, names of executions, and what a key says.

Identity comes from the input alone, so that whatever is delivered twice is the same drop twice.
"""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass

from pipeline.domain.drop import Rejection

DROP_ID_DIGITS = 32  # 128 bits of SHA-256; ours
MAX_KEY_BYTES = 1_024  # S3: an object key in UTF-8
LONGEST_AROUND = ".pieces/10000/rejection.json"  # what is written around a results prefix, at most
MAX_SLUG = 40  # with the drop id a name stays below Step Functions' 80 characters; ours
MODELS_FOLDER = "models"
UNROUTED = "unrouted"

_TOPIC = re.compile(r"[a-z0-9_-]{1,64}")
_GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_NOT_IN_NAMES = re.compile(r"[^a-zA-Z0-9]+")

HOW_TO_NAME = (
    "Drop the file as <topic>/<any name>, for example anzsco/occupations.jsonl, or as "
    "<topic>/models/<model id>/<any name> for one certain model. A topic's name has lower-case "
    "letters, digits, - and _ only."
)


@dataclass(frozen=True, slots=True)
class Route:
    """What a key says about how its object is to be coded."""

    topic: str | None
    model: str | None = None
    """GUID; None: the latest."""
    rejection: Rejection | None = None


def drop_id(bucket: str, key: str, version_id: str) -> str:
    """32 hex digits that name this version of this object."""
    identity = "\0".join((bucket, key, version_id)).encode("utf-8", "surrogatepass")
    return hashlib.sha256(identity).hexdigest()[:DROP_ID_DIGITS]


def part_id(drop: str, number: int = 1) -> str:
    """The name of a drop's part, counted from 1."""
    return f"{drop}-{number:04d}"


def execution_name(key: str, drop: str) -> str:
    """The name of a drop's execution: at most 73 characters, always the same, readable."""
    slug = _NOT_IN_NAMES.sub("-", key.rstrip("/").rpartition("/")[2])[:MAX_SLUG].strip("-")
    return f"{slug or 'drop'}-{drop}"


def failure_report_name(drop: str, redrive_count: int) -> str:
    """The name of an execution that only ends the drops of another one that died."""
    return f"{drop}-told-{redrive_count}"


def guid(_topic: str, folder: str) -> str | None:
    """The model that a folder names by a GUID, in any case; None where it names none."""
    return folder.lower() if _GUID.fullmatch(folder) else None


def route(
    key: str,
    default_topic: str | None,
    model_id: Callable[[str, str], str | None] = guid,
) -> Route:
    """Topic and model of `<topic>/anything` and `<topic>/models/<model id>/anything`.

    `model_id` takes a topic and a folder, and gives the id of the model that the folder names.

    Other keys get the default topic, or are rejected where there is none. A folder below
    `models/` that is no model's id is rejected too: coding with another model than the one that was
    meant would go unnoticed.
    """
    topic, slash, rest = key.partition("/")
    if not slash or not _TOPIC.fullmatch(topic):
        if default_topic is not None:
            return Route(default_topic)
        return Route(None, rejection=Rejection("The key does not name a topic.", HOW_TO_NAME))
    folder, *below = rest.split("/", 2)
    if folder != MODELS_FOLDER or len(below) < 2:  # noqa: PLR2004  a model's folder and a name
        return Route(topic)
    model = model_id(topic, below[0])
    if model is None:
        return Route(
            topic, rejection=Rejection("The folder below models/ is no model's id.", HOW_TO_NAME)
        )
    return Route(topic, model)


def results_prefix(key: str, topic: str | None, drop: str) -> str:
    """The prefix of a drop's results: mirrors the key, below the topic, with the drop id last.

    Long keys are cut so that every object below the prefix has a key that S3 takes.
    """
    folder = topic or UNROUTED
    mirrored = key if topic and key.startswith(f"{topic}/") else f"{folder}/{key}"
    ending = f"/{drop}/"
    room = MAX_KEY_BYTES - len(ending) - len(LONGEST_AROUND)
    cut = mirrored.encode("utf-8")[:room].decode("utf-8", "ignore")
    return f"{cut.rstrip('/')}{ending}"


def folder_of(key: str) -> str:
    """The key up to its last slash, e.g. `anzsco/2026/`; `/` where it has none."""
    return key[: key.rfind("/") + 1] or "/"
