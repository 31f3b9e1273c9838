"""Amazon ML's API: its path, the function behind it, its clients' keys and what they start."""

from aws_cdk import Aws
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from infra.coding_service.access_keys import AccessKeys
from infra.coding_service.amazon_ml_work import WORK_FOLDER, AmazonMlWork
from infra.coding_service.api import AMAZON_ML_PATH, STAGE, Api
from infra.coding_service.storage import CHANGE_TABLE, READ_TABLE, WRITE_TABLE, Storage
from infra.constructs.functions import FunctionFactory, TracedFunction
from infra.nag import acknowledge


class AmazonMlApi(Construct):
    """The API of Amazon ML over the service's models.

    `url` is the `endpoint_url` of clients, `key_secret_arn` the secret with the access key of the
    first client, `key` encrypts it; `role_arn` names the role that reads data and writes results in
    its clients' buckets.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        api: Api,
        storage: Storage,
        factory: FunctionFactory,
        key: kms.IKey,
    ) -> None:
        super().__init__(scope, construct_id)
        self.key = key
        """Encrypts the clients' access keys."""
        keys = AccessKeys(self, "AccessKeys", key=key, settings=factory.settings)
        work = AmazonMlWork(self, "Predictions", storage=storage, factory=factory, key=key)
        self.handler = self._handler(api, keys, work, factory)
        self.handler.allow(
            *work.use_table(*READ_TABLE, *WRITE_TABLE, *CHANGE_TABLE, "dynamodb:Query"),
            # The counters of calls.
            *storage.use_operations(*READ_TABLE, *WRITE_TABLE),
            iam.PolicyStatement(
                actions=["states:StartExecution"],
                resources=[work.machine.state_machine_arn],
            ),
            *keys.may_read(),
            *storage.see_models(cards_only=True),
            # The log that LogUri links to.
            iam.PolicyStatement(
                actions=["s3:GetObject"], resources=[storage.outputs.arn_for_objects(WORK_FOLDER)]
            ),
            storage.use_files_key(read=True),
        )
        self.work, self.machine = work.handler, work.machine
        self.url = f"{api.url}/{AMAZON_ML_PATH}"
        """The `endpoint_url` of clients."""
        self.key_secret_arn = next(iter(keys.arns.values()))
        """The secret with the access key of the first client."""
        self.role_arn = self.work.role.role_arn
        """The role that reads data and writes results in clients' buckets."""
        self._add_path(api)

    def outputs(self) -> dict[str, str]:
        """What its clients and operators look up, by the names of the stack's outputs."""
        return {
            "MachineLearningUrl": self.url,
            "MachineLearningKeySecretArn": self.key_secret_arn,
            "MachineLearningRoleArn": self.role_arn,
            "PredictionsStateMachineArn": self.machine.state_machine_arn,
        }

    def _handler(
        self, api: Api, keys: AccessKeys, work: AmazonMlWork, factory: FunctionFactory
    ) -> TracedFunction:
        return factory.function(
            self,
            "Answer",
            module="amazon_ml.api.handler",
            description="Answers Amazon ML's API",
            memory_mb=1024,
            timeout_seconds=28,
            environment={
                "MACHINE_LEARNING_TABLE": work.table.table_name,
                "PREDICTIONS_STATE_MACHINE_ARN": work.machine.state_machine_arn,
                "ACCESS_KEYS": keys.declared,
                "ACCOUNT_ID": Aws.ACCOUNT_ID,
                "SERVICE_REGION": Aws.REGION,
                # The path in the local cloud's events lacks the front of the address.
                "SIGNED_PATH": (
                    f"/_aws/execute-api/{api.rest.rest_api_id}/{STAGE}/{AMAZON_ML_PATH}"
                    if factory.settings.local_cloud
                    else ""
                ),
            },
        )

    def _add_path(self, api: Api) -> None:
        method = api.rest.root.add_resource(AMAZON_ML_PATH).add_method(
            "POST",
            apigateway.LambdaIntegration(self.handler.function, scope_permission_to_method=False),
            authorization_type=apigateway.AuthorizationType.NONE,
        )
        reason = (
            "The function checks Signature Version 4 itself: the gateway's IAM authorizer takes"
            " signatures for execute-api alone, and clients of Amazon ML sign for machinelearning."
        )
        acknowledge(method, "AwsSolutions-APIG4", reason)
        acknowledge(method, "AwsSolutions-COG4", reason)
