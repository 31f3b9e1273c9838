"""Run-time settings: the functions' environment variables, read once, as one typed object."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Self

from pipeline.engines.settings import EngineSettings
from pipeline.errors import SettingInvalid
from pipeline.table_settings import TableSettings
from shared.environment import Variables


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """What a function of Pipeline was deployed with. Holds names and addresses, no secret."""

    ledger_table: str
    results_bucket: str
    credentials_secret_arn: str
    token_secret_arn: str
    service_url: str
    """The base in front of `/v1`, without a slash at its end."""
    auth_url: str
    """The base in front of `/oauth2/token`, without a slash at its end."""
    presigned_hosts: tuple[str, ...]
    """Patterns (fnmatch) of `host` or `host:port` that presigned URLs may name."""
    allow_plain_http: bool
    token_prefix: str
    """The text in front of the token in `Authorization`, e.g. `"Bearer "`; usually empty."""
    default_topic: str | None
    """The topic of keys that name none; None: such drops are rejected."""
    requests_per_second: float
    requests_per_day: int
    max_file_bytes: int
    share_max_bytes: int
    """The most bytes of all files that share an operation; 0: nothing is shared."""
    poll_first_seconds: float
    poll_fraction: float
    """The wait before the next status check, as a fraction of the time already waited."""
    poll_ceiling_seconds: float
    max_attempts: int
    """The most operations that one part may use when they time out."""
    engines: EngineSettings
    tables: TableSettings
    drop_bucket: str | None
    """Set for prepare only."""
    arrivals_queue: str | None
    """The URL of the queue that prepare reads; set for prepare only."""
    prepared_queue: str | None
    """The URL of the queue that receive reads; set for prepare only."""
    state_machine_arn: str | None
    """Set for the functions that start executions only."""
    ca_bundle: str | None
    """A file of trusted certificates in place of the system's (AWS_CA_BUNDLE)."""

    @classmethod
    def read(cls, variables: Mapping[str, str]) -> Self:
        """The settings in `variables`. Raises `SettingInvalid` naming the variable."""
        source = Variables(variables, SettingInvalid)
        return cls(
            ledger_table=source.text("LEDGER_TABLE"),
            results_bucket=source.text("RESULTS_BUCKET"),
            credentials_secret_arn=source.text("CREDENTIALS_SECRET_ARN"),
            token_secret_arn=source.text("TOKEN_SECRET_ARN"),
            service_url=source.text("SERVICE_URL").rstrip("/"),
            auth_url=source.text("AUTH_URL").rstrip("/"),
            presigned_hosts=(
                source.names("PRESIGNED_HOSTS") if source.optional("PRESIGNED_HOSTS") else ()
            ),
            allow_plain_http=source.flag("ALLOW_PLAIN_HTTP"),
            token_prefix=variables.get("TOKEN_PREFIX", ""),
            default_topic=source.optional("DEFAULT_TOPIC"),
            requests_per_second=source.number("REQUESTS_PER_SECOND"),
            requests_per_day=source.count("REQUESTS_PER_DAY"),
            max_file_bytes=source.count("MAX_FILE_BYTES"),
            share_max_bytes=source.amount("SHARE_MAX_BYTES"),
            poll_first_seconds=source.number("POLL_FIRST_SECONDS"),
            poll_fraction=source.number("POLL_FRACTION"),
            poll_ceiling_seconds=source.number("POLL_CEILING_SECONDS"),
            max_attempts=source.count("MAX_ATTEMPTS"),
            engines=EngineSettings.read(variables),
            tables=TableSettings.read(variables),
            drop_bucket=source.optional("DROP_BUCKET"),
            arrivals_queue=source.optional("ARRIVALS_QUEUE"),
            prepared_queue=source.optional("PREPARED_QUEUE"),
            state_machine_arn=source.optional("STATE_MACHINE_ARN"),
            ca_bundle=source.optional("AWS_CA_BUNDLE"),
        )


@cache
def environment() -> Environment:
    """This process's settings; the one place that reads the process environment."""
    return Environment.read(os.environ)
