from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tables.duckdb_files import local_copy
from tables.errors import TableRefused
from tables.join import CodedTable
from tables.plan import TableFormat
from tables.readers import parquet
from tables.readers.parquet import open_parquet, reopened
from tables.source import LocalFile
from tests.support.tables.coding import OPTIONS, coded_table, in_turn
from tests.support.tables.held_bytes import HeldBytes


def _parquet(path: Path, query: str, options: str = "") -> LocalFile:
    with duckdb.connect() as connection:
        connection.execute(f"COPY ({query}) TO '{path}' (FORMAT parquet{options})")
    return LocalFile(path)


@pytest.fixture
def people(tmp_path: Path) -> LocalFile:
    return _parquet(
        tmp_path / "a [1]*.parquet",
        "SELECT i AS id, 'cook ' || i AS occupation, [i, NULL] AS list, {'a': i} AS struct, "
        "map {'k': i} AS map, timestamptz '2024-02-29 12:00:00+02' AS t, 1.50::DECIMAL(5, 2) AS d, "
        "date '2024-02-29' AS day, uuid '00000000-0000-0000-0000-000000000007' AS u, "
        '\'ab\'::BLOB AS b, \'x\' AS "say ""so""", NULL::INTEGER AS none FROM range(5000) r(i)',
    )


def should_read_rows_with_their_types(people: LocalFile) -> None:
    reader, plan = open_parquet(people, OPTIONS)
    batches = list(reader.rows())
    assert plan.columns == reader.columns
    assert plan.columns[-2:] == ('say "so"', "none")
    assert plan.mapping.fields["occp_text"] == (1,)
    assert plan.mapping.record_id == 0
    assert [number for batch in batches for number in batch.numbers] == list(range(1, 5001))
    assert list(batches[0].cells[7]) == [
        *(7, "cook 7", [7, None], {"a": 7}, {"k": 7}, "2024-02-29 10:00:00+00"),
        *(Decimal("1.50"), date(2024, 2, 29), "00000000-0000-0000-0000-000000000007", b"ab"),
        *("x", None),
    ]


def should_go_on_behind_any_batch(people: LocalFile) -> None:
    reader, plan = open_parquet(HeldBytes(people.path.read_bytes()), OPTIONS)
    batches = list(reader.rows())
    assert len(batches) > 1
    again = reopened(people, plan)
    for place, batch in enumerate(batches):
        assert [row for each in again.rows(batch.state) for row in each.cells] == [
            row for each in batches[place + 1 :] for row in each.cells
        ]


def should_read_the_mapped_columns_alone_where_no_others_are_needed(people: LocalFile) -> None:
    reader, plan = open_parquet(people, OPTIONS)
    row = next(iter(reader.with_cells_of(plan.mapping).rows())).cells[0]
    assert list(row) == [0, "cook 0", *[None] * 10]


def should_refuse_texts_from_lists_and_objects(people: LocalFile) -> None:
    for name in ("list", "struct", "map"):
        with pytest.raises(
            TableRefused, match=f"“{name}”, which occp_text is read from, has lists"
        ):
            open_parquet(people, replace(OPTIONS, columns={"occp_text": (name,)}))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda content: content[:-20],
        lambda content: content[: len(content) // 2],
        lambda _: b"PAR1" + b"x" * 100 + b"PAR1",
        lambda content: content[:200] + bytes(3000) + content[3200:],
        lambda content: content[:-300] + b"\xff" * 200 + content[-100:],
        lambda _: b"",
    ],
)
def should_refuse_a_broken_file(people: LocalFile, spoil: Any) -> None:
    with pytest.raises(TableRefused, match="can't be read") as refused:
        for _ in open_parquet(HeldBytes(spoil(people.path.read_bytes())), OPTIONS)[0].rows():
            pass
    assert len(f"{refused.value.reason} {refused.value.next_step}") <= 300


def should_refuse_more_than_it_takes(
    tmp_path: Path, people: LocalFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ", ".join(f"1 AS c{number}" for number in range(2_000))
    wide = _parquet(tmp_path / "wide.parquet", f"SELECT 'a' AS job, {names}")
    with pytest.raises(TableRefused, match="2,001 columns; at most 2,000"):
        open_parquet(wide, OPTIONS)
    monkeypatch.setattr(parquet, "MAX_ROWS", 4999)
    with pytest.raises(TableRefused, match="5,000 rows; at most 4,999"):
        open_parquet(people, OPTIONS)
    monkeypatch.setattr(local_copy, "MAX_COPY_BYTES", 1000)
    with pytest.raises(TableRefused, match="of its format 0 MB are taken"):
        open_parquet(HeldBytes(people.path.read_bytes()), OPTIONS)


def should_remove_its_copy(
    tmp_path: Path, people: LocalFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    reader, _ = open_parquet(HeldBytes(people.path.read_bytes()), OPTIONS)
    assert list(folder.rglob("table"))
    del reader
    assert not list(folder.rglob("table"))
    assert people.path.exists()


@pytest.mark.slow
def should_keep_the_order_of_half_a_million_rows(tmp_path: Path) -> None:
    source = _parquet(
        tmp_path / "large.parquet",
        "SELECT i AS id, CASE WHEN i % 10 = 3 THEN '' ELSE 'cook ' || i END AS job, "
        "md5(i::VARCHAR) AS noise FROM range(500000) r(i)",
        ", ROW_GROUP_SIZE 7000",
    )
    _, plan = open_parquet(source, OPTIONS)
    output = "".join(
        f'{{"recordId":"{number}","result":{{"codeCategory":"{number}"}}}}\n'
        for number in range(500_000)
        if number % 10 != 3
    )
    path = tmp_path / "back.parquet"
    table = CodedTable(source, plan, HeldBytes(output.encode()), topic="occupation", model={})
    table.write(TableFormat.PARQUET, path)
    with duckdb.connect() as connection:
        counts = connection.execute(
            "FROM read_parquet(?, file_row_number = true) SELECT count(*), "
            "count_if(id = file_row_number AND noise = md5(id::VARCHAR)), "
            "count_if(occupation_code = id::VARCHAR AND occupation_status != 'blank'), "
            "count_if(occupation_code IS NULL AND occupation_status = 'blank' AND id % 10 = 3)",
            [str(path)],
        ).fetchall()
    assert counts == [(500_000, 500_000, 450_000, 50_000)]


def should_give_types_back_as_they_were(tmp_path: Path, people: LocalFile) -> None:
    path = tmp_path / "back.parquet"
    coded_table(people, TableFormat.PARQUET, answer=in_turn).write(TableFormat.PARQUET, path)
    with duckdb.connect() as connection:
        dropped = connection.execute("DESCRIBE FROM read_parquet(?)", [str(path)]).fetchall()
        types = {row[0]: row[1] for row in dropped}
        rows = connection.execute("FROM read_parquet(?)", [str(path)]).fetchall()
    assert list(types.values())[:9] == [
        *("BIGINT", "VARCHAR", "BIGINT[]", "STRUCT(a BIGINT)", "MAP(VARCHAR, BIGINT)"),
        *("TIMESTAMP WITH TIME ZONE", "DECIMAL(5,2)", "DATE", "UUID"),
    ]
    assert types["occupation_code"] == "VARCHAR"
    assert types["occupation_level"] == "INTEGER"
    assert types["occupation_alt2_confidence"] == "DOUBLE"
    assert rows[0][12:17] == ("024113", 'Cook, "head"', 6, 0.97312, "coded")
    assert rows[2][12:20] == (*[None] * 4, "suggested", "024113", 'Cook, "head"', 0.5)
