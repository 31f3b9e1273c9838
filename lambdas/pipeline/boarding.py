"""The files of a shared part: read and checked whole, before an operation is created for them.

One bad file never costs its neighbours anything: only whole good files go aboard. They are small,
so they stay in memory from here to the upload.
"""

import hashlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from pipeline.aboard import Fate, Passenger, Passengers
from pipeline.attempts import InputFacts
from pipeline.checked_drop import CheckedDrop
from pipeline.digest import SequenceDigest
from pipeline.errors import DropGone, FileRejected
from pipeline.parts import Part, Segment
from pipeline.reading import BlockReader
from pipeline.rejection import Rejections

READS_AT_ONCE = 8  # ours: small files, a few milliseconds of waiting each
NEWLINE = b"\n"


@dataclass(frozen=True, slots=True)
class _Checked:
    passenger: Passenger
    content: bytes = field(default=b"", repr=False)


@dataclass(slots=True)
class SharedCargo:
    """Whole good files, one after the other, each ending with a newline."""

    contents: list[bytes] = field(repr=False)
    passengers: list[Passenger]
    """Those aboard, in the same order."""

    @property
    def length(self) -> int:
        """Bytes."""
        return sum(map(len, self.contents))

    @property
    def good(self) -> Iterator[bytes]:
        return iter(self.contents)

    def facts(self) -> InputFacts:
        """Of all files together."""
        whole = hashlib.sha256()
        digest, has_record_id = SequenceDigest(), None
        for content, passenger in zip(self.contents, self.passengers, strict=True):
            whole.update(content)
            if passenger.input is not None:
                own = SequenceDigest.from_text(passenger.input.record_id_digest)
                digest = digest.joined(own)
                has_record_id = passenger.input.has_record_id
        return InputFacts(
            bytes=self.length,
            records=digest.count,
            sha256=whole.hexdigest(),
            record_id_digest=digest.to_text(),
            first_byte=0,
            last_byte=self.length - 1,
            has_record_id=has_record_id,
        )

    def again(self) -> "SharedCargo":
        """Another pass."""
        return self

    def close(self) -> None:
        """Nothing is held open."""


@dataclass(frozen=True, slots=True)
class Boarding:
    """What checking the files of a shared part works with."""

    reader: BlockReader
    rejections: Rejections
    passengers: Passengers

    def board(
        self, part: Part, input_format: tuple[str, ...], *, has_time: Callable[[], bool]
    ) -> SharedCargo:
        """Decides who travels, and writes that down; the others' reports are written too.

        Raises `StorageBusy`, `AwsBusy`."""
        with ThreadPoolExecutor(READS_AT_ONCE, thread_name_prefix="board") as executor:
            checked = list(
                executor.map(
                    lambda each: self._checked(each, input_format, has_time), part.segments
                )
            )
        form = next((_form(each) for each in checked if each.passenger.input is not None), None)
        settled = [each if _form(each) in (None, form) else _left(each) for each in checked]
        self.passengers.write(part.part_id, (each.passenger for each in settled))
        aboard = [each for each in settled if each.passenger.fate is Fate.ABOARD]
        return SharedCargo([each.content for each in aboard], [each.passenger for each in aboard])

    def _checked(
        self, source: Segment, input_format: tuple[str, ...], has_time: Callable[[], bool]
    ) -> _Checked:
        drop = CheckedDrop(self.reader, source, input_format, has_time=has_time)
        try:
            content = b"".join(drop.good)
        except FileRejected:
            faults = drop.all_faults()
            self.rejections.report(source, faults, input_format)
            return _Checked(
                Passenger(
                    drop_id=source.drop_id,
                    fate=Fate.REJECTED,
                    reason=faults.summary(),
                    faults=faults.count,
                )
            )
        except DropGone as gone:
            return _Checked(Passenger(drop_id=source.drop_id, fate=Fate.GONE, reason=str(gone)))
        finally:
            drop.close()
        if not content.endswith(NEWLINE):
            content += NEWLINE  # another file's first line follows
        return _Checked(
            Passenger(drop_id=source.drop_id, fate=Fate.ABOARD, input=drop.facts()), content
        )


def _form(checked: _Checked) -> bool | None:
    """Whether the file's lines have recordIds; None where there is no good file."""
    return checked.passenger.input.has_record_id if checked.passenger.input else None


def _left(checked: _Checked) -> _Checked:
    return _Checked(Passenger(drop_id=checked.passenger.drop_id, fate=Fate.LEFT))
