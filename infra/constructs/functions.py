"""The one function factory: runtime, asset, role, tracing and logs of every Lambda function."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from aws_cdk import ArnFormat, Duration, Size, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.constructs.keys import use_key
from infra.constructs.secure_messaging import encrypted_log_group
from infra.nag import WILDCARD, acknowledge
from infra.network import NetworkStack
from infra.project_files import PROJECT
from infra.settings.settings import Settings
from infra.settings.types import SettingsError

# Lambda invokes an asynchronously called function at most twice more (Lambda quotas).
ASYNC_RETRIES = 2
# What Lambda needs to put a function into a VPC; most of it takes no resource but "*".
INTERFACES_OF_LAMBDA = (
    "ec2:CreateNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:DeleteNetworkInterface",
    "ec2:AssignPrivateIpAddresses",
    "ec2:UnassignPrivateIpAddresses",
)
# Lambda keeps an asynchronous event for at most six hours (Lambda quotas).
ASYNC_EVENT_SECONDS = 6 * 3600


class TracedFunction(Construct):
    """A Lambda function with a role of its own, X-Ray tracing and an encrypted log group."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        factory: "FunctionFactory",
        module: str,
        description: str,
        memory_mb: int,
        timeout_seconds: int,
        environment: Mapping[str, str],
        asset: str,
        scratch_mb: int,
    ) -> None:
        super().__init__(scope, construct_id)
        settings = factory.settings
        self.log_group = encrypted_log_group(self, "Log", key=factory.key, settings=settings)
        """The log group, and all that the function may log to."""
        self.role = iam.Role(
            self,
            "Role",
            assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
            description=f"What {factory.package}.{module} may do",
        )
        self.function = lambda_.Function(
            self,
            "Function",
            description=description,
            code=lambda_.Code.from_asset(str(factory.asset(asset))),
            handler=f"{factory.package}.{module}.handler",
            runtime=factory.runtime,
            architecture=factory.architecture,
            memory_size=memory_mb,
            timeout=Duration.seconds(timeout_seconds),
            ephemeral_storage_size=Size.mebibytes(scratch_mb) if scratch_mb else None,
            environment={
                "POWERTOOLS_SERVICE_NAME": factory.service,
                "POWERTOOLS_METRICS_NAMESPACE": settings.metrics_namespace,
                "LOG_LEVEL": "INFO",
                **factory.environment,
                **environment,
            },
            role=self.role,
            log_group=self.log_group,
            reserved_concurrent_executions=settings.reserved_concurrency.get(_name_of(module)),
            tracing=lambda_.Tracing.ACTIVE,
        )
        """The Lambda function."""
        self.allow(
            iam.PolicyStatement(
                actions=["logs:CreateLogStream", "logs:PutLogEvents"],
                resources=[self.log_group.log_group_arn],
            )
        )
        acknowledge(self, WILDCARD, "X-Ray's PutTraceSegments takes no resource but *.")
        if factory.network:
            self._run_in(factory.network)

    def allow(self, *statements: iam.PolicyStatement) -> None:
        """Adds to what the function's role may do."""
        for statement in statements:
            self.role.add_to_principal_policy(statement)

    def _run_in(self, network: NetworkStack) -> None:
        """As Lambda's developer guide has it ("Giving Lambda functions access to resources in an
        Amazon VPC"): Lambda makes the interfaces as the role, and the function's code may not."""
        cast(
            lambda_.CfnFunction, self.function.node.default_child
        ).vpc_config = lambda_.CfnFunction.VpcConfigProperty(
            subnet_ids=list(network.subnet_ids),
            security_group_ids=[network.security_group_id],
        )
        own_code = Stack.of(self).format_arn(
            service="lambda",
            resource="function",
            resource_name="*",
            arn_format=ArnFormat.COLON_RESOURCE_NAME,
        )
        self.allow(
            iam.PolicyStatement(actions=list(INTERFACES_OF_LAMBDA), resources=["*"]),
            iam.PolicyStatement(
                effect=iam.Effect.DENY,
                actions=list(INTERFACES_OF_LAMBDA),
                resources=["*"],
                conditions={"ArnLike": {"lambda:SourceFunctionArn": own_code}},
            ),
        )

    def keep_failed_events(self, queue: sqs.IQueue, *, key: kms.IKey) -> None:
        """Keeps an event in `queue` that the function failed on after Lambda's own retries.

        For functions that are invoked asynchronously: a rule's dead letters are only what
        could not be handed to Lambda.
        """
        config = lambda_.CfnEventInvokeConfig(
            self,
            "FailedEvents",
            function_name=self.function.function_name,
            qualifier="$LATEST",
            maximum_retry_attempts=ASYNC_RETRIES,
            maximum_event_age_in_seconds=ASYNC_EVENT_SECONDS,
            destination_config=lambda_.CfnEventInvokeConfig.DestinationConfigProperty(
                on_failure=lambda_.CfnEventInvokeConfig.OnFailureProperty(
                    destination=queue.queue_arn
                )
            ),
        )
        # Lambda refuses a destination that the role may not send to.
        config.node.add_dependency(self.role)
        self.allow(
            iam.PolicyStatement(actions=["sqs:SendMessage"], resources=[queue.queue_arn]),
            use_key(key, via="sqs", scope=self, write=True, read=True),
        )


def _name_of(module: str) -> str:
    """`submit.handler` → `submit`, `inference.code_handler` → `inference.code`: as settings say."""
    return module.removesuffix("handler").rstrip("._")


@dataclass(frozen=True)
class FunctionFactory:
    """Makes the functions of one stack."""

    settings: Settings
    """The deployment's settings."""
    key: kms.IKey
    """The key that encrypts the functions' logs."""
    package: str
    """The Python package of the handlers, which names the asset too."""
    service: str
    """The `service` of log lines, metrics and traces."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """Variables that every function of the stack gets."""
    network: NetworkStack | None = None
    """Where the functions run; None for Lambda's own network."""

    def function(
        self,
        scope: Construct,
        construct_id: str,
        *,
        module: str,
        description: str,
        memory_mb: int,
        timeout_seconds: int,
        environment: Mapping[str, str] | None = None,
        asset: str | None = None,
        scratch_mb: int = 0,
    ) -> TracedFunction:
        """A function whose handler is `<package>.<module>.handler`: `submit.handler`, say.

        `environment` has the variables for this function alone; `asset` names another one than the
        package's; `scratch_mb` is the size of its `/tmp`, where Lambda's 512 MB are too little.
        Raises `SettingsError` if the asset is not built.
        """
        return TracedFunction(
            scope,
            construct_id,
            factory=self,
            module=module,
            description=description,
            memory_mb=memory_mb,
            timeout_seconds=timeout_seconds,
            environment=environment or {},
            asset=asset or self.package,
            scratch_mb=scratch_mb,
        )

    @property
    def runtime(self) -> lambda_.Runtime:
        """AWS: the newest managed Python. Local cloud: the asset's own bootstrap.

        The local cloud's built-in Python worker hides exception names from the state machine;
        an OS-only runtime gets the genuine Lambda Runtime API.
        """
        if self.settings.local_cloud:
            return lambda_.Runtime.PROVIDED_AL2023
        return lambda_.Runtime.PYTHON_3_14

    @property
    def architecture(self) -> lambda_.Architecture:
        """The processor that the settings choose."""
        if self.settings.architecture == "arm64":
            return lambda_.Architecture.ARM_64
        return lambda_.Architecture.X86_64

    def asset(self, name: str) -> Path:
        """The folder of this name that `python -m infra.assets` built.

        Raises `SettingsError` if it is not there.
        """
        folder = PROJECT / self.settings.assets / name
        if not folder.is_dir():
            raise SettingsError(
                "assets", f"has no folder {folder}", "build it with `python -m infra.assets`"
            )
        return folder
