"""The service's REST API, whose every answer has the documented text."""

import json
from typing import Any

from aws_cdk import RemovalPolicy, Stack
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_kms as kms
from aws_cdk import aws_wafv2 as wafv2
from constructs import Construct

from infra.coding_service.auth import Auth
from infra.coding_service.storage import CHANGE_TABLE, READ_TABLE, WRITE_TABLE, Storage
from infra.constructs.functions import FunctionFactory, TracedFunction
from infra.constructs.secure_messaging import encrypted_log_group
from infra.nag import acknowledge
from infra.settings.settings import CODER_MEMORY_MB, Settings

STAGE = "live"
ANSWER_SECONDS = 28  # API Gateway waits 29 s for a function
# Each client's own limits are counted by the function. These are far above them and only keep a
# flood from everybody's share of the account (API Gateway: 10,000 a second). Each method has its
# own, so that callers without a sound token or signature use up one method's at the most; ours.
PER_SECOND, BURST = 200, 400
# Nothing but the function itself tells here who calls, so a flood reaches it; ours.
AMAZON_ML_PER_SECOND, AMAZON_ML_BURST = 50, 100
AMAZON_ML_PATH = "machinelearning"
OPERATION = "batch-code/operations/{operation_id}"
ROUTES = (
    ("GET", "v1/topics"),
    ("GET", "v1/topics/{topic}/models"),
    ("GET", "v1/topics/{topic}/models/latest"),
    ("POST", "v1/topics/{topic}/batch-code"),
    ("POST", "v1/topics/{topic}/models/{model}/batch-code"),
    ("GET", f"v1/topics/{{topic}}/{OPERATION}"),
    ("GET", f"v1/topics/{{topic}}/models/{{model}}/{OPERATION}"),
)
CODE_ROUTES = (
    ("POST", "v1/topics/{topic}/code"),
    ("POST", "v1/topics/{topic}/models/{model}/code"),
)
DENIED = "User is not authorized to access this resource with an explicit deny"
FAILED = "Error performing request"
OWN_ANSWERS = (
    ("ACCESS_DENIED", 403, DENIED),
    ("UNAUTHORIZED", 403, DENIED),
    ("EXPIRED_TOKEN", 403, DENIED),
    # What API Gateway calls a path or method that the API does not have.
    ("MISSING_AUTHENTICATION_TOKEN", 404, "Not Found"),
    ("RESOURCE_NOT_FOUND", 404, "Not Found"),
    ("BAD_REQUEST_BODY", 400, "Invalid request body"),
    ("THROTTLED", 429, "Too Many Requests"),
    ("QUOTA_EXCEEDED", 429, "Limit Exceeded"),
    ("DEFAULT_5XX", 500, FAILED),
)
"""API Gateway's own answers, in the words of the service's error table; a test compares them."""

ACCESS_LOG = json.dumps(
    {
        "requestId": "$context.requestId",
        "client": "$context.authorizer.client_id",
        "method": "$context.httpMethod",
        "path": "$context.resourcePath",
        "status": "$context.status",
        "latencyMs": "$context.responseLatency",
        "error": "$context.error.responseType",
    }
)
"""Resource paths, not request paths; no header, and so no token."""


class Api(Construct):
    """The REST API and the two functions behind its paths."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        auth: Auth,
        storage: Storage,
        factory: FunctionFactory,
        key: kms.IKey,
    ) -> None:
        super().__init__(scope, construct_id)
        settings = factory.settings
        self.function = factory.function(
            self,
            "Answer",
            module="api.handler",
            description="Answers every path of the coding service but those that code at once",
            memory_mb=1024,
            timeout_seconds=ANSWER_SECONDS,
        )
        self.function.allow(
            *storage.use_operations(*READ_TABLE, *WRITE_TABLE, *CHANGE_TABLE),
            # A presigned URL can do what its signer may.
            storage.use_inputs("s3:PutObject"),
            storage.use_outputs("s3:GetObject"),
            *storage.see_models(cards_only=True),
            storage.use_files_key(read=True, write=True),
        )
        self.code = _code_function(self, storage, factory)
        """Codes single records and small batches while their caller waits."""
        sets_role = settings.api_gateway_logs == "own"
        self.rest = apigateway.RestApi(
            self,
            "Rest",
            rest_api_name=settings.stack_name("CodingService"),
            description="Coding Service: files, small batches and single records",
            endpoint_types=[apigateway.EndpointType.REGIONAL],
            # It replaces the role of the account and region, for every other API too: these may
            # write their logs as it when this stack is gone.
            cloud_watch_role=sets_role,
            cloud_watch_role_removal_policy=RemovalPolicy.RETAIN if sets_role else None,
            deploy_options=self._stage(settings, key),
        )
        self.rest.node.try_remove_child("Endpoint")  # an output that the local cloud lacks
        self._add_routes(auth.authorizer)
        self._add_own_answers()
        if settings.web_acl_arn:
            self._stand_behind(settings.web_acl_arn)
        self._acknowledge(settings)
        self.url = (
            f"{settings.local_cloud}/_aws/execute-api/{self.rest.rest_api_id}/{STAGE}"
            if settings.local_cloud
            else f"https://{self.rest.rest_api_id}.execute-api.{Stack.of(self).region}"
            f".{Stack.of(self).url_suffix}/{STAGE}"
        )
        """The base address in front of `/v1`, without a slash at the end."""

    def _stage(self, settings: Settings, key: kms.IKey) -> apigateway.StageOptions:
        """The stage: what each method lets through, and what API Gateway logs of it."""
        logs = settings.api_gateway_logs != "none"
        each: dict[str, Any] = {
            "metrics_enabled": True,
            "logging_level": apigateway.MethodLoggingLevel.ERROR if logs else None,
            "data_trace_enabled": False,  # bodies hold presigned URLs, headers hold tokens
        }
        limits = dict.fromkeys((*ROUTES, *CODE_ROUTES), (PER_SECOND, BURST))
        if settings.serves_amazon_ml:
            limits["POST", AMAZON_ML_PATH] = AMAZON_ML_PER_SECOND, AMAZON_ML_BURST
        log: dict[str, Any] = {}
        if logs:
            group = encrypted_log_group(self, "AccessLog", key=key, settings=settings)
            log["access_log_destination"] = apigateway.LogGroupLogDestination(group)
            log["access_log_format"] = apigateway.AccessLogFormat.custom(ACCESS_LOG)
        return apigateway.StageOptions(
            stage_name=STAGE,
            tracing_enabled=True,
            throttling_rate_limit=PER_SECOND,
            throttling_burst_limit=BURST,
            method_options={
                f"/{path}/{method}": apigateway.MethodDeploymentOptions(
                    **each, throttling_rate_limit=rate, throttling_burst_limit=burst
                )
                for (method, path), (rate, burst) in limits.items()
            },
            **each,
            **log,
        )

    def _stand_behind(self, web_acl_arn: str) -> None:
        stage = self.rest.deployment_stage.stage_arn
        wafv2.CfnWebACLAssociation(self, "WebAcl", resource_arn=stage, web_acl_arn=web_acl_arn)

    def _add_routes(self, authorizer: apigateway.IAuthorizer) -> None:
        for answering, routes in ((self.function, ROUTES), (self.code, CODE_ROUTES)):
            integration = apigateway.LambdaIntegration(
                answering.function, scope_permission_to_method=False
            )
            for method, path in routes:
                self.rest.root.resource_for_path(path).add_method(
                    method,
                    integration,
                    authorizer=authorizer,
                    authorization_type=apigateway.AuthorizationType.CUSTOM,
                )

    def _add_own_answers(self) -> None:
        deployment = self.rest.latest_deployment
        for name, status, text in OWN_ANSWERS:
            answer = apigateway.CfnGatewayResponse(
                self,
                name.title().replace("_", ""),
                rest_api_id=self.rest.rest_api_id,
                response_type=name,
                status_code=str(status),
                response_templates={"application/json": json.dumps({"message": text})},
            )
            # A deployment is a snapshot: it holds the answers that were there before it.
            if deployment is not None:
                deployment.node.add_dependency(answer)
        if deployment is not None:
            deployment.add_to_logical_id({"answers": [list(each) for each in OWN_ANSWERS]})

    def _acknowledge(self, settings: Settings) -> None:
        acknowledge(
            self.rest,
            "AwsSolutions-APIG2",
            "The function checks requests itself, to answer with the documented texts.",
        )
        if settings.api_gateway_logs == "own":
            acknowledge(
                self.rest,
                "AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/"
                "AmazonAPIGatewayPushToCloudWatchLogs]",
                "API Gateway's one role of the account for its logs; AWS gives this policy for it.",
            )
        if settings.api_gateway_logs == "none":
            for rule in ("AwsSolutions-APIG1", "AwsSolutions-APIG6"):
                acknowledge(
                    self.rest,
                    rule,
                    "API Gateway logs by a role of the whole account, which is not this stack's to"
                    " set: apiGatewayLogs asks for it. The functions log each call that they get.",
                )
        if not settings.web_acl_arn:
            acknowledge(
                self.rest,
                "AwsSolutions-APIG3",
                "A web ACL costs by the month and holds the account's own rules: webAclArn names"
                " one. Without it, callers who have no sound token or signature are held back by"
                " each method's throttle alone, and may use that up for all.",
            )
        acknowledge(
            self.rest,
            "AwsSolutions-COG4",
            "The authorizer checks Cognito's tokens itself: API Gateway's own wants ID tokens or"
            " scopes a method, and answers without the documented texts.",
        )


def _code_function(scope: Construct, storage: Storage, factory: FunctionFactory) -> TracedFunction:
    """A function of its own, as a model takes memory and a second to load that the others save."""
    function = factory.function(
        scope,
        "Code",
        module="api.code_handler",
        description="Codes single records and small batches while their caller waits",
        memory_mb=CODER_MEMORY_MB,
        timeout_seconds=ANSWER_SECONDS,
    )
    function.allow(
        *storage.use_operations(*READ_TABLE, *WRITE_TABLE),
        *storage.see_models(),
        storage.use_files_key(read=True),
    )
    return function
