"""Files that DuckDB reads and writes."""
