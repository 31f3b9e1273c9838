"""Operators are told when a month becomes too dear."""

import json
from typing import Any

from tests.infra.conftest import Deployment


def budget(deployment: Deployment) -> Any:
    (found,) = deployment.resources("AWS::Budgets::Budget").values()
    return found


def should_count_what_has_the_deployments_tag(fitted: Deployment) -> None:
    plan = budget(fitted)["Budget"]
    assert plan["BudgetLimit"] == {"Amount": 49.5, "Unit": "USD"}
    assert (plan["BudgetType"], plan["TimeUnit"]) == ("COST", "MONTHLY")
    assert plan["CostFilters"] == {"TagKeyValue": ["user:dropcoder-deployment$mine"]}


def should_tell_operators_what_is_spent_and_what_is_to_come(fitted: Deployment) -> None:
    topic = fitted.pipeline["Outputs"]["OperatorsTopicArn"]["Value"]
    told = {
        (each["Notification"]["NotificationType"], each["Notification"]["Threshold"])
        for each in budget(fitted)["NotificationsWithSubscribers"]
        if each["Subscribers"] == [{"SubscriptionType": "SNS", "Address": topic}]
    }
    assert told == {("ACTUAL", 80), ("FORECASTED", 100)}


def should_let_budgets_of_this_account_publish_to_the_encrypted_topic(fitted: Deployment) -> None:
    policies = [
        *(each["PolicyDocument"] for each in fitted.resources("AWS::SNS::TopicPolicy").values()),
        *(each["KeyPolicy"] for each in fitted.resources("AWS::KMS::Key", "Pipeline").values()),
    ]
    allowed = [
        statement
        for policy in policies
        for statement in policy["Statement"]
        if "budgets.amazonaws.com" in json.dumps(statement["Principal"])
    ]
    assert [each["Action"] for each in allowed] == [
        "sns:Publish",
        ["kms:Decrypt", "kms:GenerateDataKey"],
    ]
    for statement in allowed:
        assert statement["Condition"]["StringEquals"] == {
            "aws:SourceAccount": {"Ref": "AWS::AccountId"}
        }
        assert ":budgets::" in json.dumps(statement["Condition"]["ArnLike"])


def should_plan_nothing_unless_the_settings_say_so(aws: Deployment) -> None:
    assert aws.resources("AWS::Budgets::Budget") == {}
    assert "budgets.amazonaws.com" not in json.dumps(aws.templates)
