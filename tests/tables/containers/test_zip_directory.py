import io
import struct
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tables.containers.zip_directory import ZipDirectory
from tables.errors import TableRefused
from tests.support.tables.held_bytes import HeldBytes


def _zip_of(*names: str, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", method) as archive:
        for name in names:
            archive.writestr(name, b"" if name.endswith("/") else b"id,job\n")
    return packed.getvalue()


def _directory(packed: bytes) -> ZipDirectory:
    return ZipDirectory(HeldBytes(packed))


def should_find_the_only_file_among_what_systems_leave() -> None:
    packed = _zip_of(
        "data/", "data/Ünï.csv", "__MACOSX/data/._Ünï.csv", "data/.DS_Store", "._x", "Thumbs.db"
    )

    member = _directory(packed).only_member()

    assert member.name == "data/Ünï.csv"
    assert not member.is_stored
    assert member.size == 7
    assert _directory(b"#!/bin/sh\n" + packed).only_member().first == member.first + 10


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ((), "empty"),
        (("data/", ".DS_Store"), "empty"),
        (("a.csv", "b.csv"), "holds 2 files: “a.csv”, “b.csv”"),
        (tuple(f"{n}.csv" for n in range(2000)), "holds 2,000 files"),
    ],
)
def should_refuse_another_number_of_files(names: tuple[str, ...], said: str) -> None:
    with pytest.raises(TableRefused, match=said) as refused:
        _directory(_zip_of(*names)).only_member()

    assert len(refused.value.reason) < 300


@pytest.mark.parametrize(
    ("method", "said"), [(zipfile.ZIP_BZIP2, "bzip2"), (zipfile.ZIP_LZMA, "LZMA")]
)
def should_refuse_a_method_whose_output_has_no_bound(method: int, said: str) -> None:
    with pytest.raises(TableRefused, match=said):
        _directory(_zip_of("a.csv", method=method)).only_member()


def _changed(packed: bytes, at: int, value: int) -> bytes:
    """With two other bytes at a place of the directory's entry."""
    start = packed.index(b"PK\x01\x02") + at
    return packed[:start] + struct.pack("<H", value) + packed[start + 2 :]


def should_refuse_an_encrypted_file_and_deflate_64() -> None:
    packed = _zip_of("a.csv")

    with pytest.raises(TableRefused, match="encrypted"):
        _directory(_changed(packed, 8, 1)).only_member()
    with pytest.raises(TableRefused, match="Deflate64"):
        _directory(_changed(packed, 10, 9)).only_member()
    with pytest.raises(TableRefused, match="method 4711"):
        _directory(_changed(packed, 10, 4711)).only_member()
    with pytest.raises(TableRefused, match="not where it should be"):
        _directory(_changed(packed, 42, 60_000)).only_member()


def should_read_no_directory_that_is_too_large() -> None:
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 65_535, 65_535, 3 << 20, 0, 0)
    source = HeldBytes(bytes(3 << 20) + end)

    with pytest.raises(TableRefused, match="very many files"):
        ZipDirectory(source)
    assert source.bytes_read < 1 << 20


@given(st.binary(max_size=40), st.integers(0, 200), st.integers(0, 100))
def should_read_or_refuse_any_bytes(junk: bytes, start: int, cut: int) -> None:
    packed = _zip_of("a.csv")
    broken = packed[:start] + junk + packed[start + len(junk) :]
    said = ""
    try:
        _directory(broken[: len(broken) - cut]).only_member()
    except TableRefused as refused:
        said = refused.reason
    assert len(said) < 300
