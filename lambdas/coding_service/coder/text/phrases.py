"""What people write in place of an occupation, and between two: in the language of a topic."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, Self

from coding_service.coder.text.normalise import clean


@dataclass(frozen=True, slots=True)
class Phrases:
    """The phrases of a topic, in any case and spelling that `normalise` takes for the same."""

    nothing: tuple[str, ...] = ()
    """Answers that hold nothing to code, such as "retired"."""
    between: tuple[str, ...] = ()
    """Words between two occupations in one answer, such as "and"."""
    mainly: tuple[str, ...] = ()
    """What stands with the occupation that is the main one, such as "full time"."""
    besides: tuple[str, ...] = ()
    """What stands with one that is not, such as "part time"."""

    @classmethod
    def of(cls, lists: Mapping[str, Any]) -> Self:
        """From a list of texts for each kind, by its name; a kind may be missing.

        Raises `ValueError` for an unknown kind, and for what is no list of texts.
        """
        known = [each.name for each in fields(cls)]
        for kind, phrases in lists.items():
            if kind not in known:
                raise ValueError(f"{kind!r} is unknown; known are {', '.join(known)}")
            if not isinstance(phrases, list) or not all(isinstance(each, str) for each in phrases):
                raise ValueError(
                    f"{kind} is no list of texts; write one a line, yes and no in quotes"
                )
        return cls(**{kind: tuple(phrases) for kind, phrases in lists.items()})

    def to_json(self) -> dict[str, Any]:
        """What `of` takes, without the kinds that have none."""
        return {kind: list(phrases) for kind, phrases in asdict(self).items() if phrases}


def pattern_of(phrases: Sequence[str], *, or_any_of: str = "") -> re.Pattern[str]:
    """Finds in cleaned text any of some phrases as whole words, or any of some characters."""
    longest_first = sorted(map(clean, phrases), key=len, reverse=True)
    choices = [rf"\b{re.escape(phrase)}\b" for phrase in longest_first if phrase]
    if or_any_of:
        choices.append(f"[{re.escape(or_any_of)}]")
    return re.compile("|".join(choices) or r"(?!)")
