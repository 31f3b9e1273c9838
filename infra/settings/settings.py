"""Deploy-time settings: one typed, checked object from the context of `cdk.json`.

Every setting has its default in `cdk.json`; `cdk deploy -c name=value` overrides one. Values
that come from the command line are text and are read as the type that the setting has.
"""

import dataclasses
import difflib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from infra.settings.agreement import check_together
from infra.settings.readers import READERS, ApiGatewayLogs, Architecture
from infra.settings.types import SettingNotFinished, SettingsError

DEFAULT_NAME = "dropcoder"
METRICS_NAMESPACE = "Dropcoder"
PIPELINE_CLIENT = "pipeline"
"""The client of CodingService's Amazon ML API that Pipeline is."""
# 1,769 MB is one whole processor (Lambda, "Configure memory"); numpy uses no second one here.
CODER_MEMORY_MB = 1_769
# GovCloud has `us-gov-west-1`, isolated partitions `us-iso-east-1`, Europe's own `eusc-de-east-1`.
COMMERCIAL_REGION = re.compile(r"(?!cn-)[a-z]{2}-[a-z]+-[0-9]+")


@dataclass(frozen=True)
class Settings:
    """What a deployment may choose. Defaults here equal those of `cdk.json`."""

    name: str = DEFAULT_NAME
    """Stands before the names of stacks and of whatever is unique in an account and region; ""
    leaves the stacks' names without it. [More](account.md#several-deployments)."""
    local_cloud: str = ""
    """Endpoint of the local cloud, which sets it; "" deploys to AWS."""
    coding_service: bool = False
    """Deploy the CodingService stack too."""
    architecture: Architecture = "arm64"
    """Processor of the functions: arm64 or x86_64."""
    log_retention_days: int = 30
    """Days that log groups keep events."""
    kms_key_arn: str = ""
    """ARN of a KMS key of your own that encrypts everything; "" makes one for each stack. What its
    policy must allow: [a key of your own](account.md#a-key-of-your-own)."""
    permissions_boundary: str = ""
    """ARN of a managed policy that bounds what every role of the stacks may do; "" for none."""
    tags: Mapping[str, str] = field(default_factory=dict)
    """Tags on everything, beside `dropcoder-deployment` with the deployment's name:
    `{"team": "survey"}`."""
    reserved_concurrency: Mapping[str, int] = field(default_factory=dict)
    """Executions at a time that are kept for a function, and the most that it gets, by its name:
    `{"submit": 50}`. [Which, and how many](quotas.md#reserving-concurrency)."""
    monthly_budget: float = 0
    """US dollars a month that the deployment may cost; operators are told near it. 0 sets no
    budget. [What has to be done once](cost.md#a-budget)."""
    vpc_id: str = ""
    """Id of a VPC in which all functions run; "" for Lambda's own network. [What it must
    have](account.md#in-a-vpc)."""
    subnet_ids: tuple[str, ...] = ()
    """Ids of its subnets, one in each availability zone; needed with `vpcId`."""
    route_table_ids: tuple[str, ...] = ()
    """Ids of the subnets' route tables, which get ways to S3 and DynamoDB; needed with
    `vpcEndpoints`."""
    vpc_endpoints: bool = True
    """Endpoints of AWS's services are made in the VPC; false where it has them."""
    drop_principals: tuple[str, ...] = ()
    """Account ids and ARNs of roles and users, of other accounts too, that may drop files."""
    result_principals: tuple[str, ...] = ()
    """The same, that may list and read results."""
    drop_retention_days: int = 0
    """Days after which dropped files, and copies of their rows, are deleted; versions that were
    replaced or deleted go as many days after that, 30 at the most. 0 keeps files for ever, 14 is
    the least otherwise."""
    result_retention_days: int = 0
    """The same of results. What people have [decided](review.md#in-a-deployed-pipeline) stays."""
    retain_storage: bool = True
    """Buckets, tables, keys and logs outlive their stack; stacks, tables and the pool of clients
    can't be deleted before somebody lifts their protection."""
    assets: str = "build/assets"
    """Folder of the built Lambda assets, relative to the project."""
    service_url: str = ""
    """The coding service's base address in front of `/v1`; "" takes CodingService's."""
    auth_url: str = ""
    """Base address in front of `/oauth2/token`; "" takes CodingService's."""
    presigned_hosts: tuple[str, ...] = ()
    """Hosts that presigned URLs may name, in full, with `:port` where it is not the usual one; `*`
    stands for anything, so `*.s3.…` lets in everybody's buckets; needed with `serviceUrl`."""
    allow_plain_http: bool = False
    """Addresses may begin with http://; refused outside the local cloud."""
    token_prefix: str = ""
    """Stands before the token in the Authorization header, for example `Bearer `."""
    default_topic: str = ""
    """Topic of keys that name none; "" rejects such keys."""
    requests_per_second: float = 1
    """API calls a second that the service allows."""
    requests_per_day: int = 10_000
    """API calls in any 24 hours that the service allows."""
    max_file_bytes: int = 5_000_000_000
    """Largest file that one operation takes, in bytes; a larger one is cut at line ends into
    parts."""
    share_operations: bool = True
    """Small files that arrive together for the same topic and model share an operation; false gives
    each file its own."""
    share_wait_seconds: int = 3
    """How long a file may wait for others to share with, in seconds."""
    share_max_bytes: int = 33_554_432
    """Of the files that share an operation, together, in bytes."""
    poll_first_seconds: int = 10
    """Least wait between status calls, and the first one, in seconds."""
    poll_fraction: float = 0.1
    """Later waits, as a part of the time waited already."""
    poll_ceiling_seconds: int = 7_200
    """Longest wait between status calls, in seconds."""
    max_attempts: int = 3
    """Operations that are tried for a part when they time out. For other reasons, six at most."""
    columns: Mapping[str, Mapping[str, Sequence[str]]] = field(default_factory=dict)
    """Columns of people's tables that the model's fields are read from, by topic and field; those
    with usual names are found without. A drop's metadata and `columns.yaml` go before it."""
    fallback_encoding: str = "cp1252"
    """Encoding of text that is no UTF-8 and has no byte order mark."""
    max_refused_share: float = 0.05
    """Part of a table's rows that may be unreadable; with more, the file is rejected."""
    strict: bool = False
    """One row that can't be read, or is too long, rejects the file."""
    distinct_texts: bool = True
    """Of a table's rows with the same texts the first alone is sent, and its answer given to all;
    not of JSON Lines that go to the service as they are."""
    result_formats: tuple[str, ...] = ()
    """Formats in which each table is given back beside its own: csv, xlsx, parquet."""
    code_digits: Mapping[str, int] = field(default_factory=dict)
    """Letters and digits of a topic's deepest codes, by topic, where that is not 6."""
    blind_share: float = 0.05
    """Part of a table's distinct texts, with and without a code, that its review page shows
    without suggestions, so that agreement can be measured; 0 is none."""
    use_dictionary: tuple[str, ...] = ()
    """Topics whose files are looked up first in [what people have
    decided](review.md#the-dictionary); what is known there is not sent."""
    piece_concurrency: int = 4
    """Pieces of one large file that are coded at a time."""
    prepare_concurrency: int = 20
    """Files, or batches of ten small ones, that are prepared at a time."""
    max_unpacked_bytes: int = 20_000_000_000
    """Most bytes that a gzipped or zipped file may have unpacked."""
    engines: Mapping[str, str] = field(default_factory=dict)
    """What codes a topic's files, by topic: coding-service, coding-service-small (the same in small
    batches, without partner agreement) or amazon-ml; topics that are not named have the coding
    service."""
    amazon_ml_url: str = ""
    """Address of a service that speaks Amazon ML's API; "" takes CodingService's where that is
    deployed too, else AWS's own."""
    amazon_ml_key_secret_arn: str = ""
    """ARN of a secret with the access key that such a service has issued; "" calls with the
    functions' roles."""
    amazon_ml_role_arn: str = ""
    """ARN of the role as which such a service reads input and writes results; "" lets AWS's own
    in."""
    amazon_ml_models: Mapping[str, str] = field(default_factory=dict)
    """MLModelIds by topic; a topic that is not named has the newest model of its name."""
    amazon_ml_threshold: float = 0.85
    """Least confidence that is asserted when scores are rolled up to a code."""
    codelists: str = "topics"
    """Folder of `<topic>/codes.csv`, relative to the project: the codes to choose from on the
    review page, which the topics that Amazon ML codes can't go without."""
    notification_emails: tuple[str, ...] = ()
    """Addresses that are told of each drop."""
    operator_emails: tuple[str, ...] = ()
    """Addresses that are told of alarms."""
    upload_window_seconds: int = 3_600
    """CodingService: seconds in which an upload must begin."""
    results_seconds: int = 82_800
    """CodingService: seconds that results are kept."""
    service_requests_per_second: float = 1
    """CodingService: each client's calls a second."""
    service_burst: int = 1
    """CodingService: calls that a client may save up."""
    service_requests_per_day: int = 10_000
    """CodingService: each client's calls a UTC day."""
    service_public_requests_per_day: int = 1_000
    """CodingService: calls a UTC day of a client that may code no files."""
    service_max_file_bytes: int = 5_000_000_000
    """CodingService: largest input, in bytes."""
    inference_range_bytes: int = 33_554_432
    """CodingService: a larger input is cut at line ends into ranges of about so many bytes, each
    coded by a function of its own."""
    inference_concurrency: int = 40
    """CodingService: ranges of one input that are coded at a time."""
    token_seconds: int = 3_600
    """CodingService: life of an access token, in seconds; 720 at least."""
    models_dir: str = "build/models"
    """CodingService: folder of trained models, relative to the project."""
    api_gateway_logs: ApiGatewayLogs = "none"
    """CodingService: whether API Gateway logs each call too: none; account, by the role that the
    account has set for it; own, by a role of the stack that replaces the account's."""
    web_acl_arn: str = ""
    """CodingService: ARN of a web ACL (WAFv2, regional) that stands before its API; "" is none."""
    machine_learning_clients: tuple[str, ...] = (PIPELINE_CLIENT,)
    """CodingService: names of the clients of its Amazon ML API, each with an access key and data of
    its own; about fifteen, as their keys' ARNs share the 4 KB of a function's environment. The API
    is deployed where it codes a topic of `engines`, or for names beside `pipeline`."""
    batch_prediction_buckets: tuple[str, ...] = ()
    """CodingService: buckets in which it may read data and write results of batch predictions;
    their owners must allow it too."""
    batch_prediction_keys: tuple[str, ...] = ()
    """CodingService: ARNs of the KMS keys of those buckets."""

    @classmethod
    def from_context(cls, get: Callable[[str], Any]) -> "Settings":
        """Reads each setting from the CDK context, by its camelCase name.

        `get` is `app.node.try_get_context`, or any such function; None means "not set". Raises
        `SettingsError` if a value cannot be used; it names the setting and says what would do.
        Raises `SettingNotFinished` if a setting has no reader.
        """
        values: dict[str, Any] = {}
        for each in dataclasses.fields(cls):
            if each.name not in READERS:
                where = "READERS in infra/settings/readers.py"
                raise SettingNotFinished(each.name, "reader", where)
            name = context_name(each.name)
            if (value := get(name)) is not None:
                values[each.name] = READERS[each.name](name, value)
        settings = cls(**values)
        check_together(settings)
        return settings

    @property
    def deployment(self) -> str:
        """The deployment's name for what can't go without one."""
        return self.name or DEFAULT_NAME

    @property
    def metrics_namespace(self) -> str:
        """The namespace of the functions' own metrics: another deployment has another one."""
        if self.deployment == DEFAULT_NAME:
            return METRICS_NAMESPACE
        return f"{METRICS_NAMESPACE}/{self.deployment}"

    def stack_name(self, stack: str) -> str:
        """The name of a stack: `dropcoder-Pipeline`, say."""
        return f"{self.name}-{stack}" if self.name else stack

    def topics_of(self, engine: str) -> tuple[str, ...]:
        """The topics that an engine is named for, in order."""
        return tuple(sorted(topic for topic, name in self.engines.items() if name == engine))

    @property
    def serves_amazon_ml(self) -> bool:
        """Whether CodingService has Amazon ML's API: it codes a topic, or has other clients."""
        elsewhere = self.amazon_ml_url or self.amazon_ml_key_secret_arn or self.amazon_ml_role_arn
        others = set(self.machine_learning_clients) - {PIPELINE_CLIENT}
        return bool(others) or (bool(self.topics_of("amazon-ml")) and not elsewhere)

    def check_pipeline(self) -> None:
        """Checks that Pipeline has a service to drive.

        Raises `SettingsError` if neither an address nor CodingService is there.
        """
        if not self.service_url and not self.coding_service:
            raise SettingsError(
                "serviceUrl",
                "is empty, so Pipeline has no coding service to drive",
                "set serviceUrl, authUrl and presignedHosts (`cdk deploy Pipeline -c serviceUrl=…"
                " -c authUrl=… -c presignedHosts=…`), or deploy the open service along with it"
                " (`cdk deploy --all -c codingService=true`)",
            )

    def check_region(self, region: str | None) -> None:
        """Checks that what is deployed is to be had in the region, where that is known.

        Raises `SettingsError` if CodingService is to be where Cognito has no user pools, or has
        their token endpoints under other names, or endpoints are to be made where they have other
        names.
        """
        if self.vpc_id and self.vpc_endpoints and (region or "").startswith("cn-"):
            raise SettingsError(
                "vpcEndpoints",
                f"is true, and endpoints have other names in {region}",
                "make them yourself, and set vpcEndpoints=false",
            )
        if not self.coding_service or self.local_cloud or not region:
            return
        if not COMMERCIAL_REGION.fullmatch(region):
            raise SettingsError(
                "codingService",
                f"is true, and {region} is outside AWS's commercial partition, where CodingService"
                " does not find Cognito's token endpoint",
                "deploy Pipeline alone with serviceUrl, authUrl and presignedHosts, or deploy to a"
                " commercial region",
            )


def check_names(context: Iterable[str]) -> None:
    """Checks that every name of the CDK context is a setting's, or one of the CDK's own.

    Raises `SettingsError` with the nearest name for the first that is neither: a setting that is
    misspelt would be deployed with its default.
    """
    known = [context_name(each.name) for each in dataclasses.fields(Settings)]
    for name in context:
        # The CDK's own have a colon in them, or begin with `@`; `aws-cdk:enableDiffNoFail`, say.
        if name in known or name.startswith("@") or any(mark in name for mark in ":/"):
            continue
        near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
        remedy = f"write {near[0]}" if near else "docs/settings.md lists all settings"
        raise SettingsError(name, "is no setting", remedy)


def context_name(field: str) -> str:
    """`local_cloud` → `localCloud`: the name that a setting has in `cdk.json`."""
    first, *rest = field.split("_")
    return first + "".join(word.capitalize() for word in rest)
