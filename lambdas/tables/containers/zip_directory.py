"""The directory of a zip archive: the names in it, and where its only file begins."""

import io
import struct
import zipfile
from dataclasses import dataclass
from pathlib import PurePosixPath

from tables.errors import TableRefused
from tables.mapping.names import listed
from tables.source import ByteSource, SeekableFile

MAX_DIRECTORY_BYTES = 2 << 20  # 20,000 files or so; a workbook has a hundred, at most; ours
READ_BYTES = 128 << 10  # at once: the end of a zip, where its directory mostly is; ours
LOCAL_HEADER = b"PK\x03\x04"
LOCAL_HEADER_BYTES = 30  # in front of the name: PKWARE's APPNOTE 4.3.7
ENCRYPTED = 0x1  # general purpose flag: APPNOTE 4.4.4
METHODS = {9: "Deflate64", 12: "bzip2", 14: "LZMA", 93: "Zstandard", 95: "xz", 98: "PPMd"}
NOT_READABLE = (
    *(zipfile.BadZipFile, struct.error, ValueError, OverflowError, EOFError, IndexError),
    NotImplementedError,
)
"""What zipfile raises for what is no zip, or for one of several disks."""
OF_SYSTEMS = frozenset({".DS_Store", "Thumbs.db", "desktop.ini"})


@dataclass(frozen=True, slots=True)
class ZipMember:
    """Where the bytes of a file in a zip are, and what they are when they are unpacked."""

    name: str
    first: int
    """Its first byte in the archive."""
    packed_size: int
    size: int
    """Both as the directory says."""
    crc32: int
    is_stored: bool
    """Whether its bytes stand there as they are; otherwise they are deflated."""


class ZipDirectory:
    """Reads the directory of the zip that `source` is. Raises `TableRefused`, as its methods do."""

    def __init__(self, source: ByteSource) -> None:
        self._source = source
        try:
            with zipfile.ZipFile(_BoundedFile(source)) as archive:
                entries = archive.infolist()
        except NOT_READABLE:
            raise TableRefused(
                "The file is a zip archive or an Excel workbook that is broken or cut off: its "
                "directory can't be read.",
                "Make or save it again, and upload all of it.",
            ) from None
        self.names = frozenset(entry.filename.replace("\\", "/").lower() for entry in entries)
        """All of them, in lower case."""
        self._files = [entry for entry in entries if _is_a_persons_file(entry)]

    def only_member(self) -> ZipMember:
        """The only file in it; folders and what systems leave in archives don't count."""
        if len(self._files) != 1:
            raise self._not_one()
        file = self._files[0]
        if file.flag_bits & ENCRYPTED:
            raise TableRefused(
                "The file in the zip archive is encrypted.", "Pack it again without a password."
            )
        if file.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            method = METHODS.get(file.compress_type, f"method {file.compress_type}")
            raise TableRefused(
                f"The file in the zip archive is packed by {method}, which is not read.",
                "Pack it with gzip, or drop it as it is.",
            )
        return ZipMember(
            name=file.filename,
            first=self._first_byte(file),
            packed_size=file.compress_size,
            size=file.file_size,
            crc32=file.CRC,
            is_stored=file.compress_type == zipfile.ZIP_STORED,
        )

    def _first_byte(self, file: zipfile.ZipInfo) -> int:
        start, end = file.header_offset, file.header_offset + LOCAL_HEADER_BYTES
        header = (
            self._source.read(start, end - 1)
            if 0 <= start <= self._source.size - LOCAL_HEADER_BYTES
            else b""
        )
        if not header.startswith(LOCAL_HEADER):
            raise TableRefused(
                "The file is a zip archive that is broken: its file is not where it should be.",
                "Pack it again, or drop the file as it is, without packing it.",
            )
        return end + sum(int.from_bytes(header[at : at + 2], "little") for at in (26, 28))

    def _not_one(self) -> TableRefused:
        if not self._files:
            return TableRefused("The zip archive is empty.", "Drop a file with a table.")
        names = listed([file.filename for file in self._files])
        return TableRefused(
            f"The zip archive holds {len(self._files):,} files: {names}.",
            "Drop each file by itself, or a zip for each.",
        )


class _BoundedFile(io.BufferedReader):
    """A file of which no more than a directory's bytes can be asked for at once."""

    def __init__(self, source: ByteSource) -> None:
        super().__init__(SeekableFile(source), READ_BYTES)
        self._end = source.size

    def read(self, size: int | None = -1, /) -> bytes:
        if size is None or size < 0:
            size = self._end - self.tell()
        if size > MAX_DIRECTORY_BYTES:
            raise TableRefused(
                "The file is a zip archive of very many files.", "Drop each file by itself."
            )
        return super().read(size)


def _is_a_persons_file(entry: zipfile.ZipInfo) -> bool:
    name = PurePosixPath(entry.filename).name
    of_systems = entry.filename.startswith("__MACOSX/") or name.startswith("._")
    return not (entry.filename.endswith("/") or of_systems or name in OF_SYSTEMS)
