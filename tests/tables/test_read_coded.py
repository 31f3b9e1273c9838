import re
import subprocess
import sys
from pathlib import Path

import pytest

from tables.coded.code_columns import CodeColumns
from tables.plan import TableFormat
from tests.support.tables.coding import coded_table, streamed

SNIPPETS = Path(__file__).parents[2] / "docs" / "read-coded"


def should_count_the_rows_of_a_table_that_was_given_back(tmp_path: Path) -> None:
    table = coded_table(b"\xef\xbb\xbfjob\ncook\n\nnurse\nclerk\nguard\n", TableFormat.CSV)
    path = tmp_path / "results.csv"
    path.write_bytes(streamed(table, TableFormat.CSV))
    ran = subprocess.run(
        [sys.executable, SNIPPETS / "read_coded.py", path],
        capture_output=True,
        check=True,
        text=True,
    )
    assert ran.stdout.splitlines() == ["coded: 2", "blank: 1", "broader: 1", "suggested: 1"]


@pytest.mark.parametrize("name", ["read_coded.R", "read_coded.do", "read_coded.sps"])
def should_name_columns_that_there_are(name: str) -> None:
    text = (SNIPPETS / name).read_text()
    names = CodeColumns("occupation", (), {}).names
    assert set(re.findall(r"\boccupation_[a-z0-9_]+", text)) <= set(names)
    assert "occupation" in text
