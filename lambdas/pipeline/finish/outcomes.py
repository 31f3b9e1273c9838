"""How each drop of an execution fared: in its own parts, or aboard a shared one."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from pipeline.domain.facts import InputFacts, MetadataFacts, OutputFacts
from pipeline.domain.progress import PartStatus, Progress
from pipeline.domain.state_fields import MalformedState
from pipeline.finish.finish_input import EndedExecution, EndedPart
from pipeline.ledger.parts import Parts
from pipeline.ledger.shared_files import FileStatus, SharedFile, SharedFiles

_LINE = re.compile(r"\bline\s+(\d[\d,]*)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class RetryGroups:
    """The drops of a part that are tried again, in the groups in which they travel then."""

    groups: tuple[tuple[str, ...], ...]

    def has(self, drop_id: str) -> bool:
        return any(drop_id in group for group in self.groups)


def companies_of(part: EndedPart, known: dict[str, SharedFile]) -> RetryGroups:
    """Who tries again: those that were left, and those aboard an operation that failed together.

    Where the service names a line, the file that holds it travels alone from now on, and the
    others together; otherwise the group is halved. So one bad file is found in a few
    operations, and no drop fails for a neighbour's fault.
    """
    left = tuple(d for d in part.drop_ids if _fate(known, d) is FileStatus.DEFERRED)
    aboard = tuple(d for d in part.drop_ids if _fate(known, d) is FileStatus.INCLUDED)
    groups: tuple[tuple[str, ...], ...] = (left,)
    if part.progress.status is PartStatus.FAILED and len(aboard) > 1:
        suspect = _suspect(part.progress.reason, [known[d] for d in aboard])
        if suspect is None:
            middle = (len(aboard) + 1) // 2
            groups += (aboard[:middle], aboard[middle:])
        else:
            groups += ((suspect,), tuple(d for d in aboard if d != suspect))
    return RetryGroups(tuple(group for group in groups if group))


def _fate(known: dict[str, SharedFile], drop_id: str) -> FileStatus | None:
    return known[drop_id].fate if drop_id in known else None


def _suspect(reason: str | None, aboard: Sequence[SharedFile]) -> str | None:
    """The drop that holds the line which the service's reason names, counted over all files."""
    named = _LINE.search(reason or "")
    if named is None:
        return None
    line = int(named[1].replace(",", ""))
    for shared_file in aboard:
        records = shared_file.input.records if shared_file.input else 0
        if 1 <= line <= records:
            return shared_file.drop_id
        line -= records
    return None


WORST_FIRST = (PartStatus.FAILED, PartStatus.TIMED_OUT, PartStatus.REJECTED, PartStatus.COLLECTED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """What is known of one piece of a drop's file; the only one, mostly."""

    part_id: str
    number: int | None
    operation_id: str | None
    attempt: int
    input: InputFacts | None
    output: OutputFacts | None
    metadata: MetadataFacts | None


@dataclass(frozen=True, slots=True)
class DropOutcome:
    """How a drop fared."""

    progress: Progress
    """Of its piece that fared worst."""
    worst: int
    """Which of the pieces that is, from 0."""
    pieces: tuple[Piece, ...]
    """In the order of the file."""


@dataclass(slots=True)
class Outcomes:
    """Reads the ledger of parts. Made for one call: it remembers. May raise `AwsBusy`."""

    parts: Parts
    shared_files: SharedFiles
    _known: dict[str, dict[str, SharedFile]] = field(default_factory=dict, init=False)

    def of(self, drop_id: str, ended: EndedExecution) -> DropOutcome:
        """Of a drop that has parts. Raises `MalformedState` for one that has none."""
        parts = ended.parts_of(drop_id)
        if not parts:
            raise MalformedState(f"drop {drop_id} has no part and no reason for that")
        if parts[0].is_shared:
            return self._aboard(drop_id, parts[0])
        progresses = [part.progress for part in parts]
        worst = min(range(len(parts)), key=lambda n: WORST_FIRST.index(_ended(progresses[n])))
        return DropOutcome(progresses[worst], worst, tuple(self._piece(part) for part in parts))

    def retry_groups(self, part: EndedPart) -> RetryGroups:
        """Who of a shared part tries again, with whom."""
        return companies_of(part, self._of_part(part.part_id))

    def give_up(self, part: EndedPart) -> None:
        """The failed operation no longer counts: should the execution be started again, another
        one is tried. Raises `PartTaken`."""
        with self.parts.lease(part.part_id, owner="finish", seconds=0) as lease:
            if lease.record.operation_id is not None and lease.record.output is None:
                lease.abandon(f"it ended as {part.progress.status}", seen_to_end=True)

    def _piece(self, part: EndedPart) -> Piece:
        record = self.parts.record(part.part_id)
        return Piece(
            part_id=part.part_id,
            number=part.piece,
            operation_id=record.operation_id,
            attempt=record.attempt,
            input=record.input,
            output=record.output,
            metadata=record.metadata,
        )

    def _aboard(self, drop_id: str, part: EndedPart) -> DropOutcome:
        shared_file = self._of_part(part.part_id).get(drop_id)
        if shared_file is None:
            return DropOutcome(part.progress, 0, ())  # the part ended before files were read
        if shared_file.fate is FileStatus.REJECTED:
            rejected = Progress(
                status=PartStatus.REJECTED, reason=shared_file.reason, faults=shared_file.faults
            )
            return DropOutcome(rejected, 0, ())
        if shared_file.fate is FileStatus.MISSING:
            gone = Progress(
                status=PartStatus.FAILED, error="DropGone", cause=shared_file.reason or ""
            )
            return DropOutcome(gone, 0, ())
        record = self.parts.record(part.part_id)
        piece = Piece(
            part_id=part.part_id,
            number=None,
            operation_id=record.operation_id,
            attempt=record.attempt,
            input=shared_file.input,
            output=shared_file.output,
            metadata=shared_file.metadata,
        )
        return DropOutcome(part.progress, 0, (piece,))

    def _of_part(self, part_id: str) -> dict[str, SharedFile]:
        if part_id not in self._known:
            self._known[part_id] = self.shared_files.of(part_id)
        return self._known[part_id]


def _ended(progress: Progress) -> PartStatus:
    if progress.status not in WORST_FIRST:
        raise MalformedState(f"a part can't end as {progress.status}")
    return progress.status
