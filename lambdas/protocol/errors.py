"""The service's error table: every documented answer that is not a success.

The body is `{"message": "<text>"}`. Where two rows share an HTTP status, the text decides.
"""

from enum import Enum
from typing import Self


class ServiceAnswer(Enum):
    """A row of the table: (HTTP status, text)."""

    OPERATION_UNKNOWN = (404, "Unable to retrieve operation for given id")
    NOT_YOUR_OPERATION = (401, "User is not authorised to retrieve operation GUID")
    INVALID_BODY = (400, "Invalid request body")
    MALFORMED_RECORD = (400, "Malformed record found in request")
    DENIED = (403, "User is not authorized to access this resource with an explicit deny")
    TOPIC_UNKNOWN = (404, "The specified topic does not exist")
    MODEL_UNKNOWN = (404, "The specified model does not exist")
    MODEL_OF_OTHER_TOPIC = (409, "Selected model does not match the input topic.")
    TOO_MANY_REQUESTS = (429, "Too Many Requests")
    LIMIT_EXCEEDED = (429, "Limit Exceeded")
    INTERNAL = (500, "Error performing request")
    NO_MODELS = (500, "No models found for topic")

    def __init__(self, http_status: int, text: str) -> None:
        self.http_status = http_status
        self.text = text

    @classmethod
    def of(cls, http_status: int, text: str) -> Self | None:
        """The row with this status and text, or None where none is documented."""
        wanted = text.strip().rstrip(".").lower()
        for row in cls:
            if row.http_status == http_status and row.text.rstrip(".").lower() == wanted:
                return row
        return None

    def to_json(self) -> dict[str, str]:
        return {"message": self.text}
