"""Ends drops: reconciles what came out with what went in, writes the manifest last, and says
what to tell, a page of drops at a time. Running it again tells the same again."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from pipeline.clock import Clock
from pipeline.domain.drop import Drop
from pipeline.domain.execution import Execution, whole_files
from pipeline.domain.identity import part_id
from pipeline.executions.compact_input import expanded_drops
from pipeline.executions.starter import ExecutionStarter
from pipeline.finish.drop_result import Judge, Verdict
from pipeline.finish.finish_input import EndedExecution, FinishCursor
from pipeline.finish.notification import Results, announcement_of, body_of
from pipeline.ledger.drops import Drops, Ending
from pipeline.ledger.groups import GroupedBy
from pipeline.observability import Measures, logger

WORST_FIRST = ("failed", "timed_out", "rejected", "complete")
PAGE_DROPS = 50  # ours: a few calls for each, well within the function's time
PAGE_BYTES = 60_000  # of announcements, beside the rest of the state (`sharing.MAX_STATE_BYTES`)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finishing:
    """What finishing works with."""

    drops: Drops
    judge: Judge
    starter: Callable[[str], ExecutionStarter]
    """By the ARN of the state machine."""
    results_bucket: str
    clock: Clock
    measure: Measures

    def finish(self, ended: EndedExecution, *, has_time: Callable[[], bool]) -> dict[str, Any]:
        """The announcements of the next drops, with the worst status so far and its cause.

        `more` says whether drops are left for another call. Drops that are retried in smaller
        batches are told by the execution that carries them then. Raises `AwsBusy`.
        """
        page = _Page(ended.told)
        states = ended.drops[ended.told.at : ended.told.at + PAGE_DROPS]
        for drop in expanded_drops(states, self.drops.known):
            if self._is_told_here(drop, ended):
                ending = self._ended(drop, ended, has_time)
                if ending is None:
                    break
                page.tell(ending)
            page.at += 1
            if page.bytes > PAGE_BYTES or not has_time():
                break
        more = page.at < len(ended.drops)
        if not more:
            self._regroup(ended)
        return {**page.to_state(), "more": more}

    def _is_told_here(self, drop: Drop, ended: EndedExecution) -> bool:
        """Not where another execution carries the drop by now, in smaller batches."""
        if drop.failure is None:
            return not self.judge.tries_again(drop.drop_id, ended)
        record = self.drops.record(drop.drop_id)
        carried_by = record.execution if record is not None else None
        return carried_by is None or drop.failure.execution in (None, carried_by)

    def _ended(
        self, drop: Drop, ended: EndedExecution, has_time: Callable[[], bool]
    ) -> Ending | None:
        record = self.drops.record(drop.drop_id)
        earlier = record.ending if record is not None else None
        if earlier is not None and earlier.stands(ended.name, rescuing=drop.failure is not None):
            return earlier
        ended_at = self.clock.iso()
        verdict = self.judge.verdict(drop, ended, ended_at, has_time)
        if verdict is None:
            return None
        ending, new = self.drops.end(
            drop.drop_id,
            Ending(
                status=verdict.status,
                body=self._body(drop, verdict, ended_at),
                rescued=drop.failure is not None,
                execution=ended.name,
            ),
        )
        if new:
            self._count(ending)
        logger.info("ended", extra={"correlation_id": drop.drop_id, "status": ending.status})
        return ending

    def _body(self, drop: Drop, verdict: Verdict, ended_at: str) -> dict[str, Any]:
        return body_of(
            drop,
            status=verdict.status,
            reason=verdict.telling.reason,
            next_step=verdict.telling.next_step,
            model=verdict.model,
            records=verdict.records,
            results=Results(
                bucket=self.results_bucket,
                prefix=drop.results_prefix,
                output=verdict.output,
                metadata=verdict.metadata,
                manifest=verdict.manifest,
                report=verdict.report,
            ),
            ended_at=ended_at,
        )

    def _count(self, ending: Ending) -> None:
        self.measure("DropsEnded", status=ending.status)
        if ending.status == "rejected":
            self.measure("RejectedDrops")
        if ending.body["records"] is not None and ending.status == "complete":
            self.measure("RecordsCoded", ending.body["records"]["output"])

    def _regroup(self, ended: EndedExecution) -> None:
        """Starts those that try again; known by the same names when this is tried again."""
        starter = self.starter(ended.state_machine_arn)
        for group in self.judge.retry_groups(ended):
            known = self.drops.known(group)
            drops = [known[drop_id] for drop_id in group if drop_id in known]
            before = {drop.drop_id: ended.name for drop in drops}
            if len(drops) > 1:
                starter.start_shared(drops, by=GroupedBy.FINISH, instead_of=before)
            elif drops:
                starter.start_single(_alone(drops[0]), instead_of=ended.name)
            logger.warning(
                "shared operation failed; retrying in smaller batches", extra={"drops": list(group)}
            )


def _alone(drop: Drop) -> Execution:
    """A small file, by itself."""
    return Execution(drops=(drop,), parts=(whole_files(part_id(drop.drop_id), (drop,)),))


@dataclass(slots=True)
class _Page:
    """The announcements of one call."""

    told: FinishCursor
    at: int = field(init=False)
    endings: list[Ending] = field(default_factory=list)
    announcements: list[dict[str, str]] = field(default_factory=list)
    bytes: int = 0

    def __post_init__(self) -> None:
        self.at = self.told.at

    def tell(self, ending: Ending) -> None:
        announcement = announcement_of(ending.body)
        self.endings.append(ending)
        self.announcements.append(announcement)
        self.bytes += len(json.dumps(announcement))

    def to_state(self) -> dict[str, Any]:
        status, cause = _worst(self.told, self.endings)
        return {
            "at": self.at,
            "status": status,
            "cause": cause,
            "announcements": self.announcements,
        }


def _worst(told: FinishCursor, endings: Sequence[Ending]) -> tuple[str, str]:
    worst = min(endings, key=lambda each: WORST_FIRST.index(each.status), default=None)
    if worst is None or (
        told.cause and WORST_FIRST.index(told.status) <= WORST_FIRST.index(worst.status)
    ):
        return told.status, told.cause
    return worst.status, f"{worst.body['key']}: {worst.body['reason'] or 'coded'}"
