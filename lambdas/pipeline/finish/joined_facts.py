"""What the joined output of a file's parts adds up to, from the facts of each part."""

from collections.abc import Iterable, Sequence
from functools import reduce
from zlib import crc32

from pipeline.domain.facts import OutputFacts
from pipeline.errors import ResultsMismatch
from pipeline.validation.checksums import joined
from pipeline.validation.digest import SequenceDigest
from shared.join_plan import JoinSource, separated


def joined_output(
    key: str, parts: Sequence[OutputFacts], sources: Sequence[JoinSource]
) -> OutputFacts:
    """The facts of the object `key`, joined of `parts`, which lie in the `sources` one by one."""
    checksum = size = 0
    checksums = iter(int(part.crc32, 16) for part in parts)
    for piece in separated(sources):
        if isinstance(piece, bytes):
            checksum, size = crc32(piece, checksum), size + len(piece)
        else:
            checksum, size = joined(checksum, next(checksums), piece.size), size + piece.size
    return OutputFacts(
        key=key,
        bytes=size,
        records=sum(part.records for part in parts),
        crc32=f"{checksum:08x}",
        record_id_digest=joined_digest(part.record_id_digest for part in parts),
        coded=sum(part.coded for part in parts),
        suggested=sum(part.suggested for part in parts),
    )


def joined_digest(texts: Iterable[str]) -> str:
    """The recordId digest of a file from those of its parts, of what went in or came out."""
    digests = map(SequenceDigest.from_text, texts)
    return reduce(SequenceDigest.joined, digests, SequenceDigest()).to_text()


def check(found: int | None, whole: OutputFacts) -> None:
    """Raises `ResultsMismatch` unless the joined object has the CRC-32 that its parts add up to.

    `found` is None from a storage that finds no checksum of the whole.
    """
    if found is not None and found != int(whole.crc32, 16):
        raise ResultsMismatch(
            f"the joined results have the checksum {found:08x}, their parts add up to "
            f"{whole.crc32}; drop the file again"
        )
