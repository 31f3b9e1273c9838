"""What is written for Amazon ML and read from it, byte for byte."""

import csv
import gzip
import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.engines.amazon_ml.codelist import ScoreRollup, read_codelist
from pipeline.engines.amazon_ml.csv_input import LINE_ENDS, Rows, data_schema, row_id
from pipeline.engines.amazon_ml.scores import Inflation, ScoreLines
from pipeline.errors import ResultsMismatch, SettingInvalid
from shared.codelist import Codelist
from tests.support.pipeline.memory_amazon_ml import CLASSES, CODES

FIELDS = ("occp_text", "tasks_text")
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)


def made(content: bytes, cut: int) -> list[list[str]]:
    rows = Rows(FIELDS)
    blocks = [content[n : n + cut] for n in range(0, len(content), cut)]
    text = b"".join([rows.header(), *map(rows.of, blocks), rows.finish()]).decode()
    return list(csv.reader(io.StringIO(text, newline="")))


@given(st.lists(st.tuples(TEXTS, TEXTS, TEXTS), min_size=1, max_size=9), st.integers(1, 200))
def should_make_one_row_of_each_line_however_the_file_is_cut(
    records: list[tuple[str, str, str]], cut: int
) -> None:
    content = b"\n".join(
        json.dumps({"recordId": i, "tasks_text": t, "occp_text": o}).encode() for i, o, t in records
    )
    header, *rows = made(content, cut)
    assert header == ["rowId", *FIELDS]
    for line, (row, (record_id, occupation, tasks)) in enumerate(
        zip(rows, records, strict=True), 1
    ):
        number, _, escaped = row[0].partition(" ")
        assert int(number) == line
        assert json.loads(f'"{escaped}"') == record_id
        assert row[0].isascii()
        assert row[1:] == [LINE_ENDS.sub(" ", each) for each in (occupation, tasks)]
        assert all(len(each.splitlines()) <= 1 for each in row)


def should_give_a_row_without_a_record_id_its_number_alone() -> None:
    assert row_id(7, "") == "7"
    assert row_id(7, "a\nb") == "7 a\\nb"


def should_describe_the_rows_in_the_schema() -> None:
    schema = json.loads(data_schema(("rowId", "text")))
    assert schema["rowId"] == "rowId_"
    assert [each["attributeName"] for each in schema["attributes"]] == ["rowId_", "rowId", "text"]
    assert "targetAttributeName" not in schema


@pytest.fixture
def codelist(tmp_path: Path) -> Codelist:
    (tmp_path / "codes.csv").write_text(CODES, "utf-8")
    return read_codelist(tmp_path / "codes.csv")


def answer(codelist: Codelist, *scores: float, threshold: float = 0.75) -> dict[str, object]:
    found: dict[str, object] = json.loads(
        f"{{{ScoreRollup(codelist, CLASSES, threshold).answer(scores)}}}"
    )
    return found


@pytest.mark.parametrize(
    ("scores", "code", "confidence"),
    [
        ((0.8, 0.1, 0.1), "234111", 0.8),
        ((0.5, 0.4, 0.1), "2341", 0.9),  # deeper than 234 and 23, whose sums are the same
        ((0.4, 0.3, 0.3), "2", 1.0),
        ((0.0, 0.0, 0.75), "254415", 0.75),
        ((1.00004, 0.0, 0.0), "234111", 1.0),
    ],
)
def should_take_the_deepest_code_that_reaches_the_threshold(
    codelist: Codelist, scores: tuple[float, ...], code: str, confidence: float
) -> None:
    result = answer(codelist, *scores)["result"]
    label = codelist.codes[code].label
    assert result == {"codeCategory": code, "codeLabel": label, "codeConfidence": confidence}


def should_suggest_the_likeliest_classes_when_no_level_is_sure(codelist: Codelist) -> None:
    suggestions = answer(codelist, 0.05, 0.004, 0.3)["suggestions"]
    assert isinstance(suggestions, list)
    assert [each["codeCategory"] for each in suggestions] == ["254415", "234111"]


def should_suggest_one_at_least(codelist: Codelist) -> None:
    suggestions = answer(codelist, 0.000001, 0.0, 0.0)["suggestions"]
    assert isinstance(suggestions, list)
    assert len(suggestions) == 1


def should_suggest_none_when_no_class_has_a_score(codelist: Codelist) -> None:
    assert answer(codelist, 0.0, 0.0, 0.0)["suggestions"] == []


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("code,label\n1,A\n", "columns code, label and parent"),
        ("code,label,parent\n11,A,1\n", "lacks 1, the parent of 11"),
        (None, "columns code, label and parent"),
    ],
)
def should_name_what_a_codelist_lacks(tmp_path: Path, content: str | None, said: str) -> None:
    if content is not None:
        (tmp_path / "codes.csv").write_text(content, "utf-8")
    with pytest.raises(SettingInvalid, match=said):
        read_codelist(tmp_path / "codes.csv")


LINES = [b"tag,a,b", *(f"{n},0.{n:04d},0.5".encode() for n in range(1, 3000))]
GZIPPED = b"".join(
    gzip.compress(b"\n".join(some) + b"\n") for some in (LINES[:7], LINES[7:2000], LINES[2000:])
)


def pieces(size: int) -> Iterator[bytes]:
    return (GZIPPED[n : n + size] for n in range(0, len(GZIPPED), size))


@pytest.mark.parametrize("size", [1, 7, 1000, 1 << 20])
def should_read_gzip_members_one_after_the_other(size: int) -> None:
    scores = ScoreLines(pieces(size))
    assert scores.header == ["tag", "a", "b"]
    assert [line for lines in scores.batches() for line in lines] == LINES[1:]


def should_go_on_behind_any_line_that_was_dealt_with() -> None:
    for done in (1, 2, 500, 2998, 2999):
        offset = sum(len(each) + 1 for each in LINES[:done])
        scores = ScoreLines(pieces(1000))
        scores.skip_to(offset)
        assert [line for lines in scores.batches() for line in lines] == LINES[done:]
        assert scores.offset == sum(len(each) + 1 for each in LINES)


def should_say_so_when_there_is_less_than_was_dealt_with() -> None:
    with pytest.raises(ResultsMismatch, match="fewer"):
        ScoreLines(pieces(1000)).skip_to(1 << 30)


def should_inflate_in_short_steps() -> None:
    inflation = Inflation()
    made = list(inflation.of(gzip.compress(b"0" * (5 << 20))))
    assert max(map(len, made)) <= 1 << 20
    assert sum(map(len, made)) == 5 << 20
    inflation.finish()
