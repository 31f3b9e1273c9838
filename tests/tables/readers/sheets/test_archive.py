import random
import struct
import zipfile
from pathlib import Path

import pytest

from tables.errors import TableRefused
from tables.readers.sheets.archive import BoundedArchive, reading_workbook
from tests.support.tables.held_bytes import HeldBytes


def _zip(path: Path, entries: dict[str, bytes]) -> bytes:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return path.read_bytes()


def should_refuse_a_zip_with_more_in_it_than_a_workbook_has(tmp_path: Path) -> None:
    content = _zip(tmp_path / "a.zip", {f"{number}": b"" for number in range(10_001)})
    with pytest.raises(TableRefused, match="10,001 parts; at most 10,000"):
        BoundedArchive(HeldBytes(content))


def should_refuse_a_zip_that_grows_too_much(tmp_path: Path) -> None:
    content = _zip(tmp_path / "a.zip", {"a": bytes(80 << 20)})
    with pytest.raises(TableRefused, match=r"grows .* times"):
        BoundedArchive(HeldBytes(content))


def should_refuse_a_zip_that_says_it_is_too_large(tmp_path: Path) -> None:
    content = bytearray(_zip(tmp_path / "a.zip", {"a": b"a" * 1000}))
    sizes = content.index(b"PK\1\2") + 20  # of the directory's only entry
    struct.pack_into("<LL", content, sizes, 1 << 30, (2 << 30) + (1 << 20))
    with pytest.raises(TableRefused, match="2,049 MB when it is unzipped; at most 2,048"):
        BoundedArchive(HeldBytes(bytes(content)))


def should_give_no_more_than_the_directory_says(tmp_path: Path) -> None:
    content = bytearray(_zip(tmp_path / "a.zip", {"a": b"a" * 1_000_000}))
    struct.pack_into("<L", content, content.index(b"PK\1\2") + 24, 100)
    archive = BoundedArchive(HeldBytes(bytes(content)))
    with pytest.raises(TableRefused, match="BadZipFile"), reading_workbook():
        archive.xml("a").read()


def should_refuse_a_directory_that_is_read_as_a_whole(tmp_path: Path) -> None:
    entries = {f"{number:0>500}": b"" for number in range(9_000)}
    content = _zip(tmp_path / "a.zip", entries)
    with pytest.raises(TableRefused, match="longer list of its parts"):
        BoundedArchive(HeldBytes(content))


def should_refuse_a_large_part_that_is_read_as_a_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tables.readers.sheets.archive.MAX_WHOLE_BYTES", 1 << 20)
    archive = BoundedArchive(HeldBytes(_zip(tmp_path / "a.zip", {"xl/styles.xml": bytes(2 << 20)})))
    with pytest.raises(TableRefused, match=r"2 MB in its part 'xl/styles.xml'"):
        archive.read("xl/styles.xml")


def should_refuse_more_shared_texts_than_it_is_asked_for(tmp_path: Path) -> None:
    archive = BoundedArchive(HeldBytes(_zip(tmp_path / "a.zip", {"a": bytes(2 << 20)})))
    with pytest.raises(TableRefused, match="2 MB of text; at most 1 MB"):
        archive.xml("a", max_bytes=1 << 20)


def should_refuse_an_encrypted_part(tmp_path: Path) -> None:
    content = bytearray(_zip(tmp_path / "a.zip", {"a": b"text"}))
    for mark, offset in ((b"PK\1\2", 8), (b"PK\3\4", 6)):
        content[content.index(mark) + offset] |= 1
    with pytest.raises(TableRefused, match="can't be read"), reading_workbook():
        BoundedArchive(HeldBytes(bytes(content))).read("a")


def should_pass_on_an_error_of_the_system() -> None:
    with pytest.raises(ConnectionResetError), reading_workbook():
        raise ConnectionResetError(104, "reset")


def should_read_a_workbook_in_few_requests(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    noise = random.Random(1).randbytes(3 << 20)  # noqa: S311  that does not deflate
    source = HeldBytes(_zip(tmp_path / "a.zip", {"a": noise}))
    asked: list[int] = []
    read = source.read

    def counted(first: int, last: int) -> bytes:
        asked.append(last - first + 1)
        return read(first, last)

    monkeypatch.setattr(source, "read", counted)
    file = BoundedArchive(source).open("a")
    while file.read(64 << 10):
        pass
    assert len(asked) < 12
