"""What the rooms of Pipeline ask of a coding service; `service.CodingService` answers."""

from typing import Protocol

from protocol.messages import CreatedOperation, Model, OperationState


class CodingServicePort(Protocol):
    """A Coding Service, within its limits.

    Every method may raise `limiter.CallNotDue`, and of `errors`: `AwsBusy`, `ServiceBusy`,
    `ServiceRefused`, `CredentialsMissing`, `CredentialsRefused`, `AddressRefused`. `turn` is what
    the last `CallNotDue` gave: who waits for a call keeps its place.
    """

    def model(self, topic: str, model_id: str | None, *, turn: str | None = None) -> Model:
        """A model of a topic, None for the latest; may be up to an hour old.

        Raises also `TopicUnknown`, `ModelUnknown`."""

    def create_operation(
        self, topic: str, model_id: str | None, *, turn: str | None = None
    ) -> CreatedOperation:
        """Creates a batch operation. Not idempotent: a repeated call makes a second one.

        Raises also `TopicUnknown`, `ModelUnknown`."""

    def operation(
        self, topic: str, operation_id: str, *, turn: str | None = None
    ) -> OperationState:
        """An operation's status, with fresh URLs once it is complete."""
