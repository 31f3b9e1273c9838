"""The manifest of a drop's results, written last: who sees it may trust the rest.

Its schema is docs/schemas/manifest.json.
"""

from collections.abc import Iterable, Sequence
from functools import reduce
from typing import Any

from pipeline.domain.drop import Drop
from pipeline.domain.facts import InputFacts, MetadataFacts, OutputFacts
from pipeline.domain.state_fields import MalformedState
from pipeline.errors import ResultsMismatch
from pipeline.finish.coded_tables import TableFacts
from pipeline.finish.outcomes import PieceFacts
from pipeline.observability import quoted
from pipeline.validation.digest import SequenceDigest
from tables.plan import TableFormat, TablePlan

MANIFEST_VERSION = "2"
SOFTWARE = {"name": "dropcoder", "version": "0.1.0"}  # as in pyproject.toml


def agreed_facts(piece: PieceFacts) -> tuple[InputFacts, OutputFacts, MetadataFacts]:
    """What went in and came out of a collected piece, once both agree.

    Raises `ResultsMismatch` with the numbers where they do not.
    """
    sent, output, metadata = piece.input, piece.output, piece.metadata
    if sent is None or output is None or metadata is None:
        raise MalformedState(f"part {piece.part_id} ended as collected, but its facts are missing")
    if sent.records != output.records:
        raise ResultsMismatch(
            f"{sent.records:,} records went in, {output.records:,} came out "
            f"(operation {piece.operation_id})"
        )
    if sent.record_id_digest != output.record_id_digest:
        raise ResultsMismatch(
            f"the {output.records:,} records that came out do not have the recordIds that went "
            f"in, in their order (operation {piece.operation_id})"
        )
    return sent, output, metadata


def check_model(drop: Drop, metadata: MetadataFacts) -> None:
    """Raises `ResultsMismatch` where another model coded the drop than the one its key names."""
    coded_by = str(metadata.model_id or drop.model)
    if drop.model is not None and coded_by.lower() != drop.model.lower():
        raise ResultsMismatch(
            f"the key names the model {drop.model}, and the service coded the file with the model "
            f"{quoted(coded_by, longest=100)}; drop it again, and if that comes back, tell the "
            "service's operator"
        )


def joined_digest(texts: Iterable[str]) -> str:
    """The recordId digest of a file from those of its parts, of what went in or came out."""
    digests = map(SequenceDigest.from_text, texts)
    return reduce(SequenceDigest.joined, digests, SequenceDigest()).to_text()


def manifest_of(
    drop: Drop,
    pieces: Sequence[PieceFacts],
    output: OutputFacts,
    metadata: MetadataFacts,
    *,
    received: OutputFacts,
    tables: tuple[TableFacts, TablePlan] | None,
    completed_at: str,
) -> dict[str, Any]:
    """The manifest of a drop; `output` and `metadata` are those of its whole file.

    `received` is what came out of the service for it: `output`, unless that has been expanded.
    `tables`: what was given back of it as a table, and how that was read.

    Raises `ResultsMismatch`: the pieces do not agree with the file or with what came out.
    """
    inputs = [agreed_facts(piece)[0] for piece in pieces]
    return {
        "manifestVersion": MANIFEST_VERSION,
        "dropId": drop.drop_id,
        "bucket": drop.bucket,
        "key": drop.key,
        "versionId": drop.version_id,
        "topic": drop.topic,
        "model": metadata.model,
        "operations": [
            {
                "operationId": piece.operation_id,
                "attempt": piece.attempt,
                "firstByte": sent.first_byte,
                "lastByte": sent.last_byte,
                "records": sent.records,
                "sha256": sent.sha256,
            }
            for piece, sent in zip(pieces, inputs, strict=True)
        ],
        "input": {**_input(drop, inputs, received), "rows": output.records},
        "output": {
            "key": output.key,
            "bytes": output.bytes,
            "records": output.records,
            "crc32": output.crc32,
            "recordIdDigest": output.record_id_digest,
            "coded": output.coded,
            "suggested": output.suggested,
            "nothingToCode": output.nothing,
        },
        "metadata": {
            "key": metadata.key,
            "bytes": metadata.bytes,
            "sha256": metadata.sha256,
        },
        "dropped": {"bytes": drop.size, "etag": drop.etag},
        "table": None if tables is None else _table(*tables),
        "droppedAt": drop.dropped_at,
        "completedAt": completed_at,
        "software": SOFTWARE,
    }


def _table(facts: TableFacts, plan: TablePlan) -> dict[str, Any]:
    """What the table is, what was assumed of it, and where it lies with its codes."""
    places = plan.mapping.fields.items()
    id_column = plan.mapping.record_id
    return {
        "format": plan.format,
        "encoding": plan.encoding,
        "encodingAssumed": plan.encoding_assumed,
        "affectedValues": list(plan.assumed_examples),
        "separator": plan.separator if plan.format is TableFormat.CSV else None,
        "sheet": plan.sheet,
        "headerRow": plan.header_row or None,
        "columns": {field: [plan.columns[place] for place in found] for field, found in places},
        "recordIdColumn": None if id_column is None else plan.columns[id_column],
        "prepared": plan.prepared,
        "dictionary": plan.dictionary,
        "rows": facts.rows,
        "files": list(facts.files.values()),
        "leftOut": facts.left_out,
        "report": facts.report,
        "page": facts.page,
        "description": facts.description,
        "review": facts.review,
    }


def _input(drop: Drop, sent: Sequence[InputFacts], output: OutputFacts) -> dict[str, Any]:
    """What went in, over all pieces. Raises `ResultsMismatch` unless that is the whole file."""
    if len({each.has_record_id for each in sent}) > 1:
        raise ResultsMismatch(
            "some pieces of the file have recordIds on their lines and others have none; all "
            "lines of a file need the same fields: correct the file and drop it again"
        )
    whole = {
        "bytes": sum(each.bytes for each in sent),
        "records": sum(each.records for each in sent),
        # A hash can't be joined as digests can: of several pieces, each operation has its own.
        "sha256": sent[0].sha256 if len(sent) == 1 else None,
        "recordIdDigest": joined_digest(each.record_id_digest for each in sent),
        "etag": drop.sent.etag,
    }
    if whole["bytes"] != drop.sent.size:
        raise ResultsMismatch(
            f"{whole['bytes']:,} bytes of the file's {drop.sent.size:,} were sent; drop it again"
        )
    if (whole["records"], whole["recordIdDigest"]) != (output.records, output.record_id_digest):
        raise ResultsMismatch(
            "the joined results are not those of the pieces; start the execution again"
        )
    return whole
