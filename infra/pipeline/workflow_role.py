"""What the state machine itself may do."""

from __future__ import annotations

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from constructs import Construct

from infra.acknowledgements import WILDCARD, acknowledge
from infra.pipeline.notifications import Notifications
from infra.pipeline.tasks import Tasks

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


def workflow_role(
    scope: Construct, construct_id: str, *, tasks: Tasks, notifications: Notifications
) -> iam.Role:
    """The role: to run the tasks, to tell people and programs, to log and to trace."""
    stack = Stack.of(scope)
    role = iam.Role(
        scope,
        construct_id,
        description="What the drop state machine may do",
        assumed_by=iam.ServicePrincipal(
            "states.amazonaws.com",
            conditions={"StringEquals": {"aws:SourceAccount": stack.account}},
        ),
    )
    for statement in (
        iam.PolicyStatement(
            actions=["lambda:InvokeFunction"],
            resources=[task.function.function_arn for task in tasks.all()],
        ),
        *notifications.may_tell(),
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
