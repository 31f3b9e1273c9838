"""The work on data sources and batch predictions: a table, a function, a state machine."""

from typing import cast

from aws_cdk import Aws
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from infra.coding_service.inference import LONGEST_SECONDS
from infra.coding_service.storage import CHANGE_TABLE, READ_TABLE, WRITE_TABLE, Storage
from infra.constructs.functions import FunctionFactory, TracedFunction
from infra.constructs.keys import use_key, via_service
from infra.constructs.map_runs import let_run_children
from infra.constructs.secure_messaging import state_machine_log_group
from infra.constructs.secure_storage import secure_table
from infra.constructs.service_principals import any_state_machine, service_for
from infra.nag import WILDCARD, acknowledge, acknowledge_keys
from infra.project_files import definition
from infra.settings.settings import CODER_MEMORY_MB

WORK_FOLDER = "machine-learning/*"  # in the bucket of outputs: plans, pieces and logs


class AmazonMlWork(Construct):
    """Data sources and predictions, and the work on them.

    `table` holds both kinds, by client; `machine` is statemachine/predictions.asl.json, `handler`
    the function behind its states, whose role reads and writes in clients' buckets.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        storage: Storage,
        factory: FunctionFactory,
        key: kms.IKey,
    ) -> None:
        super().__init__(scope, construct_id)
        self.key = key
        self.table = secure_table(
            self,
            "Entities",
            key=key,
            settings=factory.settings,
            partition_key="pk",
            sort_key="sk",
            expires_at="expires_at",
        )
        self.handler = self._handler(storage, factory)
        self.machine = self._machine(storage, factory)
        """Runs statemachine/predictions.asl.json."""

    def use_table(self, *actions: str) -> list[iam.PolicyStatement]:
        """Statements for actions on data sources and predictions."""
        return [
            iam.PolicyStatement(actions=list(actions), resources=[self.table.table_arn]),
            use_key(self.key, via="dynamodb", scope=self, read=True, write=True),
        ]

    def _handler(self, storage: Storage, factory: FunctionFactory) -> TracedFunction:
        function = factory.function(
            self,
            "Work",
            module="amazon_ml.work.handler",
            description="Inspects data sources, codes ranges of data files, joins their results",
            memory_mb=CODER_MEMORY_MB,
            timeout_seconds=LONGEST_SECONDS,
            environment={"MACHINE_LEARNING_TABLE": self.table.table_name},
        )
        function.allow(
            *self.use_table(*READ_TABLE, *WRITE_TABLE, *CHANGE_TABLE),
            *storage.see_models(),
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
            *_use_clients_buckets(self, factory),
        )
        reason = "Each prediction has keys of its own below the folder."
        acknowledge_keys(storage.outputs, reason, WORK_FOLDER)
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
            assumed_by=service_for(self, "states.amazonaws.com", arn=any_state_machine(self)),
            description="What the state machine of predictions may do",
        )
        role.add_to_policy(
            iam.PolicyStatement(
                actions=["lambda:InvokeFunction"],
                resources=[self.handler.function.function_arn],
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
                        "WorkFunctionArn": self.handler.function.function_arn,
                        "InferenceConcurrency": factory.settings.inference_concurrency,
                        "Partition": Aws.PARTITION,
                    },
                )
            ),
            role=role,
            tracing_enabled=True,
            logs=sfn.LogOptions(
                destination=state_machine_log_group(
                    self,
                    "MachineLog",
                    key=self.key,
                    settings=factory.settings,
                    machine="predictions",
                ),
                level=sfn.LogLevel.ALL,
                include_execution_data=False,
            ),
        )
        # Without its policy the machine could be made, but not yet invoke anything.
        machine.node.add_dependency(role)
        let_run_children(machine, cast(sfn.CfnStateMachine, machine.node.default_child), role)
        return machine


def _use_clients_buckets(scope: Construct, factory: FunctionFactory) -> list[iam.PolicyStatement]:
    """Statements for the buckets and keys in settings; other buckets of the account may allow the
    role by their own policy."""
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
                conditions={"StringEquals": {"kms:ViaService": via_service("s3", scope)}},
            )
        )
    return statements
