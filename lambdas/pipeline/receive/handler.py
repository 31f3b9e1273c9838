"""Function receive: each created object becomes a drop, and each drop gets an execution."""

import json
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from pipeline.dependencies import Dependencies, dependencies
from pipeline.domain.drop import Drop
from pipeline.domain.execution import Execution
from pipeline.domain.identity import execution_name, guid
from pipeline.domain.state_fields import MalformedState
from pipeline.executions.starter import ExecutionStarter
from pipeline.ledger.drops import Drops, DropState
from pipeline.ledger.groups import GroupedBy
from pipeline.observability import Measures, logger, observed
from pipeline.receive.batching import batches
from pipeline.receive.s3_event import ObjectCreated, drop_from_event
from pipeline.receive.splitting import split_file
from pipeline.storage.block_reader import BlockReader

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

CONCURRENT_EVENTS = 8  # each writes to the ledger, which takes a few milliseconds; ours


@dataclass(frozen=True, slots=True, kw_only=True)
class Receiver:
    """Makes drops of created objects, and starts the drops' executions."""

    s3: "S3Client"
    drops: Drops
    starter: ExecutionStarter
    reader: BlockReader
    default_topic: str | None
    """The topic of keys that name none; None: such drops are rejected."""
    model_id: Callable[[str, str], str | None] = guid
    """Gives the model id that a folder of a topic names (see `identity.route`)."""
    max_file_bytes: int
    """The most bytes that one operation takes; larger files are split."""
    share_max_bytes: int
    """The most bytes of all files that share an operation; 0: nothing is shared."""
    measure: Measures

    def receive(self, events: Sequence[ObjectCreated]) -> list[ObjectCreated]:
        """Starts what has not been started; gives the events that SQS has to deliver again."""
        unstarted: dict[str, _Unstarted] = {}
        failed: list[ObjectCreated] = []
        with ThreadPoolExecutor(CONCURRENT_EVENTS, thread_name_prefix="receive") as executor:
            for event, found in zip(events, executor.map(self._try_accept, events), strict=True):
                if isinstance(found, Exception):
                    failed.append(event)
                elif found is not None:
                    unstarted[found.drop.drop_id] = found
        drops = [each.drop for each in unstarted.values()]
        for batch in batches(drops, max_bytes=self.share_max_bytes):
            group = [unstarted[drop.drop_id] for drop in batch]
            if not self._try_start(group):
                failed += [each.event for each in group]
        return failed

    def _try_accept(self, event: ObjectCreated) -> "_Unstarted | Exception | None":
        try:
            return self._accept(event)
        except Exception as error:  # noqa: BLE001  one bad event must not hold up the others
            _log_failure(error, key=event.key)
            return error

    def _try_start(self, group: Sequence["_Unstarted"]) -> bool:
        try:
            self._start(group)
        except Exception as error:  # noqa: BLE001  nor one bad group
            _log_failure(error)
            return False
        return True

    def _accept(self, event: ObjectCreated) -> "_Unstarted | None":
        """Writes the event's drop into the ledger; gives it where it needs an execution."""
        drop = drop_from_event(
            event, s3=self.s3, default_topic=self.default_topic, model_id=self.model_id
        )
        if drop is None:
            return None
        record = self.drops.accept(drop)
        if record.execution is None:
            return _Unstarted(event, drop, None)
        logger.info(
            "the event was delivered again",
            extra={"drop_id": drop.drop_id, "execution": record.execution},
        )
        if record.state is DropState.ENDED or not self._is_unassigned(drop, record.execution):
            return None
        return _Unstarted(event, drop, record.execution)

    def _is_unassigned(self, drop: Drop, execution: str) -> bool:
        """Whether a drop that was assigned to `execution` needs another execution.

        If it does not, `execution` is started, in case an invocation died before it did so."""
        if execution == execution_name(drop.key, drop.drop_id):
            self.starter.start_single(self._execution(drop))
            return False
        groups = self.starter.groups
        group = groups.read(execution)
        if group is None:
            return False
        if group.input is not None:
            self.starter.start(execution, group.input)
            return False
        return group.by is GroupedBy.RECEIVE and groups.cancel(execution)

    def _start(self, group: Sequence["_Unstarted"]) -> None:
        drops = tuple(each.drop for each in group)
        before = {each.drop.drop_id: each.execution for each in group if each.execution}
        if len(drops) > 1:
            started = self.starter.start_shared(drops, by=GroupedBy.RECEIVE, instead_of=before)
        else:
            (drop,) = drops
            alone = self.starter.start_single(
                self._execution(drop), instead_of=before.get(drop.drop_id)
            )
            started = drops if alone else ()
        for drop in started:
            self.measure("DropsAccepted")
            logger.info(
                "accepted",
                extra={
                    "correlation_id": drop.drop_id,
                    "bucket": drop.bucket,
                    "key": drop.key,
                    "together": len(drops),
                },
            )

    def _execution(self, drop: Drop) -> Execution:
        return split_file(drop, reader=self.reader, max_part_bytes=self.max_file_bytes)


@dataclass(frozen=True, slots=True)
class _Unstarted:
    """A drop that needs an execution."""

    event: ObjectCreated
    drop: Drop
    execution: str | None
    """The name of a cancelled execution that the drop was assigned to before."""


def _log_failure(error: Exception, **extra: str) -> None:
    logger.error(
        "could not be received; SQS will deliver the event again",
        extra={"error": type(error).__name__, "text": str(error), **extra},
    )


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
