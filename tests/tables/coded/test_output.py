import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tables.coded.coded_rows import CodeAnswer, CodedRows, CodedStatus
from tables.coded.output import CodedOutput, level_of
from tables.decisions import Decided, RowStatus
from tables.errors import RowsDisagree
from tables.rows import RowBatch
from tests.support.garbage import garbage
from tests.support.tables.held_bytes import HeldBytes

SENT, SHORTENED, BLANK, REFUSED, KNOWN = RowStatus


def _line(record_id: str, code: str = "241213") -> bytes:
    result = {"codeCategory": code, "codeLabel": "Teacher", "codeConfidence": 0.5}
    return json.dumps({"recordId": record_id, "result": result}).encode() + b"\n"


def _batch(statuses: list[RowStatus], first: int = 2) -> tuple[RowBatch, Decided]:
    count = len(statuses)
    sent = [status in (SENT, SHORTENED) for status in statuses]
    numbers = range(first, first + count)
    return RowBatch(numbers, [[]] * count, {}), Decided(
        statuses,
        [str(number) if is_sent else "" for number, is_sent in zip(numbers, sent, strict=True)],
        [("cook",) if is_sent else () for is_sent in sent],
        {},
    )


def _coded(output: bytes, statuses: list[RowStatus]) -> CodedRows:
    lines = CodedOutput(HeldBytes(output, block=50), code_digits=6)
    coded = lines.coded(*_batch(statuses))
    lines.finish()
    return coded


def should_give_each_row_that_was_sent_its_line() -> None:
    output = _line("3") + _line("5", "2412") + _line("6")
    coded = _coded(output, [BLANK, SENT, REFUSED, SENT, SHORTENED])
    assert [str(status) for status in coded.statuses] == [
        *("blank", "coded", "refused", "broader", "shortened")
    ]
    assert coded.levels == [None, 6, None, 4, 6]
    assert coded.results[3] == CodeAnswer("2412", "Teacher", 0.5)
    assert coded.results[0] is coded.results[2] is None
    assert coded.suggestions == [()] * 5
    assert coded.texts == [(), ("cook",), (), ("cook",), ("cook",)]


@pytest.mark.parametrize(
    ("line", "answer", "suggestions"),
    [
        (
            {"id": "2", " result": {" codeCategory": "11", "codeLabel": "A", "codeConfidence": 1}},
            CodeAnswer("11", "A", 1.0),
            (),
        ),
        ({"recordId": "2", "result": {"codeCategory": "11"}}, CodeAnswer("11", "", None), ()),
        (
            {"recordId": "2", "result": {"codeCategory": 11, "codeConfidence": "high"}},
            CodeAnswer("11", "", None),
            (),
        ),
        (
            {"recordId": "2", "result": None, "suggestions": [{"codeCategory": "1"}]},
            None,
            (CodeAnswer("1", "", None),),
        ),
        (
            {" recordId": "2", " suggestions": [{" codeCategory": "1", "codeLabel": "A"}]},
            None,
            (CodeAnswer("1", "A", None),),
        ),
        ({"recordId": "2", "more": 1, "suggestions": []}, None, ()),
        ({"recordId": "2", "result": None, "suggestions": None}, None, ()),
        ({" id": "2"}, None, ()),
    ],
)
def should_survive_the_slips_of_the_documented_samples(
    line: dict[str, Any], answer: CodeAnswer | None, suggestions: tuple[CodeAnswer, ...]
) -> None:
    coded = _coded(json.dumps(line).encode(), [SENT])
    assert coded.results == [answer]
    assert coded.suggestions == [suggestions]
    uncoded = CodedStatus.SUGGESTED if suggestions else CodedStatus.NOTHING_TO_CODE
    assert (coded.statuses == [uncoded]) is (answer is None)


def should_tell_the_rows_in_which_the_service_found_nothing_to_code() -> None:
    nothing = b'{"recordId":"3","suggestions":[]}\n{"recordId":"4","suggestions":[]}\n'
    coded = _coded(_line("2") + nothing + _line("5"), [SENT, SENT, SHORTENED, SENT])

    assert [str(status) for status in coded.statuses] == [
        *("coded", "nothing_to_code", "shortened", "coded")
    ]
    assert coded.results[1:3] == [None, None]


def should_take_a_confidence_that_no_float_holds_for_none() -> None:
    line = b'{"recordId":"2","result":{"codeCategory":"1","codeConfidence":1e999}}'
    with pytest.raises(RowsDisagree, match="row 2 is no line"):
        _coded(line, [SENT])


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"[]",
        b"null",
        b'{"recordId":"2","result":{}}',
        b'{"recordId":"2","result":[]}',
        b'{"recordId":"2","result":{"codeCategory":true}}',
        b'{"recordId":"2","result":{"codeCategory":"1"}',
        b'{"recordId":"2","suggestions":{"a":1}}',
        b'{"recordId":"2","suggestions":1}',
        b'{"recordId":"\xff","result":{"codeCategory":"1"}}',
        b'{"recordId":2,"result":{"codeCategory":"1"}}',
        b'{"recordId":"3","result":{"codeCategory":"1"}}',
        b'{"recordId":"2","result":{"codeCategory":"1","codeConfidence":' + b"9" * 400 + b"}}",
        b'{"recordId":"2","result":{"codeCategory":"\\ud800"}}',
        b'{"recordId":"2\\ud800","result":{"codeCategory":"1"}}',
        b"[" * 100_000,
        b'{"recordId":"2","result":' + b'{"a":' * 50_000,
    ],
)
def should_refuse_what_is_no_line_of_the_row(line: bytes) -> None:
    with pytest.raises(RowsDisagree, match="row 2"):
        _coded(line + b"\n", [SENT])


@given(garbage("recordId", "result", "suggestions", "codeCategory", "codeConfidence", "codeLabel"))
def should_read_garbage_as_no_line_of_the_row(line: bytes) -> None:
    with pytest.raises(RowsDisagree):
        _coded(line, [SENT])


@given(
    st.lists(st.sampled_from(RowStatus), max_size=30),
    st.lists(st.integers(0, 30), max_size=4),
    st.integers(1, 400),
    st.booleans(),
)
def should_go_on_behind_any_batch(
    statuses: list[RowStatus], cuts: list[int], block: int, last_ends: bool
) -> None:
    sent = [n for n, status in enumerate(statuses, start=2) if status in (SENT, SHORTENED)]
    output = b"".join(_line(str(number)) for number in sent)
    source = HeldBytes(output if last_ends else output[:-1], block=block)
    bounds = sorted({0, len(statuses), *(cut for cut in cuts if cut < len(statuses))})
    offset = 0
    for first, end in pairwise(bounds):
        lines = CodedOutput(source, offset, code_digits=6)
        coded = lines.coded(*_batch(statuses[first:end], first + 2))
        assert [answer is not None for answer in coded.results] == [
            status in (SENT, SHORTENED) for status in statuses[first:end]
        ]
        offset = lines.offset
        lines.close()
        assert source.open_streams == 0
    CodedOutput(source, offset, code_digits=6).finish()
    assert offset == source.size


def should_count_the_letters_and_digits_of_a_code() -> None:
    assert [level_of(code) for code in ("241213", "24.12-13", "J", "")] == [6, 6, 1, 0]
