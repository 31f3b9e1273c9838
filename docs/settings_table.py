"""The tables of settings: names and meanings from the code, defaults from `cdk.json`."""

import ast
import dataclasses
import inspect
import json
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from docs.tables import markdown_table
from infra.settings.command_line import project_context
from infra.settings.settings import Settings, context_name
from infra.settings.types import SettingNotFinished

CODING_SERVICE = "CodingService: "
"""How the meaning of a setting begins that only CodingService has."""


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
    """Every setting, in the code's order.

    Raises `SettingNotFinished` for one without meaning or default.
    """
    meanings = meanings_in(inspect.getsource(Settings))
    return [_setting(field.name, meanings) for field in dataclasses.fields(Settings)]


def _setting(field: str, meanings: Mapping[str, str]) -> Setting:
    if field not in meanings:
        raise SettingNotFinished(
            field, "meaning", "infra/settings/settings.py, as a string below the field"
        )
    name = context_name(field)
    return Setting(name, default_of(name), meanings[field])


def default_of(name: str) -> Any:
    """The default of a setting, by its name in `cdk.json`.

    Raises `SettingNotFinished` where that has none.
    """
    defaults = project_context()
    if name not in defaults:
        raise SettingNotFinished(name, "default", "`context` in cdk.json")
    return defaults[name]


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
    return markdown_table(
        ("setting", "there", "in `cdk.json`"),
        [
            (_code(name), _code(value), _code(json.dumps(default_of(name))))
            for name, value in changed.items()
        ],
    )


def meanings_in(source: str) -> Mapping[str, str]:
    """The string below each field of the class in `source`, on one line, by the field's name."""
    (settings,) = (each for each in ast.parse(source).body if isinstance(each, ast.ClassDef))
    return {
        field.id: " ".join(text.split()).removesuffix(".")
        for before, after in pairwise(settings.body)
        if isinstance(before, ast.AnnAssign) and isinstance(field := before.target, ast.Name)
        if isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant)
        if isinstance(text := after.value.value, str)
    }


def _code(text: str) -> str:
    return f"`{text}`"
