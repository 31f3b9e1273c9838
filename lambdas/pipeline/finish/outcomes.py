"""The outcome of each drop of an execution: of its own parts, or of its file in a shared one."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from pipeline.domain.facts import InputFacts, MetadataFacts, OutputFacts
from pipeline.domain.progress import PartStatus, Progress
from pipeline.domain.state_fields import MalformedState
from pipeline.errors import ServiceThrottled, UploadsFailed
from pipeline.finish.finish_input import EndedExecution, EndedPart
from pipeline.ledger.parts import PartRecord, Parts
from pipeline.ledger.shared_files import FileStatus, SharedFile, SharedFiles

NO_FILES_FAULT = frozenset({UploadsFailed.__name__, ServiceThrottled.__name__})
"""Names of errors of a part that no other grouping of its files would spare."""
_LINE = re.compile(r"\bline\s+(\d[\d,]*)", re.IGNORECASE)


RetryGroups = tuple[tuple[str, ...], ...]
"""Ids of drops that are retried, in the groups that share an operation then."""


def retry_groups(part: EndedPart, known: Mapping[str, SharedFile]) -> RetryGroups:
    """The drops of a part that are retried: files that were deferred, and those of an operation
    that failed for several.

    Where the service names a line, the file that holds it is coded alone from now on, and the
    others together; otherwise the group is halved. So one bad file is found in a few
    operations, and no drop fails for a neighbour's fault. Where a part's operations are
    used up, or the service wanted no more calls, it is none of the files' fault, and nothing is
    retried.
    """
    deferred = _with_status(part, known, FileStatus.DEFERRED)
    included = _with_status(part, known, FileStatus.INCLUDED)
    groups: RetryGroups = (deferred,)
    failed = part.progress.status is PartStatus.FAILED
    if failed and part.progress.error not in NO_FILES_FAULT and len(included) > 1:
        suspect = _suspect(part.progress.reason, [known[each] for each in included])
        if suspect is None:
            middle = (len(included) + 1) // 2
            groups += (included[:middle], included[middle:])
        else:
            groups += ((suspect,), tuple(each for each in included if each != suspect))
    return tuple(group for group in groups if group)


def _with_status(
    part: EndedPart, known: Mapping[str, SharedFile], status: FileStatus
) -> tuple[str, ...]:
    return tuple(each for each in part.drop_ids if each in known and known[each].fate is status)


def _suspect(reason: str | None, files: Sequence[SharedFile]) -> str | None:
    """The drop that holds the line which the service's reason names, counted over all files."""
    named = _LINE.search(reason or "")
    if named is None:
        return None
    line = int(named[1].replace(",", ""))
    for shared_file in files:
        records = shared_file.input.records if shared_file.input else 0
        if 1 <= line <= records:
            return shared_file.drop_id
        line -= records
    return None


WORST_FIRST = (PartStatus.FAILED, PartStatus.TIMED_OUT, PartStatus.REJECTED, PartStatus.COLLECTED)


@dataclass(frozen=True, slots=True, kw_only=True)
class PieceFacts:
    """What the ledger knows of one piece of a drop's file; most files are one piece."""

    part_id: str
    number: int | None
    """From 1; None where the piece is the whole file."""
    operation_id: str | None
    attempt: int
    input: InputFacts | None
    output: OutputFacts | None
    metadata: MetadataFacts | None


@dataclass(frozen=True, slots=True)
class DropOutcome:
    """How the parts of a drop ended."""

    progress: Progress
    """That of the piece which ended worst."""
    worst: int
    """Which of the pieces that is, from 0."""
    pieces: tuple[PieceFacts, ...]
    """In the order of the file."""


@dataclass(slots=True)
class Outcomes:
    """Reads the ledger of parts. One object serves one call, as it remembers what it read.

    Its methods may raise `AwsBusy`.
    """

    parts: Parts
    shared_files: SharedFiles
    _known: dict[str, dict[str, SharedFile]] = field(default_factory=dict, init=False)
    _records: dict[str, PartRecord] = field(default_factory=dict, init=False)

    def records(self, part_ids: Iterable[str]) -> dict[str, PartRecord]:
        """The parts' records by their ids, each of them read once: there may be ten thousand."""
        wanted = list(part_ids)
        if unread := [each for each in wanted if each not in self._records]:
            self._records |= self.parts.records(unread)
        return {each: self._records[each] for each in wanted}

    def of(self, drop_id: str, ended: EndedExecution) -> DropOutcome:
        """The outcome of a drop. Raises `MalformedState` for one that has no part."""
        parts = ended.parts_of(drop_id)
        if not parts:
            raise MalformedState(f"drop {drop_id} has no part and no reason for that")
        if parts[0].is_shared:
            return self._of_shared(drop_id, parts[0])
        progresses = [part.progress for part in parts]
        worst = min(range(len(parts)), key=lambda n: WORST_FIRST.index(_ended(progresses[n])))
        records = self.records(part.part_id for part in parts)
        pieces = tuple(_piece(records[part.part_id], part.piece) for part in parts)
        return DropOutcome(progresses[worst], worst, pieces)

    def retry_groups(self, ended: EndedExecution) -> RetryGroups:
        """All drops of an execution that are retried."""
        return tuple(group for part in ended.parts for group in self._retry_groups(part))

    def is_retried(self, drop_id: str, ended: EndedExecution) -> bool:
        """Whether the drop is retried in a smaller batch, and does not end here."""
        return any(
            drop_id in group
            for part in ended.parts_of(drop_id)
            for group in self._retry_groups(part)
        )

    def give_up(self, drop_id: str, ended: EndedExecution) -> None:
        """Makes the failed operations of a drop's own parts count no longer: should the execution
        be started again, others are tried. Raises `PartTaken`."""
        for part in ended.parts_of(drop_id):
            if not part.is_shared and part.progress.status is not PartStatus.COLLECTED:
                with self.parts.lease(part.part_id, owner="finish", seconds=0) as lease:
                    if lease.record.operation_id is not None and lease.record.output is None:
                        lease.abandon(f"it ended as {part.progress.status}", seen_to_end=True)

    def _retry_groups(self, part: EndedPart) -> RetryGroups:
        return retry_groups(part, self._of_part(part.part_id)) if part.is_shared else ()

    def _of_shared(self, drop_id: str, part: EndedPart) -> DropOutcome:
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
        piece = _piece(self.parts.record(part.part_id), None, shared_file)
        return DropOutcome(part.progress, 0, (piece,))

    def _of_part(self, part_id: str) -> dict[str, SharedFile]:
        if part_id not in self._known:
            self._known[part_id] = self.shared_files.of(part_id)
        return self._known[part_id]


def _piece(record: PartRecord, number: int | None, facts: SharedFile | None = None) -> PieceFacts:
    """`facts`: those of the piece where the part has other files too."""
    facts_of = facts or record
    return PieceFacts(
        part_id=record.part_id,
        number=number,
        operation_id=record.operation_id,
        attempt=record.attempt,
        input=facts_of.input,
        output=facts_of.output,
        metadata=facts_of.metadata,
    )


def _ended(progress: Progress) -> PartStatus:
    if progress.status not in WORST_FIRST:
        raise MalformedState(f"a part can't end as {progress.status}")
    return progress.status
