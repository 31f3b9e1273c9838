"""A sentence model is read from a folder, or it is said which file can't be used."""

from pathlib import Path
from typing import Any

import pytest

from tests.support.coding_service.sentence_models import sentence_model_folder
from training.errors import TopicError
from training.fit.sentence_model import read_sentence_model


def should_name_the_model_and_its_weights_when_it_is_read(tmp_path: Path) -> None:
    folder = sentence_model_folder(tmp_path / "tiny")

    model = read_sentence_model(folder)

    assert model.name == "tiny"
    assert model.weights_hash == read_sentence_model(folder).weights_hash
    other = sentence_model_folder(tmp_path / "other", seed=2)
    assert model.weights_hash != read_sentence_model(other).weights_hash


@pytest.mark.parametrize(
    "name",
    [
        "config.json",
        "model.safetensors",
        "vocab.txt",
        "tokenizer_config.json",
        "1_Pooling/config.json",
    ],
)
@pytest.mark.parametrize("content", [None, b"", b"\xff\xfe", b"{}"])
def should_name_the_file_when_one_is_missing_or_damaged(
    tmp_path: Path, name: str, content: bytes | None
) -> None:
    folder = sentence_model_folder(tmp_path / "tiny")
    (folder / name).unlink()
    if content is not None:
        (folder / name).write_bytes(content)
        if (name, content) == ("tokenizer_config.json", b"{}"):
            assert read_sentence_model(folder).encoder.word_pieces.lower_case
            return

    with pytest.raises(TopicError) as fault:
        read_sentence_model(folder)

    named = {folder / name, folder / "model.safetensors"}  # the vocabulary is checked with these
    assert fault.value.path in (named if name == "vocab.txt" else {folder / name})


@pytest.mark.parametrize(
    ("config", "problem"),
    [({"model_type": "xlm-roberta"}, "model_type"), ({"hidden_act": "relu"}, "hidden_act")],
)
def should_refuse_a_model_when_it_is_of_another_form(
    tmp_path: Path, config: dict[str, Any], problem: str
) -> None:
    folder = sentence_model_folder(tmp_path / "tiny", **config)

    with pytest.raises(TopicError, match=problem):
        read_sentence_model(folder)


def should_refuse_weights_when_they_break_off(tmp_path: Path) -> None:
    folder = sentence_model_folder(tmp_path / "tiny")
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-4])

    with pytest.raises(TopicError, match="weights"):
        read_sentence_model(folder)
