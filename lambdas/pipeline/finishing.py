"""Ends drops: reconciles what came out with what went in, writes the manifest last, and says
what to tell. Running it again tells the same again."""

from dataclasses import dataclass
from typing import Any

from pipeline.announcement import Results, announcement_of, body_of
from pipeline.clock import Clock
from pipeline.drops import Drops, Ending
from pipeline.observability import Measures, logger
from pipeline.states import Drop, Execution, MalformedState
from pipeline.verdict import Judge

WORST_FIRST = ("failed", "timed_out", "rejected", "complete")


@dataclass(frozen=True, slots=True, kw_only=True)
class Finishing:
    """What finishing works with."""

    drops: Drops
    judge: Judge
    results_bucket: str
    clock: Clock
    measure: Measures

    def finish(self, execution: Execution) -> dict[str, Any]:
        """The announcements of all drops, with the worst of their statuses and its cause.

        Raises `AwsBusy`.
        """
        endings = [self._ended(drop, execution) for drop in execution.drops]
        if not endings:
            raise MalformedState("an execution must have a drop")
        worst = min(endings, key=lambda ending: WORST_FIRST.index(ending.status))
        return {
            "status": worst.status,
            "cause": f"{worst.body['key']}: {worst.body['reason'] or 'coded'}",
            "announcements": [announcement_of(ending.body) for ending in endings],
        }

    def _ended(self, drop: Drop, execution: Execution) -> Ending:
        record = self.drops.record(drop.drop_id)
        if record is not None and record.ending is not None and not record.ending.rescued:
            return record.ending
        ended_at = self.clock.iso()
        verdict = self.judge.verdict(drop, execution, ended_at)
        body = body_of(
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
        rescued = drop.failure is not None
        ending, new = self.drops.end(drop.drop_id, Ending(verdict.status, body, rescued))
        if new:
            self._count(ending)
        logger.info("ended", extra={"status": ending.status, "drop_id": drop.drop_id})
        return ending

    def _count(self, ending: Ending) -> None:
        self.measure("DropsEnded", status=ending.status)
        if ending.status == "rejected":
            self.measure("RejectedDrops")
        if ending.body["records"] is not None and ending.status == "complete":
            self.measure("RecordsCoded", ending.body["records"]["output"])
