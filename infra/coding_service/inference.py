"""From an upload to its results: the rule, the function that starts, the state machine."""

from typing import cast

from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from infra.coding_service.storage import CHANGE_TABLE, READ_TABLE, Storage
from infra.constructs.event_rules import send_to_function
from infra.constructs.functions import FunctionFactory, TracedFunction
from infra.constructs.map_runs import let_run_children
from infra.constructs.secure_messaging import dead_letters, state_machine_log_group
from infra.constructs.service_principals import any_state_machine, service_for
from infra.nag import WILDCARD, acknowledge
from infra.project_files import definition
from infra.settings.settings import CODER_MEMORY_MB

LONGEST_SECONDS = 900  # Lambda's longest
JOIN_SECONDS = 600  # S3 copies the largest output, about 45 GB, in a third of it; ours


class Inference(Construct):
    """The rule, the functions and the state machine that code uploaded files."""

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
        self.code = _code_function(self, storage, factory)
        self.lifecycle = _lifecycle_function(self, storage, factory)
        self.machine = self._machine(factory, key)
        """Runs statemachine/inference.asl.json."""
        self.start = factory.function(
            self,
            "Arrive",
            module="inference.start_handler",
            description="Starts the inference of an uploaded file, once",
            memory_mb=256,
            timeout_seconds=60,
            environment={"INFERENCE_STATE_MACHINE_ARN": self.machine.state_machine_arn},
        )
        self.start.allow(
            iam.PolicyStatement(
                actions=["states:StartExecution"], resources=[self.machine.state_machine_arn]
            )
        )
        if factory.settings.local_cloud:
            # Its S3 events leave the object's version out, so the function asks for it.
            self.start.allow(
                storage.use_inputs("s3:GetObject"),
                storage.see_missing_inputs(),
                storage.use_files_key(read=True),
            )
        self.lost_events = dead_letters(self, "LostUploads", key=key)
        """Events of uploads that could not be handled."""
        self.start.keep_failed_events(self.lost_events, key=key)
        uploaded = events.Rule(
            self,
            "Uploaded",
            description="An operation's input has arrived",
            event_pattern=events.EventPattern(
                source=["aws.s3"],
                detail_type=["Object Created"],
                detail={"bucket": {"name": [storage.inputs.bucket_name]}},
            ),
        )
        send_to_function(uploaded, self.start.function, undelivered=self.lost_events)

    def _machine(self, factory: FunctionFactory, key: kms.IKey) -> sfn.StateMachine:
        functions = [self.code.function, self.lifecycle.function]
        role = iam.Role(
            self,
            "MachineRole",
            assumed_by=service_for(self, "states.amazonaws.com", arn=any_state_machine(self)),
            description="What the inference state machine may do",
        )
        role.add_to_policy(
            iam.PolicyStatement(
                actions=["lambda:InvokeFunction"],
                resources=[function.function_arn for function in functions],
            )
        )
        acknowledge(role, WILDCARD, "X-Ray and log deliveries take no resource but *.")
        machine = sfn.StateMachine(
            self,
            "Machine",
            definition_body=sfn.DefinitionBody.from_string(
                definition(
                    "inference.asl.json",
                    {
                        "InferFunctionArn": self.code.function.function_arn,
                        "SettleFunctionArn": self.lifecycle.function.function_arn,
                        "InferenceConcurrency": factory.settings.inference_concurrency,
                    },
                )
            ),
            role=role,
            tracing_enabled=True,
            logs=sfn.LogOptions(
                destination=state_machine_log_group(
                    self, "MachineLog", key=key, settings=factory.settings, machine="inference"
                ),
                level=sfn.LogLevel.ALL,
                # Causes of errors may quote what people wrote; owners find them in the status.
                include_execution_data=False,
            ),
        )
        # Without its policy the machine could be made, but not yet invoke anything.
        machine.node.add_dependency(role)
        let_run_children(machine, cast(sfn.CfnStateMachine, machine.node.default_child), role)
        return machine


def _code_function(scope: Construct, storage: Storage, factory: FunctionFactory) -> TracedFunction:
    function = factory.function(
        scope,
        "Infer",
        module="inference.code_handler",
        description="Codes a range of an uploaded file, or says which line can't be",
        memory_mb=CODER_MEMORY_MB,
        timeout_seconds=LONGEST_SECONDS,
    )
    function.allow(
        *storage.use_operations(*READ_TABLE, *CHANGE_TABLE),
        *storage.see_models(),
        storage.use_inputs("s3:GetObjectVersion"),
        storage.see_missing_inputs(),
        storage.use_outputs("s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"),
        storage.use_files_key(read=True, write=True),
    )
    return function


def _lifecycle_function(
    scope: Construct, storage: Storage, factory: FunctionFactory
) -> TracedFunction:
    function = factory.function(
        scope,
        "Settle",
        module="inference.lifecycle_handler",
        description="Begins, cuts, joins, completes, fails and expires operations",
        memory_mb=512,
        timeout_seconds=JOIN_SECONDS,
    )
    function.allow(
        *storage.use_operations(*READ_TABLE, *CHANGE_TABLE),
        storage.use_inputs("s3:GetObjectVersion", "s3:DeleteObjectVersion"),
        storage.see_missing_inputs(),
        storage.use_outputs(
            "s3:PutObject",
            "s3:GetObject",
            "s3:DeleteObject",
            "s3:AbortMultipartUpload",
        ),
        storage.list_begun_outputs(),
        storage.use_files_key(read=True, write=True),
    )
    return function
