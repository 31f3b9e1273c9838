"""What became of each file of a shared part: one item of the ledger for each.

Item `part#<part id>`/`segment#<drop id>`, written when the files have been checked and before the
operation is created, and again when the drop's results have been collected.
"""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum

from msgspec import convert, to_builtins

from pipeline.clock import Clock
from pipeline.domain.facts import InputFacts, MetadataFacts, OutputFacts
from pipeline.ledger.table import Ledger

KEPT_SECONDS = 90 * 86_400  # as long as the part's own item; ours
CONCURRENT_WRITES = 8  # a write takes a few milliseconds; ours
SK = "segment#"


class FileStatus(StrEnum):
    """What became of a file when its part was submitted; the stored values are older words."""

    INCLUDED = "aboard"
    """Its lines are in the operation's input."""
    REJECTED = "rejected"
    """Its file is faulty."""
    MISSING = "gone"
    """Its object was deleted or replaced."""
    DEFERRED = "left"
    """Its lines have recordIds where the others' have none, or the other way round: all lines of
    an operation need the same fields. It is started again in another execution."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedFile:
    """A file of a shared part, as the ledger knows it."""

    drop_id: str
    fate: FileStatus
    reason: str | None = None
    """Set if the file is rejected or missing."""
    faults: int | None = None
    """How many lines are faulty, if the file is rejected."""
    input: InputFacts | None = None
    """Set if the file is included."""
    output: OutputFacts | None = None
    """Set once the file's results are collected."""
    metadata: MetadataFacts | None = None


@dataclass(frozen=True, slots=True)
class SharedFiles:
    """The files' items. All methods may raise `AwsBusy`."""

    ledger: Ledger
    clock: Clock

    def of(self, part_id: str) -> dict[str, SharedFile]:
        """The files of a part, by drop id."""
        items = {each["sk"].removeprefix(SK): each for each in self.ledger.query(_pk(part_id), SK)}
        return {n: convert({**each, "drop_id": n}, SharedFile) for n, each in items.items()}

    def write(self, part_id: str, shared_files: Iterable[SharedFile]) -> None:
        """Writes the files of a part, over earlier items of them."""
        expires = int(self.clock.seconds()) + KEPT_SECONDS

        def put(shared_file: SharedFile) -> None:
            known = {n: v for n, v in to_builtins(shared_file).items() if v is not None}
            del known["drop_id"]
            keys = {"pk": _pk(part_id), "sk": f"{SK}{shared_file.drop_id}", "expires_at": expires}
            self.ledger.put({**keys, **known})

        with ThreadPoolExecutor(CONCURRENT_WRITES, thread_name_prefix="write") as executor:
            list(executor.map(put, shared_files))


def _pk(part_id: str) -> str:
    return f"part#{part_id}"
