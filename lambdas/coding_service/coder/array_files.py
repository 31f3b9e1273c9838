"""Files of arrays (`.npz`), read with a bound: a few packed kilobytes may stand for gigabytes."""

import math
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from coding_service.coder.errors import ModelError

MOST_UNPACKED_BYTES = 1_000_000_000  # more than any function has memory for, with its tables; ours
HEADERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}

Array = npt.NDArray[Any]


def read_arrays(path: Path) -> dict[str, Array]:
    """Every array of a file, by its name, once their sizes are known.

    Raises `ModelError` if the file is missing or damaged, or its arrays are too large. Nothing in
    it is pickled.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            unpacked = sum(each.file_size for each in members)
            if unpacked > MOST_UNPACKED_BYTES:
                raise ModelError(
                    path,
                    f"its arrays have {unpacked:,} bytes, more than the {MOST_UNPACKED_BYTES:,} "
                    "that are read",
                )
            # A member never gives more bytes than it is said to have; its array must not want more.
            if not all(_has_its_array(archive, each) for each in members):
                raise ModelError(path, "damaged: an array is larger than what is stored of it")
        with np.load(path, allow_pickle=False) as arrays:
            return dict(arrays)
    except OSError as error:
        raise ModelError(path, error.strerror or "cannot be read") from error
    except (
        ValueError,
        KeyError,
        TypeError,
        EOFError,
        RuntimeError,  # a password, or a way of packing that zipfile has not
        zlib.error,
        zipfile.BadZipFile,
    ) as error:
        raise ModelError(path, f"damaged: {error!r}") from error


def _has_its_array(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bool:
    with archive.open(member) as file:
        shape, _, kind = HEADERS[np.lib.format.read_magic(file)](file)
    return math.prod(shape) * kind.itemsize <= member.file_size
