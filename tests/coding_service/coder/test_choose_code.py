"""Computing only what can matter gives the answer that computing everything gives."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coding_service.coder.choose_code import FAINTEST_SUGGESTION, TOO_FAINT
from coding_service.coder.linear.exact_titles import EXACT_SHARE
from coding_service.coder.model import TrainedModel
from tests.support.coding_service.topic_folders import MIXED_WORDS

WORDS = st.sampled_from(sorted({*MIXED_WORDS.split(), "zyx", "of"}))
TEXTS = st.lists(st.lists(WORDS, max_size=5).map(" ".join), min_size=1, max_size=8)
CLOSE = 2e-4  # confidences are rounded to four digits


@pytest.mark.parametrize("threshold", [0.15, 0.3, 0.5, 0.75, 0.95])
@settings(max_examples=25)
@given(TEXTS)
def should_give_the_deepest_code_that_reaches_the_threshold(
    mixed: TrainedModel, threshold: float, texts: list[str]
) -> None:
    model = replace(mixed, card=replace(mixed.card, threshold=threshold))
    records = [{"occp_text": text, "tasks_text": ""} for text in texts]
    leaves = model.probabilities(records)
    levels = [leaves @ level.gathers for level in model.hierarchy.levels]

    for row, coding in enumerate(model.code(records)):
        best = [float(level[row].max()) for level in levels]
        if min(abs(each - threshold) for each in best) < CLOSE:
            continue  # rounding decides
        expected = next((each for each in best if each >= threshold), None)
        assert (coding.result is None) == (expected is None)
        if coding.result is not None:
            assert coding.result.confidence == pytest.approx(expected, abs=CLOSE)
            continue
        likeliest = np.sort(leaves[row])[::-1][:3]
        kept = likeliest[likeliest >= max(likeliest[0] * FAINTEST_SUGGESTION, TOO_FAINT)]
        odds = [each.confidence for each in coding.suggestions]
        # One at the border may fall to either side.
        assert abs(len(odds) - max(1, len(kept))) <= 1
        assert odds == pytest.approx(likeliest[: len(odds)].tolist(), abs=CLOSE)


def should_sum_to_no_more_than_one_at_every_level(mixed: TrainedModel) -> None:
    texts = ["bus driver", "nurse", "", "zyx", "software engineer"]
    leaves = mixed.probabilities([{"occp_text": text, "tasks_text": ""} for text in texts])

    totals = [(leaves @ level.gathers).sum(axis=1) for level in mixed.hierarchy.levels]

    for total in totals:
        np.testing.assert_allclose(total, totals[0], atol=1e-5)
        assert (total <= 1 + 1e-5).all()


def should_be_sure_of_a_title_that_stands_under_one_code_alone(trades: TrainedModel) -> None:
    records = [{"occp_text": text, "tasks_text": ""} for text in ("Bus-driver, school", "truckie")]

    odds = trades.probabilities(records).max(axis=1)

    assert (odds >= EXACT_SHARE).all()
