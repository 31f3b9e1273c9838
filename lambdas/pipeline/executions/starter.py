"""Starts executions, each drop in one only.

The order is: lease the drops for the execution's name in the ledger, then start it by that name.
An invocation that dies in between leaves the name in the ledger, and the next one goes on with it.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from pipeline.aws import aws_busy_as_try_again
from pipeline.domain.drop import Drop
from pipeline.domain.execution import Execution, shared_execution
from pipeline.domain.identity import execution_name
from pipeline.errors import AwsBusy
from pipeline.executions.compact_input import compact_input
from pipeline.executions.pieces import PieceLists
from pipeline.ledger.drops import Drops
from pipeline.ledger.groups import ExecutionGroup, ExecutionGroups, GroupedBy, GroupState
from shared.aws_errors import code_of

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient

CONCURRENT_WRITES = 8  # a conditional write takes a few milliseconds; ours
MAX_CANCELLED = 9  # cancelled groups of the same drops; more than one is never seen; ours
NAME_DIGITS = 32  # 128 bits of SHA-256; ours


def start(
    executions: "SFNClient", state_machine_arn: str, name: str, given: Mapping[str, Any]
) -> bool:
    """Starts an execution with this input; whether this call did.

    Step Functions itself refuses a second start of a name. Raises `AwsBusy`.
    """
    with aws_busy_as_try_again():
        try:
            executions.start_execution(
                stateMachineArn=state_machine_arn,
                name=name,
                input=json.dumps(given, ensure_ascii=False, separators=(",", ":")),
            )
        except ClientError as error:
            if code_of(error) != "ExecutionAlreadyExists":
                raise
            return False
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionStarter:
    """Starts the executions of drops. All methods may raise `AwsBusy`."""

    drops: Drops
    groups: ExecutionGroups
    pieces: PieceLists
    executions: "SFNClient"
    state_machine_arn: str

    def start_single(self, execution: Execution, *, instead_of: str | None = None) -> bool:
        """Starts the execution of one drop; whether this call started it.

        `instead_of` names a cancelled execution that the drop was assigned to before."""
        drop = execution.drops[0]
        name = execution_name(drop.key, drop.drop_id)
        if not self.drops.assign(drop.drop_id, name, instead_of=instead_of):
            return False
        given = compact_input(execution)
        if execution.has_pieces:
            given = self.pieces.put_in_place(given, drop.results_prefix)
        return self.start(name, given)

    def start_shared(
        self, drops: Sequence[Drop], *, by: GroupedBy, instead_of: Mapping[str, str] | None = None
    ) -> tuple[Drop, ...]:
        """Starts one execution of several drops; gives the drops that this call started.

        Drops that are in another execution by now are left out. `instead_of` is as in
        `start_single`, by drop id.
        """
        name, group = self._group(shared_name(drops), by)
        if group.input is not None:  # an earlier invocation died after it was ready
            self.start(name, group.input)
            return ()
        assigned = self._assigned(drops, name, instead_of or {})
        if not assigned:
            return ()
        given = compact_input(shared_execution(name, assigned))
        if not self.groups.make_ready(name, given):
            raise AwsBusy("another invocation started or cancelled this group; trying again")
        return assigned if self.start(name, given) else ()

    def _group(self, stem: str, by: GroupedBy) -> tuple[str, ExecutionGroup]:
        """The first group that is not cancelled, with its execution's name."""
        for number in range(1, MAX_CANCELLED + 2):
            name = stem if number == 1 else f"{stem}-{number}"
            group = self.groups.form(name, by)
            if group.state is not GroupState.CANCELLED:
                return name, group
        raise AwsBusy("groups of these drops were cancelled too often; trying again later")

    def start(self, name: str, given: Mapping[str, Any]) -> bool:
        """Starts an execution whose drops are assigned to it; whether this call started it."""
        return start(self.executions, self.state_machine_arn, name, given)

    def _assigned(
        self, drops: Sequence[Drop], name: str, instead_of: Mapping[str, str]
    ) -> tuple[Drop, ...]:
        def assign(drop: Drop) -> bool:
            return self.drops.assign(drop.drop_id, name, instead_of=instead_of.get(drop.drop_id))

        with ThreadPoolExecutor(CONCURRENT_WRITES, thread_name_prefix="assign") as executor:
            assigned = list(executor.map(assign, drops))
        return tuple(drop for drop, done in zip(drops, assigned, strict=True) if done)


def shared_name(drops: Sequence[Drop]) -> str:
    """The name of an execution of several drops: the same for the same drops."""
    ids = "\n".join(drop.drop_id for drop in drops).encode()
    return f"shared-{len(drops)}-{hashlib.sha256(ids).hexdigest()[:NAME_DIGITS]}"
