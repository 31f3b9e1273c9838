"""Function finish: ends an execution's drops, a page at a time; and notes how a piece ended.

Each drop's result is decided and written to the ledger, and its notification given. Running it
again gives the same notifications again.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from pipeline.clock import Clock
from pipeline.dependencies import Dependencies, dependencies
from pipeline.domain.drop import Drop
from pipeline.domain.execution import Execution
from pipeline.domain.identity import part_id
from pipeline.domain.part import whole_files
from pipeline.executions.compact_input import expanded_drops
from pipeline.executions.starter import ExecutionStarter
from pipeline.finish.coded_tables import CodedTables
from pipeline.finish.drop_result import DropResults
from pipeline.finish.expanded_outputs import ExpandedOutputs
from pipeline.finish.finish_input import EndedExecution
from pipeline.finish.join_output import JoinedOutputs
from pipeline.finish.notification import notification_of
from pipeline.finish.outcomes import Outcomes
from pipeline.finish.piece_outcomes import is_of_a_piece, note_outcome, with_pieces
from pipeline.finish.reviewed_tables import ReviewedTables
from pipeline.ledger.drops import Drops, Ending
from pipeline.ledger.groups import GroupedBy
from pipeline.ledger.topic_reports import TopicReports
from pipeline.observability import Measures, logger, observed
from pipeline.storage.dictionaries import Dictionaries

WORST_FIRST = ("failed", "timed_out", "rejected", "complete")
ENDING_SECONDS = 60.0  # a drop's manifest and ledger take a second, a copy of 5 GB a minute; ours
PAGE_DROPS = 50  # a few calls for each, well within the function's time; ours
PAGE_BYTES = 60_000  # of notifications, beside the state (`receive.batching.MAX_STATE_BYTES`);
# that of a drop with a strange key takes more, and is alone in its page and in its execution


@dataclass(frozen=True, slots=True, kw_only=True)
class Finisher:
    drops: Drops
    outcomes: Outcomes
    drop_results: DropResults
    starter: Callable[[str], ExecutionStarter]
    """By the ARN of the state machine."""
    clock: Clock
    measure: Measures

    def finish(self, ended: EndedExecution, *, has_time: Callable[[], bool]) -> dict[str, Any]:
        """The notifications of the next drops, with the worst status so far and its cause.

        `more` says whether drops are left for another call. A drop that is retried in a smaller
        batch ends in the execution that retries it. Raises `AwsBusy`, `PartTaken`,
        `MalformedState`.
        """
        cursor = ended.cursor
        page = _Page(cursor.at, cursor.status, cursor.cause)
        states = ended.drops[page.at : page.at + PAGE_DROPS]
        for expanded in expanded_drops(states, self.drops.known):
            drop = _with_failure(expanded, ended)
            if self._ends_here(drop, ended):
                ending = self._ending(drop, ended, has_time)
                if ending is None or not page.add(ending):
                    break
            page.at += 1
            if not has_time():
                break
        more = page.at < len(ended.drops)
        if not more:
            self._retry(ended)
        return {**page.to_state(), "more": more}

    def _ends_here(self, drop: Drop, ended: EndedExecution) -> bool:
        """Whether no other execution has the drop by now, to retry it in a smaller batch."""
        if drop.failure is None:
            return not self.outcomes.is_retried(drop.drop_id, ended)
        record = self.drops.record(drop.drop_id)
        execution = record.execution if record is not None else None
        return execution is None or drop.failure.execution in (None, execution)

    def _ending(
        self, drop: Drop, ended: EndedExecution, has_time: Callable[[], bool]
    ) -> Ending | None:
        """The ending that counts, written before or now; None where there was no time."""
        reports_failure = drop.failure is not None
        record = self.drops.record(drop.drop_id)
        earlier = record.ending if record is not None else None
        if earlier is not None and earlier.stands(ended.name, reports_failure=reports_failure):
            return earlier
        ended_at = self.clock.iso()
        result = self.drop_results.of(drop, ended, ended_at, has_time)
        if result is None:
            return None
        body = result.body(drop, bucket=self.drop_results.results.name, ended_at=ended_at)
        ending, new = self.drops.end(
            drop.drop_id,
            Ending(status=result.status, body=body, rescued=reports_failure, execution=ended.name),
        )
        if new:
            self._count(ending)
        logger.info("ended", extra={"correlation_id": drop.drop_id, "status": ending.status})
        return ending

    def _count(self, ending: Ending) -> None:
        self.measure("DropsEnded", status=ending.status)
        if ending.status == "rejected":
            self.measure("RejectedDrops")
        if ending.body["records"] is not None and ending.status == "complete":
            self.measure("RecordsCoded", ending.body["records"]["output"])

    def _retry(self, ended: EndedExecution) -> None:
        """Starts the drops that are retried, by names that are the same when this runs again."""
        starter = self.starter(ended.state_machine_arn)
        for group in self.outcomes.retry_groups(ended):
            known = self.drops.known(group)
            drops = [known[drop_id] for drop_id in group if drop_id in known]
            if len(drops) > 1:
                before = {drop.drop_id: ended.name for drop in drops}
                starter.start_shared(drops, by=GroupedBy.FINISH, instead_of=before)
            elif drops:
                starter.start_single(_alone(drops[0]), instead_of=ended.name)
            logger.warning(
                "shared operation failed; retrying in smaller batches", extra={"drops": list(group)}
            )


def _with_failure(drop: Drop, ended: EndedExecution) -> Drop:
    """The drop, with the failure of its execution where it has no reason of its own."""
    has_reason = drop.failure is not None or drop.rejection is not None
    return drop if has_reason else replace(drop, failure=ended.failure)


def _alone(drop: Drop) -> Execution:
    """The execution of a small file by itself."""
    return Execution(drops=(drop,), parts=(whole_files(part_id(drop.drop_id), (drop,)),))


@dataclass(slots=True)
class _Page:
    """The notifications of one call, and how far finish has come with them."""

    at: int
    status: str
    cause: str
    notifications: list[dict[str, str]] = field(default_factory=list)
    bytes: int = 0

    def add(self, ending: Ending) -> bool:
        """Adds the notification of an ending; False where the page has no room for it."""
        notification = notification_of(ending.body)
        taken = len(json.dumps(notification))
        if self.notifications and self.bytes + taken > PAGE_BYTES:
            return False
        self.notifications.append(notification)
        self.bytes += taken
        if not self.cause or WORST_FIRST.index(ending.status) < WORST_FIRST.index(self.status):
            self.status = ending.status
            self.cause = f"{ending.body['key']}: {ending.body['reason'] or 'coded'}"
        return True

    def to_state(self) -> dict[str, Any]:
        return {
            "at": self.at,
            "status": self.status,
            "cause": self.cause,
            "announcements": self.notifications,
        }


def finisher(deps: Dependencies) -> Finisher:
    """Made anew for each call, as its `Outcomes` remember what they read."""
    dictionaries = Dictionaries(deps.s3, deps.environment.results_bucket)
    outcomes = Outcomes(parts=deps.parts, shared_files=deps.shared_files)
    joined_outputs = JoinedOutputs(drops=deps.drops, files=deps.result_files, results=deps.results)
    return Finisher(
        drops=deps.drops,
        outcomes=outcomes,
        drop_results=DropResults(
            outcomes=outcomes,
            joined_outputs=joined_outputs,
            expanded_outputs=ExpandedOutputs(
                s3=deps.s3,
                reader=deps.table_reader,
                files=deps.result_files,
                prepared=deps.prepared,
                drops=deps.drops,
                dictionaries=dictionaries,
            ),
            coded_tables=CodedTables(
                s3=deps.s3,
                reader=deps.table_reader,
                files=deps.result_files,
                prepared=deps.prepared,
                reports=TopicReports(deps.ledger, deps.clock),
                dictionaries=dictionaries,
                settings=deps.environment.tables,
            ),
            reviewed_tables=ReviewedTables(
                s3=deps.s3,
                reader=deps.table_reader,
                files=deps.result_files,
                drops=deps.drops,
                results=deps.results,
                dictionaries=dictionaries,
                settings=deps.environment.tables,
            ),
            results=deps.results,
        ),
        starter=deps.starter,
        clock=deps.clock,
        measure=deps.measure,
    )


@observed
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Gives a page of notifications, or nothing for a piece; errors are those of
    `Finisher.finish`."""
    deps = dependencies()
    if is_of_a_piece(event):
        return note_outcome(event, deps.parts)
    worker = finisher(deps)
    return worker.finish(
        EndedExecution.from_state(with_pieces(event, deps.pieces, worker.outcomes)),
        has_time=lambda: context.get_remaining_time_in_millis() / 1000 > ENDING_SECONDS,
    )
