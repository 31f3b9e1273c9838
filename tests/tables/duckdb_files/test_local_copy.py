from pathlib import Path

import pytest

from tables.duckdb_files import local_copy
from tables.duckdb_files.local_copy import LocalCopy, check_room
from tables.errors import TableRefused
from tables.source import LocalFile
from tests.support.tables.held_bytes import HeldBytes


def should_hold_the_bytes_until_it_goes() -> None:
    copy = LocalCopy(HeldBytes(b"content", block=3))
    path = copy.path
    assert path.read_bytes() == b"content"
    del copy
    assert not path.parent.exists()


def should_lead_to_a_file_of_this_machine_without_copying_it(tmp_path: Path) -> None:
    file = tmp_path / "a[*].parquet"
    file.write_bytes(b"content")
    copy = LocalCopy(LocalFile(file))
    path = copy.path
    assert path.resolve() == file.resolve()
    assert not set("[]*?") & set(str(path))
    del copy
    assert not path.parent.exists()
    assert file.read_bytes() == b"content"


def should_refuse_more_than_there_is_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(TableRefused, match="The file has 5,120 MB"):
        check_room(5 << 30)
    monkeypatch.setattr(local_copy, "SPARE_BYTES", 1 << 62)
    with pytest.raises(TableRefused, match="of its format 0 MB are taken"):
        check_room(1 << 20)
