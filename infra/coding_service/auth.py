"""Access to the API: the token endpoint for client credentials (Cognito) and the authorizer."""

from aws_cdk import Aws, Duration, Fn, Stack
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_cognito as cognito
from constructs import Construct

from infra.constructs.functions import FunctionFactory
from infra.constructs.keys import storage_removal
from infra.nag import acknowledge

RESOURCE_SERVER, SCOPE, PUBLIC_SCOPE = "dropcoder", "batch-code", "code"
# API Gateway keeps a policy that long, by token. A token that ends meanwhile is refused by the
# API function, which finds its end in the event.
POLICY_KEPT = Duration.seconds(300)


class Auth(Construct):
    """The user pool of machine clients, its token endpoint and the API's authorizer.

    Clients are registered with `aws cognito-idp create-user-pool-client` (docs/coding-service.md).
    """

    def __init__(self, scope: Construct, construct_id: str, *, factory: FunctionFactory) -> None:
        super().__init__(scope, construct_id)
        settings, region = factory.settings, Stack.of(self).region
        self.pool = cognito.UserPool(
            self,
            "Clients",
            self_sign_up_enabled=False,
            password_policy=cognito.PasswordPolicy(
                min_length=16,
                require_digits=True,
                require_lowercase=True,
                require_symbols=True,
                require_uppercase=True,
            ),
            account_recovery=cognito.AccountRecovery.NONE,
            removal_policy=storage_removal(settings),
            deletion_protection=settings.retain_storage,
        )
        _acknowledge_no_users(self.pool)
        batch_code = cognito.ResourceServerScope(
            scope_name=SCOPE, scope_description="Code files in batches"
        )
        code = cognito.ResourceServerScope(
            scope_name=PUBLIC_SCOPE, scope_description="Code records and small batches"
        )
        self.pool.add_resource_server(
            "Service", identifier=RESOURCE_SERVER, scopes=[batch_code, code]
        )
        # A prefix is unique in a region among all accounts, and so among their deployments.
        prefix = Fn.join("-", [settings.deployment, Aws.ACCOUNT_ID, Aws.REGION])
        domain = self.pool.add_domain(
            "Domain", cognito_domain=cognito.CognitoDomainOptions(domain_prefix=prefix)
        )
        self.scope = f"{RESOURCE_SERVER}/{SCOPE}"
        """The scope of a client that may do everything."""
        self.public_scope = f"{RESOURCE_SERVER}/{PUBLIC_SCOPE}"
        """The scope of a client that may code no files."""
        self.url = settings.local_cloud or (
            f"https://{domain.domain_name}.auth.{region}.amazoncognito.com"
        )
        """The base address in front of `/oauth2/token`."""
        issuer = (
            f"https://cognito-idp.{region}.{Stack.of(self).url_suffix}/{self.pool.user_pool_id}"
        )
        keys = (
            f"{settings.local_cloud}/{self.pool.user_pool_id}" if settings.local_cloud else issuer
        )
        self.function = factory.function(
            self,
            "Authorize",
            module="authorizer.handler",
            description="Lets a caller in whose access token is sound",
            memory_mb=512,
            timeout_seconds=20,
            environment={
                "JWKS_URL": f"{keys}/.well-known/jwks.json",
                "TOKEN_ISSUER": issuer,
                "OAUTH_SCOPE": self.scope,
                "PUBLIC_OAUTH_SCOPE": self.public_scope,
            },
        )
        self.authorizer = apigateway.RequestAuthorizer(
            self,
            "Authorizer",
            handler=self.function.function,
            identity_sources=[apigateway.IdentitySource.header("Authorization")],
            results_cache_ttl=POLICY_KEPT,
        )


def _acknowledge_no_users(pool: cognito.UserPool) -> None:
    no_users = "The pool has no users: it only issues tokens to machine clients with secrets."
    for rule in ("AwsSolutions-COG2", "AwsSolutions-COG3", "AwsSolutions-COG8"):
        acknowledge(pool, rule, no_users)
