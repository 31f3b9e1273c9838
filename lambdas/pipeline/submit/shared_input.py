"""The input of a shared operation: small files, each checked whole, one after the other."""

import hashlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from pipeline.domain.facts import InputFacts
from pipeline.domain.part import Part, Segment
from pipeline.errors import DropGone, FileRejected
from pipeline.ledger.shared_files import FileStatus, SharedFile, SharedFiles
from pipeline.storage.block_reader import BlockReader
from pipeline.submit.input_stream import ValidatedFile
from pipeline.validation.digest import SequenceDigest
from pipeline.validation.rejection_report import Rejections

READS_AT_ONCE = 8  # each file is small and waits a few milliseconds for S3; ours
NEWLINE = b"\n"


@dataclass(slots=True)
class SharedInput:
    """Whole valid files in memory, one after the other, each ending with a newline."""

    contents: list[bytes] = field(repr=False)
    shared_files: list[SharedFile]
    """The files that are included, in the same order."""

    @property
    def length(self) -> int:
        """Bytes."""
        return sum(map(len, self.contents))

    @property
    def valid_blocks(self) -> Iterator[bytes]:
        """The files' bytes."""
        return iter(self.contents)

    def facts(self) -> InputFacts:
        """The facts of all files together."""
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

    def restart(self) -> None:
        """Does nothing: each `valid_blocks` is a pass of its own."""

    def close(self) -> None:
        """Does nothing: no file is held open."""


@dataclass(frozen=True, slots=True)
class _CheckedFile:
    shared_file: SharedFile
    content: bytes = field(default=b"", repr=False)


def load_shared_files(
    part: Part,
    input_format: tuple[str, ...],
    *,
    reader: BlockReader,
    rejections: Rejections,
    shared_files: SharedFiles,
    has_time: Callable[[], bool],
) -> SharedInput:
    """Reads and checks a shared part's files; those that can be coded together are its input.

    What became of each file is written to `shared_files`, and the report of each faulty one to
    `rejections`. Raises `StorageBusy`, `AwsBusy`.
    """

    def check(source: Segment) -> _CheckedFile:
        file = ValidatedFile(reader, source, input_format, has_time=has_time)
        try:
            return _checked(file, rejections)
        finally:
            file.close()

    with ThreadPoolExecutor(READS_AT_ONCE, thread_name_prefix="shared-input") as executor:
        checked = list(executor.map(check, part.segments))
    form = next((_form(each) for each in checked if each.shared_file.input is not None), None)
    sorted_out = [each if _form(each) in (None, form) else _deferred(each) for each in checked]
    shared_files.write(part.part_id, (each.shared_file for each in sorted_out))
    included = [each for each in sorted_out if each.shared_file.fate is FileStatus.INCLUDED]
    return SharedInput([each.content for each in included], [each.shared_file for each in included])


def _checked(file: ValidatedFile, rejections: Rejections) -> _CheckedFile:
    source = file.source
    try:
        content = b"".join(file.valid_blocks)
    except FileRejected:
        faults = file.all_faults()
        rejections.report(source, faults, file.input_format)
        return _CheckedFile(
            SharedFile(
                drop_id=source.drop_id,
                fate=FileStatus.REJECTED,
                reason=faults.summary(),
                faults=faults.count,
            )
        )
    except DropGone as gone:
        return _CheckedFile(
            SharedFile(drop_id=source.drop_id, fate=FileStatus.MISSING, reason=str(gone))
        )
    if not content.endswith(NEWLINE):
        content += NEWLINE  # another file's first line follows
    return _CheckedFile(
        SharedFile(drop_id=source.drop_id, fate=FileStatus.INCLUDED, input=file.facts()), content
    )


def _form(checked: _CheckedFile) -> bool | None:
    """Whether the file's lines have recordIds; None where the file is not valid."""
    return checked.shared_file.input.has_record_id if checked.shared_file.input else None


def _deferred(checked: _CheckedFile) -> _CheckedFile:
    drop_id = checked.shared_file.drop_id
    return _CheckedFile(SharedFile(drop_id=drop_id, fate=FileStatus.DEFERRED))
