"""Many small files, and a large one, through both deployed stacks under enforced IAM.

The service's limits are far away here; that they are kept at any number is shown by the simulation.
"""

import re
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from localcloud.cloud import LocalCloud
from tests.support.cloud import people
from tests.support.cloud.breaking import operations
from tests.support.cloud.deployed import TOPIC, changed_function
from tests.support.cloud.drops import COMPLETE, check_complete, check_given_back, lines
from tests.support.cloud.subscriber import Drop, Subscriber
from tests.support.eventually import eventually

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

FILES, BAD_EVERY = 200, 50
PARTS = 50


def should_tell_each_once_when_many_small_tables_come_with_bad_ones_among_them(
    cloud: LocalCloud, subscriber: Subscriber, tmp_path: Path
) -> None:
    before = len(operations(cloud))
    made = {name: make(tmp_path) for name, make in people.FILES.items()}
    made["plain.jsonl"] = lines(3)

    def drop_one(number: int) -> Drop:
        """Whatever the formats, those that come together share operations."""
        name, content = list(made.items())[number % len(made)]
        bad = number % BAD_EVERY == 0
        return subscriber.drop(f"{TOPIC}/forms/{number}-{name}", b"%PDF-1.7" if bad else content)

    with _paced(cloud):
        with ThreadPoolExecutor(8) as together:
            drops = list(together.map(drop_one, range(FILES)))
        ids = [drop.drop_id for drop in drops]
        eventually(lambda: FILES - sum(_told(subscriber, ids).values()), until=_none, within=480)
    # Each exactly once, and nothing more comes when all executions have ended.
    eventually(lambda: _running(cloud), until=_none, within=60)
    assert _told(subscriber, ids) == dict.fromkeys(ids, 1)
    subscriber.endings.update(dict.fromkeys(ids, 1))
    ended = Counter(subscriber.told[each][0].status for each in ids)
    assert ended == {"rejected": FILES // BAD_EVERY, "complete": FILES - FILES // BAD_EVERY}
    complete = [told for each in ids for told in subscriber.told[each] if told.rows is not None]
    assert len(complete) == FILES - FILES // BAD_EVERY
    for drop in drops[1 : len(made) + 1]:  # one of each format
        check_given_back(cloud, drop, subscriber.told[drop.drop_id][0], tmp_path)
    for drop, told in zip(drops, [subscriber.told[each][0] for each in ids], strict=True):
        if told.rows is not None:
            rows = 3 if drop.key.endswith("plain.jsonl") else len(people.PEOPLE)
            assert sum(told.rows.values()) == rows
        if drop.key.endswith("plain.jsonl") and told.status == "complete":
            check_complete(subscriber, drop, told)
    # Calls are spent on operations, and there are far fewer of them than files.
    assert len(operations(cloud)) - before <= FILES / 5


def should_code_only_the_rest_again_when_one_of_fifty_parts_failed(
    cloud: LocalCloud, subscriber: Subscriber
) -> None:
    content = lines(600)
    known = operations(cloud)
    limit = str(len(content) // PARTS + 60)
    with changed_function(
        cloud, "pipeline.receive.handler", MAX_FILE_BYTES=limit, SHARE_MAX_BYTES="0"
    ):
        drop = subscriber.drop(f"{TOPIC}/large.jsonl", content)
        failed = eventually(lambda: _fail_one(cloud, set(known)))
        told = subscriber.ended(drop, within=180)
    assert told.status == "failed"
    assert re.match(r"Piece \d+ of 5\d \(from line [\d,]+ to [\d,]+\): ", told.reason or "")
    coded = set(operations(cloud)) - set(known)
    assert len(coded) >= PARTS

    (execution,) = subscriber.executions(drop)
    states = cloud.stepfunctions()
    states.start_execution(
        stateMachineArn=cloud.pipeline.state_machine,
        name=f"{drop.drop_id}-again-1",
        input=states.describe_execution(executionArn=execution)["input"],
    )
    told = subscriber.ended(drop, endings=2, within=120)
    manifest = check_complete(subscriber, drop, told)
    assert len(manifest["operations"]) == len(coded)
    assert len(set(operations(cloud)) - set(known)) == len(coded) + 1
    assert failed not in {each["operationId"] for each in manifest["operations"]}

    # Byte for byte what one part gives.
    alone = subscriber.drop(f"{TOPIC}/large-in-one.jsonl", content)
    whole = subscriber.ended(alone, within=120)
    assert subscriber.results_of(alone) - {"review.html"} == COMPLETE
    assert subscriber.result(told.results.output) == subscriber.result(whole.results.output)


@contextmanager
def _paced(cloud: LocalCloud) -> Iterator[None]:
    """Few calls a second, so that not all operations are coded at once on one machine."""
    with ExitStack() as stack:
        for module in (
            "pipeline.submit.handler",
            "pipeline.check.handler",
            "pipeline.collect.handler",
        ):
            stack.enter_context(changed_function(cloud, module, REQUESTS_PER_SECOND="4"))
        yield


def _none(left: int) -> bool:
    return left <= 0


def _told(subscriber: Subscriber, drop_ids: list[str]) -> dict[str, int]:
    subscriber.listen()
    return {each: len(subscriber.told[each]) for each in drop_ids}


def _running(cloud: LocalCloud) -> int:
    listed = cloud.stepfunctions().list_executions(
        stateMachineArn=cloud.pipeline.state_machine, statusFilter="RUNNING"
    )
    return len(listed["executions"])


def _fail_one(cloud: LocalCloud, known: set[str]) -> str | None:
    """Has the service fail one operation that it has not seen before and has not begun to code."""
    assert cloud.service is not None
    for operation, status in operations(cloud).items():
        if operation in known or status not in ("awaiting_input", "in_progress"):
            continue
        if _failed(cloud.dynamodb(), cloud.service.operations_table, operation):
            return operation
    return None


def _failed(dynamodb: "DynamoDBClient", table: str, operation: str) -> bool:
    try:
        dynamodb.update_item(
            TableName=table,
            Key={"pk": {"S": f"operation#{operation}"}},
            UpdateExpression="SET #status = :failed, #error = :error",
            ConditionExpression="#status = :coding",
            ExpressionAttributeNames={"#status": "status", "#error": "error"},
            ExpressionAttributeValues={
                ":failed": {"S": "failed"},
                ":coding": {"S": "in_progress"},
                ":error": {"S": "out of order"},
            },
        )
    except ClientError as error:
        if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
            raise
        return False
    return True
