"""Microsoft's compound files: old workbooks and documents, and new ones with a password.

The names of the streams in the file's directory say which it is ([MS-CFB] 2.2 and 2.6).
"""

from tables.containers.signatures import NO_TABLE, XLS
from tables.errors import TableRefused
from tables.source import ByteSource

MARK = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
ENTRY_BYTES = 128  # of the directory: MS-CFB 2.6.1
NAME_BYTES = 64  # of an entry; the length of the name stands behind them
READ_BYTES = 4096  # of the directory: 32 entries; those that are looked for are among the first

PASSWORD = (
    "an Office file that is encrypted with a password",
    "Open it, take the password off (File, Info, Protect Workbook), save it as .xlsx, and drop it.",
)
KINDS: tuple[tuple[str, tuple[str, str]], ...] = (
    ("EncryptedPackage", PASSWORD),
    ("Workbook", XLS),
    ("Book", XLS),
    ("WordDocument", ("a Word document (.doc)", NO_TABLE)),
    ("PowerPoint Document", ("a PowerPoint presentation (.ppt)", NO_TABLE)),
    ("__properties_version1.0", ("an Outlook message (.msg)", NO_TABLE)),
)
OTHER = ("an Office file of the old kind (.xls, .doc or the like)", XLS[1])


def refused_compound_file(source: ByteSource, head: bytes) -> TableRefused:
    """Why a compound file with this head is refused, by its kind."""
    names = _stream_names(source, head)
    kinds = (kind for name, kind in KINDS if name in names)
    name, next_step = next(kinds, OTHER)
    return TableRefused(f"The file is {name}.", next_step)


def _stream_names(source: ByteSource, head: bytes) -> set[str]:
    """The names at the beginning of the directory; empty where that is not in the file."""
    sector_bits = int.from_bytes(head[30:32], "little")
    sector = int.from_bytes(head[48:52], "little")
    if not 7 <= sector_bits <= 16:  # noqa: PLR2004  9 or 12, says MS-CFB 2.2
        return set()
    first = (sector + 1) << sector_bits
    if first >= source.size:
        return set()
    entries = source.read(first, min(first + READ_BYTES, source.size) - 1)
    return {
        _name(entries[start : start + ENTRY_BYTES]) for start in range(0, len(entries), ENTRY_BYTES)
    }


def _name(entry: bytes) -> str:
    length = int.from_bytes(entry[NAME_BYTES : NAME_BYTES + 2], "little")
    return entry[: max(0, min(length, NAME_BYTES) - 2)].decode("utf-16-le", "replace")
