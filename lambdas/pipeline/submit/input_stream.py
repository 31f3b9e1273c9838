"""One pass over a dropped file: read, checked, and given out for the upload."""

import hashlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import chain, islice

from pipeline.domain.facts import InputFacts
from pipeline.domain.part import Part, Segment
from pipeline.errors import DropGone, FileRejected
from pipeline.ledger.shared_files import FileStatus, SharedFile, SharedFiles
from pipeline.storage.block_reader import BlockReader
from pipeline.validation.digest import SequenceDigest
from pipeline.validation.input_lines import Faults, Validation
from pipeline.validation.rejection_report import Rejections

HEAD_BLOCKS = 1  # it comes when the block after it, or the end of a small file, is checked too


class CheckedDrop:
    """The good blocks of a segment, and what is known of them. Close it at the end."""

    def __init__(
        self,
        reader: BlockReader,
        source: Segment,
        input_format: tuple[str, ...],
        *,
        has_time: Callable[[], bool],
    ) -> None:
        """`has_time` is asked while S3 is waited for; when it says no, reading ends."""
        self.source = source
        self.input_format = input_format
        self._validation = Validation(input_format)
        self._has_time = has_time
        self._blocks = reader.blocks(source, has_time=has_time)
        self._good = self._validation.good_blocks(self._blocks)
        self.good: Iterator[bytes] = self._good
        """The bytes as they are, checked; raises as `Validation` and
        `BlockReader` do."""

    @property
    def length(self) -> int:
        """Bytes."""
        return self.source.length

    def check_head(self) -> None:
        """Checks the beginning (of a small file: all) before anything is asked of the service.

        Raises `FileRejected`."""
        self.good = chain(list(islice(self.good, HEAD_BLOCKS)), self.good)

    def facts(self) -> InputFacts:
        """Once all blocks have been given out."""
        return self._validation.facts(self.source)

    def all_faults(self) -> Faults:
        """After `FileRejected`: reads on to count the other faults."""
        return self._validation.read_on(self._blocks, has_time=self._has_time)

    def close(self) -> None:
        """Ends the threads that read and hash."""
        self._good.close()
        self._blocks.close()


READS_AT_ONCE = 8  # ours: small files, a few milliseconds of waiting each
NEWLINE = b"\n"


@dataclass(frozen=True, slots=True)
class _Checked:
    shared_file: SharedFile
    content: bytes = field(default=b"", repr=False)


@dataclass(slots=True)
class SharedCargo:
    """Whole good files, one after the other, each ending with a newline."""

    contents: list[bytes] = field(repr=False)
    shared_files: list[SharedFile]
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
        for content, shared_file in zip(self.contents, self.shared_files, strict=True):
            whole.update(content)
            if shared_file.input is not None:
                own = SequenceDigest.from_text(shared_file.input.record_id_digest)
                digest = digest.joined(own)
                has_record_id = shared_file.input.has_record_id
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
    shared_files: SharedFiles

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
        form = next((_form(each) for each in checked if each.shared_file.input is not None), None)
        settled = [each if _form(each) in (None, form) else _left(each) for each in checked]
        self.shared_files.write(part.part_id, (each.shared_file for each in settled))
        aboard = [each for each in settled if each.shared_file.fate is FileStatus.INCLUDED]
        return SharedCargo([each.content for each in aboard], [each.shared_file for each in aboard])

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
                SharedFile(
                    drop_id=source.drop_id,
                    fate=FileStatus.REJECTED,
                    reason=faults.summary(),
                    faults=faults.count,
                )
            )
        except DropGone as gone:
            return _Checked(
                SharedFile(drop_id=source.drop_id, fate=FileStatus.MISSING, reason=str(gone))
            )
        finally:
            drop.close()
        if not content.endswith(NEWLINE):
            content += NEWLINE  # another file's first line follows
        return _Checked(
            SharedFile(drop_id=source.drop_id, fate=FileStatus.INCLUDED, input=drop.facts()),
            content,
        )


def _form(checked: _Checked) -> bool | None:
    """Whether the file's lines have recordIds; None where there is no good file."""
    return checked.shared_file.input.has_record_id if checked.shared_file.input else None


def _left(checked: _Checked) -> _Checked:
    return _Checked(SharedFile(drop_id=checked.shared_file.drop_id, fate=FileStatus.DEFERRED))
