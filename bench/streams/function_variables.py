"""The environment of Pipeline's functions, as its stack sets it, with values that call nobody.

Measurements and tests start functions with it; that its names are those of the stack is held by
tests/infra/pipeline/test_stack.py.
"""

VARIABLES = {
    "LEDGER_TABLE": "ledger",
    "RESULTS_BUCKET": "results",
    "CREDENTIALS_SECRET_ARN": "arn:aws:secretsmanager:x:1:secret:credentials",
    "TOKEN_SECRET_ARN": "arn:aws:secretsmanager:x:1:secret:token",
    "SERVICE_URL": "https://coder.example",
    "AUTH_URL": "https://auth.example",
    "PRESIGNED_HOSTS": "bucket.s3.ap-southeast-2.amazonaws.com",
    "ALLOW_PLAIN_HTTP": "false",
    "REQUESTS_PER_SECOND": "1",
    "REQUESTS_PER_DAY": "10000",
    "MAX_FILE_BYTES": "5000000000",
    "SHARE_MAX_BYTES": "33554432",
    "POLL_FIRST_SECONDS": "10",
    "POLL_FRACTION": "0.1",
    "POLL_CEILING_SECONDS": "7200",
    "MAX_ATTEMPTS": "3",
    "PREPARED_BUCKET": "prepared",
    "COLUMNS": "{}",
    "FALLBACK_ENCODING": "cp1252",
    "MAX_REFUSED_SHARE": "0.05",
    "STRICT": "false",
    "DISTINCT_TEXTS": "true",
    "CODE_DIGITS": "{}",
    "BLIND_SHARE": "0.05",
    "MAX_UNPACKED_BYTES": "20000000000",
}
"""Without those that stand empty by default (TOKEN_PREFIX, DEFAULT_TOPIC, RESULT_FORMATS,
USE_DICTIONARY)."""
