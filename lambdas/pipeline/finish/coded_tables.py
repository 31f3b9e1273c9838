"""The dropped table with the codes beside its rows, and the report of it.

The rows are read again by the plan that prepare has kept, and joined with the service's output by
their order; each recordId must be that of its row. Large tables are written in as many invocations
as they take.
"""

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.domain.drop import Drop
from pipeline.domain.facts import MetadataFacts, OutputFacts
from pipeline.errors import ResultsMismatch
from pipeline.ledger.topic_reports import TopicReports
from pipeline.storage.block_reader import BlockReader
from pipeline.storage.chunked_file import ChunkedFile, StreamUnfinished, chunk_bytes_for
from pipeline.storage.dictionaries import Dictionaries
from pipeline.storage.multipart import MultipartFiles
from pipeline.storage.object_source import ObjectSource
from pipeline.storage.prepared_bucket import Checkpoint, PreparedBucket, stored_object
from pipeline.storage.prepared_table import PreparedTable
from pipeline.storage.results_bucket import METADATA_NAME, OUTPUT_NAME
from pipeline.table_settings import TableSettings
from tables.csvw import description
from tables.documents import documents_of
from tables.errors import RowsDisagree, TableRefused
from tables.join import CodedTable
from tables.plan import Chunk, TableFormat, TablePlan
from tables.report.comparison import summary_of
from tables.report.files import DESCRIPTION, MANIFEST, PAGE, REPORT, REVIEW, as_json, table_name
from tables.report.report import AboutDrop
from tables.writers.streams import STREAMED

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

CODES_BYTES = 400  # of the codes and labels behind a row: there are up to four; ours
MOST_GROWTH = 2  # of the row itself, in another encoding or format; ours
MOST_ROWS_AT_ONCE = 10_000_000  # some 30,000 a second are written as a file (measured); ours
TOO_MANY_ROWS = (
    f"More than {MOST_ROWS_AT_ONCE:,} rows take longer to write in this format than a function may "
    "run."
)
TOO_LONG = "To read the table takes longer than a function may run."


@dataclass(slots=True)
class TableFacts:
    """What was given back of a table; the manifest and the message name it. JSON-able."""

    rows: dict[str, int] = field(default_factory=dict)
    """By status: coded, broader, … as `CodedStatus`."""
    files: dict[str, dict[str, Any]] = field(default_factory=dict)
    """By format, that of the dropped table first: its key and bytes."""
    left_out: dict[str, str] = field(default_factory=dict)
    """By format: why the table was not written in it."""
    report: str | None = None
    """The keys in the results bucket, of this and the others."""
    page: str | None = None
    description: str | None = None
    review: str | None = None

    @property
    def table(self) -> str | None:
        """The key of the table in its own format, or the first that could be written."""
        return next((each["key"] for each in self.files.values()), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class CodedTables:
    """Gives tables back."""

    s3: "S3Client"
    reader: BlockReader
    files: MultipartFiles
    """Of the results bucket."""
    prepared: PreparedBucket
    reports: TopicReports
    dictionaries: Dictionaries
    settings: TableSettings

    def of(
        self,
        drop: Drop,
        output: OutputFacts,
        metadata: MetadataFacts,
        ended_at: str,
        has_time: Callable[[], bool],
    ) -> tuple[TableFacts, TablePlan] | None:
        """Writes a drop's table and report; what they are, and None where no time was left.

        `output` is the service's, of the whole file. Raises `AwsBusy`, `StorageBusy`, `DropGone`,
        and `ResultsMismatch` where the output is not that of the table's rows.
        """
        return _DropTable(self, drop, output, metadata, ended_at, has_time).written()


@dataclass(slots=True)
class _DropTable:
    parts: CodedTables
    drop: Drop
    output: OutputFacts
    metadata: MetadataFacts
    ended_at: str
    has_time: Callable[[], bool]

    def written(self) -> tuple[TableFacts, TablePlan] | None:
        table = PreparedTable.load(self.parts.prepared, self.drop.table or "")
        progress = self._checkpoint("tables")
        kept = progress.load()
        facts = TableFacts(**kept) if kept is not None else TableFacts()
        while (form := self._next_format(table.plan, facts)) is not None:
            if not self._give_back(form, table, facts):
                return None
            if self._next_format(table.plan, facts) is not None:
                progress.keep(asdict(facts))  # the function may die on the next one
        progress.forget()
        return facts, table.plan

    def _next_format(self, plan: TablePlan, facts: TableFacts) -> TableFormat | None:
        """What is to be written next: the dropped format, the wanted ones; CSV if none could be."""
        forms = [plan.format, *map(TableFormat, self.parts.settings.result_formats)]
        left = [form for form in forms if form not in {*facts.files, *facts.left_out}]
        if left:
            return left[0]
        return None if facts.files else TableFormat.CSV

    def _give_back(self, form: TableFormat, table: PreparedTable, facts: TableFacts) -> bool:
        """Writes the table in a format, the first time with its report; False: no time was left."""
        coded = self._coded(table)
        key = f"{self.drop.results_prefix}{table_name(form)}"
        try:
            if not self._write(form, key, coded, table):
                return False
        except (TableRefused, StreamUnfinished) as refused:
            reason = str(refused) or TOO_LONG
            if form in STREAMED and not facts.files:
                raise ResultsMismatch(f"the table can't be read again: {reason}") from None
            facts.left_out[form] = reason
            return True
        except RowsDisagree as error:
            raise ResultsMismatch(f"{error}; drop the file again") from None
        stored = stored_object(self.parts.s3, self.parts.files.bucket, key)
        facts.files[form] = {"key": key, "bytes": 0 if stored is None else stored.size}
        if coded.cut_cells:
            facts.files[form]["cutCells"] = coded.cut_cells
        if form is TableFormat.CSV:
            facts.description = self._describe(table.plan)
        if facts.report is None:
            self._report(coded, facts, form)
        return True

    def _coded(self, table: PreparedTable) -> CodedTable:
        output = stored_object(self.parts.s3, self.parts.files.bucket, self.output.key)
        if output is None:
            raise ResultsMismatch("the service's output was deleted; drop the file again")
        return CodedTable(
            ObjectSource(self.parts.reader, table.source, self.has_time),
            table.plan,
            ObjectSource(self.parts.reader, output, self.has_time),
            topic=self.drop.topic or "",
            model=self.metadata.model,
            code_digits=self.parts.settings.digits_of(self.drop.topic or ""),
            drop_id=self.drop.drop_id,
            blind_share=self.parts.settings.blind_share,
            dictionary=self.parts.dictionaries.of_plan(self.drop.topic or "", table.plan),
        )

    def _write(self, form: TableFormat, key: str, coded: CodedTable, table: PreparedTable) -> bool:
        if form not in STREAMED:
            if table.plan.counts.rows > MOST_ROWS_AT_ONCE:
                raise TableRefused(TOO_MANY_ROWS, "")
            with tempfile.TemporaryDirectory(prefix="table-") as folder:
                path = Path(folder) / table_name(form)
                coded.write(form, path)
                self.parts.files.put_file(key, path)
            return True

        chunk_bytes = chunk_bytes_for(
            MOST_GROWTH * table.source.size + CODES_BYTES * table.plan.counts.rows
        )

        def chunks(state: dict[str, Any] | None) -> Iterator[Chunk]:
            return coded.stream(form, chunk_bytes=chunk_bytes, state=state)

        return ChunkedFile(
            files=self.parts.files,
            checkpoint=self._checkpoint(form),
            key=key,
            has_time=self.has_time,
        ).write(chunks)

    def _describe(self, plan: TablePlan) -> str:
        described = description(plan, topic=self.drop.topic or "", url=table_name(TableFormat.CSV))
        return self._put(DESCRIPTION, as_json(described))

    def _report(self, coded: CodedTable, facts: TableFacts, form: TableFormat) -> None:
        topic = self.drop.topic or ""
        about = AboutDrop(
            topic=topic,
            key=self.drop.key,
            drop_id=self.drop.drop_id,
            dropped_at=self.drop.dropped_at,
            coded_at=self.ended_at,
            files=(table_name(form), OUTPUT_NAME, METADATA_NAME, MANIFEST),
        )
        documents = documents_of(
            coded,
            about=about,
            model=self.metadata.model,
            codelist=self.parts.settings.codelist_of(topic),
            previous=self.parts.reports.before(topic, self.drop.drop_id),
        )
        keys = {name: self._put(name, content) for name, content in documents.files.items()}
        facts.rows = documents.rows
        facts.report, facts.page, facts.review = keys[REPORT], keys[PAGE], keys.get(REVIEW)
        self.parts.reports.keep(topic, self.drop.drop_id, summary_of(documents.report))

    def _put(self, name: str, content: bytes) -> str:
        key = f"{self.drop.results_prefix}{name}"
        self.parts.files.put(key, content)
        return key

    def _checkpoint(self, name: str) -> Checkpoint:
        return Checkpoint(self.parts.prepared, f"{self.drop.drop_id}/finish/{name}.checkpoint")
