"""Opens a table of any format: the only place that picks a reader."""

from dataclasses import replace

from tables.errors import EncodingAssumed
from tables.plan import ColumnMapping, TableFormat, TableOptions, TablePlan
from tables.readers.csv_header import open_csv
from tables.readers.delimited import DelimitedText
from tables.readers.json_opening import READERS, open_json
from tables.rows import TableReader
from tables.source import ByteSource
from tables.text.encodings import UTF8, known_encoding, text_encoding

HEAD_BYTES = 4  # a byte order mark's


def open_table(
    source: ByteSource,
    format: TableFormat,  # noqa: A002  the word of `TablePlan`
    options: TableOptions,
    *,
    encoding: str | None = None,
) -> tuple[TableReader, TablePlan]:
    """A reader of the table, and its plan as far as it is known before all rows are read.

    `encoding` is what an `EncodingAssumed` said, which the reader's `rows` raises; this never does.
    Raises `TableRefused`, and what `source` raises.
    """
    table, plan = _opened(source, format, options, encoding)
    return table, replace(
        plan,
        max_text_characters=options.max_text_characters,
        distinct_window=options.distinct_window,
    )


def _opened(
    source: ByteSource, form: TableFormat, options: TableOptions, encoding: str | None
) -> tuple[TableReader, TablePlan]:
    if form is TableFormat.XLSX:
        from tables.readers.workbook import open_workbook  # noqa: PLC0415  a large library

        return open_workbook(source, options)
    if form is TableFormat.PARQUET:
        from tables.readers.parquet import open_parquet  # noqa: PLC0415  a large library

        return open_parquet(source, options)
    plan = _text_plan(source, form, options, encoding)
    opened = open_csv if form is TableFormat.CSV else open_json
    try:
        plan = opened(source, options, plan, _fallback(plan, options))
    except EncodingAssumed as assumed:
        plan = _text_plan(source, form, options, assumed.encoding)
        plan = opened(source, options, plan, None)
    return reopened(source, plan, options), plan


def reopened(
    source: ByteSource, plan: TablePlan, options: TableOptions | None = None
) -> TableReader:
    """A reader of the table that has this plan.

    With `options`, which whoever reads it for the first time has, rows that turn out not to be
    UTF-8 raise `EncodingAssumed` where an encoding may be assumed; else they are refused.
    """
    if plan.format is TableFormat.XLSX:
        from tables.readers import workbook  # noqa: PLC0415  a large library

        return workbook.reopened(source, plan)
    if plan.format is TableFormat.PARQUET:
        from tables.readers import parquet  # noqa: PLC0415  a large library

        return parquet.reopened(source, plan)
    fallback = None if options is None else _fallback(plan, options)
    if plan.format is TableFormat.CSV:
        return DelimitedText(source, plan, fallback)
    return READERS[plan.format](source, plan, fallback)


def _text_plan(
    source: ByteSource, form: TableFormat, options: TableOptions, assumed: str | None
) -> TablePlan:
    """What is known of a text from its first bytes."""
    head = source.read(0, min(HEAD_BYTES, source.size) - 1) if source.size else b""
    encoding, bom_bytes = text_encoding(head, options)
    if assumed is not None and not bom_bytes:
        encoding = known_encoding(assumed)
    return TablePlan(
        format=form,
        columns=(),
        mapping=ColumnMapping(fields={}, record_id=None),
        encoding=encoding,
        encoding_assumed=assumed is not None and not bom_bytes,
        bom_bytes=bom_bytes,
    )


def _fallback(plan: TablePlan, options: TableOptions) -> str | None:
    """The encoding to assume where the text is not UTF-8; None where nobody may assume one."""
    if plan.encoding != UTF8 or plan.bom_bytes or options.encoding:
        return None
    fallback = known_encoding(options.fallback_encoding)
    return None if fallback == UTF8 else fallback
