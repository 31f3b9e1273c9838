import json
from pathlib import Path

import pytest

from bench.tables.sample_csv import write_csv
from bench.tables.ways import WAYS


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sample") / "sample.csv"
    write_csv(path, 1_000)
    return path


def _read(way: str, sample: Path, folder: Path) -> list[dict[str, str]]:
    WAYS[way](sample, folder / "out.jsonl")
    return [json.loads(line) for line in (folder / "out.jsonl").read_bytes().splitlines()]


@pytest.mark.parametrize("way", WAYS)
def should_write_the_same_records_in_every_way(way: str, sample: Path, tmp_path: Path) -> None:
    if way == "pandas":
        pytest.importorskip("pandas")

    records = _read(way, sample, tmp_path)

    wanted = _read("csv.DictReader + json.dumps", sample, tmp_path)
    if way == "Dropcoder":  # sends no row without text, and takes "n/a" for none
        wanted = [
            record | {"occp_text": record["occp_text"].replace("n/a", "")} for record in wanted
        ]
        wanted = [record for record in wanted if record["occp_text"] or record["tasks_text"]]
    assert records == wanted
