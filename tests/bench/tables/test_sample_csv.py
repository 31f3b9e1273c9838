import csv
from pathlib import Path

from bench.tables.sample_csv import HEADER, write_csv


def should_write_rows_of_eight_cells_with_ids_of_their_own(tmp_path: Path) -> None:
    path = tmp_path / "sample.csv"

    rows = write_csv(path, 2_000_000)

    with path.open(encoding="utf-8", newline="") as file:
        header, *read = csv.reader(file)
    assert tuple(header) == HEADER
    assert {len(row) for row in read} == {8}
    assert len({row[0] for row in read}) == len(read) == rows
    assert path.stat().st_size >= 2_000_000


def should_write_the_same_file_only_for_the_same_seed(tmp_path: Path) -> None:
    contents = []
    for seed in (1, 1, 2):
        write_csv(tmp_path / "sample.csv", 1_000, seed=seed)
        contents.append((tmp_path / "sample.csv").read_bytes())

    assert contents[0] == contents[1] != contents[2]
