"""The API's authorizer: lets a caller in whose access token is valid.

The policy is for the whole stage, because API Gateway keeps it for a while, by token, for every
path. The API function reads the token's end from the context.
"""

from functools import cache
from typing import TYPE_CHECKING, Any

from coding_service.authorizer.access_tokens import KeySet, TokenCheck, TokenRefused, key_fetcher
from coding_service.config import authorize_environment
from coding_service.observability import logger, tracer

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

NOBODY = "unknown"


@cache
def token_check() -> TokenCheck:
    environment = authorize_environment()
    return TokenCheck(
        keys=KeySet(fetch=key_fetcher(environment.jwks_url, environment.ca_bundle)),
        issuer=environment.issuer,
        scope=environment.scope,
        public_scope=environment.public_scope,
    )


@tracer.capture_lambda_handler(capture_response=False)
def handler(event: dict[str, Any], context: "LambdaContext") -> dict[str, Any]:  # noqa: ARG001
    return authorized(event, token_check())


def authorized(event: dict[str, Any], check: TokenCheck) -> dict[str, Any]:
    """API Gateway's policy for a request: allow, with the client and the token's end, or deny.

    Raises `KeysUnavailable`: API Gateway answers 500, and the caller tries again.
    """
    stage = "/".join(str(event["methodArn"]).split("/")[:2])
    try:
        caller = check.caller(_authorization(event))
    except TokenRefused as refused:
        logger.info("token refused", reason=str(refused))
        return _policy("Deny", NOBODY, stage)
    context = {
        "client_id": caller.client_id,
        "token_expires_at": str(caller.expires_at),
        "is_public": "true" if caller.is_public else "false",
    }
    return {**_policy("Allow", caller.client_id, stage), "context": context}


def _authorization(event: dict[str, Any]) -> str:
    headers: dict[str, Any] = event.get("headers") or {}
    for name, value in headers.items():
        if name.lower() == "authorization":
            return str(value)
    raise TokenRefused("no token")


def _policy(effect: str, principal: str, stage: str) -> dict[str, Any]:
    return {
        "principalId": principal,
        "policyDocument": {
            "Version": "2012-10-17",
            "Statement": [
                {"Action": "execute-api:Invoke", "Effect": effect, "Resource": f"{stage}/*"}
            ],
        },
    }
