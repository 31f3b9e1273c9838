"""The functions of the state machine's tasks."""

from constructs import Construct

from infra.assets.building import TABLES
from infra.constructs.functions import FunctionFactory, TracedFunction

# Lambda's longest timeout (Lambda quotas).
LONGEST_SECONDS = 900
# The computed curve (docs/scale.md): just below where the network may take over from the processor
# as the brake. With less, a file costs the same and takes longer; with more, it may only cost more.
STREAM_MEMORY_MB = 768
# A whole processor (Lambda gives one with 1,769 MB): reading and writing tables is its work alone.
TABLES_MEMORY_MB = 1_769
# Workbooks and Parquet are written on the function's disk, and Parquet is read there; at most 4 GB
# of it (`tables.readers.parquet`), and as much again comes back.
TABLES_SCRATCH_MB = 10_240


class Tasks(Construct):
    """Submit, check, collect, finish: what `statemachine/drop.asl.json` calls."""

    def __init__(self, scope: Construct, construct_id: str, *, functions: FunctionFactory) -> None:
        super().__init__(scope, construct_id)
        self.submit = functions.function(
            self,
            "Submit",
            module="submit.handler",
            description="Creates a batch operation and streams a part to its presigned URL",
            memory_mb=STREAM_MEMORY_MB,
            timeout_seconds=LONGEST_SECONDS,
        )
        """It creates an operation and streams a part to it."""
        self.check = functions.function(
            self,
            "Check",
            module="check.handler",
            description="Asks the status of an operation and says how long to wait",
            memory_mb=256,
            timeout_seconds=60,
        )
        """It asks for the operation's status."""
        self.collect = functions.function(
            self,
            "Collect",
            module="collect.handler",
            description="Copies an operation's outputs to the results bucket, step by step",
            memory_mb=STREAM_MEMORY_MB,
            timeout_seconds=LONGEST_SECONDS,
        )
        """It copies the operation's outputs."""
        self.finish = functions.function(
            self,
            "Finish",
            module="finish.handler",
            description="Reconciles results, gives tables back; manifest last; says what to tell",
            memory_mb=TABLES_MEMORY_MB,
            timeout_seconds=LONGEST_SECONDS,
            asset=TABLES,
            scratch_mb=TABLES_SCRATCH_MB,
        )
        """It reconciles, and writes the manifest."""

    def all(self) -> tuple[TracedFunction, ...]:
        """Each of them, in the order of a drop's journey."""
        return self.submit, self.check, self.collect, self.finish
