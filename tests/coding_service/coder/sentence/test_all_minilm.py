"""The sentence model that is fetched, where it is: `make sentence-model`."""

import numpy as np
import pytest

from coding_service.coder.sentence.encoder import SentenceEncoder
from tests.support.coding_service.sentence_models import in_full_precision
from training.fit.sentence_model import read_sentence_model
from training.fit.train import SENTENCE_MODEL

WEIGHTS = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""SHA-256 of all-MiniLM-L6-v2's model.safetensors, as its makers publish it."""
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not (SENTENCE_MODEL / "vocab.txt").exists(), reason="`make sentence-model` was not run"
    ),
]


@pytest.fixture(scope="module")
def encoder() -> SentenceEncoder:
    model = read_sentence_model(SENTENCE_MODEL)
    assert model.weights_hash == WEIGHTS
    return model.encoder


# What the library `tokenizers` 0.23 makes of the model's own tokenizer.json.
@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("Registered Nurse (ICU)", [101, 5068, 6821, 1006, 24582, 2226, 1007, 102]),
        ("Café owner/barista", [101, 7668, 3954, 1013, 22466, 9153, 102]),
        ("看護師 nurse", [101, 100, 100, 100, 6821, 102]),
        ("don't know 😀 truckie", [101, 2123, 1005, 1056, 2113, 100, 4744, 2666, 102]),
    ],
)
def should_cut_texts_as_the_models_makers_do(
    encoder: SentenceEncoder, text: str, numbers: list[int]
) -> None:
    assert list(encoder.word_pieces.of_text(text)) == numbers


def should_be_near_the_model_in_full_precision(encoder: SentenceEncoder) -> None:
    exact = in_full_precision(SENTENCE_MODEL)

    for text in (
        "truckie",
        "registered nurse",
        "Drives a road train between the mines and the port",
    ):
        [read] = encoder.of([text])
        assert float(read @ exact(encoder.word_pieces.of_text(text))) > 0.98


def should_know_that_a_gp_is_a_doctor(encoder: SentenceEncoder) -> None:
    gp, doctor, driver = encoder.of(["GP", "general practitioner, doctor", "lorry driver"])

    assert gp @ doctor > gp @ driver + 0.1


def should_read_a_text_alone_as_among_others(encoder: SentenceEncoder) -> None:
    texts = [
        f"{word} {number}" for word in ("nurse", "cook", "mine surveyor") for number in range(9)
    ]

    together = encoder.of(texts)

    for row, text in zip(together, texts, strict=True):
        np.testing.assert_array_equal(row, encoder.of([text])[0])
