"""DuckDB as we use it: in a bounded part of the memory, on local files, without the network."""

import tempfile
from pathlib import Path

import duckdb

MEMORY_LIMIT = "256MB"  # of its buffers; measured, the process takes up to 190 MiB; ours


def connected() -> duckdb.DuckDBPyConnection:
    """A connection to an empty database in memory. One thread, so that rows keep their order."""
    connection = duckdb.connect(
        ":memory:",
        config={
            "memory_limit": MEMORY_LIMIT,
            "threads": 1,
            "preserve_insertion_order": True,
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "allow_community_extensions": False,
            "allow_unsigned_extensions": False,
            "temp_directory": str(Path(tempfile.gettempdir(), "duckdb")),
        },
    )
    connection.execute("SET TimeZone = 'UTC'")
    return connection


def parquet_scan(path: Path) -> str:
    """The Parquet file at `path` as a table of a query."""
    return f"read_parquet({quoted(str(path))})"


def row_count(connection: duckdb.DuckDBPyConnection, scan: str) -> int:
    """How many rows a table of a query has."""
    counted = connection.execute(f"FROM {scan} SELECT count(*)").fetchall()
    return int(counted[0][0])


def quoted(text: str) -> str:
    """A text as SQL writes it."""
    return "'" + text.replace("'", "''") + "'"


def named(column: str) -> str:
    """The name of a column as SQL writes it."""
    return '"' + column.replace('"', '""') + '"'
