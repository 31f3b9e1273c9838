"""The measurement of the shipped streams runs, and what it writes is a table again."""

import pytest

from bench.tables.storage import main

pytestmark = pytest.mark.slow


def should_prepare_a_table_and_give_it_back_in_little_memory(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["--megabytes", "1"]) == 0
    printed = capsys.readouterr().out
    assert [line.split()[0] for line in printed.splitlines()[1:]] == ["prepare", "join"]
