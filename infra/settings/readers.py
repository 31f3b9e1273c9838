"""How each setting is read and checked on its own."""

import codecs
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, get_args

from infra.settings.account_readers import ACCOUNT_READERS, KMS_KEY_ARN
from infra.settings.types import (
    SettingsError,
    read_addresses,
    read_all_matching,
    read_flag,
    read_fraction,
    read_json_object,
    read_matching,
    read_number,
    read_pairs,
    read_text,
    read_texts,
    read_whole_number,
)

Architecture = Literal["arm64", "x86_64"]
ApiGatewayLogs = Literal["none", "account", "own"]

# One object of an S3 PUT, and so one upload to a presigned URL, holds no more bytes (S3 limits).
MAX_SINGLE_PUT_BYTES = 5 * 1024**3
# Step Functions keeps an execution's Wait within a year; a day is past any use here.
SECONDS_PER_DAY = 86_400
# Presigned URLs with SigV4 live a week at the most (S3).
MAX_PRESIGNED_SECONDS = 604_800
# Pipeline takes no token that ends sooner (pipeline/engines/coding_service/tokens.py). Cognito: an
# access token lives between 5 minutes and 1 day.
MIN_TOKEN_SECONDS = 720

# Ours: a smaller range takes longer to start than to code; a larger one takes a slow model longer
# than a function may run.
MIN_RANGE_BYTES, MAX_RANGE_BYTES = 1 << 20, 256 << 20
# Step Functions runs no more child executions of a Distributed Map at a time (quotas).
MAX_CHILDREN = 10_000
# Lambda gathers a batch from a queue for five minutes at the most (Lambda, event source mappings).
MAX_BATCHING_SECONDS = 300
# Ours: such files are held in the memory of a function together, as they came and as text.
MAX_SHARED_BYTES = 64 * 1024**2

# Of a queue that Lambda polls (Lambda, SQS event source mappings).
QUEUE_CONCURRENCY = 2, 1_000
# A part has six operations whatever they fail of (`submit.attempt_limit`).
MOST_ATTEMPTS = 6
MOST_DIGITS = 20  # ours

RESULT_FORMAT = re.compile(r"csv|xlsx|parquet")
TOPIC = re.compile(r"[a-z0-9_-]{1,64}")
CLIENT = re.compile(r"[A-Za-z0-9_-]{1,64}")
BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
SECRET_ARN = re.compile(r"arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:\S+")
ROLE_ARN = re.compile(r"arn:aws[a-z-]*:iam::[0-9]{12}:role/\S+")
WEB_ACL_ARN = re.compile(r"arn:aws[a-z-]*:wafv2:[a-z0-9-]+:[0-9]{12}:regional/webacl/\S+/\S+")
ENGINE = re.compile(r"coding-service|coding-service-small|amazon-ml")
ML_MODEL_ID = re.compile(r"[a-zA-Z0-9_.-]{1,64}")  # Amazon ML API reference, EntityId
EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
# Of RFC 3986 what no two parsers read differently, as the functions check it again
# (pipeline/engines/coding_service/address.py); a base address has no query.
_LABEL = "[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_SEGMENT = r"(?!\.\.?(?:/|\Z))(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})+"
BASE_ADDRESS = re.compile(
    rf"https?://(?P<host>{_LABEL}(?:\.{_LABEL})*)(?::(?P<port>[1-9][0-9]{{0,4}}))?(?:/{_SEGMENT})*"
)
MAX_HOST, MAX_PORT = 253, 65_535  # RFC 1035, 2.3.4; TCP


def check_url(name: str, url: str, *, plain_http: bool) -> None:
    """An address is https (or http where that is allowed) and has no slash at its end.

    It has a host, a port and a path at the most, in plain form: every parser reads it alike.
    Raises `SettingsError` if it is not so; what was given may hold a password, and is not shown.
    """
    if not url:
        return
    schemes = ("https://", "http://") if plain_http else ("https://",)
    if not url.startswith(schemes) or len(url.split("://", 1)[1]) == 0:
        remedy = "begin with https://" + ("" if plain_http else ", or set allowPlainHttp=true")
        raise SettingsError(name, "is not an https address", remedy)
    if url.endswith("/"):
        raise SettingsError(name, "ends with a slash", "leave the last slash out")
    found = BASE_ADDRESS.fullmatch(url)
    if not found or len(found["host"]) > MAX_HOST or int(found["port"] or 1) > MAX_PORT:
        raise SettingsError(
            name,
            "is no plain address",
            "give https://, a host of letters, digits, dots and hyphens, and :port and /path where"
            " it has them, without user, password, query, blanks or backslashes",
        )


def _one_of(kind: Any) -> Callable[[str, object], str]:
    """A reader of one text of a Literal."""
    *others, last = get_args(kind)

    def read(name: str, value: object) -> str:
        text = read_text(name, value)
        if text not in (*others, last):
            raise SettingsError(name, f"is {text!r}", f"choose {', '.join(others)} or {last}")
        return text

    return read


def _topic(name: str, value: object) -> str:
    text = read_text(name, value)
    if text and not TOPIC.fullmatch(text):
        raise SettingsError(name, f"is {text!r}", "use 1 to 64 of a-z, 0-9, _ and -, or leave it")
    return text


def _emails(name: str, value: object) -> Sequence[str]:
    emails = read_texts(name, value)
    for email in emails:
        if not EMAIL.fullmatch(email):
            raise SettingsError(name, f"holds {email!r}", "list whole e-mail addresses")
    return emails


def _clients(name: str, value: object) -> Sequence[str]:
    clients = read_all_matching(CLIENT, "use 1 to 64 of A-Z, a-z, 0-9, _ and -")(name, value)
    if not clients:
        raise SettingsError(name, "names nobody", "give one name at least")
    return tuple(dict.fromkeys(clients))


def _by_topic(value_form: re.Pattern[str], remedy: str) -> Callable[[str, object], Any]:
    """A reader of values by topic."""

    def read(name: str, value: object) -> Mapping[str, str]:
        pairs = read_pairs(name, value)
        for topic, each in pairs.items():
            if not TOPIC.fullmatch(topic) or not value_form.fullmatch(each):
                raise SettingsError(name, f"holds {topic}={each}", remedy)
        return pairs

    return read


def _encoding(name: str, value: object) -> str:
    text = read_text(name, value)
    try:
        codecs.lookup(text)
    except LookupError:
        remedy = "name an encoding as Python does, for example cp1252, latin-1 or cp1250"
        raise SettingsError(name, f"is {text!r}", remedy) from None
    return text


def _columns(name: str, value: object) -> Mapping[str, Mapping[str, Sequence[str]]]:
    """{topic: {field: [names of columns]}}; one name may stand without its list."""
    topics = read_json_object(name, value)
    remedy = 'give {"<topic>": {"<field>": ["<name of a column>", …]}}'
    found: dict[str, dict[str, list[str]]] = {}
    for topic, fields in topics.items():
        if not TOPIC.fullmatch(topic) or not isinstance(fields, dict):
            raise SettingsError(name, f"holds {topic!r}", remedy)
        for field, given in fields.items():
            names = [given] if isinstance(given, str) else given
            if not isinstance(names, list) or not all(isinstance(each, str) for each in names):
                raise SettingsError(name, f"holds no names of columns for {field!r}", remedy)
            found.setdefault(topic, {})[field] = names
    return found


def _code_digits(name: str, value: object) -> Mapping[str, int]:
    found = {}
    for topic, digits in read_json_object(name, value).items():
        if not TOPIC.fullmatch(topic):
            raise SettingsError(name, f"holds {topic!r}", 'give {"<topic>": <digits>}')
        found[topic] = read_whole_number(1, MOST_DIGITS)(name, digits)
    return found


READERS: Mapping[str, Callable[[str, object], Any]] = {
    **ACCOUNT_READERS,
    "local_cloud": read_text,
    "coding_service": read_flag,
    "architecture": _one_of(Architecture),
    "retain_storage": read_flag,
    "assets": read_text,
    "service_url": read_text,
    "auth_url": read_text,
    "presigned_hosts": read_addresses,
    "allow_plain_http": read_flag,
    "token_prefix": read_text,
    "default_topic": _topic,
    "requests_per_second": read_fraction(above=0, up_to=1_000),
    "requests_per_day": read_whole_number(1),
    "max_file_bytes": read_whole_number(1, MAX_SINGLE_PUT_BYTES),
    "share_operations": read_flag,
    "share_wait_seconds": read_whole_number(1, MAX_BATCHING_SECONDS),
    "share_max_bytes": read_whole_number(1, MAX_SHARED_BYTES),
    "poll_first_seconds": read_whole_number(1, SECONDS_PER_DAY),
    "poll_fraction": read_fraction(above=0, up_to=1),
    "poll_ceiling_seconds": read_whole_number(1, SECONDS_PER_DAY),
    "max_attempts": read_whole_number(1, MOST_ATTEMPTS),
    "columns": _columns,
    "fallback_encoding": _encoding,
    "max_refused_share": read_number(0, 1),
    "strict": read_flag,
    "distinct_texts": read_flag,
    "result_formats": read_all_matching(RESULT_FORMAT, "list csv, xlsx or parquet"),
    "code_digits": _code_digits,
    "blind_share": read_number(0, 1),
    "use_dictionary": read_all_matching(TOPIC, "list names of topics"),
    "piece_concurrency": read_whole_number(1, MAX_CHILDREN),
    "prepare_concurrency": read_whole_number(*QUEUE_CONCURRENCY),
    "max_unpacked_bytes": read_whole_number(1),
    "engines": _by_topic(
        ENGINE, "name coding-service, coding-service-small or amazon-ml for a topic"
    ),
    "amazon_ml_url": read_text,
    "amazon_ml_key_secret_arn": read_matching(
        SECRET_ARN, "give the ARN of a secret of Secrets Manager"
    ),
    "amazon_ml_role_arn": read_matching(ROLE_ARN, "give the ARN of a role"),
    "amazon_ml_models": _by_topic(ML_MODEL_ID, "name a topic's MLModelId, as Amazon ML has it"),
    "amazon_ml_threshold": read_fraction(above=0, up_to=1),
    "codelists": read_text,
    "notification_emails": _emails,
    "operator_emails": _emails,
    "upload_window_seconds": read_whole_number(1, MAX_PRESIGNED_SECONDS),
    "results_seconds": read_whole_number(1, SECONDS_PER_DAY),
    "service_requests_per_second": read_fraction(above=0, up_to=10_000),
    "service_burst": read_whole_number(1),
    "service_requests_per_day": read_whole_number(1),
    "service_public_requests_per_day": read_whole_number(1),
    "service_max_file_bytes": read_whole_number(1, MAX_SINGLE_PUT_BYTES),
    "inference_range_bytes": read_whole_number(MIN_RANGE_BYTES, MAX_RANGE_BYTES),
    "inference_concurrency": read_whole_number(1, MAX_CHILDREN),
    "token_seconds": read_whole_number(MIN_TOKEN_SECONDS, SECONDS_PER_DAY),
    "models_dir": read_text,
    "api_gateway_logs": _one_of(ApiGatewayLogs),
    "web_acl_arn": read_matching(WEB_ACL_ARN, "give the ARN of a regional web ACL of WAFv2"),
    "machine_learning_clients": _clients,
    "batch_prediction_buckets": read_all_matching(BUCKET, "list the names of buckets"),
    "batch_prediction_keys": read_all_matching(KMS_KEY_ARN, "list the ARNs of KMS keys"),
}
