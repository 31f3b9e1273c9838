"""A block of lines in, a block of result lines out."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pytest

from coding_service.amazon_ml.work.csv_lines import LineForm
from coding_service.amazon_ml.work.scoring import FAULTS_KEPT, Counts, LineScorer

FIELDS = ("title", "tasks")


class Lengths:
    """A model of three classes whose scores are what the title says, in percent."""

    def __init__(self) -> None:
        self.seen: list[dict[str, str]] = []

    def probabilities(self, records: Sequence[Mapping[str, str]]) -> npt.NDArray[np.float64]:
        self.seen += [dict(record) for record in records]
        return np.array([[float(n) for n in record["title"].split()] for record in records])


def results(lines: list[bytes | None], *, tag: int | None = 0) -> tuple[list[str], Counts]:
    counts = Counts()
    scorer = LineScorer(Lengths(), FIELDS, LineForm(3, (1, 2), tag))
    return b"".join(scorer.results(lines, counts)).decode().split("\n")[:-1], counts


def should_write_a_line_for_each_line_and_a_blank_one_where_it_is_invalid() -> None:
    lines, counts = results([b"a,0.5 0.25 0,", None, b'"b,c",0 0 1,x', b"few", b"d,0 0 0,"])
    assert lines == [
        "a,0.500000,0.250000,0.000000",
        "",
        '"b,c",0.000000,0.000000,1.000000',
        "",
        "d,0.000000,0.000000,0.000000",
    ]
    assert (counts.total, counts.invalid) == (5, 2)
    assert [line for line, _ in counts.faults] == [1, 3]


def should_leave_the_tag_out_without_a_row_id() -> None:
    assert results([b"a,0.1 0.2 0.3,"], tag=None)[0] == ["0.100000,0.200000,0.300000"]


@pytest.mark.parametrize(
    ("score", "text"),
    [
        ("0.123456789", "0.123457"),
        ("0.0000004", "0.000000"),
        ("0.0000006", "0.000001"),
        ("0.9999999", "1.000000"),
        ("0.1", "0.100000"),
        ("-1e-12", "0.000000"),
    ],
)
def should_write_scores_with_six_digits(score: str, text: str) -> None:
    assert results([f"a,{score} 0 0,".encode()])[0] == [f"a,{text},0.000000,0.000000"]


def should_hand_the_models_fields_to_the_model() -> None:
    model = Lengths()
    scorer = LineScorer(model, FIELDS, LineForm(3, (1, 2), None))
    list(scorer.results([b"a,0 0 0,sweeps"], Counts()))
    assert model.seen == [{"title": "0 0 0", "tasks": "sweeps"}]


def should_go_on_when_every_line_of_a_block_is_invalid() -> None:
    lines, counts = results([None] * 5_000)
    assert lines == [""] * 5_000
    assert (counts.total, counts.invalid) == (5_000, 5_000)
    assert len(counts.faults) == FAULTS_KEPT
