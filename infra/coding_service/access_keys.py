"""The access keys of the clients of Amazon ML's API, each in a secret of its own."""

import hashlib
import json
from typing import cast

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from infra.constructs.keys import storage_removal, use_key
from infra.nag import acknowledge
from infra.settings.settings import Settings

SECRET_LENGTH = 40  # as AWS's own


class AccessKeys(Construct):
    """A key for each client that the settings name; made at the first deployment, and kept."""

    def __init__(
        self, scope: Construct, construct_id: str, *, key: kms.IKey, settings: Settings
    ) -> None:
        super().__init__(scope, construct_id)
        self.key = key
        """Encrypts the secrets."""
        self.arns = {
            client: _arn(self._secret(client, settings))
            for client in settings.machine_learning_clients
        }
        """The secrets' ARNs by client."""

    @property
    def declared(self) -> str:
        """The keys as the function's variable: whose they are, and the ARNs of their secrets."""
        return Stack.of(self).to_json_string(
            {_access_key_id(client): [client, arn] for client, arn in self.arns.items()}
        )

    def may_read(self) -> tuple[iam.PolicyStatement, ...]:
        """Statements for the function that checks signatures."""
        return (
            iam.PolicyStatement(
                actions=["secretsmanager:GetSecretValue"], resources=list(self.arns.values())
            ),
            use_key(self.key, via="secretsmanager", scope=self, read=True),
        )

    def _secret(self, client: str, settings: Settings) -> secretsmanager.Secret:
        secret = secretsmanager.Secret(
            self,
            client,
            description=f"Access key of {client} for CodingService's Amazon ML API",
            encryption_key=self.key,
            generate_secret_string=secretsmanager.SecretStringGenerator(
                secret_string_template=json.dumps({"accessKeyId": _access_key_id(client)}),
                generate_string_key="secretAccessKey",
                exclude_punctuation=True,
                password_length=SECRET_LENGTH,
            ),
            removal_policy=storage_removal(settings),
        )
        acknowledge(
            secret,
            "AwsSolutions-SMG4",
            "Replaced by hand when its client can take the new one; it counts within five minutes.",
        )
        return secret


def _access_key_id(client: str) -> str:
    """The id of a client's key: the same at every deployment, and no secret."""
    return "DCML" + hashlib.sha256(client.encode()).hexdigest()[:16].upper()


def _arn(secret: secretsmanager.Secret) -> str:
    # By GetAtt: Ref is the ARN on AWS, but the bare name in the local cloud.
    return cast(secretsmanager.CfnSecret, secret.node.default_child).attr_id
