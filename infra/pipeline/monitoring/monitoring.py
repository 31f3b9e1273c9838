"""An alarm for each way to lose something, and a dashboard."""

from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_kms as kms
from constructs import Construct

from infra.constructs.alarms import PERIOD, Alarms
from infra.pipeline.ledger import Ledger
from infra.pipeline.monitoring.budget import Budget
from infra.pipeline.monitoring.dashboard import draw
from infra.pipeline.monitoring.metrics import (
    of_executions,
    own,
    reads_held_back,
    undelivered,
    writes_held_back,
)
from infra.pipeline.notifications import Notifications
from infra.pipeline.prepare import Prepare
from infra.pipeline.receive import Receive
from infra.pipeline.report_failure import ReportFailure
from infra.pipeline.state_machine import DropStateMachine
from infra.pipeline.tasks import Tasks
from infra.settings.settings import Settings

# The service deletes results within 24 hours of success (its contract); four hours are left
# for somebody to act.
COLLECTED_LATE_HOURS = 20
# A try of `receive` that fails is repeated after half an hour; a first such try is no news yet.
TAKEN_IN_LATE_SECONDS = 2_000
# What passes by itself is tried for about an hour (`prepare.message`), each time as a new message.
PREPARED_LATE_SECONDS = 3_600
# Tasks are retried when the service is busy, and such tries count as errors: only a quarter of
# an hour of them in a row is news.
RETRIED_PERIODS = 3


class Monitoring(Construct):
    """Alarms to the operators' topic; `docs/runbook.md` has a section for each."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        key: kms.IKey,
        settings: Settings,
        receive: Receive,
        prepare: Prepare,
        tasks: Tasks,
        state_machine: DropStateMachine,
        report_failure: ReportFailure,
        ledger: Ledger,
        notifications: Notifications,
    ) -> None:
        super().__init__(scope, construct_id)
        self.alarms = Alarms(self, "Alarms", key=key, settings=settings)
        """Every alarm of the stack."""
        self._watch_ways_in_and_out(receive, report_failure, notifications)
        self._watch_executions(state_machine, report_failure)
        self._watch_functions(receive, prepare, tasks, report_failure)
        self._watch_service_and_ledger(ledger, settings)
        if settings.monthly_budget:
            Budget(self, "Budget", key=key, settings=settings, alarms=self.alarms)
        self.dashboard = cloudwatch.Dashboard(self, "Dashboard")
        """The stack at a glance."""
        draw(
            self.dashboard,
            alarms=self.alarms,
            functions={
                "prepare": prepare.handler,
                "receive": receive.handler,
                "submit": tasks.submit,
                "check": tasks.check,
                "collect": tasks.collect,
                "finish": tasks.finish,
                "rescue": report_failure.handler,
            },
            state_machine=state_machine,
            ledger=ledger,
            settings=settings,
        )

    def _watch_ways_in_and_out(
        self, receive: Receive, report_failure: ReportFailure, notifications: Notifications
    ) -> None:
        self.alarms.watch_queue(
            "DropsUndelivered",
            receive.undelivered,
            meaning="A dropped file was not taken in: nobody codes it and nobody is told.",
        )
        self.alarms.watch(
            "DropsTakenInLate",
            receive.queue.metric_approximate_age_of_oldest_message(
                period=PERIOD, statistic="Maximum"
            ),
            above=TAKEN_IN_LATE_SECONDS,
            meaning="A dropped file has been waiting for over half an hour to be taken in.",
        )
        self.alarms.watch(
            "DropsPreparedLate",
            receive.arrivals.metric_approximate_age_of_oldest_message(
                period=PERIOD, statistic="Maximum"
            ),
            above=PREPARED_LATE_SECONDS,
            meaning="A dropped file has been waiting for over an hour to be prepared.",
        )
        self.alarms.watch_queue(
            "RescuesUndelivered",
            report_failure.undelivered,
            meaning="An execution died and its drop could not be told.",
        )
        self.alarms.watch(
            "NotificationsUndelivered",
            undelivered(notifications.topic),
            meaning="A subscriber was not told how a drop ended.",
        )

    def _watch_executions(
        self, state_machine: DropStateMachine, report_failure: ReportFailure
    ) -> None:
        self.alarms.watch(
            "ExecutionsDied",
            report_failure.died,
            meaning="An execution ended before it could tell its drops.",
        )
        for name, metric, meaning in (
            ("ExecutionsTimedOut", "ExecutionsTimedOut", "An execution ran for fourteen days."),
            ("ExecutionsAborted", "ExecutionsAborted", "Somebody stopped an execution."),
            ("ExecutionsThrottled", "ExecutionThrottled", "Step Functions held executions back."),
        ):
            self.alarms.watch(name, of_executions(metric, state_machine.arn), meaning=meaning)

    def _watch_functions(
        self, receive: Receive, prepare: Prepare, tasks: Tasks, report_failure: ReportFailure
    ) -> None:
        self.alarms.watch_function("Prepare", prepare.handler)
        self.alarms.watch_function("Receive", receive.handler)
        self.alarms.watch_function("Submit", tasks.submit, periods=RETRIED_PERIODS)
        self.alarms.watch_function("Check", tasks.check, periods=RETRIED_PERIODS)
        self.alarms.watch_function("Collect", tasks.collect, periods=RETRIED_PERIODS)
        self.alarms.watch_function("Finish", tasks.finish, periods=RETRIED_PERIODS)
        self.alarms.watch_function("Rescue", report_failure.handler)

    def _watch_service_and_ledger(self, ledger: Ledger, settings: Settings) -> None:
        self.alarms.watch(
            "ResultsCollectedLate",
            own(settings, "ResultsAgeAtCollection", statistic="Maximum"),
            above=COLLECTED_LATE_HOURS,
            meaning="Results are collected close to their deletion, 24 hours after success.",
        )
        self.alarms.watch(
            "ServiceLimitExceeded",
            own(settings, "LimitExceeded"),
            meaning="The service's daily quota is used up: nothing moves until it returns.",
        )
        self.alarms.watch(
            "LedgerReadsThrottled",
            reads_held_back(ledger.table),
            meaning="DynamoDB held reads of the ledger back.",
        )
        self.alarms.watch(
            "LedgerWritesThrottled",
            writes_held_back(ledger.table),
            meaning="DynamoDB held writes of the ledger back.",
        )
