"""Which failures of AWS calls pass by themselves."""

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as BotoConnectionError

from pipeline.errors import AwsBusy

FIRST_SERVER_ERROR = 500
PASSING_CODES = frozenset(
    {
        "InternalError",
        "InternalServerError",
        "LimitExceededException",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestTimeout",
        "ServiceUnavailable",
        "SlowDown",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
        "TransactionConflictException",
    }
)  # AWS's common errors and those of S3 and DynamoDB that ask for another try


def is_passing(error: ClientError) -> bool:
    """Whether AWS asks for another try."""
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return error.response["Error"]["Code"] in PASSING_CODES or status >= FIRST_SERVER_ERROR


@contextmanager
def aws_call(doing: str) -> Iterator[None]:
    """Raises `AwsBusy` for a failure that passes by itself; other errors go through as they are."""
    try:
        yield
    except ClientError as error:
        if not is_passing(error):
            raise
        code = error.response["Error"]["Code"]
        raise AwsBusy(f"could not {doing}: AWS answered {code}; it will be tried again") from None
    except (BotoConnectionError, HTTPClientError) as error:
        name = type(error).__name__
        raise AwsBusy(f"could not {doing}: {name}; it will be tried again") from None
