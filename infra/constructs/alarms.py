"""Alarms of a stack: each says what is at stake and where the runbook goes on."""

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns_subscriptions as subscriptions
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.constructs.functions import TracedFunction
from infra.constructs.secure_messaging import secure_topic
from infra.constructs.service_principals import any_alarm, service_for
from infra.settings.settings import Settings

RUNBOOK = "docs/runbook.md"
PERIOD = Duration.minutes(5)


class Alarms(Construct):
    """The alarms of a stack and the operators' topic that they go to."""

    def __init__(
        self, scope: Construct, construct_id: str, *, key: kms.IKey, settings: Settings
    ) -> None:
        super().__init__(scope, construct_id)
        self.topic = secure_topic(self, "Operators", key=key, display_name="Dropcoder alarms")
        """The topic to which alarms are published."""
        self.topic.add_to_resource_policy(
            iam.PolicyStatement(
                sid="AlarmsOfThisAccount",
                principals=[
                    service_for(self, "cloudwatch.amazonaws.com", arn=any_alarm(self)),
                ],
                actions=["sns:Publish"],
                resources=[self.topic.topic_arn],
            )
        )
        for email in settings.operator_emails:
            self.topic.add_subscription(subscriptions.EmailSubscription(email))
        self.alarms: dict[str, cloudwatch.Alarm] = {}
        """Every alarm by its name, which is its section in the runbook too."""

    def watch(
        self,
        name: str,
        metric: cloudwatch.IMetric,
        *,
        meaning: str,
        above: float = 0,
        periods: int = 1,
    ) -> None:
        """An alarm for when a metric is above a number.

        Missing values are no alarm: most of these metrics exist only when something is wrong.
        `name` is CamelCase and also the alarm's heading in the runbook; `meaning` says in a
        sentence what is at stake; the alarm takes `periods` in a row.
        """
        alarm = cloudwatch.Alarm(
            self,
            name,
            metric=metric,
            threshold=above,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
            evaluation_periods=periods,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
            alarm_description=f"{meaning} {RUNBOOK}#{name.lower()}",
        )
        alarm.add_alarm_action(actions.SnsAction(self.topic))
        self.alarms[name] = alarm

    def watch_queue(self, name: str, queue: sqs.IQueue, *, meaning: str) -> None:
        """An alarm for when a queue of dead letters is not empty."""
        metric = queue.metric_approximate_number_of_messages_visible(
            period=PERIOD, statistic="Maximum"
        )
        self.watch(name, metric, meaning=meaning)

    def watch_function(self, name: str, function: TracedFunction, *, periods: int = 1) -> None:
        """Two alarms for a function: `<name>Errors` and `<name>Throttles`.

        Errors must last for `periods` in a row.
        """
        errors = function.function.metric_errors(period=PERIOD, statistic="Sum")
        throttles = function.function.metric_throttles(period=PERIOD, statistic="Sum")
        self.watch(f"{name}Errors", errors, meaning=f"{name} raised errors.", periods=periods)
        self.watch(f"{name}Throttles", throttles, meaning=f"Lambda held {name} back.")
