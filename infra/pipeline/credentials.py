"""Two secrets: the client's credentials, filled by an operator, and the token that all share."""

from typing import cast

from aws_cdk import SecretValue
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from infra.constructs.keys import storage_removal, use_key
from infra.nag import acknowledge
from infra.settings.settings import Settings

NO_ROTATION = "AwsSolutions-SMG4"


class Credentials(Construct):
    """What opens the service."""

    def __init__(
        self, scope: Construct, construct_id: str, *, key: kms.IKey, settings: Settings
    ) -> None:
        super().__init__(scope, construct_id)
        self._key = key
        self.client = self._secret("Client", "The coding service's client id and secret", settings)
        """The client's secret, `{"clientId": "…", "clientSecret": "…"}`; created as `{}`."""
        self.token = self._secret("Token", "The access token that all functions share", settings)
        """The shared access token until shortly before its end; created as `{}`."""
        acknowledge(
            self.client,
            NO_ROTATION,
            "The service's owner issues the client's secret and has no call that rotates it.",
        )
        acknowledge(
            self.token,
            NO_ROTATION,
            "The functions replace the token themselves, shortly before its hour is over.",
        )

    @property
    def client_arn(self) -> str:
        """ARN of the client's secret."""
        return _arn(self.client)

    @property
    def token_arn(self) -> str:
        """ARN of the token's secret."""
        return _arn(self.token)

    def may_use(self) -> tuple[iam.PolicyStatement, ...]:
        """To read both secrets and to keep a new token; never to change the client's."""
        return (
            iam.PolicyStatement(
                actions=["secretsmanager:GetSecretValue"],
                resources=[self.client_arn, self.token_arn],
            ),
            iam.PolicyStatement(
                actions=["secretsmanager:PutSecretValue"], resources=[self.token_arn]
            ),
            use_key(self._key, via="secretsmanager", scope=self, read=True, write=True),
        )

    def _secret(
        self, construct_id: str, description: str, settings: Settings
    ) -> secretsmanager.Secret:
        return secretsmanager.Secret(
            self,
            construct_id,
            description=description,
            encryption_key=self._key,
            # Nothing to hide: an empty object, replaced after the deployment.
            secret_string_value=SecretValue.unsafe_plain_text("{}"),
            removal_policy=storage_removal(settings),
        )


def _arn(secret: secretsmanager.Secret) -> str:
    # By GetAtt: Ref is the ARN on AWS, but the bare name in the local cloud.
    return cast(secretsmanager.CfnSecret, secret.node.default_child).attr_id
