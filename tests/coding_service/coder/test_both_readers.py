"""A topic with two readers: the second is asked where it can change the answer, and only there."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from coding_service.coder.both_readers import combined
from coding_service.coder.errors import ModelError
from coding_service.coder.model import TrainedModel
from coding_service.coder.model_card import CARD, FORMAT, SENTENCE
from coding_service.coder.model_files import read_model
from coding_service.coder.sentence import reader
from coding_service.coder.sentence.encoder import SentenceEncoder
from tests.support.coding_service.sentence_models import sentence_model_folder
from tests.support.coding_service.topic_folders import SETTINGS, topic_folder
from training.fit.train import train_into
from training.topic.files import read_topic

BOTH = SETTINGS + "readers: linear+sentence\nsentenceModel: tiny\n"
UNSURE_AT_95 = ["truck", "city bus", "school bus", "bread night", "tanker driver", "camp baker"]
"""The linear reader is between 0.9, from which on the other is not asked, and 0.95 sure of them."""
TEXTS = st.lists(st.text("abcdehkrstu -", max_size=30), min_size=1, max_size=30)


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of the small topic with two readers."""
    folder = topic_folder(tmp_path_factory.mktemp("both") / "topic", settings=BOTH)
    sentence_model_folder(folder / "tiny")
    return train_into(read_topic(folder), folder / "models")[0]


@pytest.fixture(scope="module")
def both(directory: Path) -> TrainedModel:
    return TrainedModel.load(directory)


@pytest.fixture(scope="module")
def linear(directory: Path) -> TrainedModel:
    """The same model's first reader by itself."""
    parts = read_model(directory)
    return TrainedModel.of(replace(parts, sentences=None))


def records(texts: Sequence[str]) -> list[dict[str, str]]:
    return [{"occp_text": text, "tasks_text": text[:3]} for text in texts]


@pytest.fixture
def read_texts(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every text that the sentence model reads from now on."""
    read: list[str] = []
    original = SentenceEncoder.of

    def noting(self: SentenceEncoder, texts: Sequence[str]) -> object:
        read.extend(texts)
        return original(self, texts)

    monkeypatch.setattr(SentenceEncoder, "of", noting)
    return read


def should_answer_as_the_linear_reader_where_that_is_sure(
    directory: Path, linear: TrainedModel, read_texts: list[str]
) -> None:
    sure = [{"occp_text": "school bus driver", "tasks_text": ""}]

    coded = TrainedModel.load(directory).code(sure)

    assert coded == linear.code(sure)
    assert coded[0].result is not None
    assert coded[0].result.confidence >= 0.9
    assert read_texts == []


def should_ask_the_second_reader_once_for_each_text_where_the_first_is_unsure(
    directory: Path, linear: TrainedModel, read_texts: list[str]
) -> None:
    unsure = [{"occp_text": text, "tasks_text": "meals"} for text in ("hb drvr", "cakery hand") * 3]

    model = TrainedModel.load(directory)
    first = model.code(unsure)
    second = model.code(unsure)

    assert sorted(read_texts) == ["cakery hand", "hb drvr", "meals"]
    assert first == second
    assert first != linear.code(unsure)


def should_answer_the_same_when_little_is_remembered(
    directory: Path, both: TrainedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = [f"{first}{second} hand" for first in "abcdef" for second in "ghij"]
    expected = both.code(records(texts))
    monkeypatch.setattr(reader, "TEXTS_KEPT", 5)
    forgetful = TrainedModel.load(directory)

    for first in range(0, len(texts), 4):
        part = slice(first, first + 4)
        assert forgetful.code(records(texts[part])) == expected[part]
    assert forgetful.code(records(texts)) == expected


def should_ask_nobody_when_there_is_no_text(directory: Path, read_texts: list[str]) -> None:
    TrainedModel.load(directory).code([{"occp_text": " ", "tasks_text": ""}])

    assert read_texts == []


@settings(max_examples=25, deadline=None)
@given(texts=TEXTS)
def should_code_the_same_whatever_stands_beside_a_record(
    directory: Path, both: TrainedModel, texts: list[str]
) -> None:
    together = both.code(records(texts))

    assert together[::-1] == both.code(records(texts[::-1]))
    fresh = TrainedModel.load(directory)
    assert together == [fresh.code([each])[0] for each in records(texts)]


@settings(max_examples=25, deadline=None)
@given(texts=TEXTS)
def should_share_one_out_over_all_codes(both: TrainedModel, texts: list[str]) -> None:
    odds = both.probabilities(records(texts))

    assert odds.shape == (len(texts), len(both.hierarchy.leaves))
    assert (odds >= 0).all()
    assert (odds.sum(axis=1) <= 1 + 1e-5).all()


@pytest.mark.parametrize("threshold", [0.7, 0.95])
@settings(max_examples=25, deadline=None)
@given(texts=TEXTS)
@example(texts=UNSURE_AT_95)
def should_assert_the_deepest_code_that_reaches_the_threshold(
    both: TrainedModel, threshold: float, texts: list[str]
) -> None:
    both = replace(both, card=replace(both.card, threshold=threshold))
    leaves, tree = both.hierarchy.leaves, both.hierarchy
    for coding, odds in zip(
        both.code(records(texts)), both.probabilities(records(texts)), strict=True
    ):
        sums = {
            code: sum(
                float(odd)
                for leaf, odd in zip(leaves, odds, strict=True)
                if tree.covers(code, leaf)
            )
            for code in tree.codes
        }
        near = {code for code, odd in sums.items() if abs(odd - both.card.threshold) < 1e-4}
        reached = [code for code, odd in sums.items() if odd >= both.card.threshold]
        deepest = max(map(len, reached), default=0)
        if near:
            continue
        if coding.result is None:
            assert not reached
            assert len(coding.suggestions) <= 3
            if odds.any():
                assert coding.suggestions[0].category == leaves[int(odds.argmax())]
            else:
                assert not coding.suggestions
        else:
            assert len(coding.result.category) == deepest
            assert coding.result.confidence == pytest.approx(sums[coding.result.category], abs=2e-4)


def should_be_one_reader_alone_when_the_other_has_no_power() -> None:
    dice = np.random.default_rng(3)
    first, second = dice.dirichlet(np.ones(4), (2, 5)).astype(np.float32)

    powers = np.asarray([[1, 0], [0, 1], [0.5, 0.5], [1, 0], [0, 1]], np.float32)

    odds = combined(first, second, powers)

    np.testing.assert_allclose(odds[[0, 3]], first[[0, 3]], atol=1e-6)
    np.testing.assert_allclose(odds[[1, 4]], second[[1, 4]], atol=1e-6)
    both = np.sqrt(first[2] * second[2])
    np.testing.assert_allclose(odds[2], both / both.sum(), atol=1e-6)


def should_say_what_it_is_when_its_card_is_read(directory: Path) -> None:
    card = json.loads((directory / CARD).read_bytes())

    assert (card["format"], card["modelType"]) == (FORMAT, "hsvm+sentence")
    assert card["secondReader"]["name"] == "tiny"
    assert len(card["secondReader"]["weightsHash"]) == len(card["secondReader"]["fileHash"]) == 64


@pytest.mark.parametrize("damage", ["gone", "changed"])
def should_refuse_a_model_when_its_second_reader_is(
    directory: Path, tmp_path: Path, damage: str
) -> None:
    for file in directory.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    if damage == "gone":
        (tmp_path / SENTENCE).unlink()
    else:
        content = bytearray((tmp_path / SENTENCE).read_bytes())
        content[len(content) // 2] ^= 1
        (tmp_path / SENTENCE).write_bytes(content)

    with pytest.raises(ModelError, match="sentence"):
        read_model(tmp_path)


@pytest.mark.parametrize("title", ["???", "school bus driver / baker"])
def should_leave_to_the_linear_reader_what_is_no_occupation_or_several(
    both: TrainedModel, linear: TrainedModel, read_texts: list[str], title: str
) -> None:
    asked = [{"occp_text": title, "tasks_text": ""}]

    assert both.code(asked) == linear.code(asked)
    assert (both.probabilities(asked) == linear.probabilities(asked)).all()
    assert both.code(asked)[0].result is None
    assert read_texts == []
