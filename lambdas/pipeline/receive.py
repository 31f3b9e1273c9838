"""Function receive: an object was created in the drop bucket; its execution is started."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from pipeline.collaborators import Collaborators, collaborators
from pipeline.drops import Drops
from pipeline.errors import SettingInvalid
from pipeline.intake import Arrival, Intake
from pipeline.observability import observed


def intake(found: Collaborators) -> Intake:
    settings = found.environment
    if settings.state_machine_arn is None:
        raise SettingInvalid("the environment variable STATE_MACHINE_ARN is missing; deploy again")
    return Intake(
        s3=found.s3,
        executions=found.executions,
        drops=Drops(found.ledger, found.clock),
        measure=found.measure,
        state_machine_arn=settings.state_machine_arn,
        default_topic=settings.default_topic,
        max_file_bytes=settings.max_file_bytes,
    )


@observed
def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    return {"drop_id": intake(collaborators()).accept(Arrival.from_event(event))}
