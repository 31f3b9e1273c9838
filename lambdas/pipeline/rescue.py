"""Function rescue: an execution failed, timed out or was aborted; its drops are told."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from pipeline.collaborators import Collaborators, collaborators
from pipeline.errors import SettingInvalid
from pipeline.observability import observed
from pipeline.rescuing import Rescuing


def rescuing(found: Collaborators) -> Rescuing:
    arn = found.environment.state_machine_arn
    if arn is None:
        raise SettingInvalid("the environment variable STATE_MACHINE_ARN is missing; deploy again")
    return Rescuing(executions=found.executions, state_machine_arn=arn)


@observed
def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    return {"told": rescuing(collaborators()).rescue(event)}
