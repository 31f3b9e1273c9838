"""Starts executions of the drop state machine, each name once."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from pipeline.aws_errors import aws_busy_as_try_again, code_of

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient


def start(
    executions: "SFNClient", state_machine_arn: str, name: str, given: Mapping[str, Any]
) -> bool:
    """Starts an execution with this input; whether this call did.

    Step Functions itself refuses a second start of a name. Raises `AwsBusy`.
    """
    with aws_busy_as_try_again():
        try:
            executions.start_execution(
                stateMachineArn=state_machine_arn,
                name=name,
                input=json.dumps(given, ensure_ascii=False, separators=(",", ":")),
            )
        except ClientError as error:
            if code_of(error) != "ExecutionAlreadyExists":
                raise
            return False
    return True
