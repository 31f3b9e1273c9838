"""JSON that another system sent: a service, a secret that people fill, a queue, a file of others.

Whatever the bytes are, `JsonFault` is all that comes of bad ones, and the caller gives it the name
that is right for it. What comes of good ones can be written again: no NaN or infinity, no half of a
character, no nesting that a writer's recursion can't follow.
"""

from typing import Any

import msgspec

MOST_LEVELS = 100  # of lists and objects in each other; services' answers have five; ours

_BOM = "\ufeff"
_decode = msgspec.json.Decoder().decode


class JsonFault(ValueError):
    """What is wrong with a text, as the end of a sentence: never what stands in it."""


def read_json(text: bytes | str) -> Any:
    """The value of a text; a byte order mark in front of it is passed over. Raises `JsonFault`."""
    mark = _BOM if isinstance(text, str) else _BOM.encode()
    try:
        value = _decode(text.removeprefix(mark))  # type: ignore[arg-type]  # the text's own kind
    except RecursionError:
        raise JsonFault("is nested too deeply") from None
    except UnicodeError:
        raise JsonFault("is not UTF-8") from None
    except msgspec.ValidationError:
        raise JsonFault("has a number that is too large") from None
    except msgspec.DecodeError:
        raise JsonFault("is not JSON") from None
    if _is_deep(value):
        raise JsonFault("is nested too deeply")
    return value


def read_object(text: bytes | str) -> dict[str, Any]:
    """As `read_json`, of an object."""
    value = read_json(text)
    if not isinstance(value, dict):
        raise JsonFault("is JSON, but not an object")
    return value


def _is_deep(value: Any) -> bool:
    level = [value]
    for _ in range(MOST_LEVELS):
        level = [
            each
            for held in level
            if isinstance(held, dict | list)
            for each in (held.values() if isinstance(held, dict) else held)
        ]
    return any(isinstance(each, dict | list) for each in level)
