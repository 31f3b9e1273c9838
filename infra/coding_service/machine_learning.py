"""Amazon ML's API: its path, its clients' access keys, its table, and what works on predictions."""

from __future__ import annotations

import hashlib
import json
from typing import cast

from aws_cdk import Aws, CfnElement, Stack
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from infra.acknowledgements import WILDCARD, acknowledge
from infra.coding_service.api import STAGE, Api
from infra.coding_service.inference import CODER_MEMORY_MB, LONGEST_SECONDS, let_run_children
from infra.coding_service.storage import READ_TABLE, WRITE_TABLE, Storage
from infra.definitions import definition
from infra.functions import FunctionFactory, TracedFunction
from infra.security import encrypted_log_group, secure_table, storage_removal, use_key

PATH = "machinelearning"
WORK_FOLDER = "machine-learning/*"  # in the bucket of outputs: plans, pieces and logs
SECRET_LENGTH = 40  # as AWS's own


class MachineLearning(Construct):
    """What speaks Amazon ML's API.

    :ivar url: the `endpoint_url` of clients.
    :ivar key_secret_arn: secret with the access key of the first client. :ivar key: encrypts it.
    :ivar role_arn: the role that reads data and writes results in its clients' buckets.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        api: Api,
        storage: Storage,
        factory: FunctionFactory,
        key: kms.Key,
    ) -> None:
        super().__init__(scope, construct_id)
        settings = factory.settings
        self.key = key
        self.table = secure_table(
            self,
            "Entities",
            key=key,
            settings=settings,
            partition_key="pk",
            sort_key="sk",
            expires_at="expires_at",
        )
        secrets = {
            client: self._secret(client, factory) for client in settings.machine_learning_clients
        }
        self.key_secret_arn = _arn(next(iter(secrets.values())))
        self.work = self._work_function(storage, factory)
        self.role_arn = self.work.role.role_arn
        self.machine = self._machine(storage, factory)
        self.answer = factory.function(
            self,
            "Answer",
            module="machine_learning_api",
            description="Answers Amazon ML's API",
            memory_mb=1024,
            timeout_seconds=28,
            environment={
                "MACHINE_LEARNING_TABLE": self.table.table_name,
                "PREDICTIONS_STATE_MACHINE_ARN": self.machine.state_machine_arn,
                "ACCESS_KEYS": Stack.of(self).to_json_string(
                    {
                        _access_key_id(client): [client, _arn(secret)]
                        for client, secret in secrets.items()
                    }
                ),
                "ACCOUNT_ID": Aws.ACCOUNT_ID,
                "SERVICE_REGION": Aws.REGION,
                # The local cloud leaves the front of the address out when it tells the path.
                "SIGNED_PATH": (
                    f"/_aws/execute-api/{api.rest.rest_api_id}/{STAGE}/{PATH}"
                    if settings.local_cloud
                    else ""
                ),
            },
        )
        self.answer.allow(
            *self._use_table(*READ_TABLE, *WRITE_TABLE, "dynamodb:UpdateItem", "dynamodb:Query"),
            # The counters of calls.
            *storage.use_operations(*READ_TABLE, *WRITE_TABLE),
            iam.PolicyStatement(
                actions=["states:StartExecution"], resources=[self.machine.state_machine_arn]
            ),
            iam.PolicyStatement(
                actions=["secretsmanager:GetSecretValue"],
                resources=[_arn(secret) for secret in secrets.values()],
            ),
            use_key(key, via="secretsmanager", scope=self, read=True),
            # The log that LogUri links to.
            iam.PolicyStatement(
                actions=["s3:GetObject"], resources=[storage.outputs.arn_for_objects(WORK_FOLDER)]
            ),
            storage.use_files_key(read=True),
        )
        self.url = f"{api.url}/{PATH}"
        self._add_path(api)

    def _secret(self, client: str, factory: FunctionFactory) -> secretsmanager.Secret:
        secret = secretsmanager.Secret(
            self,
            f"AccessKey-{client}",
            description=f"Access key of {client} for CodingService's Amazon ML API",
            encryption_key=self.key,
            generate_secret_string=secretsmanager.SecretStringGenerator(
                secret_string_template=json.dumps({"accessKeyId": _access_key_id(client)}),
                generate_string_key="secretAccessKey",
                exclude_punctuation=True,
                password_length=SECRET_LENGTH,
            ),
            removal_policy=storage_removal(factory.settings),
        )
        acknowledge(
            secret,
            "AwsSolutions-SMG4",
            "Replaced by hand when its client can take the new one; it counts within five minutes.",
        )
        return secret

    def _work_function(self, storage: Storage, factory: FunctionFactory) -> TracedFunction:
        function = factory.function(
            self,
            "Work",
            module="machine_learning_work",
            description="Inspects data sources, codes ranges of data files, joins their results",
            memory_mb=CODER_MEMORY_MB,
            timeout_seconds=LONGEST_SECONDS,
            environment={"MACHINE_LEARNING_TABLE": self.table.table_name},
        )
        function.allow(
            *self._use_table(*READ_TABLE, *WRITE_TABLE, "dynamodb:UpdateItem"),
            iam.PolicyStatement(
                actions=["s3:GetObject", "s3:PutObject", "s3:DeleteObject"],
                resources=[storage.outputs.arn_for_objects(WORK_FOLDER)],
            ),
            iam.PolicyStatement(
                actions=["s3:ListBucket"],
                resources=[storage.outputs.bucket_arn],
                conditions={"StringLike": {"s3:prefix": WORK_FOLDER}},
            ),
            storage.use_files_key(read=True, write=True),
            *_use_clients_buckets(factory),
        )
        acknowledge(
            Stack.of(self),
            f"AwsSolutions-IAM5[Resource::<{_outputs_id(storage)}.Arn>/{WORK_FOLDER}]",
            "Each prediction has keys of its own below the folder.",
        )
        for bucket in factory.settings.batch_prediction_buckets:
            acknowledge(
                function,
                f"AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:s3:::{bucket}/*]",
                "Which keys hold data is the clients' choice; the buckets are named in settings.",
            )
        return function

    def _machine(self, storage: Storage, factory: FunctionFactory) -> sfn.StateMachine:
        role = iam.Role(
            self,
            "MachineRole",
            assumed_by=iam.ServicePrincipal("states.amazonaws.com"),
            description="What the state machine of predictions may do",
        )
        role.add_to_policy(
            iam.PolicyStatement(
                actions=["lambda:InvokeFunction"],
                resources=[self.work.function.function_arn],
            )
        )
        role.add_to_policy(
            iam.PolicyStatement(
                actions=["s3:GetObject"], resources=[storage.outputs.arn_for_objects(WORK_FOLDER)]
            )
        )
        role.add_to_policy(storage.use_files_key(read=True))
        acknowledge(role, WILDCARD, "X-Ray and log deliveries take no resource but *.")
        machine = sfn.StateMachine(
            self,
            "Machine",
            definition_body=sfn.DefinitionBody.from_string(
                definition(
                    "predictions.asl.json",
                    {
                        "WorkFunctionArn": self.work.function.function_arn,
                        "InferenceConcurrency": factory.settings.inference_concurrency,
                    },
                )
            ),
            role=role,
            tracing_enabled=True,
            logs=sfn.LogOptions(
                destination=encrypted_log_group(
                    self, "MachineLog", key=self.key, settings=factory.settings
                ),
                level=sfn.LogLevel.ALL,
                include_execution_data=False,
            ),
        )
        # Without its policy the machine could be made, but not yet invoke anything.
        machine.node.add_dependency(role)
        let_run_children(machine, role)
        return machine

    def _use_table(self, *actions: str) -> list[iam.PolicyStatement]:
        return [
            iam.PolicyStatement(actions=list(actions), resources=[self.table.table_arn]),
            use_key(self.key, via="dynamodb", scope=self, read=True, write=True),
        ]

    def _add_path(self, api: Api) -> None:
        method = api.rest.root.add_resource(PATH).add_method(
            "POST",
            apigateway.LambdaIntegration(
                self.answer.function, allow_test_invoke=False, scope_permission_to_method=False
            ),
            authorization_type=apigateway.AuthorizationType.NONE,
        )
        reason = (
            "The function checks Signature Version 4 itself: the gateway's IAM authorizer takes"
            " signatures for execute-api alone, and clients of Amazon ML sign for machinelearning."
        )
        acknowledge(method, "AwsSolutions-APIG4", reason)
        acknowledge(method, "AwsSolutions-COG4", reason)


def _use_clients_buckets(factory: FunctionFactory) -> list[iam.PolicyStatement]:
    """What the settings name. A bucket of the same account may allow the role by itself."""
    settings = factory.settings
    statements = []
    if buckets := settings.batch_prediction_buckets:
        arns = [f"arn:{Aws.PARTITION}:s3:::{bucket}" for bucket in buckets]
        statements += [
            iam.PolicyStatement(actions=["s3:ListBucket"], resources=arns),
            iam.PolicyStatement(
                actions=["s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload"],
                resources=[f"{arn}/*" for arn in arns],
            ),
        ]
    if keys := settings.batch_prediction_keys:
        statements.append(
            iam.PolicyStatement(
                actions=["kms:Decrypt", "kms:GenerateDataKey"],
                resources=list(keys),
                conditions={"StringEquals": {"kms:ViaService": f"s3.{Aws.REGION}.amazonaws.com"}},
            )
        )
    return statements


def _outputs_id(storage: Storage) -> str:
    bucket = cast(CfnElement, storage.outputs.node.default_child)
    return Stack.of(storage).get_logical_id(bucket)


def _access_key_id(client: str) -> str:
    """The id of a client's key: the same at every deployment, and no secret."""
    return "DCML" + hashlib.sha256(client.encode()).hexdigest()[:16].upper()


def _arn(secret: secretsmanager.Secret) -> str:
    # By GetAtt: Ref is the ARN on AWS, but the bare name in the local cloud.
    return cast(secretsmanager.CfnSecret, secret.node.default_child).attr_id
