"""How one setting is read from the CDK context, and what is said when it cannot be.

`-c name=value` gives text, `cdk.json` gives JSON: each reader takes both forms.
"""

import json
import math
import re
from collections.abc import Callable, Mapping, Sequence

# `*` and `?` stand for characters of a host or of a port, as fnmatch has them.
HOST_PATTERN = re.compile(r"(?P<host>[A-Za-z0-9.*?-]+)(?::[0-9*?]+)?")


class SettingsError(Exception):
    """A deploy-time setting cannot be used; mended by whoever deploys.

    `fault` says what is wrong with the setting, `remedy` what to do about it.
    """

    def __init__(self, name: str, fault: str, remedy: str) -> None:
        super().__init__(f"cdk.json or -c: {name} {fault}: {remedy}.")
        self.name = name
        """The setting's name in `cdk.json`."""


class SettingNotFinished(Exception):
    """A setting lacks one of its places; mended by whoever adds it (docs/architecture.md).

    `missing` says what it has none of, `where` the file to add that to and the place in it.
    """

    def __init__(self, name: str, missing: str, where: str) -> None:
        super().__init__(
            f"the setting {name} has no {missing}: add it to {where}"
            ' ("How to add a setting": docs/architecture.md)'
        )


def read_text(name: str, value: object) -> str:
    """Text as it is. Raises `SettingsError` if it is no text."""
    if not isinstance(value, str):
        raise SettingsError(name, f"is {value!r}", "give text")
    return value


def read_flag(name: str, value: object) -> bool:
    """true or false, as JSON or as text. Raises `SettingsError` if it is neither."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in {"true", "false"}:
        return value.lower() == "true"
    raise SettingsError(name, f"is {value!r}", "give true or false")


def read_whole_number(least: int, most: int | None = None) -> Callable[[str, object], int]:
    """A reader of whole numbers from `least` to `most`."""

    def read(name: str, value: object) -> int:
        number = _number(name, value)
        if number != int(number) or number < least or (most is not None and number > most):
            limits = f"from {least}" + (f" to {most}" if most is not None else "")
            raise SettingsError(name, f"is {value!r}", f"give a whole number {limits}")
        return int(number)

    return read


def read_fraction(*, above: float, up_to: float) -> Callable[[str, object], float]:
    """A reader of numbers above `above` and up to `up_to`."""

    def read(name: str, value: object) -> float:
        number = _number(name, value)
        if not above < number <= up_to:
            raise SettingsError(
                name, f"is {value!r}", f"give a number above {above} and up to {up_to}"
            )
        return number

    return read


def read_number(least: float, most: float) -> Callable[[str, object], float]:
    """A reader of numbers from `least` to `most`."""

    def read(name: str, value: object) -> float:
        number = _number(name, value)
        if not least <= number <= most:
            raise SettingsError(name, f"is {value!r}", f"give a number from {least} to {most}")
        return number

    return read


def read_json_object(name: str, value: object) -> Mapping[str, object]:
    """A JSON object, also as text. Raises `SettingsError` if it is none."""
    if isinstance(value, str):
        value = _parsed(value)
    if not isinstance(value, dict):
        raise SettingsError(name, f"is {value!r}", "give a JSON object, {…}")
    return value


def read_texts(name: str, value: object) -> tuple[str, ...]:
    """A list of texts: a JSON list, or text with commas between.

    Raises `SettingsError` if it is neither, or an entry is no text.
    """
    if isinstance(value, str):
        value = _listed(value)
    if not isinstance(value, list | tuple) or not all(isinstance(each, str) for each in value):
        raise SettingsError(name, f"is {value!r}", "give a list of texts, or text with commas")
    return tuple(each.strip() for each in value if each.strip())


def read_pairs(name: str, value: object) -> Mapping[str, str]:
    """Names with a text each: a JSON object, or text like `a=x,b=y`.

    Raises `SettingsError` if it is neither, or the text gives a name twice.
    """
    if isinstance(value, str):
        if value.lstrip().startswith("{"):
            value = _parsed(value)
        else:
            listed = [each.partition("=") for each in value.split(",") if each.strip()]
            if all(equals for _, equals, _ in listed):
                value = {first.strip(): second.strip() for first, _, second in listed}
                if len(value) < len(listed):
                    raise SettingsError(name, "names one twice", "give each a single value")
    if not isinstance(value, Mapping) or not all(isinstance(each, str) for each in value.values()):
        raise SettingsError(name, f"is {value!r}", "give pairs, for example topic=value")
    return dict(value)


def read_addresses(name: str, value: object) -> tuple[str, ...]:
    """A list of host patterns, without scheme or path.

    Raises `SettingsError` if an entry is no host pattern, or would let every host in.
    """
    hosts = read_texts(name, value)
    for host in hosts:
        found = HOST_PATTERN.fullmatch(host)
        if not found or not any(letter.isalnum() for letter in found["host"]):
            raise SettingsError(
                name,
                f"holds {host!r}",
                "name hosts alone, for example inputs.s3.us-east-1.example.com",
            )
    return hosts


def read_matching(pattern: re.Pattern[str], remedy: str) -> Callable[[str, object], str]:
    """A reader of a text of a form, for example an ARN, or of nothing."""

    def read(name: str, value: object) -> str:
        text = read_text(name, value)
        if text and not pattern.fullmatch(text):
            raise SettingsError(name, f"is {text!r}", remedy)
        return text

    return read


def read_all_matching(
    pattern: re.Pattern[str], remedy: str
) -> Callable[[str, object], Sequence[str]]:
    """A reader of lists whose every entry has a form."""

    def read(name: str, value: object) -> Sequence[str]:
        entries = read_texts(name, value)
        for entry in entries:
            if not pattern.fullmatch(entry):
                raise SettingsError(name, f"holds {entry!r}", remedy)
        return entries

    return read


def _listed(text: str) -> object:
    return _parsed(text) if text.lstrip().startswith("[") else text.split(",")


def _parsed(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        return text  # refused by the caller, which shows it


def _number(name: str, value: object) -> float:
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            raise SettingsError(name, f"is {value!r}", "give a number") from None
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise SettingsError(name, f"is {value!r}", "give a number")
    return value
