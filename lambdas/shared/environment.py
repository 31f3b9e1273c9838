"""Environment variables, read as what they must be."""

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

Choice = TypeVar("Choice", bound=str)
METRICS_NAMESPACE = "Dropcoder"


def metrics_namespace() -> str:
    """The namespace of the functions' own metrics: each deployment in an account has another one.

    Powertools would read this variable of its own, and could do nothing without it.
    """
    return os.environ.get("POWERTOOLS_METRICS_NAMESPACE") or METRICS_NAMESPACE


@dataclass(frozen=True, slots=True)
class Variables:
    """Reads variables with their types; raises `invalid`, which names a variable, not its value."""

    values: Mapping[str, str]
    invalid: type[Exception]

    def text(self, name: str) -> str:
        """A text that is not empty."""
        value = self.values.get(name, "")
        if not value:
            raise self.invalid(f"the environment variable {name} is missing; deploy again")
        return value

    def optional(self, name: str) -> str | None:
        """A text, or None where the variable is empty or missing."""
        return self.values.get(name) or None

    def one_of(self, name: str, *choices: Choice) -> Choice:
        """One of the `choices`."""
        value = self.text(name)
        for choice in choices:
            if choice == value:
                return choice
        raise self.invalid(f"the environment variable {name} must be {' or '.join(choices)}")

    def names(self, name: str) -> tuple[str, ...]:
        """Texts with commas between them, one at least."""
        listed = tuple(part.strip() for part in self.text(name).split(",") if part.strip())
        if not listed:
            raise self.invalid(f"the environment variable {name} lists nothing; deploy again")
        return listed

    def flag(self, name: str) -> bool:
        """`true` or `false`."""
        return self.one_of(name, "true", "false") == "true"

    def number(self, name: str) -> float:
        """A number above 0."""
        value = self.text(name)
        try:
            number = float(value)
        except ValueError:
            number = 0.0
        if not 0 < number < math.inf:
            raise self.invalid(f"the environment variable {name} must be a number above 0")
        return number

    def count(self, name: str) -> int:
        """A whole number above 0."""
        number = self.number(name)
        if number != int(number):
            raise self.invalid(f"the environment variable {name} must be a whole number above 0")
        return int(number)

    def amount(self, name: str) -> int:
        """A whole number, or 0."""
        return 0 if self.text(name) == "0" else self.count(name)
