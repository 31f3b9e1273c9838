"""What is deployed for Amazon ML, and that nothing is where no topic is coded by it."""

import json
from pathlib import Path
from typing import Any

import pytest

from infra.assets.errors import AssetError
from infra.assets.sources import codelist_files
from infra.project_files import PROJECT
from infra.settings.settings import Settings
from infra.settings.types import SettingsError
from pipeline.engines.amazon_ml.engine import prediction_id
from tests.infra.conftest import ROLE, SECRET, Deployment
from tests.infra.pipeline.test_stack import actions, functions, role_of
from training.topic.files import read_topic

CALLS = {
    "submit": {"DescribeMLModels", "GetMLModel", "GetBatchPrediction", "GetDataSource"}
    | {"CreateDataSourceFromS3", "CreateBatchPrediction"},
    "check": {"GetBatchPrediction", "GetDataSource"},
    "collect": {"DeleteBatchPrediction", "DeleteDataSource"},
}


def exchange(deployment: Deployment) -> tuple[str, Any, list[Any]]:
    """The logical id of the exchange bucket, its properties, its policy's statements."""
    logical_id = deployment.pipeline["Outputs"]["ExchangeBucketName"]["Value"]["Ref"]
    bucket = deployment.resources("AWS::S3::Bucket")[f"Pipeline/{logical_id}"]
    (policy,) = [
        each
        for each in deployment.resources("AWS::S3::BucketPolicy", "Pipeline").values()
        if each["Bucket"] == {"Ref": logical_id}
    ]
    return logical_id, bucket, policy["PolicyDocument"]["Statement"]


def let_in(deployment: Deployment, principal: dict[str, str]) -> dict[str, Any]:
    """The statements of the exchange bucket's policy for a principal, by their last action."""
    found = [each for each in exchange(deployment)[2] if each["Principal"] == principal]
    first = [each["Action"] for each in found]
    names = [each if isinstance(each, str) else max(each) for each in first]
    return dict(zip(names, found, strict=True))


def should_deploy_nothing_of_it_when_no_topic_has_the_engine(aws: Deployment) -> None:
    assert "machinelearning" not in json.dumps(aws.pipeline)
    assert "ExchangeBucketName" not in aws.pipeline["Outputs"]
    for function in functions(aws).values():
        assert "ENGINES" not in function["Environment"]["Variables"]


def should_tell_the_functions_which_engine_codes_which_topic(alone: Deployment) -> None:
    for function in functions(alone).values():
        variables = function["Environment"]["Variables"]
        assert variables["ENGINES"] == "anzsco=amazon-ml,osca=coding-service"
        assert variables["AMAZON_ML_THRESHOLD"] == "0.85"
        assert variables["AMAZON_ML_URL"] == ""


@pytest.mark.parametrize(
    "name", ["receive", "submit", "check", "collect", "finish", "report_failure"]
)
def should_let_each_function_make_its_own_calls_of_amazon_ml_alone(
    alone: Deployment, name: str
) -> None:
    allowed = actions(alone, role_of(functions(alone)[name]))
    calls = {each for each in allowed if each.startswith("machinelearning:")}
    assert calls == {f"machinelearning:{each}" for each in CALLS.get(name, ())}
    for call in calls - {"machinelearning:DescribeMLModels"}:
        named = json.dumps(allowed[call])
        assert ":machinelearning:" in named
        assert '"*"' not in named


def should_let_functions_touch_records_of_pipelines_own_ids_alone(alone: Deployment) -> None:
    from infra.pipeline.amazon_ml import PREDICTIONS  # noqa: PLC0415

    assert prediction_id("a-0001-1").startswith(PREDICTIONS.removesuffix("*"))
    for name, call in (("submit", "CreateDataSourceFromS3"), ("collect", "DeleteBatchPrediction")):
        allowed = actions(alone, role_of(functions(alone)[name]))
        assert f"/{PREDICTIONS}" in json.dumps(allowed[f"machinelearning:{call}"])


@pytest.mark.parametrize("name", ["check", "finish", "receive", "report_failure"])
def should_keep_functions_out_of_the_exchange_bucket_that_have_no_business_there(
    alone: Deployment, name: str
) -> None:
    logical_id, _, _ = exchange(alone)
    allowed = actions(alone, role_of(functions(alone)[name]))
    assert logical_id not in json.dumps([allowed[each] for each in allowed if each[:3] == "s3:"])


def should_let_awss_service_in_for_this_account_alone(alone: Deployment) -> None:
    statements = let_in(alone, {"Service": "machinelearning.amazonaws.com"})
    assert set(statements) == {"s3:GetObject", "s3:PutObject", "s3:ListBucket", "s3:PutObjectAcl"}
    for statement in statements.values():
        conditions = statement["Condition"]["StringEquals"]
        assert conditions["aws:SourceAccount"] == {"Ref": "AWS::AccountId"}
    assert "/*/batch-prediction/*" in json.dumps(statements["s3:PutObject"]["Resource"])
    assert "order.json" not in json.dumps(statements)


def should_let_in_the_role_of_another_service_and_nobody_else(named: Deployment) -> None:
    statements = let_in(named, {"AWS": ROLE})
    assert set(statements) == {"s3:GetObject", "s3:PutObject", "s3:ListBucket"}
    assert "machinelearning.amazonaws.com" not in json.dumps(named.pipeline)


def should_call_another_service_with_its_key_and_no_right_of_awss(named: Deployment) -> None:
    for name in CALLS:
        allowed = actions(named, role_of(functions(named)[name]))
        assert not any(each.startswith("machinelearning:") for each in allowed)
        assert SECRET in json.dumps(allowed["secretsmanager:GetSecretValue"])
    policies = json.dumps(list(named.resources("AWS::IAM::Policy", "Pipeline").values()))
    assert f'"kms:EncryptionContext:SecretARN": "{SECRET}"' in policies


def should_empty_the_exchange_bucket_by_itself(alone: Deployment) -> None:
    _, bucket, statements = exchange(alone)
    rules = bucket["LifecycleConfiguration"]["Rules"]
    assert any(rule.get("ExpirationInDays") == 14 for rule in rules)
    assert any("AbortIncompleteMultipartUpload" in rule for rule in rules)
    assert any(each["Effect"] == "Deny" for each in statements)  # plain http


@pytest.mark.parametrize(
    ("name", "value", "hint"),
    [
        ("engines", "anzsco=amazon", "coding-service-small or amazon-ml"),
        ("engines", "anzsco", "pairs"),
        ("engines", "anzsco=amazon-ml,anzsco=coding-service", "names one twice"),
        ("engines", '{"Über": "amazon-ml"}', "coding-service-small or amazon-ml"),
        ("engines", "{", "pairs"),
        ("amazonMlModels", "anzsco=a b", "MLModelId"),
        ("amazonMlThreshold", 1.5, "up to 1"),
        ("amazonMlUrl", "ml.example", "https://"),
    ],
)
def should_refuse_a_setting_of_engines_that_can_not_be_used(
    name: str, value: object, hint: str
) -> None:
    with pytest.raises(SettingsError, match=name) as caught:
        Settings.from_context({name: value}.get)
    assert hint in str(caught.value)


def should_assert_from_the_confidence_on_from_which_the_shipped_topic_does() -> None:
    topic = read_topic(PROJECT / "topics" / "anzsco")
    assert Settings().amazon_ml_threshold == topic.settings.threshold


def should_read_pairs_as_json_and_as_text() -> None:
    for value in ({"a": "amazon-ml", "b": "coding-service"}, "a=amazon-ml, b=coding-service"):
        assert Settings.from_context({"engines": value}.get).topics_of("amazon-ml") == ("a",)


def should_pack_the_codelists_of_the_topics_that_need_one(tmp_path: Path) -> None:
    settings = Settings(engines={"anzsco": "amazon-ml", "osca": "coding-service"})
    ((place, path),) = codelist_files(settings)
    assert place == "codelists/anzsco.csv"
    assert path.read_text("utf-8").startswith("code,label,parent")


def should_say_what_is_missing_when_a_topic_has_no_codelist() -> None:
    with pytest.raises(AssetError, match=r"osca/codes\.csv is not there"):
        list(codelist_files(Settings(engines={"osca": "amazon-ml"})))
