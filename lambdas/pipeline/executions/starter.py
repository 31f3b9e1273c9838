"""Starts executions, each drop in one only.

The order is: lease the drops for the execution's name in the ledger, then start it by that name.
Whoever dies in between leaves a name behind, under which the next one goes on.
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
from pipeline.executions.compact_input import shortened
from pipeline.ledger.drops import Drops
from pipeline.ledger.groups import ExecutionGroup, ExecutionGroups, GroupedBy, GroupState
from shared.aws_errors import code_of

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient


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


ASSIGNED_AT_ONCE = 8  # ours: conditional writes of a few milliseconds each
MOST_BROKEN = 9  # ours: of one group; two deliveries at once is the most that is seen
NAME_DIGITS = 32  # ours: 128 bits of SHA-256


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionStarter:
    """What starting works with. All methods may raise `AwsBusy`."""

    drops: Drops
    groups: ExecutionGroups
    executions: "SFNClient"
    state_machine_arn: str

    def start_single(self, execution: Execution, *, instead_of: str | None = None) -> bool:
        """Starts the execution of one drop; whether this call started it.

        `instead_of` names the execution that carried the drop so far, in vain."""
        drop = execution.drops[0]
        name = execution_name(drop.key, drop.drop_id)
        if not self.drops.assign(drop.drop_id, name, instead_of=instead_of):
            return False
        return self.start(name, shortened(execution))

    def start_shared(
        self, drops: Sequence[Drop], *, by: GroupedBy, instead_of: Mapping[str, str] | None = None
    ) -> tuple[Drop, ...]:
        """Starts one execution for all of them; those of the drops that it carries.

        The others are carried by another execution by now. `instead_of`, by drop id: as above.
        """
        name, group = self._group(shared_name(drops), by)
        if group.input is not None:  # an earlier delivery died behind the seal
            self.start(name, group.input)
            return ()
        carried = self._assigned(drops, name, instead_of or {})
        if not carried:
            return ()
        given = shortened(shared_execution(name, carried))
        if not self.groups.make_ready(name, given):
            raise AwsBusy("another delivery puts these drops together anew; trying again")
        return carried if self.start(name, given) else ()

    def _group(self, stem: str, by: GroupedBy) -> tuple[str, ExecutionGroup]:
        """The first of the names that has not been broken up."""
        for number in range(1, MOST_BROKEN + 2):
            name = stem if number == 1 else f"{stem}-{number}"
            group = self.groups.form(name, by)
            if group.state is not GroupState.CANCELLED:
                return name, group
        raise AwsBusy("these drops were put together in vain too often; trying again later")

    def start(self, name: str, given: Mapping[str, Any]) -> bool:
        """Starts what was claimed before; whether this call did."""
        return start(self.executions, self.state_machine_arn, name, given)

    def _assigned(
        self, drops: Sequence[Drop], name: str, instead_of: Mapping[str, str]
    ) -> tuple[Drop, ...]:
        def assign(drop: Drop) -> bool:
            return self.drops.assign(drop.drop_id, name, instead_of=instead_of.get(drop.drop_id))

        with ThreadPoolExecutor(ASSIGNED_AT_ONCE, thread_name_prefix="assign") as executor:
            claimed = list(executor.map(assign, drops))
        return tuple(drop for drop, mine in zip(drops, claimed, strict=True) if mine)


def shared_name(drops: Sequence[Drop]) -> str:
    """The name of an execution of several drops: the same for the same drops."""
    ids = "\n".join(drop.drop_id for drop in drops).encode()
    return f"shared-{len(drops)}-{hashlib.sha256(ids).hexdigest()[:NAME_DIGITS]}"
