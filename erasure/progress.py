"""Whether a drop may be erased: only once nothing works on it, or will by itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from erasure.deployment import Clients, Deployment
from erasure.errors import StillGoing
from erasure.ledger_items import LedgerItems
from pipeline.clock import parsed
from pipeline.ledger.drops import DropState
from shared.aws_errors import code_of

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient

GOING = ("RUNNING", "PENDING_REDRIVE")
SETTLED_AFTER = timedelta(days=1)
"""A drop that was not told how it ended may still be taken in, or reported as failed: EventBridge
hands out an event for a day, Lambda for six hours, and receive tries for two and a half."""


@dataclass(frozen=True, slots=True)
class Ended:
    """What is known of the executions of a drop that may be erased."""

    executions: tuple[str, ...] = ()
    """ARNs of those whose history is kept."""
    at: datetime | None = None
    """When the last of them ended; None where none is known."""
    may_be_redriven: bool = False
    """Whether one has failed that other drops are in too."""


def check_ended(
    clients: Clients, deployment: Deployment, items: LedgerItems, drop_id: str, now: datetime
) -> Ended:
    """Raises `StillGoing` unless the drop has ended, or nothing has happened to it for a day."""
    name = items.text("execution")
    own = _arn(deployment.state_machine, name) if name else ""
    running = _running(clients.stepfunctions, deployment.state_machine, drop_id)
    status, stopped = _described(clients.stepfunctions, own) if own else ("", None)
    if status in GOING and own not in running:
        running = (*running, own)
    if running:
        raise _still_going(running, shared=bool(items.shared) or name.startswith("shared-"))
    if items.drop is not None and items.text("state") != DropState.ENDED:
        since = [
            parsed(items.text(each)) for each in ("accepted_at", "claimed_at") if items.text(each)
        ]
        check_settled([*since, *([stopped] if stopped else [])], now)
    return Ended(
        executions=(own,) if status else (),
        at=stopped,
        may_be_redriven=status in ("FAILED", "TIMED_OUT", "ABORTED") and bool(items.shared),
    )


def check_settled(events: Sequence[datetime], now: datetime) -> None:
    """Raises `StillGoing` where the last of these is less than a day old."""
    if events and now - max(events) < SETTLED_AFTER:
        until = max(events) + SETTLED_AFTER
        raise StillGoing(
            "The drop has not ended, and may be taken in or reported as failed at any time.",
            next_step="Wait until it is told how it ended, or, if it never is, until "
            f"{until:%Y-%m-%d %H:%M} UTC; why it is not told is in the runbook: DropsUndelivered, "
            "RescuesUndelivered.",
        )


def _still_going(running: Sequence[str], *, shared: bool) -> StillGoing:
    others = " It codes other drops too, which would fail." if shared else ""
    stops = "; ".join(f"aws stepfunctions stop-execution --execution-arn {arn}" for arn in running)
    return StillGoing(
        "The drop is being coded.",
        next_step=f"Wait until it ends, or stop it and erase it then.{others} To stop it: {stops}",
    )


def _running(stepfunctions: "SFNClient", machine: str, drop_id: str) -> tuple[str, ...]:
    """The ARNs of running executions that are named after the drop: people start some again."""
    pages = stepfunctions.get_paginator("list_executions").paginate(
        stateMachineArn=machine, statusFilter="RUNNING"
    )
    return tuple(
        each["executionArn"]
        for page in pages
        for each in page["executions"]
        if drop_id in each["name"]
    )


def _described(stepfunctions: "SFNClient", arn: str) -> tuple[str, datetime | None]:
    """An execution's status and when it ended; empty where its history is gone."""
    try:
        found = stepfunctions.describe_execution(executionArn=arn)
    except ClientError as error:
        if code_of(error) != "ExecutionDoesNotExist":
            raise
        return "", None
    return found["status"], found.get("stopDate")


def _arn(machine: str, name: str) -> str:
    return f"{machine.replace(':stateMachine:', ':execution:')}:{name}"
