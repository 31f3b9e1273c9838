"""The Pipeline that is meant is found by its name; AWS's refusals say what to do."""

from typing import Any

import pytest
from botocore.exceptions import (
    ClientError,
    EndpointConnectionError,
    NoCredentialsError,
    NoRegionError,
    ProfileNotFound,
)

from dropcoder.deployed.reach import aws_told, reach
from dropcoder.errors import CommandError, ExitStatus
from erasure import errors
from erasure.deployment import Clients
from tests.support.erasure import OUTPUTS, Stacks, stack

MACHINE = "arn:aws:states:ap-southeast-2:123456789012:stateMachine:drop"


@pytest.fixture
def stacks(monkeypatch: pytest.MonkeyPatch) -> Stacks:
    found = Stacks([stack("Other"), stack("survey-Pipeline", **OUTPUTS, StateMachineArn=MACHINE)])
    made: dict[str, Any] = {"cloudformation": found}
    monkeypatch.setattr(Clients, "of", lambda _session: Clients(made.__getitem__))
    return found


def should_find_the_only_pipeline_or_the_one_that_is_named(stacks: Stacks) -> None:
    assert reach(name=None).deployment.stack == "survey-Pipeline"
    stacks.stacks.append(stack("dropcoder-Pipeline", **OUTPUTS, StateMachineArn=MACHINE))
    for name in ("dropcoder", "dropcoder-Pipeline"):
        assert reach(name=name).deployment.stack == "dropcoder-Pipeline"
    with pytest.raises(CommandError, match="Several stacks") as several, aws_told():
        reach(name=None)
    assert "--name" in several.value.next_step
    assert several.value.status == ExitStatus.USAGE


@pytest.mark.parametrize("name", ["nobodys", None])
def should_say_what_to_check_when_there_is_no_such_stack(stacks: Stacks, name: str | None) -> None:
    if name is None:
        stacks.stacks.clear()
    with pytest.raises(CommandError, match="There is no") as error, aws_told():
        reach(name=name)
    assert error.value.status == ExitStatus.USAGE
    assert error.value.next_step


def refusal(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "with a secret"}}, "GetItem")


@pytest.mark.parametrize(
    ("error", "status", "advice"),
    [
        (NoCredentialsError(), ExitStatus.FAILED, "AWS_PROFILE"),
        (NoRegionError(), ExitStatus.FAILED, "--region"),
        (ProfileNotFound(profile="p"), ExitStatus.FAILED, "--profile"),
        (EndpointConnectionError(endpoint_url="https://x"), ExitStatus.FAILED, "make up"),
        (refusal("AccessDeniedException"), ExitStatus.FAILED, "docs/command-line.md"),
        (refusal("ExpiredTokenException"), ExitStatus.FAILED, "Log in again"),
        (refusal("UnrecognizedClientException"), ExitStatus.FAILED, "credentials"),
        (refusal("ThrottlingException"), ExitStatus.FAILED, "run it again"),
        (errors.BadRequest("x", next_step="y"), ExitStatus.USAGE, "y"),
        (errors.NothingKnown("x", next_step="y"), ExitStatus.NOT_FOUND, "y"),
        (errors.StillGoing("x", next_step="y"), ExitStatus.GOING, "y"),
        (errors.NotConfirmed("x", next_step="y"), ExitStatus.UNCONFIRMED, "y"),
        (errors.Unfinished("x", next_step="y"), ExitStatus.FAILED, "y"),
    ],
)
def should_say_what_to_do_for_each_refusal(
    error: Exception, status: ExitStatus, advice: str
) -> None:
    with pytest.raises(CommandError) as told, aws_told():
        raise error
    assert told.value.status == status
    assert advice in told.value.next_step
    assert "secret" not in str(told.value)
