"""State machine definitions: files of `statemachine/` with `${Name}` placeholders filled."""

import json
import re
from collections.abc import Mapping
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
LAMBDAS = PROJECT / "lambdas"

STATE_MACHINES = PROJECT / "statemachine"
PLACEHOLDER = re.compile(r"\$\{([A-Za-z][A-Za-z0-9]*)\}")


class DefinitionError(Exception):
    """A definition and the values for its placeholders do not fit; mended in the stack's code."""


def definition(file: str, values: Mapping[str, str | int]) -> str:
    """The definition of a state machine, compact, with every placeholder filled.

    `file` is a file name in `statemachine/`, for example `drop.asl.json`. `values` has a value,
    often a CDK token, for each placeholder's name. A number stands for a whole text, `"${Name}"`,
    and is written without its quotes. Raises `DefinitionError` if the file is missing or no JSON,
    or a placeholder lacks its value, or a value has no placeholder.
    """
    path = STATE_MACHINES / file
    try:
        # Read and written again: white space counts towards the limit of 1 MB a definition.
        text = json.dumps(json.loads(path.read_text("utf-8")), separators=(",", ":"))
    except OSError as error:
        raise DefinitionError(f"{path}: {error.strerror}: name a file of statemachine/") from error
    except ValueError as error:
        raise DefinitionError(f"{path}: not JSON: {error}") from error
    wanted = set(PLACEHOLDER.findall(text))
    if missing := sorted(wanted - set(values)):
        raise DefinitionError(f"{path}: no value for ${{{', ${'.join(missing)}}}: pass one")
    if unknown := sorted(set(values) - wanted):
        raise DefinitionError(f"{path}: no placeholder for {', '.join(unknown)}: leave it out")
    for name, value in values.items():
        if isinstance(value, int):
            text = text.replace(f'"${{{name}}}"', str(value))
    return PLACEHOLDER.sub(lambda match: str(values[match.group(1)]), text)
