"""EventBridge rules: how long an event is tried, and where it lies that nobody took.

Queues let in the one rule that sends to them. The CDK's own statements name either the rule or the
account, and lack the other; so its targets get queues that they can't add statements to.
"""

from aws_cdk import Duration
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs

from infra.constructs.service_principals import service_for

# EventBridge hands an event to its target for at most 24 hours and 185 times (its quotas).
DELIVERY_HOURS = 24
DELIVERY_RETRIES = 185


def send_to_queue(rule: events.Rule, queue: sqs.Queue, *, undelivered: sqs.Queue) -> None:
    """Has a rule send its events to `queue`; those that it can't deliver go to `undelivered`."""
    target = targets.SqsQueue(
        _reference(rule, "Queue", queue),
        dead_letter_queue=_reference(rule, "Undelivered", undelivered),
        max_event_age=Duration.hours(DELIVERY_HOURS),
        retry_attempts=DELIVERY_RETRIES,
    )
    rule.add_target(target)
    _let_send(rule, queue)
    _let_send(rule, undelivered)


def send_to_function(
    rule: events.Rule, function: lambda_.IFunction, *, undelivered: sqs.Queue
) -> None:
    """Has a rule call a function; events that it can't deliver go to `undelivered`."""
    target = targets.LambdaFunction(
        function,
        dead_letter_queue=_reference(rule, "Undelivered", undelivered),
        max_event_age=Duration.hours(DELIVERY_HOURS),
        retry_attempts=DELIVERY_RETRIES,
    )
    rule.add_target(target)
    _let_send(rule, undelivered)


def _reference(rule: events.Rule, name: str, queue: sqs.Queue) -> sqs.IQueue:
    return sqs.Queue.from_queue_arn(rule, name, queue.queue_arn)


def _let_send(rule: events.Rule, queue: sqs.Queue) -> None:
    queue.add_to_resource_policy(
        iam.PolicyStatement(
            principals=[service_for(rule, "events.amazonaws.com", arn=rule.rule_arn)],
            actions=["sqs:SendMessage"],
            resources=[queue.queue_arn],
        )
    )
