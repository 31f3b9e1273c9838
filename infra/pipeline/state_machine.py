"""The state machine: one execution is one dropped file."""

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from infra.constructs.functions import TracedFunction
from infra.constructs.map_runs import (
    OWN_EXECUTIONS,
    acknowledge_own,
    let_run_children,
    own_arn,
)
from infra.constructs.secure_messaging import state_machine_log_group
from infra.constructs.service_principals import any_state_machine, service_for
from infra.nag import WILDCARD, acknowledge
from infra.pipeline.notifications import Notifications
from infra.pipeline.results import Results
from infra.pipeline.tasks import Tasks
from infra.project_files import definition
from infra.settings.settings import Settings

# What Step Functions needs to set up its own log delivery, and what X-Ray needs; none of these
# actions takes a resource (Step Functions developer guide, "Logging", "Tracing with X-Ray").
LOG_DELIVERY = (
    "logs:CreateLogDelivery",
    "logs:GetLogDelivery",
    "logs:UpdateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:ListLogDeliveries",
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

# Executions of the machine, their children, and the map runs of these.
SEEN = (*(("execution", each) for each in OWN_EXECUTIONS), ("mapRun", "/*"))


def state_machine_role(
    scope: Construct,
    construct_id: str,
    *,
    tasks: Tasks,
    results: Results,
    notifications: Notifications,
) -> iam.Role:
    """The role: to run the tasks, to read lists of pieces, to publish how drops ended, to log and
    to trace."""
    stack = Stack.of(scope)
    role = iam.Role(
        scope,
        construct_id,
        description="What the drop state machine may do",
        assumed_by=service_for(scope, "states.amazonaws.com", arn=any_state_machine(scope)),
    )
    for statement in (
        iam.PolicyStatement(
            actions=["lambda:InvokeFunction"],
            resources=[task.function.function_arn for task in tasks.all()],
        ),
        *results.may_read_pieces(),
        *notifications.may_publish(),
        iam.PolicyStatement(
            actions=["events:PutEvents"],
            resources=[
                stack.format_arn(service="events", resource="event-bus", resource_name="default")
            ],
            conditions={"StringEqualsIfExists": {"events:source": "dropcoder"}},
        ),
        iam.PolicyStatement(actions=[*LOG_DELIVERY, *TRACING], resources=["*"]),
    ):
        role.add_to_policy(statement)
    acknowledge(role, WILDCARD, "Log deliveries and X-Ray's actions take no resource but *.")
    return role


class DropStateMachine(Construct):
    """`statemachine/drop.asl.json`, deployed.

    Its history stays under Step Functions' own encryption: it holds names, states and reasons,
    never content, URLs or secrets, and a customer's key would have to be granted to everybody
    who looks at an execution in the console.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        key: kms.IKey,
        settings: Settings,
        tasks: Tasks,
        results: Results,
        notifications: Notifications,
    ) -> None:
        super().__init__(scope, construct_id)
        self._local_cloud = bool(settings.local_cloud)
        self.log_group = state_machine_log_group(
            self, "Log", key=key, settings=settings, machine="drop"
        )
        self.role = state_machine_role(
            self, "Role", tasks=tasks, results=results, notifications=notifications
        )
        self.state_machine = sfn.CfnStateMachine(
            self,
            "Drop",
            state_machine_type="STANDARD",
            role_arn=self.role.role_arn,
            definition_string=definition(
                "drop.asl.json",
                {
                    "SubmitFunctionArn": tasks.submit.function.function_arn,
                    "CheckFunctionArn": tasks.check.function.function_arn,
                    "CollectFunctionArn": tasks.collect.function.function_arn,
                    "FinishFunctionArn": tasks.finish.function.function_arn,
                    "NotificationTopicArn": notifications.topic.topic_arn,
                    "PieceConcurrency": settings.piece_concurrency,
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
        """The state machine, which runs a drop's tasks."""
        # Creating it checks that the role may deliver logs.
        self.state_machine.node.add_dependency(self.role)
        let_run_children(self, self.state_machine, self.role)
        for kind, names in SEEN:
            acknowledge_own(
                Stack.of(self),
                self.state_machine,
                kind,
                names,
                "Executions are named after drops, their children by Step Functions; the grant is "
                "to look at those of one machine.",
            )

    @property
    def arn(self) -> str:
        """The state machine's ARN."""
        return self.state_machine.attr_arn

    def may_start(self) -> iam.PolicyStatement:
        """To start an execution."""
        return iam.PolicyStatement(actions=["states:StartExecution"], resources=[self.arn])

    def let_start(self, function: TracedFunction) -> None:
        """Lets a function that this state machine calls start executions of it.

        In a policy of its own: the function's default policy is made before the state machine,
        which names the function."""
        iam.Policy(self, "StartFromWithin", roles=[function.role], statements=[self.may_start()])

    def may_describe(self) -> tuple[iam.PolicyStatement, ...]:
        """To look at executions of this state machine and their children, and at no others."""
        executions = [own_arn(self.state_machine, "execution", each) for each in OWN_EXECUTIONS]
        map_runs = own_arn(self.state_machine, "mapRun", "/*")
        return (
            iam.PolicyStatement(
                actions=["states:DescribeExecution", "states:ListMapRuns"], resources=executions
            ),
            iam.PolicyStatement(
                actions=["states:ListExecutions"],
                # The local cloud does not know that these are asked of a map run.
                resources=["*" if self._local_cloud else map_runs],
            ),
        )
