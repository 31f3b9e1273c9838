"""Starts executions of the drop state machine, each name once."""

import json
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from pipeline.aws_errors import aws_busy_as_try_again, code_of
from pipeline.states import Execution

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient


def start(
    executions: "SFNClient", state_machine_arn: str, name: str, execution: Execution
) -> tuple[str, bool]:
    """The ARN of the execution of that name, and whether this call started it.

    Step Functions itself refuses a second start of a name. Raises `AwsBusy`.
    """
    with aws_busy_as_try_again():
        try:
            started = executions.start_execution(
                stateMachineArn=state_machine_arn,
                name=name,
                input=json.dumps(execution.to_state(), ensure_ascii=False),
            )
        except ClientError as error:
            if code_of(error) != "ExecutionAlreadyExists":
                raise
            return f"{state_machine_arn.replace(':stateMachine:', ':execution:')}:{name}", False
    return started["executionArn"], True
