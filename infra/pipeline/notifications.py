"""The topic to which every drop's end is published."""

from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from infra.constructs.keys import use_key
from infra.constructs.secure_messaging import secure_topic
from infra.settings.settings import Settings


class Notifications(Construct):
    """One message a drop; attributes `status`, `topic` and `drop_prefix` for filter policies."""

    def __init__(
        self, scope: Construct, construct_id: str, *, key: kms.IKey, settings: Settings
    ) -> None:
        super().__init__(scope, construct_id)
        self._key = key
        self.topic = secure_topic(self, "Topic", key=key, display_name="Dropcoder")
        """Subscribers get a message for each drop that ended."""
        for email in settings.notification_emails:
            self.topic.add_subscription(subscriptions.EmailSubscription(email))

    def may_publish(self) -> tuple[iam.PolicyStatement, ...]:
        """To publish to the topic."""
        return (
            iam.PolicyStatement(actions=["sns:Publish"], resources=[self.topic.topic_arn]),
            use_key(self._key, via="sns", scope=self, read=True, write=True),
        )
