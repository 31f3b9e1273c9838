"""What AWS charges, and what is counted of it.

List prices of US East, arm64, before any free tier, as of November 2026; docs/cost.md uses the
same. Not counted: keys, secrets, alarms, storage, traffic, and what the coding service charges.
"""

from dataclasses import dataclass, field

TRANSITION = 0.025 / 1_000  # dollars; Step Functions, standard workflows
GB_SECOND = 0.0000133334  # Lambda
INVOCATION = 0.20 / 1_000_000  # Lambda
WRITE_UNIT = 0.625 / 1_000_000  # DynamoDB, on demand; one kilobyte
READ_UNIT = 0.125 / 1_000_000  # DynamoDB, on demand; four kilobytes, consistent
PUT = 0.005 / 1_000  # S3; also COPY and LIST
GET = 0.0004 / 1_000  # S3
PUBLISH = 0.50 / 1_000_000  # SNS; requests, not deliveries
EVENT = 1.00 / 1_000_000  # EventBridge
MESSAGE = 0.40 / 1_000_000  # SQS

GETS_A_DROP = 11  # prepare: file, metadata, columns.yaml; submit; finish: file, output, checkpoints
PUTS_A_DROP = 9  # prepared rows, plan; output, metadata, table, description, report twice, manifest
MESSAGES_A_DROP = 2.3  # an event and, alone, a drop sent; received and deleted by batches of ten
PREPARE_GB_SECONDS = 0.5  # a small file: 0.3 s of 1,769 MB (measured in the local cloud)
LEDGER_WRITES_A_DROP = 8  # accepted, started, facts of its input and output, ended: 1 to 2 kB each
LEDGER_WRITES_A_PART = 12  # each step of an attempt, before and after


@dataclass(slots=True)
class Bill:
    """Counts of what is charged."""

    transitions: int = 0
    invocations: int = 0
    gb_seconds: float = 0.0
    write_units: int = 0
    read_units: int = 0
    drops: int = 0
    parts: int = 0
    by_function: dict[str, float] = field(default_factory=dict)
    """GB-seconds."""

    def add_run(self, name: str, gb_seconds: float) -> None:
        self.invocations += 1
        self.gb_seconds += gb_seconds
        self.by_function[name] = self.by_function.get(name, 0.0) + gb_seconds

    @property
    def dollars(self) -> float:
        writes = self.write_units + self.drops * LEDGER_WRITES_A_DROP
        writes += self.parts * LEDGER_WRITES_A_PART
        a_drop = GETS_A_DROP * GET + PUTS_A_DROP * PUT + MESSAGES_A_DROP * MESSAGE
        a_drop += PUBLISH + 2 * EVENT
        return (
            self.transitions * TRANSITION
            + (self.gb_seconds + self.drops * PREPARE_GB_SECONDS) * GB_SECOND
            + self.invocations * INVOCATION
            + writes * WRITE_UNIT
            + self.read_units * READ_UNIT
            + self.drops * a_drop
        )
