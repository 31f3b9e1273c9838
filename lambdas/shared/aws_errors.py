"""AWS's own errors, sorted into those that pass by themselves and those that don't."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from botocore.exceptions import ClientError, HTTPClientError, IncompleteReadError
from botocore.exceptions import ConnectionError as BotoConnectionError

SERVER_FAULT = 500  # HTTP status from which on the fault is AWS's
THROTTLED_STATUS = 429
PASSING_CODES = frozenset(
    {
        "ConditionalRequestConflict",
        "ExecutionLimitExceeded",
        "InternalError",
        "InternalFailure",
        "InternalServerError",
        "InternalServiceError",
        "KMSInternalException",
        "OperationAborted",
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
)
"""What AWS services call throttling and passing faults, with HTTP status 400 too."""


def code_of(error: ClientError) -> str:
    """Gives the service's error code, e.g. `NoSuchKey`; empty where it names none."""
    return str(error.response.get("Error", {}).get("Code", ""))


def passes_by_itself(error: ClientError) -> bool:
    """Says whether the same call may succeed later."""
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return code_of(error) in PASSING_CODES or status >= SERVER_FAULT or status == THROTTLED_STATUS


def busy_raises(busy: type[Exception]) -> Callable[[], AbstractContextManager[None]]:
    """Makes a context that raises `busy` for throttling, faults of AWS and lost connections.

    Every other `ClientError` goes through: the caller knows what it means, or it is a defect and
    the work fails with AWS's own words. Botocore has retried a few times by then.
    """

    @contextmanager
    def sorted_errors() -> Iterator[None]:
        try:
            yield
        except ClientError as error:
            if not passes_by_itself(error):
                raise
            raise busy(f"AWS is busy: {error.operation_name} answered {code_of(error)}") from None
        except (BotoConnectionError, HTTPClientError, IncompleteReadError) as error:
            # Texts of these hold the request's address, which may be long; the kind is enough.
            raise busy(f"AWS can't be reached: {type(error).__name__}") from None

    return sorted_errors
