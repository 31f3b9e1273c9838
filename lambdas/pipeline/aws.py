"""AWS's own errors, sorted into those that pass by themselves and those that don't."""

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import (
    ClientError,
    HTTPClientError,
)
from botocore.exceptions import (
    ConnectionError as BotoConnectionError,
)

from pipeline.errors import AwsBusy

SERVER_FAULT = 500  # HTTP status from which on the fault is AWS's
THROTTLED_STATUS = 429
# Codes that AWS services use for throttling and passing faults, also with HTTP status 400.
PASSING_CODES = frozenset(
    {
        "ThrottlingException",
        "Throttling",
        "ThrottledException",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "TooManyRequestsException",
        "TransactionInProgressException",
        "TransactionConflictException",
        "SlowDown",
        "RequestTimeout",
        "InternalError",
        "InternalServerError",
        "InternalServiceError",
        "ServiceUnavailable",
        "ExecutionLimitExceeded",
        "ConditionalRequestConflict",
    }
)


def code_of(error: ClientError) -> str:
    """The service's error code, e.g. `NoSuchKey`."""
    return str(error.response.get("Error", {}).get("Code", ""))


def passes_by_itself(error: ClientError) -> bool:
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return code_of(error) in PASSING_CODES or status >= SERVER_FAULT or status == THROTTLED_STATUS


@contextmanager
def aws_busy_as_try_again() -> Iterator[None]:
    """Raises `AwsBusy` in place of throttling, faults of AWS and lost connections.

    Every other `ClientError` goes through: the caller knows what it means, or it is a defect
    and the execution fails with AWS's own words. Botocore has retried a few times by now.
    """
    try:
        yield
    except ClientError as error:
        if not passes_by_itself(error):
            raise
        raise AwsBusy(f"AWS is busy: {error.operation_name} answered {code_of(error)}") from None
    except (BotoConnectionError, HTTPClientError) as error:
        # Texts of these errors hold the request's address, which may be long; the kind is enough.
        raise AwsBusy(f"AWS can't be reached: {type(error).__name__}") from None
