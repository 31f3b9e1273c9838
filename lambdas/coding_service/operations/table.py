"""The operations table: every change of an operation is one conditional write.

The conditions keep the statuses consistent: of `in_progress` and `timed_out` only one can follow
`awaiting_input`, and only the execution that began an operation can end it.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.conditions import Attr, ConditionBase

from coding_service.aws import assignments, busy_is_retried, condition_held
from coding_service.errors import OperationLost
from coding_service.operations.operation import PREFIX, Operation, OperationFault, timestamp
from protocol.statuses import OperationStatus

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

_STATUS = Attr("status")


@dataclass(frozen=True, slots=True)
class OperationTable:
    """Reads and changes operations. Every method raises `AwsBusy` when DynamoDB is."""

    table: "Table"

    def create(self, operation: Operation) -> None:
        item = operation.to_item()
        version = item["model"]["modelVersion"]
        item["model"] = {**item["model"], "modelVersion": Decimal(str(version))}
        with busy_is_retried():
            self.table.put_item(Item=item, ConditionExpression=Attr("pk").not_exists())

    def find(self, operation_id: str, *, now: int) -> Operation | None:
        """The operation as it is at this moment, or None for one that is unknown or expired."""
        with busy_is_retried():
            answer = self.table.get_item(Key={"pk": PREFIX + operation_id}, ConsistentRead=True)
        item = answer.get("Item")
        if item is None:
            return None
        operation = Operation.from_item(item)
        # DynamoDB deletes expired items within days, not at once.
        return operation if now < operation.expires_at else None

    def time_out(self, operation_id: str) -> bool:
        """Whether this call changed the operation from `awaiting_input` to `timed_out`."""
        return self._change(
            operation_id,
            _STATUS.eq(str(OperationStatus.AWAITING_INPUT)),
            {"status": str(OperationStatus.TIMED_OUT)},
        )

    def begin(
        self, operation_id: str, *, execution: str, version_id: str, size: int, now: int
    ) -> bool:
        """Whether `execution` is the one that codes the operation.

        The answer for the same execution stays the same, so a repeated step is harmless.
        """
        return self._change(
            operation_id,
            _STATUS.eq(str(OperationStatus.AWAITING_INPUT)) | _coded_by(execution),
            {
                "status": str(OperationStatus.IN_PROGRESS),
                "execution": execution,
                "input_version": version_id,
                "input_bytes": size,
                "begun": timestamp(now),
            },
        )

    def note_ranges(self, operation_id: str, *, execution: str, ranges: int) -> bool:
        """Stores the number of ranges of the input; False for another execution's operation."""
        return self._change(operation_id, _coded_by(execution), {"ranges": ranges})

    def note_coded(self, operation_id: str, *, execution: str, index: int, records: int) -> bool:
        """Adds a range's records to those coded so far; False where they were counted before.

        One atomic write, which a set of the counted ranges makes harmless to repeat.
        """
        counted = Attr("ranges_coded").contains(index)
        return self._update(
            operation_id,
            _coded_by(execution) & ~counted,
            UpdateExpression="ADD #records :records, #ranges :ranges",
            ExpressionAttributeNames={"#records": "records", "#ranges": "ranges_coded"},
            ExpressionAttributeValues={":records": records, ":ranges": {index}},
        )

    def note_fault(self, operation_id: str, *, execution: str, fault: OperationFault) -> bool:
        """Stores `fault` unless one of an earlier or the same place is known; whether it did."""
        first = Attr("fault").not_exists() | Attr("fault.at").gt(fault.at)
        return self._change(operation_id, _coded_by(execution) & first, {"fault": asdict(fault)})

    def complete(
        self, operation_id: str, *, execution: str, counts: dict[str, int], now: int, until: int
    ) -> bool:
        """Whether the operation is complete by `execution`, by this call or an earlier one."""
        return self._change(
            operation_id,
            self._ends(execution, OperationStatus.COMPLETE),
            {
                "status": str(OperationStatus.COMPLETE),
                "finished_at": now,
                "finished": timestamp(now),
                "results_until": until,
                **counts,
            },
        )

    def fail(self, operation_id: str, *, execution: str, error: str, now: int) -> bool:
        """Whether the operation has failed by `execution`, by this call or an earlier one."""
        unbegun = _STATUS.eq(str(OperationStatus.AWAITING_INPUT))
        return self._change(
            operation_id,
            unbegun | self._ends(execution, OperationStatus.FAILED),
            {
                "status": str(OperationStatus.FAILED),
                "execution": execution,
                "finished_at": now,
                "finished": timestamp(now),
                "error": error,
            },
        )

    def results_deleted(self, operation_id: str, *, execution: str) -> bool:
        return self._change(
            operation_id,
            _STATUS.eq(str(OperationStatus.COMPLETE)) & Attr("execution").eq(execution),
            {"results_deleted": True},
        )

    @staticmethod
    def _ends(execution: str, end: OperationStatus) -> ConditionBase:
        mine = Attr("execution").eq(execution)
        return mine & _STATUS.is_in([str(OperationStatus.IN_PROGRESS), str(end)])

    def _change(self, operation_id: str, condition: ConditionBase, values: dict[str, Any]) -> bool:
        """Sets `values` where `condition` holds; whether it held."""
        return self._update(operation_id, condition, **assignments(values))

    def _update(self, operation_id: str, condition: ConditionBase, **update: Any) -> bool:
        return condition_held(
            self.table.update_item,
            Key={"pk": PREFIX + operation_id},
            ConditionExpression=Attr("pk").exists() & condition,
            **update,
        )


def _coded_by(execution: str) -> ConditionBase:
    return _STATUS.eq(str(OperationStatus.IN_PROGRESS)) & Attr("execution").eq(execution)


def current_operation(table: OperationTable, state: Mapping[str, Any], *, now: int) -> Operation:
    """The operation that a state names, while the state's execution codes it.

    Raises `OperationLost`, so that a late step of an execution that is over does no harm.
    """
    operation = table.find(state["operation_id"], now=now)
    if operation is None:
        raise OperationLost(f"the operation {state['operation_id']} is not in the table")
    if (
        operation.status is not OperationStatus.IN_PROGRESS
        or operation.execution != state["execution"]
    ):
        raise OperationLost(f"the operation {state['operation_id']} is not this execution's")
    return operation
