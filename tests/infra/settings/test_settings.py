"""Deploy-time settings: read, checked, and refused with words that help."""

import dataclasses

import pytest
from hypothesis import example, given

from infra.settings.command_line import command_context, project_context, target_region
from infra.settings.readers import READERS, check_url
from infra.settings.settings import Settings, check_names, context_name
from infra.settings.types import SettingNotFinished, SettingsError
from pipeline.engines.coding_service.address import read_address
from pipeline.engines.coding_service.tokens import SHORTEST_SECONDS
from tests.support.pipeline.odd_urls import odd_urls
from tests.support.regions import regions_of_s3

SERVICE = {
    "serviceUrl": "https://service.example",
    "authUrl": "https://auth.example",
    "presignedHosts": ["*.s3.example"],
}


def settings(**context: object) -> Settings:
    return Settings.from_context(context.get)


def should_have_the_same_defaults_in_cdk_json_and_in_code() -> None:
    assert Settings.from_context(project_context().get) == Settings()


def should_name_every_setting_in_cdk_json() -> None:
    names = {context_name(field.name) for field in dataclasses.fields(Settings)}
    own = {name for name in project_context() if not name.startswith(("@", "aws-cdk:"))}
    assert own == names, "`context` in cdk.json and Settings differ"
    assert {context_name(name) for name in READERS} == names, "READERS and Settings differ"


def should_say_where_to_add_a_reader_when_a_setting_has_none() -> None:
    @dataclasses.dataclass(frozen=True)
    class More(Settings):
        made_up: int = 3

    with pytest.raises(SettingNotFinished, match=r"made_up has no reader: .* READERS in infra/"):
        More.from_context(lambda _: None)


def should_read_text_from_the_command_line_as_the_settings_type() -> None:
    read = settings(
        codingService="true",
        logRetentionDays="7",
        requestsPerSecond="0.5",
        presignedHosts="a.example, *.b.example",
        notificationEmails='["a@example.com"]',
    )
    assert read.coding_service is True
    assert read.log_retention_days == 7
    assert read.requests_per_second == 0.5
    assert read.presigned_hosts == ("a.example", "*.b.example")
    assert read.notification_emails == ("a@example.com",)


@pytest.mark.parametrize(
    ("name", "value", "hint"),
    [
        ("name", "Survey", "single hyphens"),
        ("name", "a" * 31, "up to 30"),
        ("name", "two--hyphens", "single hyphens"),
        ("name", "my-aws", "Cognito keeps it"),
        ("dropRetentionDays", -1, "a whole number from 0"),
        ("dropRetentionDays", 13, "14 days or more"),
        ("resultRetentionDays", "a month", "give a number"),
        ("dropPrincipals", "*", "list account ids"),
        ("dropPrincipals", "arn:aws:iam::123:role/short", "list account ids"),
        ("resultPrincipals", "arn:aws:s3:::a-bucket", "list account ids"),
        ("resultPrincipals", "arn:aws:iam::123456789012:role/*", "list account ids"),
        ("kmsKeyArn", "arn:aws:kms:eu-west-1:123456789012:alias/mine", "no alias"),
        ("kmsKeyArn", "11111111-2222-3333-4444-555555555555", "the ARN of a key"),
        ("permissionsBoundary", "boundary", "the ARN of a managed policy"),
        ("permissionsBoundary", "arn:aws:iam::123456789012:role/a", "the ARN of a managed policy"),
        ("tags", {"aws:team": "survey"}, "choose another key"),
        ("tags", "dropcoder-deployment=x", "choose another key"),
        ("tags", {"team?": "survey"}, "letters, digits"),
        ("tags", {"team": "a", "Team": "b"}, "write it in one way"),
        ("tags", {f"t{n}": "" for n in range(41)}, "40 at the most"),
        ("reservedConcurrency", "submitt=5", "write submit"),
        ("reservedConcurrency", "other=5", "name one of prepare"),
        ("reservedConcurrency", {"submit": 0}, "from 1"),
        ("reservedConcurrency", {"prepare": 19}, "or lower prepareConcurrency"),
        ("reservedConcurrency", {"receive": 1}, "keep 2 or more"),
        ("monthlyBudget", -5, "a number from 0"),
        ("monthlyBudget", "a lot", "give a number"),
        ("vpcId", "my-vpc", "vpc-…"),
        ("subnetIds", "subnet-1,eu-west-1a", "subnet-…"),
        ("routeTableIds", "main", "rtb-…"),
        ("architecture", "sparc", "arm64 or x86_64"),
        ("logRetentionDays", 31, "CloudWatch Logs accepts"),
        ("codingService", "perhaps", "true or false"),
        ("requestsPerSecond", 0, "a number above 0"),
        ("requestsPerDay", "many", "give a number"),
        ("requestsPerDay", 1.5, "a whole number from 1"),
        ("requestsPerDay", True, "give a number"),
        ("maxFileBytes", 6 * 1024**3, "from 1 to"),
        ("pieceConcurrency", 0, "a whole number from 1"),
        ("pollFraction", "nan", "give a number"),
        ("defaultTopic", "Über", "a-z, 0-9"),
        ("useDictionary", "anzsco, Über", "list names of topics"),
        ("notificationEmails", "nobody", "whole e-mail addresses"),
        ("presignedHosts", "https://a.example", "hosts alone"),
        ("presignedHosts", "*", "hosts alone"),
        ("presignedHosts", "[1]", "a list of texts"),
        ("presignedHosts", "[", "a list of texts"),
        ("serviceUrl", 7, "give text"),
        ("serviceUrl", "http://plain.example", "allowPlainHttp"),
        ("serviceUrl", "https://slash.example/", "leave the last slash out"),
        ("serviceUrl", r"https://evil.example\x.service.example", "backslashes"),
        ("authUrl", "https://user:word@auth.example", "without user"),
        ("authUrl", "https://auth.example?x=1", "query"),
        ("authUrl", "https://auth.example:65536", "plain address"),
        ("serviceUrl", "https://service.example/a/../b", "plain address"),
        ("serviceUrl", "https://service.example\n", "plain address"),
        ("presignedHosts", "*:443", "hosts alone"),
        ("presignedHosts", r"a.example\b", "hosts alone"),
        ("localCloud", "localhost:4566", "https://"),
        ("apiGatewayLogs", "true", "none, account or own"),
        ("webAclArn", "arn:aws:wafv2:us-east-1:123456789012:global/webacl/a/b", "regional web ACL"),
        ("tokenSeconds", SHORTEST_SECONDS - 1, f"from {SHORTEST_SECONDS}"),
        ("machineLearningClients", "a b", "1 to 64 of"),
        ("machineLearningClients", [], "one name at least"),
        ("batchPredictionBuckets", "My_Bucket", "names of buckets"),
        ("batchPredictionBuckets", "*", "names of buckets"),
        ("batchPredictionKeys", "alias/key", "ARNs of KMS keys"),
        ("amazonMlKeySecretArn", "abc", "the ARN of a secret"),
        ("servicePublicRequestsPerDay", 0, "a whole number from 1"),
        ("amazonMlRoleArn", "arn:aws:iam::123456789012:user/a", "the ARN of a role"),
    ],
)
def should_name_the_setting_and_the_remedy_when_a_value_is_unusable(
    name: str, value: object, hint: str
) -> None:
    with pytest.raises(SettingsError, match=name) as caught:
        settings(**{name: value})
    assert hint in str(caught.value)


@pytest.mark.parametrize(
    ("context", "served"),
    [
        ({}, False),
        ({"engines": "anzsco=amazon-ml"}, True),
        ({"engines": "anzsco=coding-service"}, False),
        ({"engines": "anzsco=amazon-ml", "amazonMlUrl": "https://ml.example"}, False),
        ({"machineLearningClients": "pipeline,another"}, True),
        ({"machineLearningClients": "another"}, True),
    ],
)
def should_serve_amazon_ml_where_it_codes_a_topic_or_has_other_clients(
    context: dict[str, str], *, served: bool
) -> None:
    assert settings(**context).serves_amazon_ml is served


def should_ask_for_hosts_of_presigned_urls_unless_small_batches_need_none() -> None:
    service = {**SERVICE, "presignedHosts": []}
    with pytest.raises(SettingsError, match="presignedHosts"):
        settings(**service)
    small = settings(**service, engines="anzsco=coding-service-small")
    assert small.presigned_hosts == ()
    for other in (
        {"engines": "anzsco=coding-service-small,osca=coding-service"},
        {"engines": "anzsco=coding-service-small", "defaultTopic": "osca"},
    ):
        with pytest.raises(SettingsError, match="presignedHosts"):
            settings(**service, **other)


def should_accept_plain_http_when_it_is_allowed_explicitly() -> None:
    plain = {**SERVICE, "serviceUrl": "http://service.example", "allowPlainHttp": "true"}
    with pytest.raises(SettingsError, match="no local cloud"):
        settings(**plain)
    plain["localCloud"] = "https://localhost:4566"
    assert settings(**plain).service_url == "http://service.example"


@given(odd_urls())
@example(r"https://evil.example\x.s3.ap-southeast-2.amazonaws.com/k")
def should_accept_no_address_that_the_functions_would_refuse(url: str) -> None:
    try:
        check_url("serviceUrl", url, plain_http=True)
    except SettingsError:
        return
    read = read_address(url)
    assert not url or (read and read.url.lower() == url.lower())


@pytest.mark.parametrize(
    "url",
    ["https://service.example", "https://localhost:4566", "https://a.example/live/x%20y/v.2"],
)
def should_accept_an_address_with_a_port_and_a_path(url: str) -> None:
    assert settings(**{**SERVICE, "serviceUrl": url}).service_url == url


def should_show_no_password_when_an_address_has_one() -> None:
    for scheme in ("http", "https"):
        with pytest.raises(SettingsError) as refused:
            settings(authUrl=f"{scheme}://user:hunter2@auth.example")
        assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize("missing", ["serviceUrl", "authUrl", "presignedHosts"])
def should_refuse_a_service_that_is_half_named(missing: str) -> None:
    with pytest.raises(SettingsError, match=missing):
        settings(**{name: value for name, value in SERVICE.items() if name != missing})


def should_refuse_a_first_wait_above_the_ceiling() -> None:
    with pytest.raises(SettingsError, match="pollFirstSeconds"):
        settings(pollFirstSeconds=100, pollCeilingSeconds=99)


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"subnetIds": "subnet-0123abcd"}, "vpcId"),
        ({"vpcId": "vpc-0123abcd"}, "subnetIds"),
        ({"vpcId": "vpc-0123abcd", "subnetIds": "subnet-0123abcd"}, "routeTableIds"),
        ({"vpcId": "vpc-0123abcd", "localCloud": "https://localhost:1"}, "has no VPC"),
    ],
)
def should_refuse_a_network_that_is_half_named(given: dict[str, str], named: str) -> None:
    with pytest.raises(SettingsError, match=named):
        settings(**given)


def should_say_how_to_name_a_service_when_pipeline_has_none() -> None:
    with pytest.raises(SettingsError, match="codingService=true"):
        settings().check_pipeline()


def should_take_overrides_over_cdk_json() -> None:
    assert command_context(["architecture=x86_64"])["architecture"] == "x86_64"


def should_refuse_an_override_without_a_value() -> None:
    with pytest.raises(SettingsError, match="name=value"):
        command_context(["architecture"])


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("tokenSecond", "tokenSeconds"),
        ("maxfilebytes", "maxFileBytes"),
        ("servceUrl", "serviceUrl"),
        ("zzz", "docs/settings.md"),
    ],
)
def should_refuse_a_name_that_is_no_settings_with_the_nearest_one(name: str, near: str) -> None:
    with pytest.raises(SettingsError, match=near):
        check_names([*project_context(), name])


def should_pass_over_what_the_cdk_itself_puts_into_the_context() -> None:
    check_names(
        [*project_context(), "aws:cdk:enable-path-metadata", "availability-zones:account=1"]
    )
    from aws_cdk import App  # noqa: PLC0415

    check_names(App(context=dict(project_context())).node.get_all_context())


@pytest.mark.parametrize(("partition", "region", "_suffix"), regions_of_s3())
def should_refuse_coding_service_where_cognito_is_not_as_it_is_elsewhere(
    partition: str, region: str, _suffix: str
) -> None:
    if partition == "aws":
        settings(codingService=True).check_region(region)
    else:
        with pytest.raises(SettingsError, match=rf"codingService is true, and {region} .* alone"):
            settings(codingService=True).check_region(region)
    settings(**SERVICE).check_region(region)


def should_ask_no_region_where_none_is_known_or_the_cloud_is_local(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings(codingService=True).check_region(None)
    settings(codingService=True, localCloud="https://localhost:4566").check_region("cn-north-1")
    monkeypatch.delenv("CDK_DEFAULT_REGION", raising=False)
    assert target_region() is None
    monkeypatch.setenv("CDK_DEFAULT_REGION", "cn-north-1")
    assert target_region() == "cn-north-1"
