"""Function receive: each drop gets an execution, alone or with others."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from pipeline.dependencies import Dependencies, dependencies
from pipeline.domain.drop import Drop, ReadyDrops
from pipeline.domain.execution import Execution
from pipeline.domain.identity import execution_name
from pipeline.domain.state_fields import MalformedState
from pipeline.executions.starter import ExecutionStarter
from pipeline.ledger.drops import Drops, DropState
from pipeline.ledger.groups import GroupedBy
from pipeline.observability import Measures, logger, observed
from pipeline.receive.batching import batches
from pipeline.receive.splitting import split_file
from pipeline.storage.block_reader import BlockReader
from shared.received_json import JsonFault, read_json

CONCURRENT_DROPS = 8  # each writes to the ledger, which takes a few milliseconds; ours


@dataclass(frozen=True, slots=True, kw_only=True)
class Receiver:
    """Starts the drops' executions."""

    drops: Drops
    starter: ExecutionStarter
    reader: BlockReader
    max_file_bytes: int
    """The most bytes that one operation takes; larger files are split."""
    share_max_bytes: int
    """The most bytes of all files that share an operation; 0: nothing is shared."""
    measure: Measures

    def receive(self, drops: Sequence[Drop]) -> set[str]:
        """Starts what has not been started; the ids of drops that SQS has to deliver again."""
        unstarted: dict[str, _Unstarted] = {}
        failed: set[str] = set()
        with ThreadPoolExecutor(CONCURRENT_DROPS, thread_name_prefix="receive") as executor:
            for drop, found in zip(drops, executor.map(self._try_accept, drops), strict=True):
                if isinstance(found, Exception):
                    failed.add(drop.drop_id)
                elif found is not None:
                    unstarted[found.drop.drop_id] = found
        waiting = [each.drop for each in unstarted.values()]
        for batch in batches(waiting, max_bytes=self.share_max_bytes):
            group = [unstarted[drop.drop_id] for drop in batch]
            if not self._try_start(group):
                failed |= {each.drop.drop_id for each in group}
        return failed

    def _try_accept(self, drop: Drop) -> "_Unstarted | Exception | None":
        try:
            return self._accept(drop)
        except Exception as error:  # noqa: BLE001  one bad drop must not hold up the others
            _log_failure(error, drop_id=drop.drop_id)
            return error

    def _try_start(self, group: Sequence["_Unstarted"]) -> bool:
        try:
            self._start(group)
        except Exception as error:  # noqa: BLE001  nor one bad group
            _log_failure(error)
            return False
        return True

    def _accept(self, drop: Drop) -> "_Unstarted | None":
        """Writes the drop into the ledger; gives it where it needs an execution."""
        record = self.drops.accept(drop)
        if record is None:
            return _Unstarted(drop, None)
        if drop.is_to_be_coded:  # it may have been prepared twice: the first one counts
            drop = self.drops.known([drop.drop_id]).get(drop.drop_id, drop)
        if record.execution is None:
            return _Unstarted(drop, None)
        logger.info(
            "the drop was delivered again",
            extra={"drop_id": drop.drop_id, "execution": record.execution},
        )
        if record.state is DropState.ENDED or not self._is_unassigned(drop, record.execution):
            return None
        return _Unstarted(drop, record.execution)

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

    drop: Drop
    execution: str | None
    """The name of a cancelled execution that the drop was assigned to before."""


def _log_failure(error: Exception, **extra: str) -> None:
    logger.error(
        "could not be received; SQS will deliver the drop again",
        extra={"error": type(error).__name__, "text": str(error), **extra},
    )


def receiver(deps: Dependencies) -> Receiver:
    settings = deps.environment
    return Receiver(
        drops=deps.drops,
        starter=deps.starter(deps.state_machine_arn),
        reader=deps.block_reader,
        max_file_bytes=settings.max_file_bytes,
        share_max_bytes=min(settings.share_max_bytes, settings.max_file_bytes),
        measure=deps.measure,
    )


def read_messages(
    records: list[dict[str, Any]],
) -> tuple[dict[str, tuple[Drop, ...]], list[str]]:
    """The drops by the id of their message, and the ids of messages that can't be read."""
    messages: dict[str, tuple[Drop, ...]] = {}
    unreadable: list[str] = []
    for record in records:
        try:
            given = read_json(record["body"])
            if isinstance(given, dict) and "drop_id" in given:  # sent before drops came together
                given = {"drops": [given]}
            read = ReadyDrops.from_state(given)
        except (MalformedState, JsonFault) as error:
            logger.error("a message can't be read", extra={"text": str(error)})
            unreadable.append(record["messageId"])
        else:
            messages[record["messageId"]] = read.drops
    return messages, unreadable


@observed
def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """Takes a batch of SQS; the answer names the messages that have to be delivered again."""
    messages, again = read_messages(event["Records"])
    failed = receiver(dependencies()).receive([*chain.from_iterable(messages.values())])
    # The others of its drops are known then, so that they are not started twice.
    again += [
        message for message, drops in messages.items() if any(d.drop_id in failed for d in drops)
    ]
    return {"batchItemFailures": [{"itemIdentifier": message} for message in again]}
