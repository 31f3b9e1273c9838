"""Properties of the CodingService stack's template."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from coding_service.api.code_handler import CODE_ROUTES
from coding_service.api.routes import ROUTES
from protocol.errors import ServiceAnswer
from tests.infra.conftest import BATCH_KEY, LOCAL_CLOUD, WEB_ACL, Deployment, Template

KEYS_TO_WRITE = {"kms:Decrypt", "kms:GenerateDataKey"}
KEYS_OF_TABLES = {"kms:DescribeKey"}
EVERY_FUNCTIONS = {"logs:CreateLogStream", "logs:PutLogEvents"} | {
    "xray:PutTraceSegments",
    "xray:PutTelemetryRecords",
}
ITEMS = {"dynamodb:GetItem", "dynamodb:UpdateItem"} | KEYS_OF_TABLES
MAY: dict[str, set[str]] = {
    "authorizer.handler": set(),
    "api.handler": ITEMS
    | {"dynamodb:PutItem", "s3:PutObject", "s3:GetObject", "s3:ListBucket"}
    | KEYS_TO_WRITE,
    "api.code_handler": {"dynamodb:GetItem", "dynamodb:PutItem", "s3:GetObject", "s3:ListBucket"}
    | KEYS_OF_TABLES
    | KEYS_TO_WRITE,
    "inference.start_handler": {"states:StartExecution", "sqs:SendMessage"} | KEYS_TO_WRITE,
    "inference.code_handler": ITEMS
    | {"s3:GetObjectVersion", "s3:ListBucket", "s3:PutObject", "s3:AbortMultipartUpload"}
    | {"s3:DeleteObject", "s3:GetObject"}
    | KEYS_TO_WRITE,
    "inference.lifecycle_handler": ITEMS
    | {"s3:DeleteObjectVersion", "s3:PutObject", "s3:GetObject", "s3:DeleteObject"}
    | {"s3:GetObjectVersion", "s3:ListBucket"}
    | {"s3:AbortMultipartUpload", "s3:ListBucketMultipartUploads"}
    | KEYS_TO_WRITE,
    "amazon_ml.api.handler": ITEMS
    | {"dynamodb:PutItem", "dynamodb:Query", "states:StartExecution"}
    | {"secretsmanager:GetSecretValue", "s3:GetObject", "s3:ListBucket"}
    | KEYS_TO_WRITE,
    "amazon_ml.work.handler": ITEMS
    | {"dynamodb:PutItem", "s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:ListBucket"}
    | KEYS_TO_WRITE,
}
MACHINE_LEARNING = ("POST", "/machinelearning")
ENVIRONMENT = {
    *("OPERATIONS_TABLE", "INPUT_BUCKET", "OUTPUT_BUCKET", "INPUT_KEY_ARN"),
    "MODELS_BUCKET",
    *("S3_ADDRESSING_STYLE", "UPLOAD_WINDOW_SECONDS", "RESULTS_SECONDS"),
    *("REQUESTS_PER_SECOND", "REQUEST_BURST", "REQUESTS_PER_DAY", "MAX_FILE_BYTES"),
    "PUBLIC_REQUESTS_PER_DAY",
    "INFERENCE_RANGE_BYTES",
    *("POWERTOOLS_SERVICE_NAME", "POWERTOOLS_METRICS_NAMESPACE", "LOG_LEVEL"),
}


@pytest.fixture
def template(aws: Deployment) -> Template:
    return aws.coding_service


@pytest.fixture
def local_template(local: Deployment) -> Template:
    return local.coding_service


def resources(template: Template, kind: str) -> dict[str, Any]:
    return {name: each for name, each in template["Resources"].items() if each["Type"] == kind}


def properties(template: Template, kind: str) -> dict[str, Any]:
    found = resources(template, kind)
    return {name: resource.get("Properties", {}) for name, resource in found.items()}


def functions(template: Template) -> dict[str, Any]:
    """Properties of the functions by their module."""
    return {
        each["Handler"].removeprefix("coding_service.").removesuffix(".handler"): each
        for each in properties(template, "AWS::Lambda::Function").values()
    }


def actions(template: Template, function: Mapping[str, Any]) -> set[str]:
    role = {"Ref": function["Role"]["Fn::GetAtt"][0]}
    found: set[str] = set()
    for policy in properties(template, "AWS::IAM::Policy").values():
        if role in policy["Roles"]:
            for statement in policy["PolicyDocument"]["Statement"]:
                named = statement["Action"]
                found |= set(named if isinstance(named, list) else [named])
    return found


def outputs(template: Template) -> dict[str, Any]:
    """What people and programs look up, without what the CDK hands to the other stack."""
    return {
        name: output["Value"]
        for name, output in template["Outputs"].items()
        if not name.startswith("ExportsOutput")
    }


def should_declare_exactly_the_paths_that_the_function_routes(template: Template) -> None:
    resources = properties(template, "AWS::ApiGateway::Resource")

    def path(reference: Any) -> str:
        if "Ref" not in reference:
            return ""
        resource = resources[reference["Ref"]]
        return f"{path(resource['ParentId'])}/{resource['PathPart']}"

    declared = {
        (method["HttpMethod"], path(method["ResourceId"]))
        for method in properties(template, "AWS::ApiGateway::Method").values()
    }
    assert declared == {*ROUTES, *CODE_ROUTES, MACHINE_LEARNING}


def should_put_the_authorizer_before_every_path_but_the_one_that_is_signed(
    template: Template,
) -> None:
    (authorizer,) = properties(template, "AWS::ApiGateway::Authorizer")
    methods = properties(template, "AWS::ApiGateway::Method").values()
    (signed,) = [each for each in methods if each["AuthorizationType"] == "NONE"]
    assert "MachineLearning" in json.dumps(signed["Integration"]["Uri"])
    for method in methods:
        if method is signed:
            continue
        assert method["AuthorizationType"] == "CUSTOM"
        assert method["AuthorizerId"] == {"Ref": authorizer}
        assert method["Integration"]["Type"] == "AWS_PROXY"


def should_answer_in_the_words_of_the_error_table() -> None:
    from infra.coding_service.api import OWN_ANSWERS  # noqa: PLC0415

    answers = {name: (status, text) for name, status, text in OWN_ANSWERS}
    for name, row in {
        "ACCESS_DENIED": ServiceAnswer.DENIED,
        "UNAUTHORIZED": ServiceAnswer.DENIED,
        "THROTTLED": ServiceAnswer.TOO_MANY_REQUESTS,
        "QUOTA_EXCEEDED": ServiceAnswer.LIMIT_EXCEEDED,
        "BAD_REQUEST_BODY": ServiceAnswer.INVALID_BODY,
        "DEFAULT_5XX": ServiceAnswer.INTERNAL,
    }.items():
        assert answers[name] == (row.http_status, row.text)


def should_snapshot_the_api_after_its_own_answers(template: Template) -> None:
    from infra.coding_service.api import OWN_ANSWERS  # noqa: PLC0415

    answers = set(properties(template, "AWS::ApiGateway::GatewayResponse"))
    assert len(answers) == len(OWN_ANSWERS)
    (deployment,) = resources(template, "AWS::ApiGateway::Deployment").values()
    assert answers <= set(deployment["DependsOn"])


def method_settings(template: Template) -> dict[tuple[str, str], Any]:
    """What the stage says of each method and, as `("*", "/*")`, of those that it does not name."""
    (stage,) = properties(template, "AWS::ApiGateway::Stage").values()
    assert stage["StageName"] == "live"
    return {
        (each["HttpMethod"], each["ResourcePath"].replace("~1", "/").replace("//", "/")): each
        for each in stage["MethodSettings"]
    }


@pytest.mark.parametrize(("deployment", "sets_role"), [("named", True), ("plain", False)])
def should_log_calls_without_headers_and_bodies_when_asked_to(
    request: pytest.FixtureRequest, deployment: str, *, sets_role: bool
) -> None:
    template = request.getfixturevalue(deployment).coding_service
    (stage,) = properties(template, "AWS::ApiGateway::Stage").values()
    for method in method_settings(template).values():
        assert method["LoggingLevel"] == "ERROR"
        assert method["DataTraceEnabled"] is False
    assert "header" not in stage["AccessLogSetting"]["Format"].lower()
    assert "identity" not in stage["AccessLogSetting"]["Format"].lower()
    assert bool(resources(template, "AWS::ApiGateway::Account")) is sets_role


def should_leave_the_accounts_role_of_api_gateway_alone_when_not_asked(template: Template) -> None:
    (stage,) = properties(template, "AWS::ApiGateway::Stage").values()
    assert resources(template, "AWS::ApiGateway::Account") == {}
    assert "AccessLogSetting" not in stage  # API Gateway would refuse it without a role
    for method in method_settings(template).values():
        assert "LoggingLevel" not in method
        assert method["MetricsEnabled"] is True
    for role in properties(template, "AWS::IAM::Role").values():
        assert "apigateway" not in json.dumps(role["AssumeRolePolicyDocument"])


def should_throttle_each_method_by_itself(template: Template, plain: Deployment) -> None:
    throttled = {
        method: (each["ThrottlingRateLimit"], each["ThrottlingBurstLimit"])
        for method, each in method_settings(template).items()
    }
    assert throttled.pop(MACHINE_LEARNING) == (50, 100)
    assert throttled == dict.fromkeys({*ROUTES, *CODE_ROUTES, ("*", "/*")}, (200, 400))
    assert set(method_settings(plain.coding_service)) == {*ROUTES, *CODE_ROUTES, ("*", "/*")}


def should_stand_behind_the_web_acl_of_the_settings(template: Template, named: Deployment) -> None:
    assert resources(template, "AWS::WAFv2::WebACLAssociation") == {}
    (behind,) = properties(named.coding_service, "AWS::WAFv2::WebACLAssociation").values()
    (stage,) = resources(named.coding_service, "AWS::ApiGateway::Stage")
    assert behind["WebACLArn"] == WEB_ACL
    assert stage in json.dumps(behind["ResourceArn"])
    assert "/restapis/" in json.dumps(behind["ResourceArn"])


def should_have_amazon_mls_api_only_where_somebody_needs_it(plain: Deployment) -> None:
    template = plain.coding_service
    assert not [each for each in functions(template) if "amazon_ml" in each]
    assert resources(template, "AWS::SecretsManager::Secret") == {}
    assert not [each for each in outputs(template) if each.startswith("MachineLearning")]
    methods = properties(template, "AWS::ApiGateway::Method").values()
    assert {each["AuthorizationType"] for each in methods} == {"CUSTOM"}


def should_give_each_function_its_environment(template: Template) -> None:
    own = {
        "authorizer.handler": {"JWKS_URL", "TOKEN_ISSUER", "OAUTH_SCOPE", "PUBLIC_OAUTH_SCOPE"},
        "inference.start_handler": {"INFERENCE_STATE_MACHINE_ARN"},
        "amazon_ml.api.handler": {"MACHINE_LEARNING_TABLE", "PREDICTIONS_STATE_MACHINE_ARN"}
        | {"ACCESS_KEYS", "ACCOUNT_ID", "SERVICE_REGION", "SIGNED_PATH"},
        "amazon_ml.work.handler": {"MACHINE_LEARNING_TABLE"},
    }
    for module, function in functions(template).items():
        names = set(function["Environment"]["Variables"])
        assert names == ENVIRONMENT | own.get(module, set()), module


def should_allow_each_function_exactly_what_it_does(template: Template) -> None:
    found = functions(template)
    assert set(found) == set(MAY)
    for module, function in found.items():
        assert actions(template, function) - EVERY_FUNCTIONS == MAY[module], module


def should_name_resources_in_every_statement_but_those_that_take_none(
    template: Template,
) -> None:
    takes_none = ("xray:", "logs:")
    for policy in properties(template, "AWS::IAM::Policy").values():
        for statement in policy["PolicyDocument"]["Statement"]:
            named = statement["Action"]
            listed = named if isinstance(named, list) else [named]
            assert not [action for action in listed if "*" in action]
            if statement["Resource"] == "*":
                assert all(action.startswith(takes_none) for action in listed), listed


def should_let_the_state_machine_run_its_own_children_and_no_others(template: Template) -> None:
    machine, described = inference_machine(template)
    role = described["RoleArn"]["Fn::GetAtt"][0]
    granted = {
        action: json.dumps(statement["Resource"])
        for policy in properties(template, "AWS::IAM::Policy").values()
        if {"Ref": role} in policy["Roles"]
        for statement in policy["PolicyDocument"]["Statement"]
        for action in _listed(statement["Action"])
        if action.startswith("states:")
    }
    assert set(granted) == {
        "states:StartExecution",
        "states:DescribeExecution",
        "states:StopExecution",
        "states:RedriveExecution",
    }
    assert granted["states:StartExecution"] == json.dumps({"Ref": machine})
    for action in set(granted) - {"states:StartExecution"}:
        assert granted[action].count(machine) == 2
        assert ":*" in granted[action]
        assert "/*" in granted[action]


def should_code_as_many_ranges_at_a_time_as_the_setting_says(named: Deployment) -> None:
    template = named.coding_service
    _, machine = inference_machine(template)
    assert '\\"MaxConcurrency\\":7,' in json.dumps(machine["DefinitionString"])
    for function in functions(template).values():
        assert function["Environment"]["Variables"]["INFERENCE_RANGE_BYTES"] == str(1 << 21)


def inference_machine(template: Template) -> tuple[str, dict[str, Any]]:
    """The machine that codes uploads: its logical id and its properties."""
    ((name, machine),) = (
        (name, machine)
        for name, machine in properties(template, "AWS::StepFunctions::StateMachine").items()
        if "Keep results" in json.dumps(machine["DefinitionString"])
    )
    return name, machine


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def should_encrypt_everything_with_the_stacks_key(template: Template) -> None:
    (key,) = properties(template, "AWS::KMS::Key")
    arn = {"Fn::GetAtt": [key, "Arn"]}
    for bucket in properties(template, "AWS::S3::Bucket").values():
        (rule,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
        assert rule["ServerSideEncryptionByDefault"] == {
            "SSEAlgorithm": "aws:kms",
            "KMSMasterKeyID": arn,
        }
        assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    for table in properties(template, "AWS::DynamoDB::Table").values():
        assert table["SSESpecification"]["KMSMasterKeyId"] == arn
        assert table["TimeToLiveSpecification"] == {"AttributeName": "expires_at", "Enabled": True}
        assert table["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"] is True
    for secret in properties(template, "AWS::SecretsManager::Secret").values():
        assert secret["KmsKeyId"] == arn
    for group in properties(template, "AWS::Logs::LogGroup").values():
        assert group["KmsKeyId"] == arn
        assert group["RetentionInDays"] == 30


def should_refuse_plain_http_at_both_buckets(template: Template) -> None:
    policies = properties(template, "AWS::S3::BucketPolicy").values()
    assert len(policies) == len(properties(template, "AWS::S3::Bucket"))
    for policy in policies:
        assert any(
            statement["Effect"] == "Deny"
            and statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
            for statement in policy["PolicyDocument"]["Statement"]
        )


def should_let_lifecycle_rules_delete_within_days_what_steps_left(template: Template) -> None:
    buckets = properties(template, "AWS::S3::Bucket")
    models = models_bucket(template)
    for bucket in (each for name, each in buckets.items() if name != models):
        rules = bucket["LifecycleConfiguration"]["Rules"]
        assert any(
            rule.get("ExpirationInDays") == 1
            and rule["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 1}
            for rule in rules
        )
        if bucket.get("VersioningConfiguration"):
            assert any("NoncurrentVersionExpiration" in rule for rule in rules)


def models_bucket(template: Template) -> str:
    """The logical id of the bucket of published models."""
    name: str = outputs(template)["ModelsBucketName"]["Ref"]
    return name


def should_keep_published_models_and_those_deleted_by_mistake(template: Template) -> None:
    bucket = resources(template, "AWS::S3::Bucket")[models_bucket(template)]
    assert bucket["DeletionPolicy"] == "Retain"
    assert bucket["Properties"]["VersioningConfiguration"] == {"Status": "Enabled"}
    rules = bucket["Properties"]["LifecycleConfiguration"]["Rules"]
    assert not [rule for rule in rules if "ExpirationInDays" in rule]
    (kept,) = [rule for rule in rules if "NoncurrentVersionExpiration" in rule]
    assert kept["NoncurrentVersionExpiration"] == {"NoncurrentDays": 30}


@pytest.mark.parametrize(
    ("module", "reads"),
    [
        *(("api.handler", "/*/model.json"), ("amazon_ml.api.handler", "/*/model.json")),
        *(("inference.code_handler", "/*"), ("amazon_ml.work.handler", "/*")),
        ("api.code_handler", "/*"),
        *(
            ("authorizer.handler", None),
            ("inference.start_handler", None),
            ("inference.lifecycle_handler", None),
        ),
    ],
)
def should_let_functions_read_of_published_models_what_they_need(
    template: Template, module: str, reads: str | None
) -> None:
    arn = {"Fn::GetAtt": [models_bucket(template), "Arn"]}
    role = {"Ref": functions(template)[module]["Role"]["Fn::GetAtt"][0]}
    granted = sorted(
        (action, json.dumps(resource))
        for policy in properties(template, "AWS::IAM::Policy").values()
        if role in policy["Roles"]
        for statement in policy["PolicyDocument"]["Statement"]
        for action in _listed(statement["Action"])
        for resource in _listed(statement["Resource"])
        if json.dumps(arn) in json.dumps(resource)
    )
    objects = {"Fn::Join": ["", [arn, reads]]}
    may = [("s3:GetObject", json.dumps(objects)), ("s3:ListBucket", json.dumps(arn))]
    assert granted == (may if reads else [])


def should_call_the_starter_for_new_inputs_only_and_keep_lost_events(
    template: Template,
) -> None:
    (rule,) = properties(template, "AWS::Events::Rule").values()
    (input_bucket,) = [
        name
        for name, bucket in properties(template, "AWS::S3::Bucket").items()
        if "NotificationConfiguration" in bucket
    ]
    assert rule["EventPattern"] == {
        "source": ["aws.s3"],
        "detail-type": ["Object Created"],
        "detail": {"bucket": {"name": [{"Ref": input_bucket}]}},
    }
    (target,) = rule["Targets"]
    assert "DeadLetterConfig" in target
    (failed,) = properties(template, "AWS::Lambda::EventInvokeConfig").values()
    assert "OnFailure" in failed["DestinationConfig"]


def should_log_executions_without_their_data(template: Template) -> None:
    for machine in properties(template, "AWS::StepFunctions::StateMachine").values():
        assert machine["LoggingConfiguration"]["IncludeExecutionData"] is False
        assert machine["TracingConfiguration"] == {"Enabled": True}
        assert "${" not in json.dumps(machine["DefinitionString"])


def should_give_tokens_to_registered_machines_only(template: Template) -> None:
    (pool,) = properties(template, "AWS::Cognito::UserPool").values()
    assert pool["AdminCreateUserConfig"]["AllowAdminCreateUserOnly"] is True
    (server,) = properties(template, "AWS::Cognito::UserPoolResourceServer").values()
    assert server["Identifier"] == "dropcoder"
    assert [scope["ScopeName"] for scope in server["Scopes"]] == ["batch-code", "code"]
    assert properties(template, "AWS::Cognito::UserPoolClient") == {}


def should_tell_where_the_service_is(template: Template, local_template: Template) -> None:
    aws, here = outputs(template), outputs(local_template)
    assert set(aws) == set(here)
    assert {
        *("ApiUrl", "AuthUrl", "UserPoolId", "OAuthScope", "InputBucketName"),
        "ModelsBucketName",
        *("OutputBucketName", "OperationsTableName", "InferenceStateMachineArn"),
        "PresignedHosts",
    } <= set(aws)
    assert "amazoncognito.com" in json.dumps(aws["AuthUrl"])
    assert here["AuthUrl"] == LOCAL_CLOUD
    assert here["PresignedHosts"] == "localhost:4566"
    assert json.dumps(here["ApiUrl"]).count("/_aws/execute-api/") == 1
    assert aws["OAuthScope"] == "dropcoder/batch-code"
    assert aws["PublicOAuthScope"] == "dropcoder/code"


def should_differ_for_the_local_cloud_in_named_things_only(
    template: Template, local_template: Template
) -> None:
    aws, here = functions(template), functions(local_template)
    assert aws["api.handler"]["Environment"]["Variables"]["S3_ADDRESSING_STYLE"] == "virtual"
    assert here["api.handler"]["Environment"]["Variables"]["S3_ADDRESSING_STYLE"] == "path"
    # Its events leave the object's version out, so the function must ask S3.
    assert actions(local_template, here["inference.start_handler"]) - actions(
        template, aws["inference.start_handler"]
    ) == {
        "s3:GetObject",
        "s3:ListBucket",
    }
    for module in set(MAY) - {"inference.start_handler"}:
        assert actions(local_template, here[module]) == actions(template, aws[module]), module


def should_give_each_client_a_key_and_the_work_the_named_buckets_only(
    named: Deployment,
) -> None:
    template = named.coding_service
    secrets = properties(template, "AWS::SecretsManager::Secret").values()
    made = [each["GenerateSecretString"] for each in secrets]
    ids = {json.loads(each["SecretStringTemplate"])["accessKeyId"] for each in made}
    assert len(ids) == 2
    assert {each["GenerateStringKey"] for each in made} == {"secretAccessKey"}
    answer = functions(template)["amazon_ml.api.handler"]
    declared = json.dumps(answer["Environment"]["Variables"]["ACCESS_KEYS"])
    assert all(key_id in declared for key_id in ids)
    work = functions(template)["amazon_ml.work.handler"]
    role = {"Ref": work["Role"]["Fn::GetAtt"][0]}
    (statements,) = [
        policy["PolicyDocument"]["Statement"]
        for policy in properties(template, "AWS::IAM::Policy").values()
        if role in policy["Roles"]
    ]
    objects = [each for each in statements if "data-of-one/*" in json.dumps(each["Resource"])]
    assert [set(each["Action"]) for each in objects] == [
        {"s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload"}
    ]
    (key,) = [each for each in statements if BATCH_KEY in _listed(each["Resource"])]
    assert set(key["Action"]) == {"kms:Decrypt", "kms:GenerateDataKey"}
    assert "s3." in json.dumps(key["Condition"]["StringEquals"]["kms:ViaService"])
