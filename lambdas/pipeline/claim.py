"""One invocation's hold on a part, and the only writer of the part's item in the ledger."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

from botocore.exceptions import ClientError

from pipeline.aws_errors import aws_busy_as_try_again, code_of
from pipeline.clock import Clock
from pipeline.errors import PartTaken
from pipeline.ledger import Ledger
from pipeline.part_record import AttemptState, InputFacts, MetadataFacts, OutputFacts, PartRecord

KEPT_SECONDS = 90 * 86_400  # ours: six times the longest execution; then the ledger forgets

_OF_AN_ATTEMPT = (
    "operation_id",
    "closing_at",
    "uploaded_at",
    "input",
    "output",
    "metadata",
    "collection",
)


class Claim:
    """One invocation's hold on a part. Every change raises `PartTaken` once the hold is lost."""

    def __init__(
        self,
        ledger: Ledger,
        clock: Clock,
        owner: str,
        record: PartRecord,
        on_lost: Callable[[float], None] = lambda _when: None,
    ) -> None:
        self._ledger = ledger
        self._clock = clock
        self._owner = owner
        self._on_lost = on_lost
        self.record = record
        """The part as it stands after the last change made through this claim."""

    def begin(self) -> None:
        """Before the create call: the next attempt exists, its operation is unknown."""
        self._change({"state": AttemptState.CREATING, "attempt": self.record.attempt + 1})

    def withdraw(self) -> None:
        """No operation came of the create call: the attempt never was."""
        self._change({"state": AttemptState.IDLE, "attempt": self.record.attempt - 1})

    def refused(self) -> None:
        """The create call was made, and refused."""
        self.withdraw()
        self._on_lost(self._clock.seconds())

    def created(self, operation_id: str) -> None:
        self._change({"state": AttemptState.CREATED, "operation_id": operation_id})

    def uploading(self) -> None:
        """Before the first byte."""
        self._change({"state": AttemptState.UPLOADING})

    def closing(self, sent: InputFacts) -> None:
        """Before the last byte. Raising keeps it from being sent."""
        self._change(
            {
                "state": AttemptState.CLOSING,
                "input": json.dumps(asdict(sent)),
                "closing_at": self._clock.iso(),
            }
        )

    def uploaded(self, sent: InputFacts) -> None:
        """The service has the input: acknowledged, or seen by the operation's status."""
        self._change(
            {
                "state": AttemptState.UPLOADED,
                "input": json.dumps(asdict(sent)),
                "uploaded_at": self._clock.iso(),
            }
        )

    def abandon(self, reason: str, *, seen_to_end: bool = False) -> None:
        """The attempt's operation no longer counts; it stays readable as an ended attempt.

        Unless its end was seen by a status check, it is lost sight of here: nobody will ask for
        it again."""
        ended = {
            "pk": f"part#{self.record.part_id}",
            "sk": f"attempt#{self.record.attempt:04d}",
            "state": str(self.record.state),
            "operation_id": self.record.operation_id,
            "reason": reason,
            "ended_at": self._clock.iso(),
            "expires_at": int(self._clock.seconds()) + KEPT_SECONDS,
        }
        self._ledger.put({name: value for name, value in ended.items() if value is not None})
        self._change({"state": AttemptState.IDLE}, forget=_OF_AN_ATTEMPT)
        if not seen_to_end:
            self._on_lost(self._clock.seconds())

    def checkpoint(self, collection: Mapping[str, Any]) -> None:
        """How far the collection has come, in a form that JSON can hold."""
        self._change({"collection": json.dumps(collection)})

    def forget_collection(self) -> None:
        """The collection has to start over."""
        self._change({}, forget=("collection",))

    def collected(self, output: OutputFacts, metadata: MetadataFacts) -> None:
        self._change(
            {"output": json.dumps(asdict(output)), "metadata": json.dumps(asdict(metadata))},
            forget=("collection",),
        )

    def release(self) -> None:
        """Lets the part go. Harmless where the hold was lost before."""
        try:
            self._change({}, forget=("owner", "owner_until"))
        except PartTaken:
            return

    def _change(self, values: Mapping[str, Any], *, forget: tuple[str, ...] = ()) -> None:
        names = {f"#{name}": name for name in (*values, *forget)} | {"#owner": "owner"}
        expression = ""
        if values:
            expression += "SET " + ", ".join(f"#{name} = :{name}" for name in values)
        if forget:
            expression += " REMOVE " + ", ".join(f"#{name}" for name in forget)
        part_id = self.record.part_id
        with aws_busy_as_try_again(), taken_if_refused(part_id):
            answer = self._ledger.table.update_item(
                Key=part_key(part_id),
                UpdateExpression=expression.strip(),
                ConditionExpression="#owner = :me",
                ExpressionAttributeNames=names,
                ExpressionAttributeValues={":me": self._owner}
                | {f":{name}": value for name, value in values.items()},
                ReturnValues="ALL_NEW",
            )
        self.record = PartRecord.from_item(part_id, answer["Attributes"])


def part_key(part_id: str) -> dict[str, str]:
    """Of the part's item."""
    return {"pk": f"part#{part_id}", "sk": "part"}


@contextmanager
def taken_if_refused(part_id: str) -> Iterator[None]:
    """Raises `PartTaken` in place of a refused condition."""
    try:
        yield
    except ClientError as error:
        if code_of(error) != "ConditionalCheckFailedException":
            raise
        raise PartTaken(f"another invocation works on part {part_id}; it will be tried") from None
