"""What a state machine with a Distributed Map may do with its own children.

Step Functions runs each item of such a Map as a child execution, in a map run, with the machine's
own role (Step Functions developer guide, "IAM policies for using Distributed Map states").
"""

from aws_cdk import ArnFormat, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from infra.nag import acknowledge

OWN_EXECUTIONS = (":*", "/*")  # of the machine, and of its map runs


def let_run_children(machine: Construct, resource: sfn.CfnStateMachine, role: iam.Role) -> None:
    """Lets a state machine start, see, stop and redrive its children.

    In a policy of its own, below the construct `machine`: the machine, whose `resource` it names,
    waits for the role's first one.
    """
    policy = iam.Policy(
        machine,
        "RunChildren",
        roles=[role],
        statements=[
            iam.PolicyStatement(actions=["states:StartExecution"], resources=[resource.ref]),
            iam.PolicyStatement(
                actions=[
                    "states:DescribeExecution",
                    "states:StopExecution",
                    "states:RedriveExecution",
                ],
                resources=[own_arn(resource, "execution", each) for each in OWN_EXECUTIONS],
            ),
        ],
    )
    for each in OWN_EXECUTIONS:
        acknowledge_own(
            policy,
            resource,
            "execution",
            each,
            "Children are named by Step Functions; the grant is to the executions of one machine.",
        )


def own_arn(machine: sfn.CfnStateMachine, kind: str, names: str) -> str:
    """The ARNs of a machine's executions or map runs (`kind`); `names` is what follows its own."""
    return Stack.of(machine).format_arn(
        service="states",
        resource=kind,
        resource_name=f"{machine.attr_name}{names}",
        arn_format=ArnFormat.COLON_RESOURCE_NAME,
    )


def acknowledge_own(
    scope: Construct, machine: sfn.CfnStateMachine, kind: str, names: str, reason: str
) -> None:
    """Says below `scope` why a statement there names all that `own_arn` gives."""
    name = f"<{Stack.of(machine).get_logical_id(machine)}.Name>"
    acknowledge(
        scope,
        "AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:states:<AWS::Region>:"
        f"<AWS::AccountId>:{kind}:{name}{names}]",
        reason,
    )
