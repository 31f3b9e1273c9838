"""A whole simulation: drops, the queue, the state machine, the functions, the service."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from typing import Any

from coding_service.api.rate_limit import Limits, Usage
from pipeline.domain.execution import NOTHING_TOLD
from pipeline.engines.coding_service.client import CodingServiceClient
from pipeline.engines.coding_service.engine import CodingServiceEngine
from pipeline.engines.coding_service.presigned import PresignedHosts, presigned_pool
from pipeline.engines.coding_service.tokens import Token
from pipeline.ledger.table import Ledger
from pipeline.rate_limit.limiter import Limiter
from pipeline.rate_limit.polling import Polling
from simulation.agenda import Agenda
from simulation.cloud.costs import Bill
from simulation.cloud.functions import FunctionTime, SimulatedFunction
from simulation.cloud.handlers import Handlers, PutEvents
from simulation.cloud.receive_queue import Dropped, ReceiveQueue
from simulation.cloud.service import Durations, SimulatedService
from simulation.cloud.table import MemoryTable
from simulation.state_machine.machine import StateMachine, shipped
from simulation.state_machine.states import StateFailed, Tally, Task, TaskResult

PER_SECOND, PER_DAY = 1, 10_000  # the service's documented limits
POLL_FIRST, POLL_FRACTION, POLL_CEILING = 10, 0.1, 7_200  # seconds; cdk.json
MAX_ATTEMPTS = 3  # cdk.json
PUBLISH_SECONDS = 0.05  # modelled
MEMORY_MB = {"Submit": 768, "Check": 256, "Collect": 768, "Finish": 1_769, "Receive": 512}
"""As in infra/pipeline."""


def iso_day(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).date().isoformat()


class OneToken:
    """A token that serves for ever: asking for tokens is outside the service's limits."""

    def current(self) -> Token:
        return Token("token", 0.0, float("inf"))

    def replace(self, stale: Token) -> bool:
        return stale.value != "token"


@dataclass(slots=True)
class Simulation:
    """A simulation about to run. `run` ends when nothing is left to happen."""

    begins: float
    seed: int = 1
    shares: bool = True
    durations: Durations = field(default_factory=Durations)
    calls_of_others: int = 0
    """Calls of the first day that somebody else makes with the same client's credentials."""
    requests_per_second: float = PER_SECOND
    """What the pipeline is set to; the service's own limits stay what they are."""
    pieces_at_once: int = 4
    """`pieceConcurrency`."""
    agenda: Agenda = field(init=False)
    handlers: Handlers = field(init=False, repr=False)
    bill: Bill = field(default_factory=Bill)
    service: SimulatedService = field(init=False)
    endings: dict[int, tuple[float, str]] = field(default_factory=dict)
    """By a drop's number: when its end was announced, and how it ended."""
    announced_twice: int = 0
    failed_executions: list[str] = field(default_factory=list)
    longest_history: int = 0
    longest_history_of_a_piece: int = 0
    largest_state: int = 0
    """Bytes, of files in pieces."""
    started: dict[str, float] = field(default_factory=dict)
    """By part, when its execution started."""
    _machine: StateMachine = field(init=False, repr=False)
    _table: MemoryTable = field(init=False, repr=False)
    _queue: ReceiveQueue = field(init=False, repr=False)

    def __post_init__(self) -> None:
        chance = Random(self.seed)  # noqa: S311  no secret
        self.agenda = Agenda(self.begins)
        time, table = FunctionTime(self.begins), MemoryTable()
        ledger = Ledger(table)  # type: ignore[arg-type]
        self.service = SimulatedService(
            now=lambda: time.now,
            elapse=time.move,
            chance=chance,
            durations=self.durations,
            limits=Limits(PER_SECOND, 1, PER_DAY),
            usage=Usage(day=iso_day(self.begins), calls=self.calls_of_others),
        )
        polling = Polling(
            first_seconds=POLL_FIRST,
            fraction=POLL_FRACTION,
            ceiling_seconds=POLL_CEILING,
            chance=chance.random,
        )
        limiter = Limiter(
            ledger=ledger,
            requests_per_second=self.requests_per_second,
            requests_per_day=PER_DAY,
            clock=time.clock,
            chance=chance.random,
            checks_ahead=polling.most_checks,
        )
        client = CodingServiceClient(
            transport=self.service,
            tokens=OneToken(),  # type: ignore[arg-type]
            limiter=limiter,
            service_url="https://service.example",
            clock=time.clock,
        )
        engine = CodingServiceEngine(
            client=client,
            pool=presigned_pool(None),
            hosts=PresignedHosts(()),  # no bytes are moved here
            ledger=ledger,
            clock=time.clock,
        )
        handlers = Handlers(
            engine=engine,
            service=self.service,
            polling=polling,
            max_attempts=MAX_ATTEMPTS,
            time=time,
            start=self._start,
        )

        def function(name: str, handler: Any) -> SimulatedFunction:
            return SimulatedFunction(
                name, MEMORY_MB[name], handler, self.agenda, time, self.bill, chance
            )

        tasks: dict[str, Task] = {
            "SubmitFunctionArn": function("Submit", handlers.submit),
            "CheckFunctionArn": function("Check", handlers.check),
            "CollectFunctionArn": function("Collect", handlers.collect),
            "FinishFunctionArn": function("Finish", handlers.finish),
            "arn:Partition:states:::s3:getObject": handlers.results.read_items,
            "arn:Partition:states:::sns:publish": lambda _payload: TaskResult(PUBLISH_SECONDS),
            "arn:Partition:states:::events:putEvents": PutEvents(self._ended),
        }
        definition = shipped("drop.asl.json", {"PieceConcurrency": self.pieces_at_once})
        self._machine = StateMachine(definition, tasks, chance)
        self.handlers, self._table = handlers, table
        self._queue = ReceiveQueue(
            self.agenda, function("Receive", handlers.receive), self._start, self.shares, chance
        )

    def run(self, drops: Sequence[Dropped]) -> None:
        for drop in drops:
            self._queue.expect(drop)
        self.agenda.run()
        self.bill.drops = len(drops)
        self.bill.parts = self.handlers.operations
        self.bill.write_units = self._table.write_units
        self.bill.read_units = self._table.read_units

    def _start(self, group: tuple[Dropped, ...]) -> None:
        if group[0].pieces > 1:
            state, name = self.handlers.add_pieces(group[0])
            self._execute(name, state, Tally(weighs=True))
            return
        part_id = self.handlers.add_part(group)
        self.started[part_id] = self.agenda.now
        drops = [drop.number for drop in group]
        state = {"drops": drops, "parts": [{"part_id": part_id}], "ended": dict(NOTHING_TOLD)}
        self._execute(part_id, state, Tally())

    def _execute(self, name: str, state: Any, tally: Tally) -> None:
        def ended(_output: Any, failure: BaseException | None) -> None:
            self.bill.transitions += tally.transitions
            self.longest_history = max(self.longest_history, tally.events)
            self.longest_history_of_a_piece = max(
                self.longest_history_of_a_piece, tally.events_of_a_child
            )
            self.largest_state = max(self.largest_state, tally.bytes)
            as_meant = isinstance(failure, StateFailed) and failure.error.startswith("Drop")
            if failure is not None and not as_meant:
                self.failed_executions.append(str(failure))

        context = {"Execution": {"Id": name, "Name": name}}
        process = self._machine.execution(state, context, tally)
        self.agenda.start(process, ended, StateFailed)

    def _ended(self, number: int, status: str) -> None:
        if number in self.endings:
            self.announced_twice += 1
        self.endings[number] = (self.agenda.now, status)
