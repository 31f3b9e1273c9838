"""Starts the execution that works on a data source or a prediction, once."""

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from coding_service.amazon_ml.entities import Entity
from coding_service.aws import busy_is_retried
from shared.aws_errors import code_of

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions.client import SFNClient

DIGITS = 32  # of a SHA-256 in hex; with the kind far below an execution name's 80 characters


@dataclass(frozen=True, slots=True)
class Starter:
    """Starts executions of the state machine of predictions."""

    states: "SFNClient"
    machine: str

    def start(self, entity: Entity) -> None:
        """Starts it; a second time does nothing. Raises `AwsBusy`.

        The name is made of the entity and its creation, so that a call that is repeated because
        its first answer was lost can neither skip the work nor do it twice.
        """
        work = {
            "kind": entity.kind,
            "client": entity.client,
            "entity_id": entity.entity_id,
            "created_ms": entity.created_ms,
        }
        try:
            with busy_is_retried():
                self.states.start_execution(
                    stateMachineArn=self.machine,
                    name=execution_name(entity),
                    input=json.dumps(work),
                )
        except ClientError as error:
            if code_of(error) != "ExecutionAlreadyExists":
                raise


def execution_name(entity: Entity) -> str:
    identity = f"{entity.client}\0{entity.kind}\0{entity.entity_id}\0{entity.created_ms}"
    return f"{entity.kind}-{hashlib.sha256(identity.encode()).hexdigest()[:DIGITS]}"
