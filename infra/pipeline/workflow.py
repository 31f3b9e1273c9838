"""The state machine: one execution is one dropped file."""

from __future__ import annotations

from aws_cdk import ArnFormat, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from infra.acknowledgements import WILDCARD, acknowledge
from infra.definitions import definition
from infra.functions import FunctionFactory
from infra.pipeline.notifications import Notifications
from infra.security import encrypted_log_group
from infra.settings import Settings

# Lambda's longest timeout (Lambda quotas).
LONGEST_SECONDS = 900
# What Step Functions needs to set up its own log delivery, and what X-Ray needs; none of these
# actions takes a resource (Step Functions developer guide, "Logging", "Tracing with X-Ray").
LOG_DELIVERY = (
    "logs:CreateLogDelivery",
    "logs:CreateLogStream",
    "logs:GetLogDelivery",
    "logs:UpdateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutLogEvents",
    "logs:PutResourcePolicy",
    "logs:DescribeResourcePolicies",
    "logs:DescribeLogGroups",
)
TRACING = (
    "xray:PutTraceSegments",
    "xray:PutTelemetryRecords",
    "xray:GetSamplingRules",
    "xray:GetSamplingTargets",
)


class Workflow(Construct):
    """`statemachine/drop.asl.json` and the functions of its tasks.

    :ivar submit: creates an operation and streams a part to it. :ivar check: asks its status.
    :ivar collect: copies its outputs. :ivar finish: reconciles, writes the manifest.
    :ivar state_machine: runs them.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        key: kms.IKey,
        settings: Settings,
        functions: FunctionFactory,
        notifications: Notifications,
    ) -> None:
        super().__init__(scope, construct_id)
        self.submit = functions.function(
            self,
            "Submit",
            module="submit",
            description="Creates a batch operation and streams a part to its presigned URL",
            memory_mb=1024,
            timeout_seconds=LONGEST_SECONDS,
        )
        self.check = functions.function(
            self,
            "Check",
            module="check",
            description="Asks the status of an operation and says how long to wait",
            memory_mb=256,
            timeout_seconds=60,
        )
        self.collect = functions.function(
            self,
            "Collect",
            module="collect",
            description="Copies an operation's outputs to the results bucket, step by step",
            memory_mb=1024,
            timeout_seconds=LONGEST_SECONDS,
        )
        self.finish = functions.function(
            self,
            "Finish",
            module="finish",
            description="Reconciles results with the input; manifest last; says what to tell",
            memory_mb=512,
            timeout_seconds=300,
        )
        self.log_group = encrypted_log_group(self, "Log", key=key, settings=settings)
        self.role = self._role(notifications)
        self.state_machine = sfn.CfnStateMachine(
            self,
            "Drop",
            state_machine_type="STANDARD",
            role_arn=self.role.role_arn,
            definition_string=definition(
                "drop.asl.json",
                {
                    "SubmitFunctionArn": self.submit.function.function_arn,
                    "CheckFunctionArn": self.check.function.function_arn,
                    "CollectFunctionArn": self.collect.function.function_arn,
                    "FinishFunctionArn": self.finish.function.function_arn,
                    "NotificationTopicArn": notifications.topic.topic_arn,
                    "Partition": Stack.of(self).partition,
                },
            ),
            logging_configuration=sfn.CfnStateMachine.LoggingConfigurationProperty(
                level="ALL",
                # Names of files, reasons and first lines of faults are the droppers' matter:
                # they stay in the execution history, whose readers IAM chooses, and out of logs
                # that are searched, exported and kept for longer.
                include_execution_data=False,
                destinations=[
                    sfn.CfnStateMachine.LogDestinationProperty(
                        cloud_watch_logs_log_group=sfn.CfnStateMachine.CloudWatchLogsLogGroupProperty(
                            log_group_arn=self.log_group.log_group_arn
                        )
                    )
                ],
            ),
            tracing_configuration=sfn.CfnStateMachine.TracingConfigurationProperty(enabled=True),
        )
        # Creating it checks that the role may deliver logs.
        self.state_machine.node.add_dependency(self.role)
        name = f"<{Stack.of(self).get_logical_id(self.state_machine)}.Name>"
        acknowledge(
            Stack.of(self),
            "AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:states:<AWS::Region>:"
            f"<AWS::AccountId>:execution:{name}:*]",
            "Executions are named after drops; the grant is to describe those of one machine.",
        )

    @property
    def arn(self) -> str:
        """The state machine's ARN."""
        return self.state_machine.attr_arn

    def may_start(self) -> iam.PolicyStatement:
        """To start an execution."""
        return iam.PolicyStatement(actions=["states:StartExecution"], resources=[self.arn])

    def may_describe(self) -> iam.PolicyStatement:
        """To look at an execution of this state machine, and of no other."""
        return iam.PolicyStatement(
            actions=["states:DescribeExecution"],
            resources=[
                Stack.of(self).format_arn(
                    service="states",
                    resource="execution",
                    resource_name=f"{self.state_machine.attr_name}:*",
                    arn_format=ArnFormat.COLON_RESOURCE_NAME,
                )
            ],
        )

    def _role(self, notifications: Notifications) -> iam.Role:
        stack = Stack.of(self)
        role = iam.Role(
            self,
            "Role",
            description="What the drop state machine may do",
            assumed_by=iam.ServicePrincipal(
                "states.amazonaws.com",
                conditions={"StringEquals": {"aws:SourceAccount": stack.account}},
            ),
        )
        tasks = (self.submit, self.check, self.collect, self.finish)
        for statement in (
            iam.PolicyStatement(
                actions=["lambda:InvokeFunction"],
                resources=[task.function.function_arn for task in tasks],
            ),
            *notifications.may_tell(),
            iam.PolicyStatement(
                actions=["events:PutEvents"],
                resources=[
                    stack.format_arn(
                        service="events", resource="event-bus", resource_name="default"
                    )
                ],
                conditions={"StringEqualsIfExists": {"events:source": "dropcoder"}},
            ),
            iam.PolicyStatement(actions=[*LOG_DELIVERY, *TRACING], resources=["*"]),
        ):
            role.add_to_policy(statement)
        acknowledge(role, WILDCARD, "Log deliveries and X-Ray's actions take no resource but *.")
        return role
