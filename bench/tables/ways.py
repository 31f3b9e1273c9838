"""The ways from a CSV to JSON Lines that are measured, each as a user would write it first.

    python -m bench.tables.ways <way> <from> <to>

All write an object with recordId, occp_text and tasks_text for each row; only Dropcoder finds the
columns by itself, checks and cleans the texts, and leaves out rows without any. What a way needs is
imported in it: its process holds nothing else.
"""

import sys
from collections.abc import Callable
from pathlib import Path

COLUMNS = {"respondent": "recordId", "job title": "occp_text", "main tasks": "tasks_text"}
CHUNK_BYTES = 8 << 20  # as Prepare writes
DUCKDB_MEMORY = "256MB"


def dict_reader(source: Path, target: Path) -> None:
    """`csv.DictReader` and `json.dumps`."""
    import csv  # noqa: PLC0415
    import json  # noqa: PLC0415

    with (
        source.open(encoding="utf-8", newline="") as read,
        target.open("w", encoding="utf-8") as write,
    ):
        for row in csv.DictReader(read):
            write.write(json.dumps({COLUMNS[name]: row[name] for name in COLUMNS}) + "\n")


def dropcoder(source: Path, target: Path) -> None:
    """What state Prepare does, from a file to a file."""
    from tables.open_table import open_table  # noqa: PLC0415
    from tables.plan import TableFormat, TableOptions  # noqa: PLC0415
    from tables.prepare import Preparation  # noqa: PLC0415
    from tables.source import LocalFile  # noqa: PLC0415

    options = TableOptions(fields=("occp_text", "tasks_text"))
    file = LocalFile(source)
    _, plan = open_table(file, TableFormat.CSV, options)
    preparation = Preparation(file, plan, options)
    with target.open("wb") as write:
        for chunk in preparation.chunks(CHUNK_BYTES):
            write.write(chunk.content)
    preparation.finished_plan()


def pandas(source: Path, target: Path) -> None:
    """`pandas.read_csv` and `to_json`."""
    import pandas as pd  # noqa: PLC0415

    frame = pd.read_csv(source, dtype=str, keep_default_na=False, usecols=list(COLUMNS))
    frame.rename(columns=COLUMNS).to_json(target, orient="records", lines=True, force_ascii=False)


def duckdb(source: Path, target: Path) -> None:
    """A `COPY` of DuckDB's, on one thread."""
    import duckdb as duck  # noqa: PLC0415

    names = ", ".join(f'coalesce("{name}", \'\') AS "{field}"' for name, field in COLUMNS.items())
    with duck.connect(config={"threads": 1, "memory_limit": DUCKDB_MEMORY}) as connection:
        connection.execute(
            f"COPY (SELECT {names} FROM read_csv('{source}', all_varchar = true)) "  # noqa: S608
            f"TO '{target}' (FORMAT json)"
        )


WAYS: dict[str, Callable[[Path, Path], None]] = {
    "csv.DictReader + json.dumps": dict_reader,
    "Dropcoder": dropcoder,
    "pandas": pandas,
    "DuckDB": duckdb,
}
"""By the names that the results are told under, the one that others are compared with first."""


if __name__ == "__main__":
    WAYS[sys.argv[1]](Path(sys.argv[2]), Path(sys.argv[3]))
