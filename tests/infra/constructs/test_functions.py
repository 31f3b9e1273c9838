"""Every function of both stacks comes out of the one factory."""

import json
from pathlib import Path

import pytest

from infra.project_files import LAMBDAS
from infra.settings.account_readers import FUNCTIONS
from infra.settings.readers import QUEUE_CONCURRENCY
from infra.settings.types import SettingsError
from tests.infra.conftest import CLIENTS, LOCAL_CLOUD, Deployment, synthesize


def should_run_on_the_newest_managed_python_on_aws(aws: Deployment) -> None:
    functions = aws.resources("AWS::Lambda::Function")
    assert {each["Runtime"] for each in functions.values()} == {"python3.14"}
    assert {tuple(each["Architectures"]) for each in functions.values()} == {("arm64",)}


def should_run_its_own_bootstrap_in_the_local_cloud(local: Deployment) -> None:
    functions = local.resources("AWS::Lambda::Function")
    assert {each["Runtime"] for each in functions.values()} == {"provided.al2023"}


def should_trace_every_function_and_keep_its_logs_in_its_own_group(either: Deployment) -> None:
    functions = either.resources("AWS::Lambda::Function")
    groups = [each["LoggingConfig"]["LogGroup"]["Ref"] for each in functions.values()]
    assert len(set(groups)) == len(functions)
    assert {each["TracingConfig"]["Mode"] for each in functions.values()} == {"Active"}


def should_keep_logs_for_the_days_of_the_settings(either: Deployment) -> None:
    groups = either.resources("AWS::Logs::LogGroup")
    assert {group["RetentionInDays"] for group in groups.values()} == {30}


def should_give_every_function_a_role_of_its_own(either: Deployment) -> None:
    functions = either.resources("AWS::Lambda::Function")
    roles = {(name.split("/")[0], str(each["Role"])) for name, each in functions.items()}
    assert len(roles) == len(functions)
    managed = [
        role
        for role in either.resources("AWS::IAM::Role").values()
        if "ManagedPolicyArns" in role and "lambda.amazonaws.com" in str(role)
    ]
    assert managed == []


def should_name_handlers_that_the_sources_have(either: Deployment) -> None:
    for name, function in either.resources("AWS::Lambda::Function").items():
        *module, entry = function["Handler"].split(".")
        assert LAMBDAS.joinpath(*module).with_suffix(".py").is_file(), name
        assert entry == "handler"


def should_say_how_to_build_an_asset_that_is_missing(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"python -m infra\.assets"):
        synthesize(
            tmp_path, codingService="true", localCloud=LOCAL_CLOUD, assets=str(tmp_path / "none")
        )


def should_reserve_concurrency_for_the_functions_that_the_settings_name(
    tmp_path: Path, aws: Deployment
) -> None:
    reserved = dict.fromkeys(FUNCTIONS, 30)
    deployment = synthesize(
        tmp_path,
        codingService=True,
        machineLearningClients=CLIENTS,
        reservedConcurrency=json.dumps(reserved),
    )
    assert concurrencies(deployment) == [30] * len(FUNCTIONS)
    assert concurrencies(aws) == [None] * len(FUNCTIONS)


def concurrencies(deployment: Deployment) -> list[int | None]:
    """What is reserved for each function."""
    functions = deployment.resources("AWS::Lambda::Function").values()
    return [each.get("ReservedConcurrentExecutions") for each in functions]


def should_reserve_no_less_than_a_queue_hands_out() -> None:
    from infra.pipeline.receive import RECEIVE_AT_ONCE  # noqa: PLC0415

    assert QUEUE_CONCURRENCY[0] == RECEIVE_AT_ONCE
