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
    meanings = _meanings()
    return [_setting(field.name, meanings) for field in dataclasses.fields(Settings)]


def _setting(field: str, meanings: Mapping[str, str]) -> Setting:
    if field not in meanings:
        where = "infra/settings/settings.py, as a string below the field"
        raise SettingNotFinished(field, "meaning", where)
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


def _meanings() -> Mapping[str, str]:
    """The text below each field of `Settings`, on one line."""
    (settings_class,) = ast.parse(inspect.getsource(Settings)).body
    meanings = {}
    for field, below in pairwise(ast.iter_child_nodes(settings_class)):
        match field, below:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(ast.Constant(str(text))):
                meanings[name] = _uncapitalised(" ".join(text.split()).removesuffix("."))
    return meanings


def _uncapitalised(text: str) -> str:
    """The text as a table has it; names such as ARN and CodingService keep their letters."""
    is_name = text[1].isupper() or text.startswith(CODING_SERVICE)
    return text if is_name else text[0].lower() + text[1:]


def _code(text: str) -> str:
    return f"`{text}`"
