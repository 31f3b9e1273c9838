"""The table of operations, and the buckets of their files and of published models.

Items and files are deleted after a time; models stay.
"""

from aws_cdk import Duration
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.constructs.keys import use_key
from infra.constructs.secure_storage import secure_bucket, secure_table
from infra.nag import acknowledge_keys
from infra.settings.settings import Settings

# Steps delete files themselves; a day is the shortest that a lifecycle rule can stand behind them.
FILES_KEPT = Duration.days(1)
DELETED_MODELS_KEPT = Duration.days(30)  # time to find out that one was needed; ours
CARDS = "*/model.json"  # published models' cards
READ_TABLE = ("dynamodb:GetItem",)
WRITE_TABLE = ("dynamodb:PutItem",)
CHANGE_TABLE = ("dynamodb:UpdateItem",)


class Storage(Construct):
    """The table and the three buckets of the service."""

    def __init__(
        self, scope: Construct, construct_id: str, *, key: kms.IKey, settings: Settings
    ) -> None:
        super().__init__(scope, construct_id)
        self.key = key
        self.operations = secure_table(
            self,
            "Operations",
            key=key,
            settings=settings,
            partition_key="pk",
            expires_at="expires_at",
        )
        """Operations and each client's calls."""
        rule = s3.LifecycleRule(
            id="DeleteWhatStepsLeft",
            expiration=FILES_KEPT,
            abort_incomplete_multipart_upload_after=FILES_KEPT,
        )
        self.inputs = secure_bucket(
            self,
            "Inputs",
            key=key,
            settings=settings,
            versioned=True,
            tells_event_bus=True,
            lifecycle_rules=[
                rule,
                s3.LifecycleRule(
                    id="DeleteReplacedUploads", noncurrent_version_expiration=FILES_KEPT
                ),
            ],
        )
        """Uploads; versioned, so that a second upload can't mix with the first."""
        self.outputs = secure_bucket(
            self,
            "Outputs",
            key=key,
            settings=settings,
            versioned=False,
            tells_event_bus=False,
            lifecycle_rules=[rule],
        )
        """Coded lines and metadata, for less than a day."""
        self.models = secure_bucket(
            self,
            "Models",
            key=key,
            settings=settings,
            versioned=True,
            tells_event_bus=False,
            lifecycle_rules=[
                s3.LifecycleRule(
                    id="ForgetDeletedModels", noncurrent_version_expiration=DELETED_MODELS_KEPT
                )
            ],
        )
        """Published models; versioned, so that none is lost by mistake."""
        reason = "Topics and models may come at any time; they are read only."
        acknowledge_keys(self.models, reason, "*", CARDS)
        for bucket in (self.inputs, self.outputs):
            acknowledge_keys(
                bucket, "Each operation has keys of its own; statements name the actions."
            )

    def environment(self, *, local_cloud: bool) -> dict[str, str]:
        """The functions' variables that name the storage."""
        return {
            "OPERATIONS_TABLE": self.operations.table_name,
            "INPUT_BUCKET": self.inputs.bucket_name,
            "OUTPUT_BUCKET": self.outputs.bucket_name,
            "MODELS_BUCKET": self.models.bucket_name,
            "INPUT_KEY_ARN": self.key.key_arn,
            # The local cloud has one host name for every bucket.
            "S3_ADDRESSING_STYLE": "path" if local_cloud else "virtual",
        }

    def use_operations(self, *actions: str) -> list[iam.PolicyStatement]:
        """Statements for actions on items of the operations table."""
        return [
            iam.PolicyStatement(actions=list(actions), resources=[self.operations.table_arn]),
            use_key(self.key, via="dynamodb", scope=self, read=True, write=True),
        ]

    def use_inputs(self, *actions: str) -> iam.PolicyStatement:
        """A statement for actions on uploaded objects."""
        return iam.PolicyStatement(
            actions=list(actions), resources=[self.inputs.arn_for_objects("*")]
        )

    def use_outputs(self, *actions: str) -> iam.PolicyStatement:
        """A statement for actions on coded objects."""
        return iam.PolicyStatement(
            actions=list(actions), resources=[self.outputs.arn_for_objects("*")]
        )

    def list_begun_outputs(self) -> iam.PolicyStatement:
        """A statement to find multipart uploads that a killed function left."""
        return iam.PolicyStatement(
            actions=["s3:ListBucketMultipartUploads"], resources=[self.outputs.bucket_arn]
        )

    def see_missing_inputs(self) -> iam.PolicyStatement:
        """A statement for a 404 from S3, not a 403, for an object that is gone (S3, GetObject)."""
        return iam.PolicyStatement(actions=["s3:ListBucket"], resources=[self.inputs.bucket_arn])

    def see_models(self, *, cards_only: bool = False) -> tuple[iam.PolicyStatement, ...]:
        """Statements to list and read published models, or their cards alone."""
        return (
            iam.PolicyStatement(actions=["s3:ListBucket"], resources=[self.models.bucket_arn]),
            iam.PolicyStatement(
                actions=["s3:GetObject"],
                resources=[self.models.arn_for_objects(CARDS if cards_only else "*")],
            ),
        )

    def use_files_key(self, *, read: bool = False, write: bool = False) -> iam.PolicyStatement:
        """A statement for use of the key for objects."""
        return use_key(self.key, via="s3", scope=self, read=read, write=write)
