"""What Pipeline needs to drive Amazon ML; deployed only where a topic is coded by it."""

from collections.abc import Mapping
from dataclasses import dataclass

from aws_cdk import ArnFormat, Duration, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.constructs.keys import use_key, via_service
from infra.constructs.secure_storage import secure_bucket
from infra.constructs.service_principals import acting_for
from infra.nag import WILDCARD, acknowledge, acknowledge_keys
from infra.settings.settings import Settings

# Far longer than a prediction takes (Amazon ML ends one after seven days: its system limits).
EXCHANGE_DAYS = 14
AMAZON_ML = "machinelearning.amazonaws.com"
PREDICTIONS = "dropcoder-*"  # lambdas/pipeline/engines/amazon_ml/engine.py begins its ids so
INPUTS, RESULTS = "*/input.csv", "*/batch-prediction/*"


@dataclass(frozen=True)
class AmazonMlService:
    """Where Amazon ML is, and as whom it reads and writes."""

    url: str
    """The service's address; "" for AWS's own in the stack's region."""
    key_secret_arn: str
    """ARN of the secret of the access key to call it with; "" for the functions' roles."""
    role_arn: str
    """ARN of the role as which it works on the bucket; "" for AWS's service."""
    key_arn: str = ""
    """ARN of the key that encrypts the secret; "" where it is not known."""

    @classmethod
    def from_settings(cls, settings: Settings) -> "AmazonMlService | None":
        """The service that the settings name; None where they name none."""
        named = settings.amazon_ml_url or settings.amazon_ml_key_secret_arn
        if not named and not settings.amazon_ml_role_arn:
            return None
        return cls(
            settings.amazon_ml_url, settings.amazon_ml_key_secret_arn, settings.amazon_ml_role_arn
        )


AWS_OWN = AmazonMlService(url="", key_secret_arn="", role_arn="")


class AmazonMl(Construct):
    """The exchange bucket, and what functions may do with it and with Amazon ML."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        key: kms.IKey,
        settings: Settings,
        service: AmazonMlService,
    ) -> None:
        super().__init__(scope, construct_id)
        self._key, self._settings, self._service = key, settings, service
        self.exchange = secure_bucket(
            self,
            "Exchange",
            key=key,
            settings=settings,
            versioned=False,
            tells_event_bus=False,
            lifecycle_rules=[
                s3.LifecycleRule(
                    id="DeleteWhatFailuresLeft", expiration=Duration.days(EXCHANGE_DAYS)
                )
            ],
        )
        """The bucket of inputs and scores of predictions, until they are collected."""
        acknowledge_keys(self.exchange, "Each prediction has keys of its own.")
        self._let_service_in()

    def environment(self) -> Mapping[str, str]:
        """What functions need to find it. Holds no secret."""
        settings = self._settings
        return {
            "EXCHANGE_BUCKET": self.exchange.bucket_name,
            "AMAZON_ML_URL": self._service.url,
            "AMAZON_ML_KEY_SECRET_ARN": self._service.key_secret_arn,
            "AMAZON_ML_MODELS": pairs(settings.amazon_ml_models),
            "AMAZON_ML_THRESHOLD": f"{settings.amazon_ml_threshold:g}",
        }

    def may_find_models(self) -> tuple[iam.PolicyStatement, ...]:
        """To find the model that codes a topic."""
        return self._may_call(self._call("DescribeMLModels"), self._call("GetMLModel", "mlmodel/*"))

    def may_submit(self) -> tuple[iam.PolicyStatement, ...]:
        """To find a model, to write an input, and to create a prediction on it."""
        return (
            *self._may_exchange("PutObject", *_IN_PARTS, "GetObject"),
            *self._may_call(
                self._call("DescribeMLModels"),
                self._call("GetMLModel", "mlmodel/*"),
                self._call("GetBatchPrediction", f"batchprediction/{PREDICTIONS}"),
                self._call("GetDataSource", f"datasource/{PREDICTIONS}"),
                self._call("CreateDataSourceFromS3", f"datasource/{PREDICTIONS}"),
                self._call(
                    "CreateBatchPrediction",
                    *(f"batchprediction/{PREDICTIONS}", f"datasource/{PREDICTIONS}", "mlmodel/*"),
                ),
            ),
        )

    def may_check(self) -> tuple[iam.PolicyStatement, ...]:
        """To ask for a prediction's status."""
        return self._may_call(
            self._call("GetBatchPrediction", f"batchprediction/{PREDICTIONS}"),
            # That of a failed prediction says why.
            self._call("GetDataSource", f"datasource/{PREDICTIONS}"),
        )

    def may_collect(self) -> tuple[iam.PolicyStatement, ...]:
        """To read the scores, to write what is made of them, and to delete all that is left."""
        return (
            *self._may_exchange("GetObject", "PutObject", *_IN_PARTS, "DeleteObject"),
            *self._may_call(
                self._call("DeleteBatchPrediction", f"batchprediction/{PREDICTIONS}"),
                self._call("DeleteDataSource", f"datasource/{PREDICTIONS}"),
            ),
        )

    def acknowledge_calls(self, construct: Construct) -> None:
        """Accepts that a function's policy names records by patterns."""
        stack = Stack.of(self)
        for pattern in ("mlmodel/*", f"batchprediction/{PREDICTIONS}", f"datasource/{PREDICTIONS}"):
            acknowledge(
                stack,
                f"AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:machinelearning:"
                f"<AWS::Region>:<AWS::AccountId>:{pattern}]",
                "Predictions are named after drops, and models are chosen by their topic's name.",
            )
        acknowledge(construct, WILDCARD, "DescribeMLModels takes no resource but *.")

    def _may_call(self, *own: iam.PolicyStatement) -> tuple[iam.PolicyStatement, ...]:
        """Calls of AWS's service; or use of the access key, where another issues its own."""
        secret = self._service.key_secret_arn
        if not secret:
            return own
        return (
            iam.PolicyStatement(actions=["secretsmanager:GetSecretValue"], resources=[secret]),
            self._may_decrypt(secret),
        )

    def _may_decrypt(self, secret: str) -> iam.PolicyStatement:
        stack = Stack.of(self)
        any_key = stack.format_arn(service="kms", resource="key", resource_name="*")
        if not self._service.key_arn:
            acknowledge(
                stack,
                "AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:kms:<AWS::Region>:"
                "<AWS::AccountId>:key/*]",
                "Whatever key encrypts the named secret, and for that secret alone.",
            )
        return iam.PolicyStatement(
            actions=["kms:Decrypt"],
            resources=[self._service.key_arn or any_key],
            conditions={
                "StringEquals": {
                    "kms:ViaService": via_service("secretsmanager", stack),
                    "kms:EncryptionContext:SecretARN": secret,
                }
            },
        )

    def _may_exchange(self, *operations: str) -> tuple[iam.PolicyStatement, ...]:
        return (
            iam.PolicyStatement(
                actions=[f"s3:{operation}" for operation in operations],
                resources=[self.exchange.arn_for_objects("*")],
            ),
            # To list what a prediction has left; and without it S3 answers 403 for an object that
            # is not there (Amazon S3 API, GetObject).
            iam.PolicyStatement(actions=["s3:ListBucket"], resources=[self.exchange.bucket_arn]),
            use_key(self._key, via="s3", scope=self, read=True, write=True),
        )

    def _call(self, action: str, *records: str) -> iam.PolicyStatement:
        stack = Stack.of(self)
        return iam.PolicyStatement(
            actions=[f"machinelearning:{action}"],
            resources=[
                stack.format_arn(
                    service="machinelearning",
                    resource=each.partition("/")[0],
                    resource_name=each.partition("/")[2],
                    arn_format=ArnFormat.SLASH_RESOURCE_NAME,
                )
                for each in records
            ]
            or ["*"],
        )

    def _let_service_in(self) -> None:
        """As Amazon ML's developer guide has it (granting permissions to read and to write)."""
        role = self._service.role_arn
        who: iam.IPrincipal = iam.ArnPrincipal(role) if role else iam.ServicePrincipal(AMAZON_ML)
        stack = Stack.of(self)
        its_records = stack.format_arn(
            service="machinelearning", resource="*", arn_format=ArnFormat.NO_RESOURCE_NAME
        )
        own = {} if role else acting_for(self, arn=its_records)
        objects = self.exchange.arn_for_objects
        for actions, resources in (
            (["s3:GetObject"], [objects(INPUTS), objects(RESULTS)]),
            (["s3:PutObject", "s3:AbortMultipartUpload"], [objects(RESULTS)]),
            (["s3:ListBucket"], [self.exchange.bucket_arn]),
        ):
            self.exchange.add_to_resource_policy(
                iam.PolicyStatement(
                    principals=[who], actions=actions, resources=resources, conditions=own
                )
            )
        if not role:
            self.exchange.add_to_resource_policy(
                iam.PolicyStatement(
                    principals=[who],
                    actions=["s3:PutObjectAcl"],
                    resources=[objects(RESULTS)],
                    conditions={
                        **own,
                        "StringEquals": {
                            **own["StringEquals"],
                            "s3:x-amz-acl": "bucket-owner-full-control",
                        },
                    },
                )
            )
        self._key.add_to_resource_policy(
            iam.PolicyStatement(
                sid="AmazonMlInTheExchangeBucket",
                principals=[who],
                actions=["kms:Decrypt", "kms:GenerateDataKey"],
                resources=["*"],
                conditions=own,
            )
        )


_IN_PARTS = ("AbortMultipartUpload", "ListMultipartUploadParts")


def pairs(named: Mapping[str, str]) -> str:
    """As `lambdas/pipeline/engines/settings.py` reads them."""
    return ",".join(f"{name}={value}" for name, value in sorted(named.items()))
