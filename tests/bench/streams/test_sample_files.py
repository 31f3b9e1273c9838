from pathlib import Path

import pytest

from bench.streams.sample_files import write_sample
from protocol.records import MAX_TEXT_CHARACTERS, RecordForm


@pytest.mark.parametrize("size", [1000, 500_000, 8_000_000])
def should_write_good_lines_with_ids_of_their_own_up_to_the_size(tmp_path: Path, size: int) -> None:
    path = tmp_path / "sample.jsonl"

    lines = write_sample(path, size)

    content = path.read_bytes()
    form = RecordForm(("occp_text", "tasks_text"))
    records = [form.parse(line) for line in content.splitlines()]
    assert size - 1000 < len(content) <= size
    assert len({record["recordId"] for record in records}) == len(records) == lines
    texts = [len(record["occp_text"] + record["tasks_text"]) for record in records]
    assert 30 < sum(texts) / lines < max(texts) <= MAX_TEXT_CHARACTERS


def should_repeat_no_answer_before_all_were_given(tmp_path: Path) -> None:
    path = tmp_path / "sample.jsonl"
    lines = write_sample(path, 2_000_000, distinct=20_000)
    answers = [line.partition(b", ")[2] for line in path.read_bytes().splitlines()]
    assert lines < 20_000
    assert len(set(answers)) == lines


def should_write_the_same_file_only_for_the_same_seed(tmp_path: Path) -> None:
    contents = []
    for seed in (1, 1, 2):
        write_sample(tmp_path / "sample.jsonl", 10_000, seed=seed)
        contents.append((tmp_path / "sample.jsonl").read_bytes())

    assert contents[0] == contents[1] != contents[2]
