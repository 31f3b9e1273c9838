"""Texts for people out of what others wrote: never longer than there is room for.

A line may have a million characters and a service may answer with more; a message must be read,
and fit beside a thousand others into a state of Step Functions. Secrets are not looked for here:
a text is cut first, and then `quoted` by whoever tells it.
"""

import json
from collections.abc import Collection

LONGEST_FAULT = 300  # characters of what is wrong with one line; ours
LONGEST_REASON = 900  # characters of why a whole file or drop ended so; ours
MOST_JSON_BYTES = 4_000  # of a reason as ASCII in JSON, where a character takes up to 12; ours
LONGEST_NAME = 40  # characters of a field's name in a message; ours
MOST_NAMES = 5  # of fields in a message: more would not help; ours


def cut(text: str, longest: int) -> str:
    """`text` with at most `longest` characters, the last of them `…` where it was cut."""
    return text if len(text) <= longest else text[: longest - 1] + "…"


def reason_cut(text: str) -> str:
    """`text` with at most `LONGEST_REASON` characters and `MOST_JSON_BYTES`."""
    text = cut(text, LONGEST_REASON)
    while len(json.dumps(text)) > MOST_JSON_BYTES:
        text = cut(text, len(text) * 9 // 10)
    return text


def named(names: Collection[str], *, most: int = MOST_NAMES) -> str:
    """The first of `names`, each on one line and short, and how many more there are."""
    shown = ", ".join(_shown(name) for _, name in zip(range(most), names, strict=False))
    more = len(names) - most
    return f"{shown} and {more:,} more" if more > 0 else shown


def _shown(name: str) -> str:
    short = cut(name, LONGEST_NAME)
    return "".join(character if character.isprintable() else "?" for character in short)
