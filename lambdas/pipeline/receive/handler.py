"""Function receive: objects were created in the drop bucket; their executions are started."""

import json
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from pipeline.dependencies import Dependencies, dependencies
from pipeline.domain.state_fields import MalformedState
from pipeline.observability import logger, observed
from pipeline.receive.receiver import Receiver
from pipeline.receive.s3_event import ObjectCreated


def receiver(deps: Dependencies) -> Receiver:
    settings = deps.environment
    return Receiver(
        s3=deps.s3,
        drops=deps.drops,
        starter=deps.starter(deps.state_machine_arn),
        reader=deps.block_reader,
        default_topic=settings.default_topic,
        model_id=settings.engines.model_id,
        max_file_bytes=settings.max_file_bytes,
        share_max_bytes=min(settings.share_max_bytes, settings.max_file_bytes),
        measure=deps.measure,
    )


def read_messages(records: list[dict[str, Any]]) -> tuple[dict[str, ObjectCreated], list[str]]:
    """The events by the id of their message, and the ids of messages that can't be read."""
    events: dict[str, ObjectCreated] = {}
    unreadable: list[str] = []
    for record in records:
        try:
            events[record["messageId"]] = ObjectCreated.from_event(json.loads(record["body"]))
        except (MalformedState, ValueError) as error:
            logger.error("a message can't be read", extra={"text": str(error)})
            unreadable.append(record["messageId"])
    return events, unreadable


@observed
def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """Takes a batch of SQS; the answer names the messages that have to be delivered again."""
    events, again = read_messages(event["Records"])
    failed = receiver(dependencies()).receive(list(events.values()))
    again += [message for message, created in events.items() if created in failed]
    return {"batchItemFailures": [{"itemIdentifier": message} for message in again]}
