"""Registers a client with CodingService and gives Pipeline its credentials."""

import json
from dataclasses import dataclass, field

from localcloud.cloud import LocalCloud, ServiceOutputs


@dataclass(frozen=True, slots=True)
class Client:
    """A registered client of the service."""

    client_id: str
    client_secret: str = field(repr=False)


def register_client(cloud: LocalCloud, service: ServiceOutputs, *, name: str) -> Client:
    """A new client that may ask for tokens with its id and secret, and for nothing else."""
    made = cloud.cognito().create_user_pool_client(
        UserPoolId=service.user_pool,
        ClientName=name,
        GenerateSecret=True,
        AllowedOAuthFlows=["client_credentials"],
        AllowedOAuthScopes=[service.oauth_scope],
        AllowedOAuthFlowsUserPoolClient=True,
    )["UserPoolClient"]
    return Client(client_id=made["ClientId"], client_secret=made["ClientSecret"])


def give_credentials(cloud: LocalCloud, client: Client) -> None:
    """Puts the client's credentials where Pipeline reads them."""
    cloud.secrets().put_secret_value(
        SecretId=cloud.pipeline.credentials_secret,
        SecretString=json.dumps(
            {"clientId": client.client_id, "clientSecret": client.client_secret}
        ),
    )
