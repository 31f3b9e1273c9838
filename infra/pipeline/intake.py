"""The drop bucket, and the way from a dropped object to the receive function."""

from __future__ import annotations

from aws_cdk import Duration
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from infra.acknowledgements import acknowledge_any_key
from infra.functions import FunctionFactory
from infra.pipeline.workflow import Workflow
from infra.security import dead_letters, secure_bucket, use_key
from infra.settings import Settings

# EventBridge hands an event to its target for at most 24 hours and 185 times (its quotas).
DELIVERY_HOURS = 24
DELIVERY_RETRIES = 185


class Intake(Construct):
    """Takes drops in: bucket → rule → receive; what is lost on the way lies in a queue.

    :ivar bucket: where people drop files. Versioned: a drop is one version of one key.
    :ivar receive: starts an execution for each drop.
    :ivar undelivered: events that never reached `receive`, or that it failed on.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        key: kms.IKey,
        settings: Settings,
        functions: FunctionFactory,
        workflow: Workflow,
    ) -> None:
        super().__init__(scope, construct_id)
        self._key = key
        self.bucket = secure_bucket(
            self, "Drops", key=key, settings=settings, versioned=True, tells_event_bus=True
        )
        acknowledge_any_key(self.bucket, "Droppers choose the keys; the grants are to read alone.")
        self.receive = functions.function(
            self,
            "Receive",
            module="receive",
            description="Gives a dropped file its identity, topic and parts; starts its execution",
            memory_mb=256,
            timeout_seconds=60,
            environment={"STATE_MACHINE_ARN": workflow.arn},
        )
        self.undelivered = dead_letters(self, "Undelivered", key=key)
        self.receive.keep_failed_events(self.undelivered, key=key)
        events.Rule(
            self,
            "Dropped",
            description="An object was created in the drop bucket",
            event_pattern=events.EventPattern(
                source=["aws.s3"],
                detail_type=["Object Created"],
                detail={"bucket": {"name": [self.bucket.bucket_name]}},
            ),
            targets=[
                targets.LambdaFunction(
                    self.receive.function,
                    dead_letter_queue=self.undelivered,
                    max_event_age=Duration.hours(DELIVERY_HOURS),
                    retry_attempts=DELIVERY_RETRIES,
                )
            ],
        )

    def may_read(self) -> tuple[iam.PolicyStatement, ...]:
        """To read any version of a dropped object."""
        return (
            iam.PolicyStatement(
                actions=["s3:GetObject", "s3:GetObjectVersion"],
                resources=[self.bucket.arn_for_objects("*")],
            ),
            # Without it S3 answers 403 for an object that is gone, and a deleted drop would look
            # like a missing permission (Amazon S3 API, GetObject, "Permissions").
            iam.PolicyStatement(actions=["s3:ListBucket"], resources=[self.bucket.bucket_arn]),
            use_key(self._key, via="s3", scope=self, read=True),
        )
