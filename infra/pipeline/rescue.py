"""Tells of drops whose execution died before it could tell."""

from __future__ import annotations

from aws_cdk import Duration
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_kms as kms
from constructs import Construct

from infra.functions import FunctionFactory
from infra.pipeline.intake import DELIVERY_HOURS, DELIVERY_RETRIES
from infra.pipeline.workflow import Workflow
from infra.security import dead_letters

# Errors of `statemachine/drop.asl.json`'s own Fail states: those drops have been told.
TOLD = ("DropFailed", "DropTimedOut")


class Rescue(Construct):
    """Starts an execution that only tells, for each execution that ended without telling.

    :ivar rescue: the function.
    :ivar undelivered: events that never reached it, or that it failed on.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        key: kms.IKey,
        functions: FunctionFactory,
        workflow: Workflow,
    ) -> None:
        super().__init__(scope, construct_id)
        self.rescue = functions.function(
            self,
            "Rescue",
            module="rescue",
            description="Has a drop told whose execution died",
            memory_mb=256,
            timeout_seconds=60,
            environment={"STATE_MACHINE_ARN": workflow.arn},
        )
        self.undelivered = dead_letters(self, "Undelivered", key=key)
        self.rescue.keep_failed_events(self.undelivered, key=key)
        # Two rules, for an aborted or timed-out execution has no error name to look at.
        self._rule("Cut", workflow, {"status": ["TIMED_OUT", "ABORTED"]})
        self._rule(
            "Died", workflow, {"status": ["FAILED"], "error": [{"anything-but": list(TOLD)}]}
        )

    def _rule(self, construct_id: str, workflow: Workflow, detail: dict[str, object]) -> None:
        events.Rule(
            self,
            construct_id,
            description="An execution of the drop state machine ended without telling",
            event_pattern=events.EventPattern(
                source=["aws.states"],
                detail_type=["Step Functions Execution Status Change"],
                detail={"stateMachineArn": [workflow.arn], **detail},
            ),
            targets=[
                targets.LambdaFunction(
                    self.rescue.function,
                    dead_letter_queue=self.undelivered,
                    max_event_age=Duration.hours(DELIVERY_HOURS),
                    retry_attempts=DELIVERY_RETRIES,
                )
            ],
        )
