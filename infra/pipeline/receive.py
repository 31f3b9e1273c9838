"""The drop bucket, and the way from a dropped object past prepare to the receive function."""

from aws_cdk import Duration
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.constructs.event_rules import send_to_queue
from infra.constructs.functions import FunctionFactory
from infra.constructs.keys import use_key
from infra.constructs.secure_messaging import dead_letters, work_queue
from infra.constructs.secure_storage import retention_rules, secure_bucket
from infra.nag import acknowledge_keys
from infra.pipeline.state_machine import DropStateMachine
from infra.settings.settings import Settings

RECEIVE_SECONDS = 300
PREPARE_SECONDS = 900  # Lambda's longest; a larger file takes several invocations
RECEIVE_TRIES = 5
# Beyond the function's timeout: prepare may repeat what it did, so the six timeouts that Lambda's
# guide has for throttled functions would only make a drop wait whose function died.
HIDDEN_AFTER_SECONDS = 60
# Lambda's least. Few at once, so that later drops gather in the queue and share an operation.
RECEIVE_AT_ONCE = 2
BATCH_OF_MANY = 1_000  # as many as share an execution (`receive.batching`) with keys of 55 letters
BATCH_OF_FEW = 10


class Receive(Construct):
    """The way of drops in: bucket → rule → queue → prepare → queue → receive → execution.

    What fails lies in another queue. The second queue gathers drops for a few seconds, so that
    small files can share an operation.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        key: kms.IKey,
        settings: Settings,
        functions: FunctionFactory,
        state_machine: DropStateMachine,
    ) -> None:
        super().__init__(scope, construct_id)
        self._key = key
        self.bucket = secure_bucket(
            self,
            "Drops",
            key=key,
            settings=settings,
            versioned=True,
            tells_event_bus=True,
            lifecycle_rules=retention_rules("Drops", settings.drop_retention_days),
        )
        """Where people drop files. Versioned: a drop is one version of one key."""
        acknowledge_keys(self.bucket, "Droppers choose the keys; the grants are to read alone.")
        self.handler = functions.function(
            self,
            "Receive",
            module="receive.handler",
            description="Says which drops share an operation, splits large ones; starts executions",
            memory_mb=512,
            timeout_seconds=RECEIVE_SECONDS,
            environment={"STATE_MACHINE_ARN": state_machine.arn},
        )
        """The function, which starts executions for the drops."""
        self.undelivered = dead_letters(self, "Undelivered", key=key)
        """Events that never reached `arrivals`, and messages that a function failed on."""
        self.arrivals = work_queue(
            self,
            "Arrivals",
            key=key,
            hidden_seconds=PREPARE_SECONDS + HIDDEN_AFTER_SECONDS,
            tries=RECEIVE_TRIES,
            failed=self.undelivered,
        )
        """Events of dropped objects that prepare has not handled yet."""
        self.queue = work_queue(
            self,
            "Prepared",
            key=key,
            hidden_seconds=6 * RECEIVE_SECONDS,
            tries=RECEIVE_TRIES,
            failed=self.undelivered,
        )
        """Prepared drops that the function has not handled yet."""
        dropped = events.Rule(
            self,
            "Dropped",
            description="An object was created in the drop bucket",
            event_pattern=events.EventPattern(
                source=["aws.s3"],
                detail_type=["Object Created"],
                detail={"bucket": {"name": [self.bucket.bucket_name]}},
            ),
        )
        send_to_queue(dropped, self.arrivals, undelivered=self.undelivered)
        together = settings.share_operations
        mapping = lambda_.EventSourceMapping(
            self,
            "TakePrepared",
            target=self.handler.function,
            event_source_arn=self.queue.queue_arn,
            batch_size=BATCH_OF_MANY if together else BATCH_OF_FEW,
            max_batching_window=Duration.seconds(settings.share_wait_seconds if together else 0),
            max_concurrency=RECEIVE_AT_ONCE,
            report_batch_item_failures=True,
        )
        # Lambda refuses a queue that the function may not read.
        mapping.node.add_dependency(self.handler.role)

    def may_receive(self) -> tuple[iam.PolicyStatement, ...]:
        """To take drops off the queue."""
        return (_may_take(self.queue), use_key(self._key, via="sqs", scope=self, read=True))

    def may_prepare(self) -> tuple[iam.PolicyStatement, ...]:
        """To take events off the queue, to put back what is not finished, to send drops on."""
        return (
            _may_take(self.arrivals),
            iam.PolicyStatement(
                actions=["sqs:SendMessage"],
                resources=[self.arrivals.queue_arn, self.queue.queue_arn],
            ),
            use_key(self._key, via="sqs", scope=self, read=True, write=True),
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


def _may_take(queue: sqs.IQueue) -> iam.PolicyStatement:
    return iam.PolicyStatement(
        actions=["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"],
        resources=[queue.queue_arn],
    )
