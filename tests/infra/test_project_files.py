"""State machine definitions with their placeholders filled."""

import json

import pytest

from infra.project_files import PLACEHOLDER, STATE_MACHINES, DefinitionError, definition

VALUES = {
    name: f"value-of-{name}"
    for name in PLACEHOLDER.findall((STATE_MACHINES / "drop.asl.json").read_text("utf-8"))
}


def should_fill_every_placeholder_and_keep_the_rest() -> None:
    filled = definition("drop.asl.json", VALUES)
    assert "${" not in filled
    assert all(value in filled for value in VALUES.values())
    shipped = json.loads((STATE_MACHINES / "drop.asl.json").read_text("utf-8"))
    assert json.loads(filled)["States"].keys() == shipped["States"].keys()


def should_write_a_number_without_quotes() -> None:
    values = {
        name: f"value-of-{name}"
        for name in PLACEHOLDER.findall((STATE_MACHINES / "inference.asl.json").read_text("utf-8"))
    }
    filled = json.loads(definition("inference.asl.json", {**values, "InferenceConcurrency": 12}))
    assert filled["States"]["Code ranges"]["MaxConcurrency"] == 12


def should_refuse_when_a_value_is_missing() -> None:
    values = dict(VALUES)
    del values["SubmitFunctionArn"]
    with pytest.raises(DefinitionError, match=r"no value for \$\{SubmitFunctionArn\}"):
        definition("drop.asl.json", values)


def should_refuse_when_a_value_has_no_placeholder() -> None:
    with pytest.raises(DefinitionError, match="no placeholder for Spare"):
        definition("drop.asl.json", {**VALUES, "Spare": "x"})


def should_refuse_when_the_file_is_missing() -> None:
    with pytest.raises(DefinitionError, match=r"nowhere\.asl\.json"):
        definition("nowhere.asl.json", {})
