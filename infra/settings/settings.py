"""Deploy-time settings: one typed, checked object from the context of `cdk.json`.

Every setting has its default in `cdk.json`; `cdk deploy -c name=value` overrides one. Values
that come from the command line are text and are read as the type that the setting has.
"""

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from infra.settings.readers import READERS, Architecture, check_url
from infra.settings.types import SettingsError


@dataclass(frozen=True)
class Settings:
    """What a deployment may choose. Defaults here equal those of `cdk.json`.

    :ivar local_cloud: endpoint of the local cloud, which sets it; "" deploys to AWS.
    :ivar coding_service: deploy the CodingService stack too.
    :ivar architecture: processor of the functions: arm64 or x86_64.
    :ivar log_retention_days: days that log groups keep events.
    :ivar retain_storage: buckets, tables, keys and logs outlive their stack.
    :ivar assets: folder of the built Lambda assets, relative to the project.
    :ivar service_url: the coding service's base address in front of `/v1`; "" takes
        CodingService's.
    :ivar auth_url: base address in front of `/oauth2/token`; "" takes CodingService's.
    :ivar presigned_hosts: patterns (`*` stands for anything) of the hosts that presigned URLs
        may name, with `:port` where it is not the usual one; needed with `serviceUrl`.
    :ivar allow_plain_http: addresses may begin with http://; for tests on one machine only.
    :ivar token_prefix: stands before the token in the Authorization header, for example `Bearer `.
    :ivar default_topic: topic of keys that name none; "" rejects such keys.
    :ivar requests_per_second: API calls a second that the service allows.
    :ivar requests_per_day: API calls in any 24 hours that the service allows.
    :ivar max_file_bytes: largest file that one operation takes, in bytes; a larger one is cut at
        line ends into parts.
    :ivar share_operations: small files that arrive together for the same topic and model share
        an operation; false gives each file its own.
    :ivar share_wait_seconds: how long a file may wait for others to share with, in seconds.
    :ivar share_max_bytes: of the files that share an operation, together, in bytes.
    :ivar poll_first_seconds: least wait between status calls, and the first one, in seconds.
    :ivar poll_fraction: later waits, as a part of the time waited already.
    :ivar poll_ceiling_seconds: longest wait between status calls, in seconds.
    :ivar max_attempts: operations that are tried for a part when they time out.
    :ivar engines: what codes a topic's files, by topic: coding-service or amazon-ml; topics that
        are not named have the coding service.
    :ivar amazon_ml_url: address of a service that speaks Amazon ML's API; "" takes CodingService's
        where that is deployed too, else AWS's own.
    :ivar amazon_ml_key_secret_arn: ARN of a secret with the access key that such a service has
        issued; "" calls with the functions' roles.
    :ivar amazon_ml_role_arn: ARN of the role as which such a service reads input and writes
        results; "" lets AWS's own in.
    :ivar amazon_ml_models: MLModelIds by topic; a topic that is not named has the newest model of
        its name.
    :ivar amazon_ml_threshold: least confidence that is asserted when scores are rolled up to a
        code.
    :ivar codelists: folder of `<topic>/codes.csv` of the topics that Amazon ML codes, relative to
        the project.
    :ivar notification_emails: addresses that are told of each drop.
    :ivar operator_emails: addresses that are told of alarms.
    :ivar upload_window_seconds: CodingService: seconds in which an upload must begin.
    :ivar results_seconds: CodingService: seconds that results are kept.
    :ivar service_requests_per_second: CodingService: each client's calls a second.
    :ivar service_burst: CodingService: calls that a client may save up.
    :ivar service_requests_per_day: CodingService: each client's calls a UTC day.
    :ivar service_max_file_bytes: CodingService: largest input, in bytes.
    :ivar inference_range_bytes: CodingService: a larger input is cut at line ends into ranges of
        about so many bytes, each coded by a function of its own.
    :ivar inference_concurrency: CodingService: ranges of one input that are coded at a time.
    :ivar token_seconds: CodingService: life of an access token, in seconds.
    :ivar models_dir: CodingService: folder of trained models, relative to the project.
    :ivar machine_learning_clients: CodingService: names of the clients of its Amazon ML API, each
        with an access key and data of its own.
    :ivar batch_prediction_buckets: CodingService: buckets in which it may read data and write
        results of batch predictions; their owners must allow it too.
    :ivar batch_prediction_keys: CodingService: ARNs of the KMS keys of those buckets.
    """

    local_cloud: str = ""
    coding_service: bool = False
    architecture: Architecture = "arm64"
    log_retention_days: int = 30
    retain_storage: bool = True
    assets: str = "build/assets"
    service_url: str = ""
    auth_url: str = ""
    presigned_hosts: tuple[str, ...] = ()
    allow_plain_http: bool = False
    token_prefix: str = ""
    default_topic: str = ""
    requests_per_second: float = 1
    requests_per_day: int = 10_000
    max_file_bytes: int = 5_000_000_000
    share_operations: bool = True
    share_wait_seconds: int = 3
    share_max_bytes: int = 33_554_432
    poll_first_seconds: int = 10
    poll_fraction: float = 0.1
    poll_ceiling_seconds: int = 7_200
    max_attempts: int = 3
    engines: Mapping[str, str] = field(default_factory=dict)
    amazon_ml_url: str = ""
    amazon_ml_key_secret_arn: str = ""
    amazon_ml_role_arn: str = ""
    amazon_ml_models: Mapping[str, str] = field(default_factory=dict)
    amazon_ml_threshold: float = 0.75
    codelists: str = "topics"
    notification_emails: tuple[str, ...] = ()
    operator_emails: tuple[str, ...] = ()
    upload_window_seconds: int = 3_600
    results_seconds: int = 82_800
    service_requests_per_second: float = 1
    service_burst: int = 1
    service_requests_per_day: int = 10_000
    service_max_file_bytes: int = 5_000_000_000
    inference_range_bytes: int = 33_554_432
    inference_concurrency: int = 40
    token_seconds: int = 3_600
    models_dir: str = "build/models"
    machine_learning_clients: tuple[str, ...] = ("pipeline",)
    batch_prediction_buckets: tuple[str, ...] = ()
    batch_prediction_keys: tuple[str, ...] = ()

    @classmethod
    def from_context(cls, get: Callable[[str], Any]) -> "Settings":
        """Reads each setting from the CDK context, by its camelCase name.

        :param get: `app.node.try_get_context`, or any such function; None means "not set".
        :raises SettingsError: a value cannot be used; names the setting and says what would do.
        """
        values: dict[str, Any] = {}
        for each in dataclasses.fields(cls):
            name = context_name(each.name)
            if (value := get(name)) is not None:
                values[each.name] = READERS[each.name](name, value)
        settings = cls(**values)
        settings.check_together()
        return settings

    def check_together(self) -> None:
        """Checks what no setting shows alone.

        :raises SettingsError: the settings contradict each other.
        """
        for name, url in (
            ("serviceUrl", self.service_url),
            ("authUrl", self.auth_url),
            ("localCloud", self.local_cloud),
            ("amazonMlUrl", self.amazon_ml_url),
        ):
            check_url(name, url, plain_http=self.allow_plain_http)
        if bool(self.service_url) != bool(self.auth_url):
            missing = "authUrl" if self.service_url else "serviceUrl"
            raise SettingsError(missing, "is empty", "set serviceUrl and authUrl together")
        if self.service_url and not self.presigned_hosts:
            raise SettingsError(
                "presignedHosts",
                "is empty",
                "name the hosts that the service's presigned URLs may point to, for example"
                ' ["*.s3.ap-southeast-2.amazonaws.com"]',
            )
        if self.poll_first_seconds > self.poll_ceiling_seconds:
            raise SettingsError(
                "pollFirstSeconds",
                f"({self.poll_first_seconds}) is above pollCeilingSeconds"
                f" ({self.poll_ceiling_seconds})",
                "make the first wait the shorter one",
            )

    def topics_of(self, engine: str) -> tuple[str, ...]:
        """The topics that an engine is named for, in order."""
        return tuple(sorted(topic for topic, name in self.engines.items() if name == engine))

    def check_pipeline(self) -> None:
        """Checks that Pipeline has a service to drive.

        :raises SettingsError: neither an address nor CodingService is there.
        """
        if not self.service_url and not self.coding_service:
            raise SettingsError(
                "serviceUrl",
                "is empty, so Pipeline has no coding service to drive",
                "set serviceUrl, authUrl and presignedHosts (`cdk deploy Pipeline -c serviceUrl=…"
                " -c authUrl=… -c presignedHosts=…`), or deploy the open service along with it"
                " (`cdk deploy --all -c codingService=true`)",
            )


def context_name(field: str) -> str:
    """`local_cloud` → `localCloud`: the name that a setting has in `cdk.json`."""
    first, *rest = field.split("_")
    return first + "".join(word.capitalize() for word in rest)
