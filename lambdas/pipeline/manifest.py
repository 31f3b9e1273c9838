"""The manifest of a drop's results, written last: who sees it may trust the rest.

Its schema is docs/schemas/manifest.json.
"""

from typing import Any

from pipeline.attempts import InputFacts, MetadataFacts, OutputFacts, PartRecord
from pipeline.errors import ResultsMismatch
from pipeline.states import Drop, MalformedState

MANIFEST_VERSION = "1"
MANIFEST_NAME = "manifest.json"
SOFTWARE = {"name": "dropcoder", "version": "0.1.0"}  # as in pyproject.toml


def reconciled(record: PartRecord) -> tuple[InputFacts, OutputFacts, MetadataFacts]:
    """The facts of a collected part, once output and input agree.

    Raises `ResultsMismatch` with the numbers where they do not.
    """
    sent, output, metadata = record.input, record.output, record.metadata
    if sent is None or output is None or metadata is None:
        raise MalformedState(f"part {record.part_id} ended as collected, but its facts are missing")
    if sent.records != output.records:
        raise ResultsMismatch(
            f"{sent.records:,} records went in, {output.records:,} came out "
            f"(operation {record.operation_id})"
        )
    if sent.record_id_digest != output.record_id_digest:
        raise ResultsMismatch(
            f"the {output.records:,} records that came out do not have the recordIds that went "
            f"in, in their order (operation {record.operation_id})"
        )
    return sent, output, metadata


def manifest_of(drop: Drop, record: PartRecord, *, completed_at: str) -> dict[str, Any]:
    """The manifest of a drop of one part. Raises `ResultsMismatch`."""
    sent, output, metadata = reconciled(record)
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
                "operationId": record.operation_id,
                "attempt": record.attempt,
                "firstByte": sent.first_byte,
                "lastByte": sent.last_byte,
            }
        ],
        "input": {
            "bytes": sent.bytes,
            "records": sent.records,
            "sha256": sent.sha256,
            "recordIdDigest": sent.record_id_digest,
            "etag": drop.etag,
        },
        "output": {
            "key": output.key,
            "bytes": output.bytes,
            "records": output.records,
            "crc32": output.crc32,
            "recordIdDigest": output.record_id_digest,
            "coded": output.coded,
            "suggested": output.suggested,
        },
        "metadata": {
            "key": metadata.key,
            "bytes": metadata.bytes,
            "sha256": metadata.sha256,
        },
        "droppedAt": drop.dropped_at,
        "completedAt": completed_at,
        "software": SOFTWARE,
    }
