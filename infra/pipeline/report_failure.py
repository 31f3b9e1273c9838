"""Reports drops whose execution died before it could report them as failed."""

from aws_cdk import aws_events as events
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.constructs.event_rules import send_to_function
from infra.constructs.functions import FunctionFactory
from infra.constructs.secure_messaging import dead_letters
from infra.pipeline.monitoring.metrics import counted
from infra.pipeline.state_machine import DropStateMachine

# Messages that `lambdas/pipeline/report_failure/handler.py` logs; alarms count them.
DIED = "the execution died; its drop is told"
DIED_TELLING = "telling that a drop failed has failed itself; redrive its execution"


class ReportFailure(Construct):
    """Starts an execution that only reports a failure, for each that ended without a report.

    The rule passes every bad end on, reported or not: an event may lack the error's name, and a
    drop that is never reported is worse than a call in vain. The function looks and decides.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        key: kms.IKey,
        functions: FunctionFactory,
        state_machine: DropStateMachine,
    ) -> None:
        super().__init__(scope, construct_id)
        self.handler = functions.function(
            self,
            "Rescue",
            module="report_failure.handler",
            description="Has a drop told whose execution died",
            memory_mb=256,
            timeout_seconds=60,
            environment={"STATE_MACHINE_ARN": state_machine.arn},
        )
        self.undelivered = dead_letters(self, "Undelivered", key=key)
        """Events that never reached the function, or that it failed on."""
        self.handler.keep_failed_events(self.undelivered, key=key)
        ended_badly = events.Rule(
            self,
            "EndedBadly",
            description="An execution of the drop state machine failed, timed out or was aborted",
            event_pattern=events.EventPattern(
                source=["aws.states"],
                detail_type=["Step Functions Execution Status Change"],
                detail={
                    "stateMachineArn": [state_machine.arn],
                    "status": ["FAILED", "TIMED_OUT", "ABORTED"],
                },
            ),
        )
        send_to_function(ended_badly, self.handler.function, undelivered=self.undelivered)
        self.died = counted(functions.settings, "ExecutionsDied")
        """The metric of executions that ended without a report."""
        logs.MetricFilter(
            self,
            "Died",
            log_group=self.handler.log_group,
            filter_pattern=logs.FilterPattern.any(
                logs.FilterPattern.string_value("$.message", "=", DIED),
                logs.FilterPattern.string_value("$.message", "=", DIED_TELLING),
            ),
            metric_namespace=self.died.namespace,
            metric_name=self.died.metric_name,
            metric_value="1",
        )
