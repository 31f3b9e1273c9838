"""Errors of Amazon ML's API, and of the work that its requests start.

CodingServiceError
├── ApiError          an answer that is not a success, by its name in the service model
└── WorkRefused       a data source or prediction fails; the text becomes its Message
    ├── AccessDenied     the bucket's owner must let the service in
    ├── SchemaFault      a schema is not one, or lacks what the model needs
    ├── DataRefused      the data or the place for results cannot be used
    └── DataChanged      a file changed or vanished while it was read

The API's errors are those of Amazon ML's API reference and, for signatures and throttling, those
of every AWS service that speaks JSON 1.1. The state machine catches the leaves of `WorkRefused`
(statemachine/predictions.asl.json); a test keeps both in step.
"""

from http import HTTPStatus
from typing import Any

from coding_service.errors import CodingServiceError

INTERNAL = "InternalServerException"


class ApiError(CodingServiceError):
    """An error answer.

    `name` is the exception's name for clients, e.g. `InvalidInputException`; `http_status` is 400
    but for the service's own failures.
    """

    def __init__(
        self, name: str, message: str, http_status: HTTPStatus = HTTPStatus.BAD_REQUEST
    ) -> None:
        super().__init__(message)
        self.name = name
        self.message = str(self)
        self.http_status = http_status

    def to_json(self) -> dict[str, Any]:
        """The body; `code` is the status, for the reference gives no other numbers."""
        return {"__type": self.name, "message": self.message, "code": int(self.http_status)}


def invalid_input(message: str) -> ApiError:
    """The client's error: a value that is not allowed, a place that cannot be used."""
    return ApiError("InvalidInputException", message)


def not_found(kind: str, entity_id: str) -> ApiError:
    """What is asked for is not there, or is another client's."""
    return ApiError("ResourceNotFoundException", f"No {kind} with id {entity_id} exists")


def parameter_mismatch(kind: str, entity_id: str) -> ApiError:
    """An id was used before, with other parameters."""
    return ApiError(
        "IdempotentParameterMismatchException",
        f"A {kind} with id {entity_id} was created before with other parameters",
    )


def throttled(message: str) -> ApiError:
    """A client calls too often; AWS's clients wait and try again."""
    return ApiError("ThrottlingException", message)


def internal() -> ApiError:
    """The service's own failure. What it was is in the log, under the request's id."""
    return ApiError(
        INTERNAL,
        "The service could not process the request. Try again; if it persists, tell its operator "
        "the request id.",
        HTTPStatus.INTERNAL_SERVER_ERROR,
    )


class WorkRefused(CodingServiceError):
    """The work cannot be done as it was asked for; the text says what to change."""


class AccessDenied(WorkRefused):
    """The service may not read or write where it must."""


class SchemaFault(WorkRefused):
    """A schema cannot be used; an inline one is the caller's error at once."""


class DataRefused(WorkRefused):
    """The data cannot be used as they are."""


class DataChanged(WorkRefused):
    """The data are no longer those that the work began with."""
