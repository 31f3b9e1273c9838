"""What an erasure can't reach, and when each of it ends by itself (docs/privacy.md has it all)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from erasure.deployment import Deployment
from erasure.ledger_items import LedgerItems
from erasure.progress import Ended
from pipeline.clock import parsed

HISTORY_DAYS = 90  # Step Functions keeps an execution's history so long after its end (quotas)
TRACE_DAYS = 30  # X-Ray keeps a trace so long
RECOVERY_DAYS = 35  # DynamoDB's point-in-time recovery
QUEUE_DAYS = 14  # SQS keeps a message so long at most; the stacks' queues do
EXCHANGE_DAYS = 14  # infra/pipeline/amazon_ml.py


@dataclass(frozen=True, slots=True)
class Remainder:
    """Something that stays for a while."""

    where: str
    what: str
    until: datetime | None
    """None where the project does not know."""
    says: str = ""
    """In place of a date, where there is none."""

    def line(self) -> str:
        """For people."""
        until = f"until {self.until:%Y-%m-%d}" if self.until else self.says
        return f"{self.where}: {self.what}; {until}"


def remainders(
    deployment: Deployment, items: LedgerItems, ended: Ended, dropped_at: datetime, now: datetime
) -> Iterator[Remainder]:
    """What stays of a drop after its erasure; dates are the latest that are possible."""
    told = [parsed(items.text("ended_at"))] if items.text("ended_at") else []
    last = max([dropped_at, *told, *([ended.at] if ended.at else [])])
    if ended.executions:
        yield Remainder(
            "execution history",
            "the file's name, ids, and reasons of a rejection or failure",
            last + timedelta(days=HISTORY_DAYS),
        )
    log_days = deployment.log_days
    yield Remainder(
        "logs and traces",
        "the file's name and ids, no row",
        None if log_days is None else last + timedelta(days=max(log_days, TRACE_DAYS)),
        says="as long as the setting logRetentionDays says",
    )
    yield Remainder(
        "the ledger's backups (point-in-time recovery)",
        "the items that were deleted now",
        now + timedelta(days=RECOVERY_DAYS),
    )
    in_queues = dropped_at + timedelta(days=QUEUE_DAYS)
    if in_queues > now:
        yield Remainder(
            "queues of what was not delivered",
            "the file's name and ids, if it is among them",
            in_queues,
        )
    if deployment.exchange_bucket and items.shared and last + timedelta(days=EXCHANGE_DAYS) > now:
        yield Remainder(
            "the bucket that is shared with Amazon ML",
            "rows, only if an operation that other drops shared was not collected",
            last + timedelta(days=EXCHANGE_DAYS),
        )
    yield Remainder(
        "the report of the topic's next drop",
        "the file's name and shares of codes, which it compares itself with",
        None,
        says="as long as that drop's results are kept",
    )
    yield Remainder(
        "the coding service",
        "what was sent to it and what it wrote",
        None,
        says="as its operator keeps them (the shipped service: a day)",
    )
    yield Remainder(
        "e-mails, subscribers and copies that people made",
        "the file's name, reasons, and whatever was fetched",
        None,
        says="ask those who have them",
    )
