import json

import pytest

from tables.plan import TableFormat
from tests.support.tables.coding import coded_table, streamed


def _back(dropped: bytes, form: TableFormat = TableFormat.JSON_LINES) -> list[bytes]:
    return streamed(coded_table(dropped, form), TableFormat.JSON_LINES).splitlines()


def should_put_an_object_that_spans_lines_on_one() -> None:
    dropped = b'[\n  {\n    "job": "cook\\n{",\r\n    "n": [\n1.0 ,  2e5 ]\n  }\n , { } ]'
    lines = _back(dropped, TableFormat.JSON_ARRAY)
    assert lines[0].startswith(b'{ "job": "cook\\n{", "n": [ 1.0 ,  2e5 ],"occupation_code":')
    assert lines[1].startswith(b'{"occupation_code":null')


@pytest.mark.parametrize(
    "refused",
    [
        b'{"job": "cook", "job": "nurse"}',
        b'{"job": ["cook"]}',
    ],
)
def should_keep_a_refused_object_and_say_so(refused: bytes) -> None:
    line = _back(refused + b'\n{"job": "cook"}\n')[0]
    assert line.startswith(refused[:-1] + b",")
    assert json.loads(line)["occupation_status"] == "refused"


@pytest.mark.parametrize("refused", [b"[1]", b'{"job": "cook",}', b'{"job": "a"} x', b'"\xff{'])
def should_give_what_is_no_object_as_a_text(refused: bytes) -> None:
    found = json.loads(_back(b'{"job": "cook"}\n' + refused + b"\n")[1])
    assert list(found) == ["occupation_status", "occupation_line"]
    assert found["occupation_status"] == "refused"
    assert len(found["occupation_line"]) == len(refused)


def should_name_keys_that_columns_lack_or_share() -> None:
    content = b"job,job_2,,x,x\ncook,a,b,c,d,e\n"
    found = json.loads(streamed(coded_table(content, TableFormat.CSV), TableFormat.JSON_LINES))
    assert list(found.items())[:7] == [
        *(("job", "cook"), ("job_2", "a"), ("column_3", "b"), ("x", "c"), ("x_2", "d")),
        *(("column_6", "e"), ("occupation_code", "024113")),
    ]


def should_write_an_array_that_is_empty() -> None:
    table = coded_table(b"job\ncook\n", TableFormat.CSV)
    assert json.loads(streamed(table, TableFormat.JSON_ARRAY))[0]["job"] == "cook"
