import pytest

from bench.streams.function_variables import VARIABLES
from pipeline.clock import Clock
from pipeline.config import Environment
from pipeline.dependencies import Dependencies
from pipeline.engines.small_batches.engine import SmallBatchEngine
from pipeline.errors import SettingInvalid


def should_read_every_setting_when_the_environment_is_as_infra_sets_it() -> None:
    settings = Environment.read(
        {**VARIABLES, "SERVICE_URL": "https://coder.example/live/", "TOKEN_PREFIX": "Bearer "}
    )
    assert settings.service_url == "https://coder.example/live"
    assert settings.token_prefix == "Bearer "
    assert settings.requests_per_day == 10_000
    assert settings.presigned_hosts == ("bucket.s3.ap-southeast-2.amazonaws.com",)
    assert settings.allow_plain_http is False
    assert settings.default_topic is None
    assert settings.state_machine_arn is None


def should_need_no_presigned_hosts_and_know_the_engine_of_small_batches() -> None:
    small = {"PRESIGNED_HOSTS": "", "ENGINES": "anzsco=coding-service-small"}
    settings = Environment.read({**VARIABLES, **small})
    assert settings.presigned_hosts == ()
    engine = Dependencies(settings, Clock()).engine_of("anzsco")
    assert isinstance(engine, SmallBatchEngine)
    assert engine.most_characters == 100
    assert settings.engines.model_id("anzsco", "ml-abc") is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LEDGER_TABLE", ""),
        ("ALLOW_PLAIN_HTTP", "yes"),
        ("REQUESTS_PER_SECOND", "fast"),
        ("REQUESTS_PER_DAY", "0"),
        ("REQUESTS_PER_DAY", "1.5"),
        ("POLL_FRACTION", "nan"),
        ("MAX_ATTEMPTS", "-1"),
        ("PRESIGNED_HOSTS", " , "),
    ],
)
def should_name_the_variable_when_it_is_missing_or_malformed(name: str, value: str) -> None:
    with pytest.raises(SettingInvalid, match=name):
        Environment.read({**VARIABLES, name: value})
