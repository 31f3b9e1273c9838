"""A monthly budget of what the deployment costs, both stacks together, with news to operators."""

from aws_cdk import ArnFormat, Stack
from aws_cdk import aws_budgets as budgets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from infra.constructs.alarms import Alarms
from infra.constructs.service_principals import service_for
from infra.settings.account_readers import DEPLOYMENT_TAG
from infra.settings.settings import Settings

# Ours, of the month's budget: early enough to act, and when the month is going to be too dear.
SPENT_PERCENT, FORECAST_PERCENT = 80, 100
BUDGETS = "budgets.amazonaws.com"


class Budget(Construct):
    """AWS Budgets tells the operators' topic when the month's costs come near what is planned.

    It counts what has the deployment's tag, once that is a cost-allocation tag (docs/cost.md).
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        key: kms.IKey,
        settings: Settings,
        alarms: Alarms,
    ) -> None:
        super().__init__(scope, construct_id)
        _let_budgets_tell(alarms, key)
        subscriber = budgets.CfnBudget.SubscriberProperty(
            subscription_type="SNS", address=alarms.topic.topic_arn
        )
        budget = budgets.CfnBudget(
            self,
            "Month",
            # Without a name of ours: budgets are the account's, and other regions' deployments
            # may have the same name.
            budget=budgets.CfnBudget.BudgetDataProperty(
                budget_type="COST",
                time_unit="MONTHLY",
                budget_limit=budgets.CfnBudget.SpendProperty(
                    amount=settings.monthly_budget, unit="USD"
                ),
                cost_filters={"TagKeyValue": [f"user:{DEPLOYMENT_TAG}${settings.deployment}"]},
            ),
            notifications_with_subscribers=[
                budgets.CfnBudget.NotificationWithSubscribersProperty(
                    notification=budgets.CfnBudget.NotificationProperty(
                        notification_type=kind,
                        comparison_operator="GREATER_THAN",
                        threshold=percent,
                        threshold_type="PERCENTAGE",
                    ),
                    subscribers=[subscriber],
                )
                for kind, percent in (
                    ("ACTUAL", SPENT_PERCENT),
                    ("FORECASTED", FORECAST_PERCENT),
                )
            ],
        )
        # Budgets refuses a topic that it may not publish to.
        budget.node.add_dependency(alarms.topic)


def _let_budgets_tell(alarms: Alarms, key: kms.IKey) -> None:
    """As the Cost Management user guide has it ("Creating an Amazon SNS topic for budget
    notifications")."""
    budgets = Stack.of(alarms).format_arn(
        service="budgets", region="", resource="*", arn_format=ArnFormat.NO_RESOURCE_NAME
    )
    who = service_for(alarms, BUDGETS, arn=budgets)
    alarms.topic.add_to_resource_policy(
        iam.PolicyStatement(
            sid="BudgetsOfThisAccount",
            principals=[who],
            actions=["sns:Publish"],
            resources=[alarms.topic.topic_arn],
        )
    )
    key.add_to_resource_policy(
        iam.PolicyStatement(
            sid="BudgetsOfThisAccount",
            principals=[who],
            actions=["kms:Decrypt", "kms:GenerateDataKey"],
            resources=["*"],
        )
    )
