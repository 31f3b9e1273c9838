"""A file on this machine, read as Pipeline's function prepare reads a dropped one."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from dropcoder.errors import FileRejected
from dropcoder.local_coding.table_options import rejected
from tables.as_wanted import plan_as_wanted
from tables.containers.unpack import unpacked
from tables.dictionary.dictionary import Dictionary
from tables.errors import EncodingAssumed, TableRefused
from tables.open_table import open_table
from tables.plan import TableFormat, TableOptions, TablePlan
from tables.prepare import Preparation
from tables.recognise import recognise
from tables.source import LocalFile

CHUNK_BYTES = 4 << 20  # that are prepared between two steps of a progress bar; ours
MAX_UNPACKED_BYTES = 20_000_000_000  # as Pipeline's setting `maxUnpackedBytes` is shipped

Tell = Callable[[int], None]
"""Is called with the bytes of the lines that were prepared since it was called last."""


@dataclass(frozen=True, slots=True)
class PreparedFile:
    """A table, and its rows as the coder takes them."""

    content: LocalFile
    """The file, or what was packed in it."""
    is_packed: bool
    plan: TablePlan
    lines: LocalFile
    """JSON Lines, a record for each row that is sent, or for those with the same texts; the table
    itself where it is that already."""


@contextmanager
def prepared(
    file: Path, options: TableOptions, tell: Tell, dictionary: Dictionary | None = None
) -> Iterator[PreparedFile]:
    """The file, prepared, for as long as the context lasts; without what `dictionary` has.

    Raises `FileRejected` where it is no table that can be coded.
    """
    with TemporaryDirectory(prefix="dropcoder-") as scratch:
        try:
            ready = _prepared(file, options, Path(scratch), tell, dictionary)
        except TableRefused as refused:
            raise rejected(file, refused) from None
        except PermissionError as error:
            raise FileRejected(
                f"{file} can't be read: {error.strerror}.", next_step="Mend its permissions."
            ) from None
        yield ready


@dataclass(frozen=True, slots=True)
class FoundTable:
    """What a file turns out to be, by its content."""

    content: LocalFile
    """The file, or what was packed in it."""
    format: TableFormat
    is_packed: bool


def found_table(file: Path, options: TableOptions, scratch: Path) -> FoundTable:
    """The table in a file, unpacked into the folder `scratch` where it is packed.

    Raises `TableRefused`, and `OSError` where the file can't be read."""
    source = LocalFile(file)
    found = recognise(source, options)
    is_packed = found.packed is not None
    if found.packed is not None:
        content = unpacked(source, found.packed, max_bytes=MAX_UNPACKED_BYTES)
        source = LocalFile(scratch / "unpacked")
        with source.path.open("wb") as out:
            out.writelines(content)
        found = recognise(source, options)
    if found.format is None:
        raise TableRefused("The file holds a packed file that holds another.", "Unpack it.")
    return FoundTable(source, found.format, is_packed)


def _prepared(
    file: Path, options: TableOptions, scratch: Path, tell: Tell, dictionary: Dictionary | None
) -> PreparedFile:
    found = found_table(file, options, scratch)
    source = found.content
    plan = None if dictionary is not None else _plan_as_it_is(found, options)
    if plan is not None:
        return PreparedFile(source, found.is_packed, plan, source)
    lines = LocalFile(scratch / "input.jsonl")
    plan = _written(found, options, lines.path, tell, dictionary)
    return PreparedFile(source, found.is_packed, plan, lines)


def _plan_as_it_is(found: FoundTable, options: TableOptions) -> TablePlan | None:
    """The plan of JSON Lines that the coder takes without a copy, as Pipeline decides it."""
    if found.format is not TableFormat.JSON_LINES or options.columns or options.strict:
        return None
    return plan_as_wanted(found.content.blocks(), options.fields)


def _written(
    found: FoundTable, options: TableOptions, path: Path, tell: Tell, dictionary: Dictionary | None
) -> TablePlan:
    source, encoding = found.content, None
    while True:
        _, plan = open_table(source, found.format, options, encoding=encoding)
        preparation = Preparation(source, plan, options, dictionary=dictionary)
        try:
            with path.open("wb") as out:
                for chunk in preparation.chunks(CHUNK_BYTES):
                    out.write(chunk.content)
                    tell(len(chunk.content))
        except EncodingAssumed as assumed:
            encoding = assumed.encoding
            continue
        return preparation.finished_plan()
