"""A file, coded on this machine: its rows through the model, and the table and report of them."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from hashlib import file_digest
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from coding_service.coder.model import TrainedModel
from dropcoder.errors import CommandError
from dropcoder.local_coding.prepared_table import PreparedFile, prepared
from dropcoder.local_coding.result_folder import filled
from dropcoder.local_coding.table_options import rejected
from dropcoder.terminal.screen import Advance, Progress
from pipeline.clock import Clock
from protocol.records import RecordForm
from shared.codelist import Codelist, CodelistEntry
from tables.coded.expanded_output import ExpandedOutput
from tables.dictionary.dictionary import Dictionary
from tables.documents import documents_of
from tables.errors import RowsDisagree, TableRefused
from tables.join import CodedTable
from tables.plan import TableFormat, TableOptions
from tables.report.files import PAGE, REPORT, REVIEW, TABLES, table_name
from tables.report.report import AboutDrop
from tables.source import LocalFile
from tables.writers.streams import STREAMED

BLOCK_BYTES = 1 << 20  # of lines that are coded between two steps of a progress bar; ours
CHUNK_BYTES = 1 << 20
FILES = (*TABLES, REPORT, PAGE, REVIEW)
"""All that may be written."""
DROP_ID_DIGITS = 32  # as many as a drop's has


@dataclass(slots=True)
class CodedFile:
    """What came of a file."""

    rows: dict[str, int] = field(default_factory=dict)
    """By status, as `TableDocuments.rows`."""
    tables: list[Path] = field(default_factory=list)
    """The table in its own format first."""
    left_out: dict[str, str] = field(default_factory=dict)
    """By format: why the table was not written in it."""
    cut_cells: dict[str, int] = field(default_factory=dict)
    """By format: how many texts were cut, as they were longer than a cell may be."""
    report: dict[str, Any] = field(default_factory=dict)
    has_review: bool = False
    """Whether there is a page to review on: rows have suggestions alone."""


def code_file(
    file: Path,
    options: TableOptions,
    model: TrainedModel,
    folder: Path,
    *,
    progress: Progress,
    also: tuple[TableFormat, ...] = (),
    dictionary: Dictionary | None = None,
) -> CodedFile:
    """Codes a file; its table, in its own format and in `also`, and its report come to `folder`.

    What `dictionary` has is looked up there, and the model codes the rest. The folder is filled
    once all of it is written. Raises `CommandError`.
    """
    began_at = Clock().iso()
    with ExitStack() as held:
        with progress(f"Reading {file.name}", None) as advance:
            table = held.enter_context(prepared(file, options, advance, dictionary))
        begun = held.enter_context(filled(folder, at_times=[REVIEW]))
        scratch = Path(held.enter_context(TemporaryDirectory(prefix="dropcoder-")))
        with progress("Coding", table.plan.counts.records or None) as advance:
            output = _code_lines(table, model, scratch / "coded.jsonl", advance)
        with progress("Writing the table and its report", None):
            drop_id = _drop_id(file, model.card.topic)
            try:
                output = _expanded(table, output, scratch / "output.jsonl", dictionary)
                writing = _Writing(table, model, output, file.name, drop_id, began_at, dictionary)
                done = writing.into(begun, also)
            except TableRefused as refused:
                raise rejected(file, refused) from None
            except RowsDisagree as error:
                raise CommandError(
                    f"{file} changed while it was read: {error}.", next_step="Run it again."
                ) from None
    done.tables = [folder / each.name for each in done.tables]
    return done


def _drop_id(file: Path, topic: str) -> str:
    """Of the file's content for a topic: coded to another one, it is reviewed anew."""
    with file.open("rb") as content:
        digest = file_digest(content, "sha256")
    digest.update(b"\0" + topic.encode())
    return digest.hexdigest()[:DROP_ID_DIGITS]


def _code_lines(
    table: PreparedFile, model: TrainedModel, output: Path, advance: Advance
) -> LocalFile:
    """Writes a line of output for each prepared line; `advance` is told their number."""
    form = RecordForm(model.card.input_format)
    with table.lines.path.open("rb") as lines, output.open("wb") as out:
        while block := b"".join(lines.readlines(BLOCK_BYTES)):
            coded = model.coded_lines(block, form)
            out.write(coded.output)
            advance(coded.records)
    return LocalFile(output)


def _expanded(
    table: PreparedFile, output: LocalFile, path: Path, dictionary: Dictionary | None
) -> LocalFile:
    """The output with a line for each row; it is `path` where texts were coded once."""
    if not table.plan.counts.repeated:
        return output
    expanded = ExpandedOutput(table.content, table.plan, output, dictionary)
    with path.open("wb") as out:
        out.writelines(chunk.content for chunk in expanded.chunks(CHUNK_BYTES))
    return LocalFile(path)


@dataclass(frozen=True, slots=True)
class _Writing:
    """Gives a coded table back."""

    table: PreparedFile
    model: TrainedModel
    output: LocalFile
    """The coder's, a line for each row that has text."""
    name: str
    """The file's, for its report."""
    drop_id: str
    """In the place of a drop's: by it a browser keeps what was decided of it."""
    began_at: str
    """ISO 8601."""
    dictionary: Dictionary | None
    """That by which the table was prepared."""

    def into(self, folder: Path, also: tuple[TableFormat, ...]) -> CodedFile:
        """Writes the table, in its own format and in `also`, and its report.

        Raises `TableRefused` where it can't be read again."""
        done = CodedFile()
        waiting = list(dict.fromkeys((self.table.plan.format, *also)))
        while waiting:
            form = waiting.pop(0)
            coded = self._table()
            path = folder / table_name(form)
            try:
                _write(coded, form, path)
            except TableRefused as refused:
                if form in STREAMED:
                    raise
                done.left_out[form] = refused.reason
                if not waiting and not done.tables:
                    waiting.append(TableFormat.CSV)
                continue
            done.tables.append(path)
            if coded.cut_cells:
                done.cut_cells[form] = coded.cut_cells
            if not done.report:
                self._report(coded, form, folder, done)
        return done

    def _table(self) -> CodedTable:
        leaves = self.model.hierarchy.leaves
        return CodedTable(
            self.table.content,
            self.table.plan,
            self.output,
            topic=self.model.card.topic,
            model=self.model.card.metadata(),
            code_digits=max(sum(map(str.isalnum, leaf)) for leaf in leaves),
            drop_id=self.drop_id,
            dictionary=self.dictionary,
        )

    def _report(self, coded: CodedTable, form: TableFormat, folder: Path, done: CodedFile) -> None:
        model = self.model.card
        about = AboutDrop(
            topic=model.topic,
            key=self.name,
            drop_id=self.drop_id,
            dropped_at=self.began_at,
            coded_at=Clock().iso(),
            files=(table_name(form),),
        )
        documents = documents_of(
            coded, about=about, model=model.metadata(), codelist=self._codelist(), previous=None
        )
        for name, content in documents.files.items():
            (folder / name).write_bytes(content)
        done.report, done.rows = documents.report, documents.rows
        done.has_review = documents.has_review

    def _codelist(self) -> Codelist:
        codes = self.model.hierarchy.codes.values()
        return Codelist(
            {each.code: CodelistEntry(each.code, each.label, each.parent or None) for each in codes}
        )


def _write(coded: CodedTable, form: TableFormat, path: Path) -> None:
    if form not in STREAMED:
        coded.write(form, path)
        return
    with path.open("wb") as out:
        out.writelines(_contents(coded, form))


def _contents(coded: CodedTable, form: TableFormat) -> Iterator[bytes]:
    for chunk in coded.stream(form, chunk_bytes=CHUNK_BYTES):
        yield chunk.content
