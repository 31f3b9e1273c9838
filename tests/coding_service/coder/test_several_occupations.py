"""Answers that name two occupations are not asserted as one, and titles that look alike are."""

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import permutations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coding_service.coder.model import CodedLabel, Coding, TrainedModel
from coding_service.coder.model_files import read_model
from coding_service.coder.text.phrases import Phrases
from tests.support.coding_service.occupation_pairs import MAINLY_ONE, PAIRS, SINGLES

SEPARATORS = re.compile(r" (?:and|or|plus|also|as well as) |[,;/&+]")
PHRASES = Phrases(
    between=("and", "also", "as well as"), mainly=("mainly", "full time"), besides=("part time",)
)
TRADES = ["cook", "pub cook", "bread baker", "school bus driver", "truck driver", "coach driver"]
BETWEEN = [" and ", "/", " / ", " & ", "; ", ", ", " also ", ", also ", " as well as ", " AND "]


@pytest.fixture(scope="module")
def parted(trades_directory: Path) -> TrainedModel:
    """The small topic's model, with phrases."""
    parts = read_model(trades_directory)
    return TrainedModel.of(replace(parts, card=replace(parts.card, phrases=PHRASES)))


def coded(model: TrainedModel, titles: Sequence[str], tasks: str = "") -> list[Coding]:
    return model.code([{"occp_text": title, "tasks_text": tasks} for title in titles])


def deepest(model: TrainedModel, label: CodedLabel | None) -> bool:
    return label is not None and len(label.category) == model.hierarchy.lengths[-1]


def should_not_assert_one_occupation_when_two_are_named(anzsco: TrainedModel) -> None:
    # A separator is no word: without it the same words are one text.
    as_one = coded(anzsco, [SEPARATORS.sub(" ", pair) for pair in PAIRS])
    before = [each for each in as_one if deepest(anzsco, each.result)]

    after = [each for each in coded(anzsco, PAIRS) if deepest(anzsco, each.result)]

    assert len(PAIRS) >= 80
    assert len(before) >= 20
    assert len(after) <= 3


def should_code_a_title_with_a_conjunction_as_without(anzsco: TrainedModel) -> None:
    as_one = coded(anzsco, [SEPARATORS.sub(" ", title) for title in SINGLES])

    changed = [
        title
        for title, one, after in zip(SINGLES, as_one, coded(anzsco, SINGLES), strict=True)
        if one.result != after.result
    ]

    assert len(SINGLES) >= 60
    assert sum(each.result is not None for each in as_one) >= 40
    assert len(changed) <= 2, changed


@pytest.mark.parametrize(("title", "main"), list(MAINLY_ONE.items()))
def should_code_the_main_occupation_when_the_text_says_which_it_is(
    anzsco: TrainedModel, title: str, main: str
) -> None:
    both, alone = coded(anzsco, [title, main])

    best = both.result or both.suggestions[0]
    of_main = alone.result or alone.suggestions[0]
    assert best.category[:2] == of_main.category[:2]


@pytest.mark.parametrize("between", BETWEEN)
@pytest.mark.parametrize(("one", "other"), [*permutations(["pub cook", "school bus driver"])])
def should_suggest_both_when_they_lie_in_different_groups(
    parted: TrainedModel, one: str, other: str, between: str
) -> None:
    [coding] = coded(parted, [f"{one}{between}{other}"])

    assert coding.result is None
    assert {each.category for each in coding.suggestions[:2]} == {"11", "21"}
    assert all(0.3 < each.confidence <= 0.5 for each in coding.suggestions[:2])


@pytest.mark.parametrize(
    ("title", "code"),
    [("pub cook and bread baker", "1"), ("school bus driver / road train driver", "2")],
)
def should_assert_the_group_when_both_lie_in_it(
    parted: TrainedModel, title: str, code: str
) -> None:
    [coding] = coded(parted, [title])

    assert coding.result is not None
    assert coding.result.category == code


@pytest.mark.parametrize(
    "title",
    ["cook, Royal Hotel", "bus driver / zyxw", "pub cook and", "and cook", "cook & cook", "a/b/c"],
)
def should_code_as_one_when_a_part_is_no_occupation_of_its_own(
    parted: TrainedModel, title: str
) -> None:
    said, as_one = coded(parted, [title, SEPARATORS.sub(" ", f" {title} ")])

    assert said.result is None or said.result.category in ("1", "11", "21")
    if "cook &" not in title:
        assert said == as_one


def should_agree_with_the_probabilities(parted: TrainedModel) -> None:
    [odds] = parted.probabilities([{"occp_text": "pub cook and school bus driver"}])
    halves = parted.probabilities([{"occp_text": "pub cook"}, {"occp_text": "school bus driver"}])

    np.testing.assert_array_equal(odds, halves.sum(axis=0) / np.float32(2))


@settings(max_examples=60)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(TRADES), st.sampled_from([*BETWEEN, " "]), st.sampled_from(TRADES)
        ),
        min_size=1,
        max_size=8,
    )
)
def should_answer_the_same_whoever_else_is_in_the_batch(
    parted: TrainedModel, drawn: list[tuple[str, str, str]]
) -> None:
    titles = ["".join(each) for each in drawn]

    assert coded(parted, titles) == [coding for each in titles for coding in coded(parted, [each])]
