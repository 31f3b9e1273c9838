"""What others say of the templates: cfn-lint, a validator of Amazon States Language, the CDK.

Four configurations are linted: an external service, both stacks, Amazon ML, all settings set.
"""

import dataclasses
import json
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml

from infra.project_files import PROJECT, STATE_MACHINES
from infra.settings.settings import Settings, context_name
from localcloud.deployment import NODE, cdk_command
from localcloud.environment import ambient, cdk_environment
from localcloud.places import Tools
from tests.infra.conftest import (
    BATCH_KEY,
    CLIENTS,
    ENGINES,
    FITTED,
    ROLE,
    SECRET,
    SERVICE,
    VPC,
    WEB_ACL,
    Deployment,
    synthesize,
)

RULES = PROJECT / ".cfnlintrc"
CFN_LINT = Path(sys.executable).with_name("cfn-lint")
ASL_VALIDATOR = PROJECT / "node_modules/asl-validator/dist/bin/asl-validator.js"
BOTH: Mapping[str, Any] = {"codingService": "true"}
EMAILS = {"notificationEmails": "people@example.com", "operatorEmails": "operators@example.com"}
ALL: Mapping[str, Any] = {
    **SERVICE,
    **ENGINES,
    "engines": "anzsco=amazon-ml,osca=coding-service-small",
    **BOTH,
    **EMAILS,
    "architecture": "x86_64",
    "logRetentionDays": 365,
    "retainStorage": "false",
    "tokenPrefix": "Bearer",
    "defaultTopic": "anzsco",
    "requestsPerSecond": 2,
    "requestsPerDay": 20_000,
    "maxFileBytes": 1 << 30,
    "shareOperations": "false",
    "pollFirstSeconds": 5,
    "pollFraction": 0.2,
    "pollCeilingSeconds": 3600,
    "maxAttempts": 5,
    "fallbackEncoding": "cp1250",
    "maxRefusedShare": 0.1,
    "strict": "true",
    "distinctTexts": "false",
    "blindShare": 0.1,
    "useDictionary": "anzsco",
    "resultFormats": "csv,xlsx",
    "prepareConcurrency": 5,
    "amazonMlUrl": "https://ml.example",
    "amazonMlKeySecretArn": SECRET,
    "amazonMlRoleArn": ROLE,
    "amazonMlModels": "anzsco=ml-model",
    "amazonMlThreshold": 0.5,
    "uploadWindowSeconds": 1800,
    "resultsSeconds": 3600,
    "serviceRequestsPerSecond": 2,
    "serviceBurst": 2,
    "serviceRequestsPerDay": 20_000,
    "servicePublicRequestsPerDay": 2_000,
    "inferenceRangeBytes": 1 << 21,
    "inferenceConcurrency": 7,
    "tokenSeconds": 1800,
    "machineLearningClients": "one,two",
    "batchPredictionBuckets": "data-of-one",
    "batchPredictionKeys": BATCH_KEY,
    **FITTED,
    "kmsKeyArn": BATCH_KEY,
    "reservedConcurrency": '{"prepare": 60, "receive": 2}',
    **VPC,
    "routeTableIds": "rtb-0123abcd",
    "shareWaitSeconds": 30,
    "shareMaxBytes": 1 << 20,
    "columns": '{"anzsco": {"occp_text": ["Job title"]}}',
    "codeDigits": '{"anzsco": 4}',
    "pieceConcurrency": 8,
    "maxUnpackedBytes": 1 << 33,
    "serviceMaxFileBytes": 1 << 30,
    "apiGatewayLogs": "own",
    "webAclArn": WEB_ACL,
}
NOT_FOR_AWS = {"localCloud", "allowPlainHttp", "assets"}
BY_DEFAULT = {"modelsDir", "codelists", "vpcEndpoints"}  # folders of the project; a list of all
CONFIGURATIONS: Mapping[str, Mapping[str, Any]] = {
    "a service elsewhere": SERVICE,
    "both stacks": {**BOTH, **EMAILS, "machineLearningClients": CLIENTS},
    "Amazon ML": {**SERVICE, **ENGINES},
    "all settings": ALL,
}
# What the CDK says of a synthesis that went well.
NEWS = re.compile(r"Successfully synthesized to .*|Supply a stack id \(.*\) to display its.*|")


def lint(deployment: Deployment, place: Path, *rules: str) -> str:
    """What cfn-lint says; nothing where all is well."""
    templates = []
    for name, template in deployment.templates.items():
        templates.append(place / f"{name}.template.json")
        templates[-1].write_text(json.dumps(template), "utf-8")
    command = [str(CFN_LINT), *rules, "--", *map(str, templates)]
    return subprocess.run(
        command, cwd=PROJECT, capture_output=True, text=True, check=False
    ).stdout.strip()


def should_set_every_setting_where_all_are_set() -> None:
    names = {context_name(field.name) for field in dataclasses.fields(Settings)}
    assert names - ALL.keys() == NOT_FOR_AWS | BY_DEFAULT


@pytest.mark.parametrize("name", CONFIGURATIONS)
def should_find_nothing_when_a_configuration_is_linted(name: str, tmp_path: Path) -> None:
    deployment = synthesize(tmp_path, **CONFIGURATIONS[name])
    assert lint(deployment, tmp_path) == ""
    assert validated(*definitions(deployment, tmp_path)) == ""


def ignored_rules() -> Iterator[tuple[str, bool]]:
    """The ids of the rules that are left out, and whether a comment stands above each."""
    lines = RULES.read_text("utf-8").splitlines()
    for above, line in pairwise(lines):
        if found := re.fullmatch(r" +- ([EWI]\d+)", line):
            yield found[1], above.strip().startswith("#")


@pytest.mark.slow
def should_say_why_for_each_rule_that_is_left_out_and_need_it(
    aws: Deployment, tmp_path: Path
) -> None:
    rules = dict(ignored_rules())
    assert list(rules) == yaml.safe_load(RULES.read_text("utf-8"))["ignore_checks"]
    assert all(rules.values())
    bare = tmp_path / "bare.yaml"
    bare.write_text("regions: [us-east-1]\n", "utf-8")
    found = lint(aws, tmp_path, "--config-file", str(bare))
    assert set(re.findall(r"^[EWI]\d{4}", found, re.MULTILINE)) == set(rules)


def should_be_valid_states_language_when_a_state_machine_is_deployed(
    aws: Deployment, tmp_path: Path
) -> None:
    shipped = sorted(each.name for each in STATE_MACHINES.glob("*.asl.json"))
    assert len(aws.resources("AWS::StepFunctions::StateMachine")) == len(shipped) == 3
    assert validated(*definitions(aws, tmp_path)) == ""


def should_find_a_fault_when_a_state_machine_has_one(tmp_path: Path) -> None:
    lost = tmp_path / "lost.json"
    lost.write_text('{"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "B"}}}', "utf-8")
    assert "B" in validated("--json-path", str(lost))


def definitions(deployment: Deployment, place: Path) -> list[str]:
    """The state machines of a deployment, as the validator's arguments."""
    arguments: list[str] = []
    for name, machine in deployment.resources("AWS::StepFunctions::StateMachine").items():
        file = place / f"{name.replace('/', '-')}.json"
        file.write_text(filled(machine["DefinitionString"]), "utf-8")
        arguments += ["--json-path", str(file)]
    return arguments


def filled(definition: Any) -> str:
    """A definition of a template, with names in place of what CloudFormation fills in."""
    if isinstance(definition, str):
        return definition
    separator, pieces = definition["Fn::Join"]
    return str(separator).join(each if isinstance(each, str) else named(each) for each in pieces)


def named(reference: Mapping[str, Any]) -> str:
    ((kind, of),) = reference.items()
    if kind == "Fn::GetAtt":
        return f"arn:aws:lambda:us-east-1:111111111111:function:{of[0]}"
    return {"AWS::Partition": "aws"}.get(of, f"arn:aws:sns:us-east-1:111111111111:{of}")


def validated(*arguments: str) -> str:
    """What the validator says; nothing where all is well."""
    command = [str(NODE), str(ASL_VALIDATOR), *arguments]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    return "" if run.returncode == 0 else run.stdout + run.stderr


@pytest.mark.slow
@pytest.mark.parametrize("settings", CONFIGURATIONS.values(), ids=CONFIGURATIONS.keys())
def should_print_no_warning_when_the_cdk_synthesizes(
    settings: Mapping[str, str], tmp_path: Path
) -> None:
    for package in ("pipeline", "tables", "coding_service"):
        (tmp_path / "assets" / package).mkdir(parents=True)
        (tmp_path / "assets" / package / "placeholder.py").touch()
    context = {**settings, "assets": str(tmp_path / "assets")}
    arguments = ["synth", "--quiet", "--app", f"{sys.executable} app.py"]
    arguments += ["--output", str(tmp_path / "out")]
    arguments += [word for name, value in context.items() for word in ("-c", f"{name}={value}")]
    environment = cdk_environment(ambient(), node=NODE, python=Tools().python)
    # The app itself must see to a Node that has not ended.
    del environment["JSII_NODE"]
    run = subprocess.run(
        cdk_command(Tools(), arguments),
        cwd=PROJECT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    said = (run.stdout + run.stderr).splitlines()
    assert run.returncode == 0, said
    assert [line for line in said if not NEWS.fullmatch(line)] == []
