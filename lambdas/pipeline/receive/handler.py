"""Function receive: objects were created in the drop bucket; their executions are started."""

import json
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from pipeline.dependencies import Dependencies, dependencies
from pipeline.domain.state_fields import MalformedState
from pipeline.observability import logger, observed
from pipeline.receive.batching import Sharing
from pipeline.receive.receiver import Intake
from pipeline.receive.s3_event import Admission, Arrival
from pipeline.receive.splitting import Pieces


def intake(deps: Dependencies) -> Intake:
    settings = deps.environment
    return Intake(
        admission=Admission(
            s3=deps.s3,
            default_topic=settings.default_topic,
            model_id=settings.engines.model_id,
        ),
        drops=deps.drops,
        starter=deps.starter(deps.state_machine_arn),
        sharing=Sharing(max_bytes=min(settings.share_max_bytes, settings.max_file_bytes)),
        pieces=Pieces(
            reader=deps.block_reader,
            max_file_bytes=settings.max_file_bytes,
        ),
        measure=deps.measure,
    )


def arrivals_of(records: list[dict[str, Any]]) -> tuple[dict[str, Arrival], list[str]]:
    """Arrivals by the id of their message, and the ids of those that can't be read."""
    arrivals: dict[str, Arrival] = {}
    unreadable: list[str] = []
    for record in records:
        try:
            arrivals[record["messageId"]] = Arrival.from_event(json.loads(record["body"]))
        except (MalformedState, ValueError) as error:
            logger.error("a message can't be read", extra={"text": str(error)})
            unreadable.append(record["messageId"])
    return arrivals, unreadable


@observed
def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """A batch of SQS; its answer names the messages that have to be delivered again."""
    arrivals, again = arrivals_of(event["Records"])
    failed = intake(dependencies()).accept(list(arrivals.values()))
    again += [message for message, arrival in arrivals.items() if arrival in failed]
    return {"batchItemFailures": [{"itemIdentifier": message} for message in again]}
