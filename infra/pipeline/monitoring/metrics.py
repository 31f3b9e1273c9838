"""The metrics that Pipeline's alarms and dashboard look at."""

from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_sns as sns

from infra.constructs.alarms import PERIOD
from infra.settings.settings import Settings

SERVICE = "pipeline"
STATUSES = ("complete", "failed", "timed_out", "rejected")


def own(
    settings: Settings, name: str, *, statistic: str = "Sum", **dimensions: str
) -> cloudwatch.Metric:
    """A metric that the functions write themselves (`lambdas/pipeline/observability.py`)."""
    return cloudwatch.Metric(
        namespace=settings.metrics_namespace,
        metric_name=name,
        dimensions_map={"service": SERVICE, **dimensions},
        statistic=statistic,
        period=PERIOD,
    )


def counted(settings: Settings, name: str) -> cloudwatch.Metric:
    """A metric that a filter counts from log lines, which can't carry the service's dimension."""
    return cloudwatch.Metric(
        namespace=settings.metrics_namespace,
        metric_name=name,
        statistic="Sum",
        period=PERIOD,
    )


def of_executions(name: str, state_machine_arn: str) -> cloudwatch.Metric:
    """A metric of the state machine's executions, summed."""
    return cloudwatch.Metric(
        namespace="AWS/States",
        metric_name=name,
        dimensions_map={"StateMachineArn": state_machine_arn},
        statistic="Sum",
        period=PERIOD,
    )


def reads_held_back(table: dynamodb.ITable) -> cloudwatch.Metric:
    """Reads that DynamoDB throttled."""
    return _of_table("ReadThrottleEvents", table)


def writes_held_back(table: dynamodb.ITable) -> cloudwatch.Metric:
    """Writes that DynamoDB throttled.

    Apart from the reads: the local cloud deploys the same alarms, and knows none of metric math.
    """
    return _of_table("WriteThrottleEvents", table)


def _of_table(name: str, table: dynamodb.ITable) -> cloudwatch.Metric:
    return cloudwatch.Metric(
        namespace="AWS/DynamoDB",
        metric_name=name,
        dimensions_map={"TableName": table.table_name},
        statistic="Sum",
        period=PERIOD,
    )


def undelivered(topic: sns.ITopic) -> cloudwatch.Metric:
    """Messages that SNS gave up on delivering to a subscriber."""
    return topic.metric_number_of_notifications_failed(period=PERIOD, statistic="Sum")
