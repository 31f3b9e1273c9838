"""The tables of settings: names and meanings from the code, defaults from `cdk.json`."""

import dataclasses
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from docs.tables import markdown_table
from infra.settings.command_line import project_context
from infra.settings.settings import Settings, context_name

CODING_SERVICE = "CodingService: "
"""How the meaning of a setting begins that only CodingService has."""

_IVAR = re.compile(r":ivar (\w+): (.+?)(?=\n\s*:ivar |\Z)", re.DOTALL)


@dataclass(frozen=True)
class Setting:
    """A row of the table."""

    name: str
    """As in `cdk.json`."""
    default: Any
    meaning: str

    @property
    def is_of_coding_service(self) -> bool:
        return self.meaning.startswith(CODING_SERVICE)


def settings() -> list[Setting]:
    """Every setting, in the code's order. Raises `KeyError` for one without meaning or default."""
    meanings, defaults = _meanings(), project_context()
    return [
        Setting(name := context_name(field.name), defaults[name], meanings[field.name])
        for field in dataclasses.fields(Settings)
    ]


def settings_table() -> str:
    """All settings."""
    return markdown_table(
        ("setting", "default", "meaning"),
        [(_code(each.name), _code(json.dumps(each.default)), each.meaning) for each in settings()],
    )


def service_settings_table() -> str:
    """CodingService's own."""
    return markdown_table(
        ("setting", "default", "meaning"),
        [
            (
                _code(each.name),
                _code(json.dumps(each.default)),
                each.meaning.removeprefix(CODING_SERVICE),
            )
            for each in settings()
            if each.is_of_coding_service
        ],
    )


def changed_settings_table(changed: Mapping[str, str]) -> str:
    """What a deployment sets otherwise than `cdk.json`."""
    defaults = project_context()
    return markdown_table(
        ("setting", "there", "in `cdk.json`"),
        [
            (_code(name), _code(value), _code(json.dumps(defaults[name])))
            for name, value in changed.items()
        ],
    )


def _meanings() -> Mapping[str, str]:
    """From the docstring of `Settings`: each field's text on one line."""
    documented = Settings.__doc__ or ""
    return {
        name: " ".join(text.split()).removesuffix(".") for name, text in _IVAR.findall(documented)
    }


def _code(text: str) -> str:
    return f"`{text}`"
