"""The environment of Pipeline's functions: `lambdas/pipeline/config.py` reads it."""

import json
from collections.abc import Mapping

from infra.pipeline.amazon_ml import AmazonMl, pairs
from infra.pipeline.credentials import Credentials
from infra.pipeline.ledger import Ledger
from infra.pipeline.prepare import PreparedFiles
from infra.pipeline.results import Results
from infra.settings.service_addresses import ServiceAddresses
from infra.settings.settings import Settings


def function_environment(
    settings: Settings,
    service: ServiceAddresses,
    *,
    ledger: Ledger,
    results: Results,
    prepared: PreparedFiles,
    credentials: Credentials,
    amazon_ml: AmazonMl | None,
) -> Mapping[str, str]:
    """The environment variables that every function of Pipeline gets. Holds no secret."""
    return {
        "LEDGER_TABLE": ledger.table.table_name,
        "RESULTS_BUCKET": results.bucket.bucket_name,
        "PREPARED_BUCKET": prepared.bucket.bucket_name,
        "CREDENTIALS_SECRET_ARN": credentials.client_arn,
        "TOKEN_SECRET_ARN": credentials.token_arn,
        "SERVICE_URL": service.service_url,
        "AUTH_URL": service.auth_url,
        "PRESIGNED_HOSTS": ",".join(service.presigned_hosts),
        "ALLOW_PLAIN_HTTP": "true" if settings.allow_plain_http else "false",
        "TOKEN_PREFIX": settings.token_prefix,
        "DEFAULT_TOPIC": settings.default_topic,
        "REQUESTS_PER_SECOND": f"{settings.requests_per_second:g}",
        "REQUESTS_PER_DAY": str(settings.requests_per_day),
        "MAX_FILE_BYTES": str(settings.max_file_bytes),
        "SHARE_MAX_BYTES": str(settings.share_max_bytes if settings.share_operations else 0),
        "POLL_FIRST_SECONDS": str(settings.poll_first_seconds),
        "POLL_FRACTION": f"{settings.poll_fraction:g}",
        "POLL_CEILING_SECONDS": str(settings.poll_ceiling_seconds),
        "MAX_ATTEMPTS": str(settings.max_attempts),
        "COLUMNS": json.dumps(settings.columns, ensure_ascii=False),
        "FALLBACK_ENCODING": settings.fallback_encoding,
        "MAX_REFUSED_SHARE": f"{settings.max_refused_share:g}",
        "STRICT": "true" if settings.strict else "false",
        "DISTINCT_TEXTS": "true" if settings.distinct_texts else "false",
        "RESULT_FORMATS": ",".join(settings.result_formats),
        "CODE_DIGITS": json.dumps(settings.code_digits),
        "BLIND_SHARE": f"{settings.blind_share:g}",
        "USE_DICTIONARY": ",".join(settings.use_dictionary),
        "MAX_UNPACKED_BYTES": str(settings.max_unpacked_bytes),
        **({"ENGINES": pairs(settings.engines)} if settings.engines else {}),
        **(amazon_ml.environment() if amazon_ml is not None else {}),
    }
