"""The example of deploying from GitHub Actions is sound, and fits what it deploys."""

import json
import re
from typing import Any

import yaml

from infra.project_files import PROJECT
from tests.support.markdown import document

PAGE = document("docs/deploying.md")
ISSUER = "token.actions.githubusercontent.com"


def fence(label: str) -> str:
    (found,) = (each.body for each in PAGE.fences if each.label == label)
    return found


def should_let_one_environment_of_one_repository_be_the_role() -> None:
    (statement,) = json.loads(fence("trust"))["Statement"]
    assert statement["Principal"]["Federated"].endswith(f":oidc-provider/{ISSUER}")
    assert statement["Condition"].keys() == {"StringEquals"}
    conditions = statement["Condition"]["StringEquals"]
    assert conditions[f"{ISSUER}:aud"] == "sts.amazonaws.com"
    subject = conditions[f"{ISSUER}:sub"]
    assert "*" not in subject
    assert subject.endswith(f":environment:{workflow()['jobs']['deploy']['environment']}")


def should_let_the_role_act_as_the_roles_of_the_bootstrap_alone() -> None:
    (statement,) = json.loads(fence("deployer"))["Statement"]
    assert (statement["Action"], statement["Effect"]) == ("sts:AssumeRole", "Allow")
    assert re.search(r":role/cdk-hnb659fds-\*-<account>-<region>$", statement["Resource"])


def should_ask_for_the_token_and_for_nothing_to_write() -> None:
    assert workflow()["permissions"] == {"contents": "read", "id-token": "write"}


def should_name_the_role_that_the_commands_make() -> None:
    names = set(re.findall(r"--role-name (\S+)", PAGE.text))
    steps = workflow()["jobs"]["deploy"]["steps"]
    (role,) = (step["with"]["role-to-assume"] for step in steps if "role-to-assume" in str(step))
    assert names == {role.rpartition("/")[2]}


def should_run_targets_that_are_there_with_the_python_of_the_functions() -> None:
    makefile = (PROJECT / "Makefile").read_text("utf-8")
    steps = workflow()["jobs"]["deploy"]["steps"]
    runs = [step["run"].split() for step in steps if "run" in step]
    assert [words[1] for words in runs] == ["check", "deploy"]
    assert all(re.search(rf"^{words[1]}:", makefile, re.MULTILINE) for words in runs)
    functions = (PROJECT / "infra/constructs/functions.py").read_text("utf-8")
    (version,) = (step["with"]["python-version"] for step in steps if "python-version" in str(step))
    assert f"PYTHON_{version.replace('.', '_')}" in functions


def workflow() -> Any:
    return yaml.safe_load(fence("workflow"))
