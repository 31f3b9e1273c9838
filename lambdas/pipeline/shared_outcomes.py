"""What becomes of the drops of a shared part once it has ended, and who tries again with whom."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.aboard import Fate, Passenger
from pipeline.ended_execution import EndedPart
from pipeline.progress import PartStatus

_LINE = re.compile(r"\bline\s+(\d[\d,]*)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Companies:
    """The drops of a part that are tried again, in the groups in which they travel then."""

    groups: tuple[tuple[str, ...], ...]

    def has(self, drop_id: str) -> bool:
        return any(drop_id in group for group in self.groups)


def companies_of(part: EndedPart, known: dict[str, Passenger]) -> Companies:
    """Who tries again: those that were left, and those aboard an operation that failed together.

    Where the service names a line, the file that holds it travels alone from now on, and the
    others together; otherwise the company is halved. So one bad file is found in a few
    operations, and no drop fails for a neighbour's fault.
    """
    left = tuple(d for d in part.drop_ids if _fate(known, d) is Fate.LEFT)
    aboard = tuple(d for d in part.drop_ids if _fate(known, d) is Fate.ABOARD)
    groups: tuple[tuple[str, ...], ...] = (left,)
    if part.progress.status is PartStatus.FAILED and len(aboard) > 1:
        suspect = _suspect(part.progress.reason, [known[d] for d in aboard])
        if suspect is None:
            middle = (len(aboard) + 1) // 2
            groups += (aboard[:middle], aboard[middle:])
        else:
            groups += ((suspect,), tuple(d for d in aboard if d != suspect))
    return Companies(tuple(group for group in groups if group))


def _fate(known: dict[str, Passenger], drop_id: str) -> Fate | None:
    return known[drop_id].fate if drop_id in known else None


def _suspect(reason: str | None, aboard: Sequence[Passenger]) -> str | None:
    """The drop that holds the line which the service's reason names, counted over all files."""
    named = _LINE.search(reason or "")
    if named is None:
        return None
    line = int(named[1].replace(",", ""))
    for passenger in aboard:
        records = passenger.input.records if passenger.input else 0
        if 1 <= line <= records:
            return passenger.drop_id
        line -= records
    return None
