"""What the Pipeline stack is joined to, and what each of its functions may do."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from bench.streams import function_variables
from infra.project_files import LAMBDAS, STATE_MACHINES
from infra.settings.settings import Settings
from infra.settings.types import SettingsError
from pipeline.ledger.parts import KEPT_SECONDS
from pipeline.storage.results_bucket import PIECES
from simulation import simulation
from simulation.cloud import receive_queue
from tests.infra.conftest import Deployment, synthesize
from tests.support.markdown import document

FUNCTIONS = ("prepare", "receive", "submit", "check", "collect", "finish", "report_failure")
EVERY_FUNCTIONS = {
    *("POWERTOOLS_SERVICE_NAME", "POWERTOOLS_METRICS_NAMESPACE", "LOG_LEVEL"),
    *("TOKEN_PREFIX", "DEFAULT_TOPIC", "RESULT_FORMATS", "USE_DICTIONARY"),
    *function_variables.VARIABLES,
}
LEDGER = {"dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"}
SECRETS = {"secretsmanager:GetSecretValue", "secretsmanager:PutSecretValue"}
DROPS = {"s3:GetObject", "s3:GetObjectVersion", "s3:ListBucket"}
# What each function may do beside logs, traces and keys; a wider grant is a decision, not a slip.
MANY = {"dynamodb:BatchGetItem", "dynamodb:Query"}
TAKES_MESSAGES = {"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"}
WRITES_IN_PARTS = {"s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"}
MAY: dict[str, set[str]] = {
    "prepare": LEDGER
    | SECRETS
    | DROPS
    | TAKES_MESSAGES
    | WRITES_IN_PARTS
    | {"s3:DeleteObject", "sqs:SendMessage"},
    "receive": LEDGER
    | DROPS
    | TAKES_MESSAGES
    | {"states:StartExecution", "dynamodb:BatchGetItem", "s3:PutObject"},
    "submit": LEDGER | SECRETS | DROPS | {"s3:PutObject", "dynamodb:BatchGetItem"},
    "check": LEDGER | SECRETS,
    "collect": LEDGER | SECRETS | MANY | WRITES_IN_PARTS,
    "finish": LEDGER
    | MANY
    | DROPS
    | WRITES_IN_PARTS
    | {"s3:DeleteObject", "states:StartExecution"},
    "report_failure": {
        *("states:StartExecution", "states:DescribeExecution", "states:ListMapRuns"),
        *("states:ListExecutions", "sqs:SendMessage"),
    },
}


def functions(deployment: Deployment) -> dict[str, Any]:
    """Properties of Pipeline's functions by their folder."""
    found = deployment.resources("AWS::Lambda::Function", "Pipeline")
    return {each["Handler"].split(".")[1]: each for each in found.values()}


def actions(deployment: Deployment, role: str) -> dict[str, list[Any]]:
    """The resources of each action that a role may do."""
    allowed: dict[str, list[Any]] = {}
    for policy in deployment.resources("AWS::IAM::Policy", "Pipeline").values():
        if {"Ref": role} in policy["Roles"]:
            for statement in policy["PolicyDocument"]["Statement"]:
                named = statement["Action"]
                for action in named if isinstance(named, list) else [named]:
                    allowed.setdefault(action, []).append(statement["Resource"])
    return allowed


def role_of(function: dict[str, Any]) -> str:
    role: str = function["Role"]["Fn::GetAtt"][0]
    return role


def state_machine(deployment: Deployment) -> Any:
    (machine,) = deployment.resources("AWS::StepFunctions::StateMachine", "Pipeline").values()
    return machine


def filled(definition: Any) -> str:
    """A definition as text, with a mark in place of each CloudFormation reference."""
    parts = definition["Fn::Join"][1]
    return "".join(part if isinstance(part, str) else "<reference>" for part in parts)


def should_have_the_seven_functions_with_their_environment(either: Deployment) -> None:
    assert set(functions(either)) == set(FUNCTIONS)
    for name, function in functions(either).items():
        expected = EVERY_FUNCTIONS | _starters(name)
        assert set(function["Environment"]["Variables"]) == expected, (
            f"{name}: infra/pipeline/environment.py and bench/streams/function_variables.py differ"
        )


def _starters(name: str) -> set[str]:
    if name == "prepare":
        return {"DROP_BUCKET", "ARRIVALS_QUEUE", "PREPARED_QUEUE"}
    return {"STATE_MACHINE_ARN"} if name in {"receive", "report_failure"} else set()


def should_pass_the_settings_on_as_text(alone: Deployment) -> None:
    variables = functions(alone)["check"]["Environment"]["Variables"]
    assert variables["SERVICE_URL"] == "https://service.example"
    assert variables["PRESIGNED_HOSTS"] == "*.s3.example,files.example"
    assert variables["DEFAULT_TOPIC"] == "anzsco"
    assert variables["REQUESTS_PER_SECOND"] == "0.5"
    assert variables["POLL_FIRST_SECONDS"] == "3"
    assert variables["ALLOW_PLAIN_HTTP"] == "false"
    assert set(alone.templates) == {"Pipeline"}


def should_take_its_addresses_from_coding_service_when_none_are_named(aws: Deployment) -> None:
    variables = functions(aws)["check"]["Environment"]["Variables"]
    for name in ("SERVICE_URL", "AUTH_URL"):
        assert "Fn::ImportValue" in json.dumps(variables[name]), name


def should_prefer_named_addresses_when_coding_service_is_deployed_too(named: Deployment) -> None:
    variables = functions(named)["check"]["Environment"]["Variables"]
    assert variables["SERVICE_URL"] == "https://service.example"
    assert set(named.templates) == {"Pipeline", "CodingService"}


def should_refuse_to_deploy_a_pipeline_without_a_service(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="serviceUrl"):
        synthesize(tmp_path)


@pytest.mark.parametrize("name", FUNCTIONS)
def should_let_a_function_do_only_what_it_needs(aws: Deployment, name: str) -> None:
    common = ("logs:", "xray:", "kms:")
    allowed = {
        action
        for action in actions(aws, role_of(functions(aws)[name]))
        if not action.startswith(common)
    }
    assert allowed == MAY[name]


def should_let_nobody_change_a_drop_or_the_clients_secret(aws: Deployment) -> None:
    outputs = aws.pipeline["Outputs"]
    drops = outputs["DropBucketName"]["Value"]["Ref"]
    client = outputs["CredentialsSecretArn"]["Value"]["Fn::GetAtt"][0]
    for name, function in functions(aws).items():
        allowed = actions(aws, role_of(function))
        for action in ("s3:PutObject", "s3:AbortMultipartUpload"):
            assert drops not in json.dumps(allowed.get(action, [])), name
        assert client not in json.dumps(allowed.get("secretsmanager:PutSecretValue", [])), name


def should_create_both_secrets_empty(either: Deployment) -> None:
    secrets = either.resources("AWS::SecretsManager::Secret", "Pipeline")
    assert [secret["SecretString"] for secret in secrets.values()] == ["{}", "{}"]


def should_run_the_shipped_definition_with_every_placeholder_filled(either: Deployment) -> None:
    text = filled(state_machine(either)["DefinitionString"])
    assert "${" not in text
    definition = json.loads(text)
    submit = definition["States"]["Code parts"]["ItemProcessor"]["States"]["Submit"]
    assert submit["Resource"] == "<reference>"


def should_code_so_many_pieces_at_a_time_as_the_settings_say(either: Deployment) -> None:
    definition = json.loads(filled(state_machine(either)["DefinitionString"]))
    pieces = definition["States"]["Code pieces"]
    assert pieces["MaxConcurrency"] == Settings().piece_concurrency
    assert pieces["ItemProcessor"]["ProcessorConfig"]["Mode"] == "DISTRIBUTED"


def should_let_receive_write_lists_of_pieces_alone(aws: Deployment) -> None:
    (written,) = actions(aws, role_of(functions(aws)["receive"]))["s3:PutObject"]
    assert written["Fn::Join"][1][-1] == f"/{PIECES}*"


def should_let_report_failure_look_at_executions_of_this_machine_alone(aws: Deployment) -> None:
    allowed = actions(aws, role_of(functions(aws)["report_failure"]))
    for action in ("states:DescribeExecution", "states:ListMapRuns", "states:ListExecutions"):
        (named,) = allowed[action]
        for each in named if isinstance(named, list) else [named]:
            assert each["Fn::Join"][1][-1] in (":*", "/*")
            assert "WorkflowDrop" in json.dumps(each), action


def should_log_executions_without_their_data(either: Deployment) -> None:
    logging = state_machine(either)["LoggingConfiguration"]
    assert (logging["Level"], logging["IncludeExecutionData"]) == ("ALL", False)
    assert state_machine(either)["TracingConfiguration"] == {"Enabled": True}


def should_let_the_state_machine_run_its_tasks_and_tell_only(aws: Deployment) -> None:
    allowed = actions(aws, state_machine(aws)["RoleArn"]["Fn::GetAtt"][0])
    common = ("logs:", "xray:", "kms:")
    named = {action for action in allowed if not action.startswith(common)}
    children = {"states:StartExecution", "states:DescribeExecution", "states:StopExecution"}
    assert named == {
        *("lambda:InvokeFunction", "sns:Publish", "events:PutEvents", "s3:GetObject"),
        *(*children, "states:RedriveExecution"),
    }
    (listed,) = allowed["s3:GetObject"]
    assert listed["Fn::Join"][1][-1] == f"/{PIECES}*"
    (invoked,) = allowed["lambda:InvokeFunction"]
    tasks = {each["Fn::GetAtt"][0] for each in invoked}
    expected = {
        name.split("/")[1]
        for name, each in aws.resources("AWS::Lambda::Function", "Pipeline").items()
        if each["Handler"].split(".")[1] in {"submit", "check", "collect", "finish"}
    }
    assert tasks == expected


def should_take_in_what_is_created_in_the_drop_bucket_alone(either: Deployment) -> None:
    (pattern,) = [
        rule["EventPattern"]
        for rule in either.resources("AWS::Events::Rule", "Pipeline").values()
        if rule["EventPattern"]["source"] == ["aws.s3"]
    ]
    assert pattern["detail-type"] == ["Object Created"]
    assert pattern["detail"] == {"bucket": {"name": [_drop_bucket(either)]}}


def should_send_the_events_of_the_drop_bucket_alone_to_the_event_bus(either: Deployment) -> None:
    telling = [
        {"Ref": name.split("/")[1]}
        for name, bucket in either.resources("AWS::S3::Bucket", "Pipeline").items()
        if "EventBridgeConfiguration" in bucket.get("NotificationConfiguration", {})
    ]
    assert telling == [_drop_bucket(either)]


def _drop_bucket(deployment: Deployment) -> Any:
    return deployment.pipeline["Outputs"]["DropBucketName"]["Value"]


def should_version_drops_because_a_drop_is_a_version(either: Deployment) -> None:
    for name, bucket in either.resources("AWS::S3::Bucket", "Pipeline").items():
        # Each attempt to prepare a drop has keys of its own in the bucket of prepared files.
        versioning = None if "Prepared" in name else {"Status": "Enabled"}
        assert bucket.get("VersioningConfiguration") == versioning


def should_forget_prepared_files_when_no_execution_can_need_them_any_more(
    either: Deployment,
) -> None:
    (prepared,) = (
        bucket
        for name, bucket in either.resources("AWS::S3::Bucket", "Pipeline").items()
        if "Prepared" in name
    )
    days = [rule.get("ExpirationInDays") for rule in prepared["LifecycleConfiguration"]["Rules"]]
    assert 14 + 14 <= max(filter(None, days)) <= 31


def should_hand_every_bad_end_of_an_execution_to_rescue(either: Deployment) -> None:
    (detail,) = [
        rule["EventPattern"]["detail"]
        for rule in either.resources("AWS::Events::Rule", "Pipeline").values()
        if rule["EventPattern"]["source"] == ["aws.states"]
    ]
    (machine,) = either.resources("AWS::StepFunctions::StateMachine", "Pipeline")
    assert detail == {
        "stateMachineArn": [{"Fn::GetAtt": [machine.split("/")[1], "Arn"]}],
        "status": ["FAILED", "TIMED_OUT", "ABORTED"],
    }


def should_count_the_executions_that_died_by_what_rescue_logs(either: Deployment) -> None:
    from infra.pipeline.report_failure import DIED, DIED_TELLING  # noqa: PLC0415

    (counting,) = either.resources("AWS::Logs::MetricFilter", "Pipeline").values()
    texts = re.findall(r'\$\.message = "([^"]+)"', counting["FilterPattern"])
    rescuing = (LAMBDAS / "pipeline/report_failure/handler.py").read_text("utf-8")
    assert texts == [DIED, DIED_TELLING]
    assert [text for text in texts if f'"{text}"' not in rescuing] == []
    assert (
        counting["LogGroupName"] == functions(either)["report_failure"]["LoggingConfig"]["LogGroup"]
    )


def should_keep_what_no_target_took_in_a_queue(either: Deployment) -> None:
    for name, rule in either.resources("AWS::Events::Rule").items():
        for target in rule["Targets"]:
            assert "DeadLetterConfig" in target, name
            assert target["RetryPolicy"]["MaximumRetryAttempts"] > 0, name


def should_keep_what_a_rules_function_failed_on_in_a_queue(either: Deployment) -> None:
    keeping = {
        config["FunctionName"]["Ref"]
        for config in either.resources("AWS::Lambda::EventInvokeConfig", "Pipeline").values()
        if "OnFailure" in config["DestinationConfig"]
    }
    functions_by_rules = {
        target["Arn"]["Fn::GetAtt"][0]
        for rule in either.resources("AWS::Events::Rule", "Pipeline").values()
        for target in rule["Targets"]
        if target["Arn"]["Fn::GetAtt"][0].find("Function") > 0
    }
    assert functions_by_rules
    assert keeping == functions_by_rules


def mapping_from(deployment: Deployment, queue: str) -> Any:
    """Properties of the mapping that hands out the messages of a queue."""
    (found,) = (
        mapping
        for mapping in deployment.resources("AWS::Lambda::EventSourceMapping", "Pipeline").values()
        if queue in mapping["EventSourceArn"]["Fn::GetAtt"][0]
    )
    return found


def should_keep_arrivals_that_failed_five_times_in_a_queue(either: Deployment) -> None:
    from infra.pipeline.receive import HIDDEN_AFTER_SECONDS  # noqa: PLC0415

    for queue, function in (("Arrivals", "prepare"), ("Prepared", "receive")):
        (found,) = (
            each
            for name, each in either.resources("AWS::SQS::Queue", "Pipeline").items()
            if queue in name
        )
        assert found["RedrivePolicy"]["maxReceiveCount"] == 5
        assert mapping_from(either, queue)["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
        timeout = functions(either)[function]["Timeout"]
        # What prepare did may be done again, so a drop need not wait for six timeouts.
        hidden = timeout + HIDDEN_AFTER_SECONDS if function == "prepare" else 6 * timeout
        assert found["VisibilityTimeout"] == hidden
        assert HIDDEN_AFTER_SECONDS >= 60


def should_deploy_what_the_simulation_counts_on(aws: Deployment) -> None:
    deployed = functions(aws)
    memory = {name: deployed[name.lower()]["MemorySize"] for name in simulation.MEMORY_MB}
    assert memory == simulation.MEMORY_MB
    variables = deployed["check"]["Environment"]["Variables"]
    assert {name: float(variables[name]) for name in variables if name.startswith("POLL_")} == {
        "POLL_FIRST_SECONDS": simulation.POLL_FIRST,
        "POLL_FRACTION": simulation.POLL_FRACTION,
        "POLL_CEILING_SECONDS": simulation.POLL_CEILING,
    }
    mapping = mapping_from(aws, "Prepared")
    assert mapping["BatchSize"] == receive_queue.BATCH_OF_MANY
    assert mapping["MaximumBatchingWindowInSeconds"] == receive_queue.SHARE_WAIT_SECONDS
    assert mapping["ScalingConfig"]["MaximumConcurrency"] == receive_queue.RECEIVE_AT_ONCE
    receives = deployed["receive"]["Environment"]["Variables"]
    assert int(receives["SHARE_MAX_BYTES"]) == receive_queue.SHARE_MAX_BYTES


def should_gather_arrivals_for_a_few_seconds_unless_each_file_has_its_own_operation(
    either: Deployment, alone: Deployment
) -> None:
    mapping = mapping_from(either, "Prepared")
    assert (mapping["BatchSize"], mapping["MaximumBatchingWindowInSeconds"]) == (1_000, 3)
    mapping = mapping_from(alone, "Prepared")
    assert (mapping["BatchSize"], mapping["MaximumBatchingWindowInSeconds"]) == (10, 0)
    assert functions(alone)["receive"]["Environment"]["Variables"]["SHARE_MAX_BYTES"] == "0"


def should_subscribe_the_addresses_of_the_settings(aws: Deployment) -> None:
    subscriptions = aws.resources("AWS::SNS::Subscription", "Pipeline").values()
    assert sorted((each["Endpoint"], each["Protocol"]) for each in subscriptions) == [
        ("operators@example.com", "email"),
        ("people@example.com", "email"),
    ]


def should_output_what_people_and_programs_look_up(either: Deployment) -> None:
    assert {
        *("DropBucketName", "ResultsBucketName", "NotificationTopicArn", "StateMachineArn"),
        *("LedgerTableName", "CredentialsSecretArn", "TokenSecretArn", "DashboardName"),
        *("OperatorsTopicArn", "KeyArn"),
    } <= set(either.pipeline["Outputs"])


def should_delete_the_pieces_of_large_files_once_nothing_can_take_them_up(
    either: Deployment,
) -> None:
    (rules,) = (
        bucket["LifecycleConfiguration"]["Rules"]
        for name, bucket in either.resources("AWS::S3::Bucket", "Pipeline").items()
        if "Results" in name
    )
    of_pieces = {rule["Id"]: rule for rule in rules if rule.get("Prefix") == PIECES}
    machine = json.loads((STATE_MACHINES / "drop.asl.json").read_text("utf-8"))
    kept = of_pieces["ForgetPieces"]["ExpirationInDays"] * 86_400
    assert kept > KEPT_SECONDS + machine["TimeoutSeconds"]
    assert of_pieces["ForgetPieces"]["NoncurrentVersionExpiration"] == {"NoncurrentDays": 1}
    assert of_pieces["ForgetMarkersOfPieces"]["ExpiredObjectDeleteMarker"] is True
    for rule in rules:  # nothing else may end a current result
        assert rule.get("Prefix") == PIECES or "ExpirationInDays" not in rule


def should_take_as_many_arrivals_at_a_time_as_the_page_of_quotas_says(
    either: Deployment,
) -> None:
    at_once = mapping_from(either, "Arrivals")["BatchSize"]
    assert f"{at_once} × `prepareConcurrency`" in document("docs/quotas.md").text
