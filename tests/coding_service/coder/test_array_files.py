"""A stranger's file of arrays gives its arrays, or is refused before it fills the memory."""

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coding_service.coder import array_files
from coding_service.coder.array_files import Array, read_arrays
from coding_service.coder.errors import ModelError

ARRAYS: dict[str, Array] = {
    "rows": np.arange(12, dtype=np.int8).reshape(3, 4),
    "prior": np.ones(4, np.float32),
}


def packed(arrays: dict[str, Array] = ARRAYS) -> bytes:
    file = io.BytesIO()
    np.savez_compressed(file, allow_pickle=False, **arrays)
    return file.getvalue()


def should_refuse_before_unpacking_when_a_small_file_stands_for_a_large_array(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(array_files, "MOST_UNPACKED_BYTES", 1_000_000)
    path = tmp_path / "weights.npz"
    path.write_bytes(packed({"rows": np.zeros(2_000_000, np.int8)}))
    assert path.stat().st_size < 10_000

    with pytest.raises(ModelError, match="more than the 1,000,000 that are read"):
        read_arrays(path)


@pytest.mark.parametrize("shape", ["(1000000000000,)", "(2000000, 2000000)"])
def should_refuse_before_making_room_when_a_header_asks_for_more_than_is_stored(
    tmp_path: Path, shape: str
) -> None:
    head = f"{{'descr': '|i1', 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    array = b"\x93NUMPY\x01\x00" + len(head).to_bytes(2, "little") + head + bytes(8)
    path = tmp_path / "weights.npz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("rows.npy", array)

    with pytest.raises(ModelError, match="an array is larger than what is stored of it"):
        read_arrays(path)


@given(place=st.integers(0, len(packed()) - 1), byte=st.integers(0, 255))
def should_give_the_arrays_or_be_refused_whatever_byte_is_damaged(
    tmp_path_factory: pytest.TempPathFactory, place: int, byte: int
) -> None:
    path = tmp_path_factory.mktemp("damaged") / "weights.npz"
    path.write_bytes(packed()[:place] + bytes([byte]) + packed()[place + 1 :])

    try:
        found = read_arrays(path)
    except ModelError:
        return
    for array in found.values():
        assert any(np.array_equal(array, own) for own in ARRAYS.values())
