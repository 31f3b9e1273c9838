"""The CDK context outside the app: what `cdk.json` says, and what the CLI hands on.

The one module of `infra` that reads the environment.
"""

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from infra.project_files import PROJECT
from infra.settings.types import SettingsError

# The CDK CLI passes the merged context (cdk.json, -c) to the app's command in this variable.
CLI_CONTEXT = "CDK_CONTEXT_JSON"
# It passes the region of its credentials in this one, where it has any.
CLI_REGION = "CDK_DEFAULT_REGION"


def command_context(overrides: Sequence[str] = ()) -> Mapping[str, Any]:
    """The context: what the CDK CLI handed on, else `cdk.json`; then `name=value` overrides.

    Raises `SettingsError` if `cdk.json` cannot be read, or an override has no `=`.
    """
    handed_on = os.environ.get(CLI_CONTEXT)
    context = dict(json.loads(handed_on) if handed_on else project_context())
    for override in overrides:
        name, equals, value = override.partition("=")
        if not equals:
            raise SettingsError(name, "was given without a value", "write -c name=value")
        context[name] = value
    return context


def target_region() -> str | None:
    """The region that the CDK CLI deploys to; None where it has no credentials to know it by."""
    return os.environ.get(CLI_REGION)


def project_context(file: Path = PROJECT / "cdk.json") -> Mapping[str, Any]:
    """The context of `cdk.json`. Raises `SettingsError` if it cannot be read."""
    try:
        context: Mapping[str, Any] = json.loads(file.read_text("utf-8"))["context"]
    except (OSError, ValueError, KeyError) as error:
        raise SettingsError(
            "context", f"of {file} cannot be read ({error!r})", "restore the file"
        ) from error
    return context


def child_environment(additions: Mapping[str, str]) -> dict[str, str]:
    """This process's environment with additions, for a process that it starts."""
    return {**os.environ, **additions}
