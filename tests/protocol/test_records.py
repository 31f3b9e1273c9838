import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.records import (
    MAX_LINE_BYTES,
    MAX_TEXT_CHARACTERS,
    RecordFault,
    RecordForm,
    decode_output_line,
    has_nothing,
    input_format_of,
    is_coded,
    record_id_of,
)

FIELDS = ("occp_text", "tasks_text")


def form() -> RecordForm:
    return RecordForm(FIELDS)


def line(**fields: object) -> bytes:
    return json.dumps({"occp_text": "nurse", "tasks_text": "", **fields}).encode()


def should_return_the_record_when_all_fields_are_there() -> None:
    assert form().parse(line(recordId="1")) == {
        "occp_text": "nurse",
        "tasks_text": "",
        "recordId": "1",
    }


def should_accept_one_text_field_when_the_model_has_only_one() -> None:
    record = RecordForm(("occp_text",)).parse(b'{"occp_text": "nurse, nights"}')
    assert record == {"occp_text": "nurse, nights"}


def should_accept_a_carriage_return_when_lines_end_as_on_windows() -> None:
    assert form().parse(line() + b"\r")["occp_text"] == "nurse"


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        (b"", "is empty"),
        (b"   ", "is empty"),
        (b"nurse", "is not JSON"),
        (b'{"occp_text": "nurse"', "is not JSON"),
        (b'{"occp_text": "\xff", "tasks_text": ""}', "is not JSON in UTF-8"),
        (b"\xef\xbb\xbf" + line(), "byte order mark"),
        (b"[" * 100_000, "is"),
        (b'["nurse"]', "not an object"),
        (b'"nurse"', "not an object"),
        (b'{"occp_text": "nurse"}', "lacks the field tasks_text"),
        (b"{}", "lacks the field occp_text, tasks_text"),
        (line(age="7"), "has the field age"),
        (line(tasks_text=None), "tasks_text that is not text"),
        (line(recordId=1), "recordId that is not text"),
        (line(occp_text="x" * 301), "301 characters"),
        (line(occp_text="x" * 200, tasks_text="y" * 101), "301 characters"),
        (line(recordId="x" * MAX_LINE_BYTES), "at most 1,048,576 are allowed"),
    ],
)
def should_say_why_when_a_line_is_not_a_record(bad: bytes, why: str) -> None:
    with pytest.raises(RecordFault, match=why):
        form().parse(bad)


def should_count_characters_and_not_bytes_when_text_is_not_ascii() -> None:
    form().parse(json.dumps({"occp_text": "護" * 150, "tasks_text": "師" * 150}).encode())
    form().parse(f'{{"occp_text": "{"護" * 300}", "tasks_text": ""}}'.encode())


def should_leave_the_record_id_out_of_the_limit_when_it_is_long() -> None:
    form().parse(line(recordId="x" * 5000, occp_text="y" * MAX_TEXT_CHARACTERS, tasks_text=""))


def should_refuse_a_line_when_its_fields_differ_from_the_first_ones() -> None:
    with_ids = form()
    with_ids.parse(line(recordId="1"))
    with pytest.raises(RecordFault, match="lacks recordId"):
        with_ids.parse(line())
    without = form()
    without.parse(line())
    with pytest.raises(RecordFault, match="has recordId"):
        without.parse(line(recordId="1"))


@given(st.text(max_size=MAX_TEXT_CHARACTERS), st.text())
def should_keep_any_text_as_it_is_when_it_is_unicode(text: str, record_id: str) -> None:
    record = {"recordId": record_id, "occp_text": text, "tasks_text": ""}
    encoded = json.dumps(record).encode()
    assert form().parse(encoded) == record


@given(st.binary(max_size=200))
def should_never_raise_anything_but_a_fault_when_a_line_is_noise(noise: bytes) -> None:
    with contextlib.suppress(RecordFault):
        assert form().parse(noise).keys() >= set(FIELDS)


def should_find_the_record_id_when_the_output_has_the_documented_slips() -> None:
    assert record_id_of({"recordId": "1", "result": {}}) == "1"
    assert record_id_of({"id": "2", "suggestions": []}) == "2"
    assert record_id_of({" recordId": "3"}) == "3"
    assert record_id_of({"recordId": ""}) == ""
    assert record_id_of({"result": {}}) == ""


@pytest.mark.parametrize(
    ("coded", "nothing"),
    [
        ({"recordId": "", "suggestions": []}, True),
        ({" suggestions": b"[]"}, True),
        ({"id": "", "suggestions": b"null"}, True),
        ({"recordId": ""}, True),
        ({"suggestions": b"[{}]"}, False),
        ({"suggestions": b"{}"}, False),
        ({"result": b"{}", "suggestions": b"[]"}, False),
    ],
)
def should_find_nothing_where_no_code_is_said(coded: dict[str, object], nothing: bool) -> None:
    assert has_nothing(coded) is nothing


def should_tell_a_result_from_suggestions() -> None:
    assert is_coded({"recordId": "", "result": {"codeCategory": "261313"}})
    assert not is_coded({"recordId": "", "suggestions": []})


def should_take_numbers_of_output_as_they_are_written() -> None:
    line = b'{"recordId": "a", "result": {"codeConfidence": 1e999}}'

    assert decode_output_line(line)["result"] == b'{"codeConfidence": 1e999}'


@pytest.mark.parametrize(
    ("value", "fault"),
    [
        (b'{"codeLabel": "\xff"}', "is not JSON in UTF-8"),
        (b'{"codeLabel": "\\x"}', "is not JSON in UTF-8"),
        (b'{"codeConfidence": 0.}', "is not JSON in UTF-8"),
        (b"[" * 100_000, "is nested too deeply"),
    ],
)
def should_refuse_output_when_what_stands_in_it_is_no_json(value: bytes, fault: str) -> None:
    with pytest.raises(RecordFault, match=fault):
        decode_output_line(b'{"recordId": "a", "result": %b}' % value)


def should_leave_record_id_out_when_a_model_lists_it_as_input() -> None:
    assert input_format_of(["recordId", "occp_text"]) == ("occp_text",)
