"""What people have decided, dropped back, merged into the table of the drop that it reviews."""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.domain.drop import Drop
from pipeline.finish.coded_tables import TableFacts
from pipeline.ledger.drops import Drops
from pipeline.storage.block_reader import BlockReader
from pipeline.storage.dictionaries import Dictionaries
from pipeline.storage.multipart import MultipartFiles
from pipeline.storage.object_source import ObjectSource
from pipeline.storage.prepared_bucket import stored_object
from pipeline.storage.results_bucket import ResultsBucket
from pipeline.table_settings import TableSettings
from tables.dictionary.learn import Learned
from tables.errors import TableRefused
from tables.mapping.names import shown
from tables.plan import TableFormat
from tables.report.files import MANIFEST, PAGE, REPORT, as_json
from tables.review.measures import levels_of
from tables.review.merge import merge_source, report_of_drop
from tables.review.reviewed_file import ReviewedFile, read_reviewed

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

MOST_ROWS = 2_000_000  # of CSV 40,000 a second (measured), of workbooks fewer; ours
ON_A_LAPTOP = "Fetch the table with its report.json, and merge it on a laptop (docs/review.md)."


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewedTables:
    """Merges dropped files of reviewers."""

    s3: "S3Client"
    reader: BlockReader
    files: MultipartFiles
    """Of the results bucket."""
    drops: Drops
    results: ResultsBucket
    dictionaries: Dictionaries
    settings: TableSettings

    def of(self, drop: Drop) -> tuple[TableFacts, str]:
        """What was given back, and the manifest's key; all below the review's own prefix.

        Raises `TableRefused` where the file, or what it reviews, can't be merged, and as
        `BlockReader` does.
        """
        name = drop.key.rpartition("/")[2]
        source = ObjectSource(self.reader, drop.dropped)
        reviewed = read_reviewed(source.read(0, drop.size - 1), name)
        table, report_key = self._table_of(drop.reviews or "", drop.topic)
        content = self.results.get(report_key) or b""
        report = report_of_drop(content, f"The results of {drop.reviews} have no report.")
        if report.get("rows", 0) > MOST_ROWS:
            reason = f"The table has more than {MOST_ROWS:,} rows, too many to be merged here."
            raise TableRefused(reason, ON_A_LAPTOP)
        stored = stored_object(self.s3, self.results.name, table)
        if stored is None:
            raise TableRefused(f"The table of {drop.reviews} was deleted.", ON_A_LAPTOP)
        with tempfile.TemporaryDirectory(prefix="reviewed-") as folder:
            merged = Path(folder) / table.rpartition("/")[2]
            levels = self._levels(drop.topic)
            manifest = merge_source(
                ObjectSource(self.reader, stored), report, [reviewed], merged, levels
            )
            # Before the upload, which takes long: the reviewed drop may be erased meanwhile.
            manifest["dictionary"] = self._learned(drop, reviewed)
            facts = self._put(drop, merged)
        key = f"{drop.results_prefix}{MANIFEST}"
        self.files.put(key, as_json(manifest))  # last, as always
        return facts, key

    def _learned(self, drop: Drop, reviewed: ReviewedFile) -> dict[str, Any]:
        """What the topic's dictionary has learned, as the manifest says it.

        Raises `TableRefused` where the drop was erased while it was merged: its texts stay away."""
        if self.drops.record(drop.reviews or "") is None:
            reason = f"The drop {shown(drop.reviews or '')} was erased while its review was merged."
            raise TableRefused(reason, "Nothing was learned of it. Keep no copy of the file.")
        try:
            found = self.dictionaries.learn(
                drop.topic or "",
                [reviewed],
                lambda new: self.drops.keep_learned(drop.drop_id, _said(new)),
            )
        except TableRefused as refused:  # the dictionary is no reason to withhold the table
            return {"nothing": f"{refused.reason} {refused.next_step}"}
        # Another run of this review may have learned it all: what that says is true of both.
        return self.drops.learned(drop.drop_id) or _said(found)

    def _levels(self, topic: str | None) -> list[int]:
        """The classification's, as far as they are known."""
        codelist = self.settings.codelist_of(topic or "")
        return [] if codelist is None else levels_of(codelist.codes)

    def _table_of(self, drop_id: str, topic: str | None) -> tuple[str, str]:
        """The keys of a drop's table and report. Whoever may drop for a topic reads that alone."""
        record = self.drops.record(drop_id)
        body = record.ending.body if record is not None and record.ending is not None else {}
        table = (body.get("results") or {}).get("table")
        if table is None or body.get("topic") != topic:
            reason = f"No drop {shown(drop_id)} of the topic {topic} is known that has a table."
            raise TableRefused(reason, ON_A_LAPTOP)
        return table, f"{body['results']['prefix']}{REPORT}"

    def _put(self, drop: Drop, merged: Path) -> TableFacts:
        prefix = drop.results_prefix
        self.files.put_file(f"{prefix}{merged.name}", merged)
        for name in (REPORT, PAGE):
            self.files.put(f"{prefix}{name}", (merged.parent / name).read_bytes())
        file = {"key": f"{prefix}{merged.name}", "bytes": merged.stat().st_size}
        form = TableFormat(merged.suffix.removeprefix("."))
        return TableFacts(files={form: file}, report=f"{prefix}{REPORT}", page=f"{prefix}{PAGE}")


def _said(found: Learned) -> dict[str, Any]:
    """What was learned, as the manifest says it."""
    return {
        "version": found.dictionary.version,
        "entries": len(found.dictionary.entries),
        "texts": dict(found.texts),
    }
