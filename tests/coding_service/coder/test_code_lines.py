"""Bytes in, bytes out: the same lines as record by record, and the line at fault named."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from coding_service.coder import code_lines as coded_lines
from coding_service.coder.code_lines import RecordLineFault
from coding_service.coder.model import TrainedModel
from protocol.records import RecordForm

TEXTS = st.one_of(
    st.sampled_from(["cook", "bus", "driver", "night baker", "retired", "", "truck driver (rd.)"]),
    st.sampled_from(
        ["cook / bus driver", "baker, truck driver", "cook; baker & pub cook", "-", "看"]
    ),
    st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=60),
)
RECORDS = st.lists(st.tuples(TEXTS, TEXTS, TEXTS), min_size=1, max_size=12)


def lines_of(records: list[dict[str, str]]) -> bytes:
    return b"".join(json.dumps(record).encode() + b"\n" for record in records)


def record(title: str, tasks: str = "", record_id: str | None = None) -> dict[str, str]:
    told = {} if record_id is None else {"recordId": record_id}
    return {**told, "occp_text": title, "tasks_text": tasks}


@settings(max_examples=60)
@given(RECORDS)
@example([("1", "night baker", "0:2:3\u0ee05:¼¼")])  # 0.99854999…, near a half of a step
def should_write_what_record_by_record_coding_says(
    trades: TrainedModel, texts: list[tuple[str, str, str]]
) -> None:
    records = [record(title, tasks, record_id) for record_id, title, tasks in texts]

    output = trades.code_lines(lines_of(records))

    assert [json.loads(line) for line in output.splitlines()] == [
        coding.to_json() for coding in trades.code(records)
    ]


@settings(max_examples=30)
@given(RECORDS, st.randoms(use_true_random=False), st.integers(1, 5))
def should_code_each_record_the_same_whatever_the_order_and_the_block(
    trades: TrainedModel, texts: list[tuple[str, str, str]], dice: Any, block: int
) -> None:
    records = [record(title, tasks, str(number)) for number, (_, title, tasks) in enumerate(texts)]
    together = sorted(trades.code_lines(lines_of(records)).splitlines())
    dice.shuffle(records)

    apart = [
        trades.code_lines(lines_of(records[first : first + block]))
        for first in range(0, len(records), block)
    ]

    assert sorted(b"".join(apart).splitlines()) == together


def should_count_what_it_coded(trades: TrainedModel) -> None:
    form = RecordForm(("occp_text", "tasks_text"))

    done = trades.coded_lines(lines_of([record("bus driver"), record("zyx"), record("cook")]), form)

    assert (done.records, done.coded) == (3, 2)
    assert form.has_record_id is False
    assert trades.coded_lines(b"", form).output == b""


@pytest.mark.parametrize("end", [b"\r\n", b"\n", b"", b" \t\r\n"])
def should_take_any_line_end(trades: TrainedModel, end: bytes) -> None:
    line = json.dumps(record("cook")).encode()

    output = trades.code_lines(line + b"\r\n" + line + end)

    assert output.count(b"\n") == 2
    assert len(set(output.splitlines())) == 1


@pytest.mark.parametrize("record_id", ['",', ",", '"', "\\", "\\\\", '","', "\u2028", "é\x00"])
def should_keep_the_record_id_whatever_it_is(trades: TrainedModel, record_id: str) -> None:
    records = [record("cook", "", each) for each in ("a", record_id, ",", record_id)]

    output = trades.code_lines(lines_of(records))

    ids = [msgspec.json.decode(line)["recordId"] for line in output.splitlines()]
    assert ids == ["a", record_id, ",", record_id]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b"", "is empty"),
        (b"   ", "is empty"),
        (b"{", "is not JSON"),
        (b'{"occp_text": "\xff", "tasks_text": ""}', "is not JSON"),
        (b"[]", "not an object"),
        (b'{"occp_text": "a"}', "lacks the field tasks_text"),
        (b'{"occp_text": 3, "tasks_text": ""}', "occp_text that is not text"),
        (b'{"occp_text": "a", "tasks_text": "", "x": ""}', "has the field x"),
        (b'{"recordId": "1", "occp_text": "a", "tasks_text": ""}', "has recordId"),
        (lines_of([record("a" * 150, "b" * 151)]).strip(), "has 301 characters"),
        (lines_of([record("a")]).strip() * 2, "is not JSON"),
    ],
)
def should_name_the_line_at_fault(trades: TrainedModel, line: bytes, said: str) -> None:
    good = lines_of([record("cook")])

    with pytest.raises(RecordLineFault, match=said) as caught:
        trades.code_lines(good * 2 + line + b"\n" + good)

    assert caught.value.line == 3


def should_take_three_hundred_characters_whatever_bytes_they_need(trades: TrainedModel) -> None:
    assert trades.code_lines(lines_of([record("\U0001f600" * 300)])).count(b"\n") == 1


def should_answer_the_same_when_what_it_remembers_is_forgotten(
    trades: TrainedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    block = lines_of([record(title) for title in ("cook", "poet", "bus zz", "cook", "baker xx")])
    before = trades.code_lines(block)
    monkeypatch.setattr(coded_lines, "REMEMBERED_RECORDS", 2)

    assert trades.code_lines(block) == before
    assert trades.code_lines(block * 2) == before * 2
