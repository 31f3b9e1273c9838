"""Reading `topic.yaml`, with the line of whatever is wrong in it."""

import datetime
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml

from training.errors import TopicError
from training.topic.topic import READERS, TopicSettings

_URI_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
_KEYS = {
    "name": "the uriName: small letters, digits, - and _, e.g. name: anzsco",
    "fullName": "the name for people",
    "standard": "the classification, e.g. standard: ANZSCO",
    "topicVersion": 'the classification\'s version, e.g. topicVersion: "2022"',
    "version": "the model's version, a whole number from 1, e.g. version: 1",
    "released": "the model's release date, e.g. released: 2026-01-31",
    "levels": "code lengths from the top down, e.g. levels: [1, 2, 3, 4, 6]",
    "threshold": "the least confidence asserted, above 0 and at most 1, e.g. threshold: 0.6",
    "fields": "text fields and their weights above 0, as in {occp_text: 1.0, tasks_text: 0.3}",
}
_OPTIONAL_KEYS = {
    "readers": f"what reads a text, {' or '.join(READERS)}, e.g. readers: linear",
    "sentenceModel": "the folder of another sentence model, seen from the topic's folder",
    "temperatureFactors": "a number above 0 for each level, as in [0.9, 1.2, 1.4]",
    "otherOccupations": "the folder of a topic that holds more occupations, e.g. ../anzsco",
}
_RESERVED_FIELDS = {"recordId", "code", "kind"}


def read_text(path: Path, remedy: str = "A topic folder needs this file") -> str:
    """The text of a topic's file; `remedy` is for one that can't be read.

    Raises `TopicError` if it is missing, unreadable, or not UTF-8.
    """
    try:
        return path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        reason = error.strerror or "cannot be read"
        raise TopicError(path, None, reason, remedy) from error
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise TopicError(path, line, "not UTF-8", "Save the file as UTF-8") from error


def read_settings(path: Path) -> TopicSettings:
    """The settings of a topic. Raises `TopicError` as `read_text` and `settings_of` do."""
    return settings_of(read_text(path), path)


def settings_of(text: str, path: Path) -> TopicSettings:
    """The settings that a text is; `path` is where it stands, or will.

    Raises `TopicError` if it is not YAML, a key is missing or unknown, or a value cannot be used.
    """
    try:
        values, lines = yaml.safe_load(text), _lines_of_keys(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = None if mark is None else mark.line + 1
        raise TopicError(
            path, line, "not YAML", "Correct it; a value with : or # needs quotes"
        ) from error
    if not isinstance(values, dict):
        raise TopicError(path, None, "not a mapping", "Write key: value lines")

    def fault(key: object, problem: str, remedy: str) -> TopicError:
        return TopicError(path, lines.get(key), problem, remedy)

    known = _KEYS | _OPTIONAL_KEYS
    for key in values:
        if key not in known:
            raise fault(key, f"{key!r} is unknown", f"Known are {', '.join(known)}")
    for key, meaning in known.items():
        if values.get(key) is None:
            if key in _OPTIONAL_KEYS:
                continue
            raise fault(key, f"{key} is missing", f"Add {meaning}")
        if not _usable(key, values[key], values.get("levels")):
            raise fault(key, f"{key} cannot be {values[key]!r}", f"Give {meaning}")
    factors = values.get("temperatureFactors") or [1.0] * len(values["levels"])
    sentence_model = values.get("sentenceModel")
    return TopicSettings(
        name=values["name"],
        full_name=values["fullName"].strip(),
        standard=str(values["standard"]).strip(),
        topic_version=str(values["topicVersion"]).strip(),
        version=values["version"],
        released=_iso(values["released"]),
        levels=tuple(values["levels"]),
        threshold=float(values["threshold"]),
        temperature_factors=tuple(map(float, factors)),
        other_occupations=values.get("otherOccupations"),
        fields={field: float(weight) for field, weight in values["fields"].items()},
        readers=values.get("readers") or READERS[0],
        sentence_model=path.parent / sentence_model if sentence_model else None,
    )


def _lines_of_keys(text: str) -> Mapping[object, int]:
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    if not isinstance(root, yaml.MappingNode):
        return {}
    return {key.value: key.start_mark.line + 1 for key, _ in root.value}


def _usable(key: str, value: object, levels: Any) -> bool:
    checks: Mapping[str, Callable[[Any], bool]] = {
        "name": lambda name: isinstance(name, str) and _URI_NAME.fullmatch(name) is not None,
        "fullName": lambda name: isinstance(name, str) and bool(name.strip()),
        "version": _is_count,
        "released": lambda date: _is_date(_iso(date)),
        "levels": lambda lengths: (
            isinstance(lengths, list)
            and bool(lengths)
            and all(map(_is_count, lengths))
            and lengths == sorted(set(lengths))
        ),
        "threshold": lambda least: _is_number(least) and 0 < least <= 1,
        "temperatureFactors": lambda factors: _are_factors(factors, len(levels)),
        "otherOccupations": lambda folder: isinstance(folder, str),
        "fields": lambda fields: isinstance(fields, dict) and bool(fields) and _are_fields(fields),
        "readers": lambda readers: readers in READERS,
    }
    check = checks.get(
        key, lambda text: isinstance(text, str | int | float) and bool(str(text).strip())
    )
    return check(value)


def _are_fields(fields: Mapping[object, Any]) -> bool:
    named = all(isinstance(field, str) and field not in _RESERVED_FIELDS for field in fields)
    return named and all(_is_number(weight) and weight > 0 for weight in fields.values())


def _are_factors(factors: object, levels: int) -> bool:
    return (
        isinstance(factors, list)
        and len(factors) == levels
        and all(_is_number(factor) and factor > 0 for factor in factors)
    )


def _is_count(value: object) -> bool:
    return _is_number(value) and isinstance(value, int) and value >= 1


def _is_number(value: object) -> bool:
    # bool is an int to Python; "version: yes" is a slip, not version 1.
    return (
        isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < float("inf")
    )


def _iso(value: object) -> str:
    # YAML reads an unquoted date as one.
    return value.isoformat() if isinstance(value, datetime.date) else str(value)


def _is_date(text: str) -> bool:
    try:
        datetime.datetime.fromisoformat(text)
    except ValueError:
        return False
    return True
