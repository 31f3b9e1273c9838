"""At the door: each arrival becomes a drop, and each drop is given its execution."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from pipeline.domain.drop import Drop
from pipeline.domain.identity import execution_name
from pipeline.executions.starter import ExecutionStarter
from pipeline.ledger.drops import Drops, DropState
from pipeline.ledger.groups import GroupedBy
from pipeline.observability import Measures, logger
from pipeline.receive.batching import Sharing
from pipeline.receive.s3_event import Admission, Arrival
from pipeline.receive.splitting import Pieces

TAKEN_IN_AT_ONCE = 8  # ours: a write of the ledger each, of a few milliseconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """Takes arrivals on: each becomes a drop, and each drop travels in one execution."""

    admission: Admission
    drops: Drops
    starter: ExecutionStarter
    sharing: Sharing
    pieces: Pieces
    measure: Measures

    def accept(self, arrivals: Sequence[Arrival]) -> list[Arrival]:
        """Starts what has not been started; the arrivals that have to be delivered again."""
        boarding: dict[str, _Boarding] = {}
        failed: list[Arrival] = []
        with ThreadPoolExecutor(TAKEN_IN_AT_ONCE, thread_name_prefix="take-in") as executor:
            for arrival, taken in zip(arrivals, executor.map(self._tried, arrivals), strict=True):
                if isinstance(taken, Exception):
                    failed.append(arrival)
                elif taken is not None:
                    boarding[taken.drop.drop_id] = taken
        for group in self.sharing.groups(each.drop for each in boarding.values()):
            members = [boarding[drop.drop_id] for drop in group]
            if self._attempted(lambda members=members: self._depart(members)):  # type: ignore[misc]
                continue
            failed += [each.arrival for each in members]
        return failed

    def _tried(self, arrival: Arrival) -> "_Boarding | Exception | None":
        try:
            return self._take_in(arrival)
        except Exception as error:  # noqa: BLE001  one bad arrival must not hold up the others
            _log_failure(error, key=arrival.key)
            return error

    def _attempted(self, depart: Callable[[], None]) -> bool:
        try:
            depart()
        except Exception as error:  # noqa: BLE001  nor one group
            _log_failure(error)
            return False
        return True

    def _take_in(self, arrival: Arrival) -> "_Boarding | None":
        """The arrival's drop where it has to be given an execution."""
        drop = self.admission.drop_of(arrival)
        if drop is None:
            return None
        record = self.drops.accept(drop)
        if record.execution is None:
            return _Boarding(arrival, drop, None)
        logger.info(
            "delivered again", extra={"drop_id": drop.drop_id, "execution": record.execution}
        )
        if record.state is DropState.ENDED or not self._free_again(drop, record.execution):
            return None
        return _Boarding(arrival, drop, record.execution)

    def _free_again(self, drop: Drop, execution: str) -> bool:
        """Whether a drop that an execution has claimed needs another one.

        Otherwise the execution is started, should the function have died before it was."""
        if execution == execution_name(drop.key, drop.drop_id):
            self.starter.start_single(self.pieces.execution_of(drop))
            return False
        groups = self.starter.groups
        group = groups.read(execution)
        if group is None:
            return False
        if group.input is not None:
            self.starter.start(execution, group.input)
            return False
        return group.by is GroupedBy.RECEIVE and groups.cancel(execution)

    def _depart(self, group: Sequence["_Boarding"]) -> None:
        drops = tuple(each.drop for each in group)
        before = {each.drop.drop_id: each.execution for each in group if each.execution}
        if len(drops) > 1:
            carried = self.starter.start_shared(drops, by=GroupedBy.RECEIVE, instead_of=before)
        else:
            (drop,) = drops
            started = self.starter.start_single(
                self.pieces.execution_of(drop), instead_of=before.get(drop.drop_id)
            )
            carried = drops if started else ()
        for drop in carried:
            self.measure("DropsAccepted")
            logger.info(
                "accepted",
                extra={
                    "correlation_id": drop.drop_id,
                    "bucket": drop.bucket,
                    "key": drop.key,
                    "together": len(drops),
                },
            )


@dataclass(frozen=True, slots=True)
class _Boarding:
    """A drop that needs an execution."""

    arrival: Arrival
    drop: Drop
    execution: str | None
    """The one that has claimed it before, in vain."""


def _log_failure(error: Exception, **extra: str) -> None:
    logger.error(
        "could not be taken in; it will be delivered again",
        extra={"error": type(error).__name__, "text": str(error), **extra},
    )
