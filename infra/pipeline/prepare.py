"""The function that reads what was dropped, and the bucket in which it puts the rows."""

from collections.abc import Sequence

from aws_cdk import Duration
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.assets.building import TABLES
from infra.constructs.functions import FunctionFactory
from infra.constructs.keys import use_key
from infra.constructs.secure_storage import secure_bucket
from infra.nag import acknowledge_keys
from infra.pipeline.receive import PREPARE_SECONDS, Receive
from infra.pipeline.results import WRITE_IN_PARTS
from infra.pipeline.tasks import TABLES_MEMORY_MB, TABLES_SCRATCH_MB
from infra.settings.settings import Settings

# An execution lasts 14 days at most, and can be redriven for 14 more (Step Functions quotas).
PREPARED_DAYS = 30
# A GET that names its version, even that of a bucket without versions, needs both (Amazon S3 API,
# GetObject, "Permissions").
READ_A_VERSION = ("GetObject", "GetObjectVersion")
CHECKPOINTS = "*/finish/*.checkpoint"  # lambdas/pipeline/finish/coded_tables.py keeps them there
OPERATIONS = ".operations/*"  # lambdas/pipeline/engines/small_batches/files.py keeps them there
BATCH = 10  # the most without a window to gather in (Lambda, SQS event source mappings)


class PreparedFiles(Construct):
    """The bucket of prepared files: copies of what was dropped, for the length of an execution."""

    def __init__(
        self, scope: Construct, construct_id: str, *, key: kms.IKey, settings: Settings
    ) -> None:
        super().__init__(scope, construct_id)
        self._key = key
        # Copies of rows stay no longer than what they are copies of.
        days = min(PREPARED_DAYS, settings.drop_retention_days or PREPARED_DAYS)
        self.bucket = secure_bucket(
            self,
            "Bucket",
            key=key,
            settings=settings,
            versioned=False,
            tells_event_bus=False,
            lifecycle_rules=[s3.LifecycleRule(id="ForgetPrepared", expiration=Duration.days(days))],
        )
        reason = "Each drop has a folder of its own."
        acknowledge_keys(self.bucket, reason, "*", CHECKPOINTS, OPERATIONS)

    def may_read(self) -> tuple[iam.PolicyStatement, ...]:
        """To read prepared rows."""
        return self._may(READ_A_VERSION, write=False)

    def may_write(self) -> tuple[iam.PolicyStatement, ...]:
        """To write prepared files in parts, and checkpoints, and to read both again."""
        return self._may((*READ_A_VERSION, *WRITE_IN_PARTS, "DeleteObject"), write=True)

    def may_finish(self) -> tuple[iam.PolicyStatement, ...]:
        """To read prepared files, and to keep how far they are given back."""
        return (
            *self._may(READ_A_VERSION, write=True),
            iam.PolicyStatement(
                actions=["s3:PutObject", "s3:DeleteObject"],
                resources=[self.bucket.arn_for_objects(CHECKPOINTS)],
            ),
        )

    def may_take_operations_apart(self) -> tuple[iam.PolicyStatement, ...]:
        """To write the records and texts of operations that are coded in small batches."""
        return self._may(("GetObject", *WRITE_IN_PARTS), write=True, keys=OPERATIONS)

    def may_see_operations(self) -> tuple[iam.PolicyStatement, ...]:
        """To see whether such an operation has its texts."""
        return self._may(("GetObject",), write=False, keys=OPERATIONS)

    def may_code_operations(self) -> tuple[iam.PolicyStatement, ...]:
        """To read the texts, to keep answers and output, and to delete all of it then."""
        return self._may(
            ("GetObject", *WRITE_IN_PARTS, "DeleteObject"), write=True, keys=OPERATIONS
        )

    def _may(
        self, operations: Sequence[str], *, write: bool, keys: str = "*"
    ) -> tuple[iam.PolicyStatement, ...]:
        return (
            iam.PolicyStatement(
                actions=[f"s3:{operation}" for operation in operations],
                resources=[self.bucket.arn_for_objects(keys)],
            ),
            # Without it S3 answers 403 for an object that is not there (Amazon S3 API, GetObject).
            iam.PolicyStatement(actions=["s3:ListBucket"], resources=[self.bucket.bucket_arn]),
            use_key(self._key, via="s3", scope=self, read=True, write=write),
        )


class Prepare(Construct):
    """The function behind the queue of arrivals."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        functions: FunctionFactory,
        receive: Receive,
        settings: Settings,
    ) -> None:
        super().__init__(scope, construct_id)
        self.handler = functions.function(
            self,
            "Prepare",
            module="prepare.handler",
            description="Gives dropped files identity and topic, and their rows the service's form",
            memory_mb=TABLES_MEMORY_MB,
            timeout_seconds=PREPARE_SECONDS,
            environment={
                "DROP_BUCKET": receive.bucket.bucket_name,
                "ARRIVALS_QUEUE": receive.arrivals.queue_url,
                "PREPARED_QUEUE": receive.queue.queue_url,
            },
            asset=TABLES,
            scratch_mb=TABLES_SCRATCH_MB,
        )
        mapping = lambda_.EventSourceMapping(
            self,
            "TakeIn",
            target=self.handler.function,
            event_source_arn=receive.arrivals.queue_arn,
            batch_size=BATCH,
            max_concurrency=settings.prepare_concurrency,
            report_batch_item_failures=True,
        )
        # Lambda refuses a queue that the function may not read.
        mapping.node.add_dependency(self.handler.role)
