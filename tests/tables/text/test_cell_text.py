from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from tables.rows import Written
from tables.text.cell_text import cell_json, cell_text, whole_text


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (None, ""),
        ("007", "007"),
        (Written("1e400"), "1e400"),
        (True, "true"),
        (5, "5"),
        (10**40, "1" + "0" * 40),
        (5.0, "5"),
        (-0.25, "-0.25"),
        (1e300, "1e+300"),
        (float("nan"), "nan"),
        (Decimal("1.50"), "1.50"),
        (Decimal("1E+3"), "1000"),
        (date(2024, 2, 29), "2024-02-29"),
        (datetime.fromisoformat("2024-02-29T12:30"), "2024-02-29 12:30:00"),
        (datetime(2024, 2, 29, 12, 30, tzinfo=UTC), "2024-02-29 12:30:00+00:00"),
        (time(7, 5), "07:05:00"),
        (timedelta(hours=27, minutes=30), "27:30:00"),
        (timedelta(seconds=-90, microseconds=-500_000), "-0:01:30.5"),
        (b"Koch", "Koch"),
        (b"\xff\xfe", "//4="),
        ([1, Written("2.50"), None, {"a": "é"}], '[1,2.50,null,{"a":"é"}]'),
        ({"a": UUID(int=0)}, '{"a":"00000000-0000-0000-0000-000000000000"}'),
    ],
)
def should_write_a_cell_as_text(cell: Any, text: str) -> None:
    assert cell_text(cell) == text


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (None, b"null"),
        ('a"\n', b'"a\\"\\n"'),
        (float("nan"), b"null"),
        (Decimal("1.50"), b"1.50"),
        (date(2024, 2, 29), b'"2024-02-29"'),
        ("\ud800x", '"\ufffdx"'.encode()),
        ({None: [("a\udc00",)], 2: 1}, '{"":[["a\ufffd"]],"2":1}'.encode()),
    ],
)
def should_write_a_cell_as_json(cell: Any, text: bytes) -> None:
    assert cell_json(cell) == text


def should_replace_halves_of_characters_alone() -> None:
    assert whole_text("a\ud83d\U0001f600") == "a\ufffd\U0001f600".encode()
