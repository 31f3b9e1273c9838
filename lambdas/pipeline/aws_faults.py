"""Which failures of AWS calls pass by themselves."""

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as BotoConnectionError

from pipeline.errors import AwsBusy

FIRST_SERVER_ERROR = 500  # HTTP status from which on the fault is AWS's
THROTTLED = 429
PASSING_CODES = frozenset(
    {
        "ConditionalRequestConflict",
        "ExecutionLimitExceeded",
        "InternalError",
        "InternalServiceError",
        "InternalServerError",
        "LimitExceededException",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestTimeout",
        "ServiceUnavailable",
        "SlowDown",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
        "TransactionConflictException",
        "TransactionInProgressException",
    }
)  # AWS's common errors, and those of S3, DynamoDB and Step Functions that ask for another try


def code_of(error: ClientError) -> str:
    """AWS's error code, e.g. `NoSuchKey`."""
    return str(error.response.get("Error", {}).get("Code", ""))


def is_passing(error: ClientError) -> bool:
    """Whether AWS asks for another try."""
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return code_of(error) in PASSING_CODES or status >= FIRST_SERVER_ERROR or status == THROTTLED


@contextmanager
def aws_call(doing: str) -> Iterator[None]:
    """Raises `AwsBusy` for a failure that passes by itself; other errors go through as they are."""
    try:
        yield
    except ClientError as error:
        if not is_passing(error):
            raise
        code = code_of(error)
        raise AwsBusy(f"could not {doing}: AWS answered {code}; it will be tried again") from None
    except (BotoConnectionError, HTTPClientError) as error:
        name = type(error).__name__
        raise AwsBusy(f"could not {doing}: {name}; it will be tried again") from None
