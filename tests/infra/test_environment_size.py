"""Environments that Lambda would refuse are refused at synth, with the setting to change."""

import copy
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from infra.environment_size import MOST_BYTES, Environments
from infra.project_files import PROJECT
from infra.settings.command_line import project_context
from infra.settings.types import SettingsError
from tests.infra.conftest import Deployment

FUNCTION = {"Type": "AWS::Lambda::Function"}


def of_variables(variables: dict[str, Any], **resources: str) -> Environments:
    """One function with these variables, beside resources by their types."""
    properties = {"Handler": "a.handler", "Environment": {"Variables": variables}}
    others = {name: {"Type": kind} for name, kind in resources.items()}
    return Environments(
        {"Stack": {"Resources": {"F": {**FUNCTION, "Properties": properties}, **others}}}
    )


@pytest.mark.parametrize("deployed", ["aws", "local", "alone", "named"])
def should_let_usual_settings_pass(deployed: str, request: pytest.FixtureRequest) -> None:
    deployment: Deployment = request.getfixturevalue(deployed)
    Environments(deployment.templates).check()


@pytest.mark.parametrize(
    ("handler", "variable", "setting"),
    [
        ("pipeline.check.handler.handler", "COLUMNS", "columns .* columns.yaml beside"),
        ("pipeline.check.handler.handler", "PRESIGNED_HOSTS", "presignedHosts"),
        ("pipeline.check.handler.handler", "ENGINES", "engines"),
        ("pipeline.check.handler.handler", "AMAZON_ML_MODELS", "amazonMlModels"),
        ("pipeline.check.handler.handler", "CODE_DIGITS", "codeDigits"),
        ("coding_service.amazon_ml.api.handler.handler", "ACCESS_KEYS", "machineLearningClients"),
    ],
)
def should_name_the_setting_that_takes_most(
    handler: str, variable: str, setting: str, named: Deployment
) -> None:
    templates = copy.deepcopy(dict(named.templates))
    (variables,) = (
        resource["Properties"]["Environment"]["Variables"]
        for template in templates.values()
        for resource in template["Resources"].values()
        if resource["Type"] == "AWS::Lambda::Function"
        if resource["Properties"]["Handler"] == handler
    )
    assert variable in variables
    variables[variable] = "x" * 4_000
    with pytest.raises(SettingsError, match=f"{setting}") as refused:
        Environments(templates).check()
    assert f"takes 4,000 bytes of the environment of {handler}" in str(refused.value)


@pytest.mark.parametrize("character", ["x", "é", '"'])
def should_count_bytes_of_json_as_lambda_does(character: str) -> None:
    each = len(json.dumps(character, ensure_ascii=False).encode()) - 2
    room = MOST_BYTES - len('{"COLUMNS":""}')
    fitting, rest = character * (room // each), "x" * (room % each)
    of_variables({"COLUMNS": fitting + rest}).check()
    with pytest.raises(SettingsError, match="columns"):
        of_variables({"COLUMNS": fitting + rest + "x"}).check()


def should_take_what_cloudformation_fills_in_as_long_as_it_may_become() -> None:
    region, bucket = {"Ref": "AWS::Region"}, {"Ref": "B" * 60}
    host = {"Fn::Join": ["", [bucket, ".s3.", region]]}
    arn = {"Fn::GetAtt": ["Secret", "Id"]}
    room = MOST_BYTES - len('{"COLUMNS":"","H":"","A":""}') - (63 + 4 + 14) - (70 + 5 + 6 + 15)
    kinds = {"B" * 60: "AWS::S3::Bucket", "Secret": "AWS::SecretsManager::Secret"}
    of_variables({"COLUMNS": "x" * room, "H": host, "A": arn}, **kinds).check()
    with pytest.raises(SettingsError):
        of_variables({"COLUMNS": "x" * (room + 1), "H": host, "A": arn}, **kinds).check()


@pytest.mark.parametrize("value", [{"Fn::Sub": "x"}, {"Fn::ImportValue": "nobody's"}])
def should_pass_over_no_value_that_it_can_not_measure(value: object) -> None:
    with pytest.raises(TypeError):
        of_variables({"A": value}).check()


@pytest.mark.aws  # in a process of its own
def should_end_the_app_with_the_setting_when_it_is_too_long(tmp_path: Path) -> None:
    for package in ("pipeline", "tables", "coding_service"):
        (tmp_path / "assets" / package).mkdir(parents=True)
        (tmp_path / "assets" / package / "placeholder.py").touch()
    context = {
        **project_context(),
        "assets": str(tmp_path / "assets"),
        "codingService": True,
        "machineLearningClients": [f"department-{number}" for number in range(20)],
    }
    ended = subprocess.run(
        [sys.executable, "app.py"],
        cwd=PROJECT,
        env={
            **os.environ,
            "CDK_CONTEXT_JSON": json.dumps(context),
            "CDK_OUTDIR": str(tmp_path / "out"),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 1
    assert "machineLearningClients takes" in ended.stderr
    assert "Lambda takes 4,096" in ended.stderr
