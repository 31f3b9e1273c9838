from pathlib import Path

import duckdb
import pytest

from tables.errors import TableRefused
from tables.plan import TableFormat
from tables.writers import parquet
from tests.support.tables.coding import coded_table


def should_write_columns_of_other_formats_as_texts(tmp_path: Path) -> None:
    dropped = b'{"job": "cook", "n": 007}\n{"job": "nurse", "n": 1.50, "N": null, "l": [1]}\n'
    table = coded_table(dropped, TableFormat.JSON_LINES)
    table.write(TableFormat.PARQUET, tmp_path / "back.parquet")
    with duckdb.connect() as connection:
        relation = connection.read_parquet(str(tmp_path / "back.parquet"))
        assert relation.columns[:5] == ["job", "n", "N_2", "l", "occupation_code"]
        assert list(map(str, relation.types[:7])) == [*["VARCHAR"] * 6, "INTEGER"]
        assert [row[:4] for row in relation.fetchall()][1:] == [("nurse", "1.50", None, "[1]")]


def should_tell_empty_texts_from_none(tmp_path: Path) -> None:
    table = coded_table(b'job,a,b\ncook,,"a""\r\n,"\nnurse\n', TableFormat.CSV)
    table.write(TableFormat.PARQUET, tmp_path / "back.parquet")
    with duckdb.connect() as connection:
        rows = connection.read_parquet(str(tmp_path / "back.parquet")).fetchall()
    assert [row[:3] for row in rows] == [("cook", "", 'a"\r\n,'), ("nurse", None, None)]


def should_write_rows_of_a_megabyte(tmp_path: Path) -> None:
    text = "x" * 900_000
    table = coded_table(f"job,a\ncook,{text}\n".encode() * 1 + b"nurse,b\n", TableFormat.CSV)
    table.write(TableFormat.PARQUET, tmp_path / "back.parquet")
    with duckdb.connect() as connection:
        rows = connection.read_parquet(str(tmp_path / "back.parquet")).fetchall()
    assert [row[1] for row in rows] == [text, "b"]


def should_refuse_a_row_that_duckdb_cannot_take(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parquet, "MAX_ROW_BYTES", 100)
    table = coded_table(b"job,a\ncook," + b"x" * 200, TableFormat.CSV)
    with pytest.raises(TableRefused, match="Row 2 has more than 0 MB"):
        table.write(TableFormat.PARQUET, tmp_path / "back.parquet")
    assert not list(tmp_path.iterdir())
