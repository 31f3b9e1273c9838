"""A table's file on this machine's disk, for a library that reads no other."""

import shutil
import tempfile
import weakref
from pathlib import Path

from tables.errors import TableRefused
from tables.source import ByteSource, LocalFile

MAX_COPY_BYTES = 4 << 30  # of what a function's disk holds, results take their share; ours
SPARE_BYTES = 64 << 20  # left free on the disk; ours


class LocalCopy:
    """The bytes of `source` as a file, which goes when this object does.

    A file of this machine is not copied: the path leads to it, and has no characters that a
    library takes for a pattern. Raises `TableRefused` for more bytes than there is room
    for, and what `source` raises.
    """

    def __init__(self, source: ByteSource) -> None:
        folder = tempfile.mkdtemp(prefix="table-")
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        self.path = Path(folder, "table")
        if isinstance(source, LocalFile):
            self.path.symlink_to(source.path.resolve())
            return
        check_room(source.size)
        with self.path.open("wb") as file:
            for block in source.blocks():
                file.write(block)


def check_room(size: int) -> None:
    """Raises `TableRefused` where `size` bytes are more than can be held on the disk."""
    room = min(MAX_COPY_BYTES, shutil.disk_usage(tempfile.gettempdir()).free - SPARE_BYTES)
    if size > room:
        raise TableRefused(
            f"The file has {size >> 20:,} MB; of its format {max(room, 0) >> 20:,} MB are taken.",
            "Drop it in several files, or as CSV, which may be larger.",
        )
