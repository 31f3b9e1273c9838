"""A text's numbers are the same to the last digit, whatever is read beside it."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coding_service.coder.sentence.encoder import Scaled, SentenceEncoder
from infra.project_files import LAMBDAS, PROJECT
from tests.support.coding_service.sentence_models import (
    WIDTH,
    in_full_precision,
    sentence_model_folder,
)
from training.fit.sentence_model import read_sentence_model

TEXTS = ["bus driver", "cook", "school bus driver", "", "baker of bread, cakes!", "x" * 90, "宇宙"]
READ = """
import sys
from pathlib import Path
from training.fit.sentence_model import read_sentence_model
encoder = read_sentence_model(Path(sys.argv[1])).encoder
sys.stdout.buffer.write(encoder.of(sys.argv[2:] * 40).tobytes())
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return sentence_model_folder(tmp_path_factory.mktemp("sentences") / "tiny")


@pytest.fixture(scope="module")
def encoder(folder: Path) -> SentenceEncoder:
    return read_sentence_model(folder).encoder


@settings(max_examples=30, deadline=None)
@given(texts=st.lists(st.text("abcdefgh -,", max_size=40), min_size=1, max_size=80))
def should_give_a_text_the_same_numbers_when_any_others_are_read_beside_it(
    encoder: SentenceEncoder, texts: list[str]
) -> None:
    together = encoder.of(texts)

    for row, text in zip(together, texts, strict=True):
        assert row.tobytes() == encoder.of([text])[0].tobytes()
    assert together[::-1].tobytes() == encoder.of(texts[::-1]).tobytes()


@pytest.mark.slow
@pytest.mark.parametrize("threads", [1, 2, 5])
def should_give_the_same_numbers_when_there_are_more_threads(
    encoder: SentenceEncoder, folder: Path, threads: int
) -> None:
    given = {"OPENBLAS_NUM_THREADS": str(threads), "PYTHONPATH": f"{PROJECT}:{LAMBDAS}"}

    done = subprocess.run(
        [sys.executable, "-c", READ, folder, *TEXTS], env=given, capture_output=True, check=True
    )

    assert done.stdout == encoder.of(TEXTS * 40).tobytes()


def should_give_vectors_of_length_one_but_for_blanks(encoder: SentenceEncoder) -> None:
    lengths = np.linalg.norm(encoder.of(TEXTS), axis=1)

    assert encoder.width == WIDTH
    np.testing.assert_allclose(lengths, [text != "" for text in TEXTS], atol=1e-6)


def should_read_as_before_when_it_comes_out_of_a_file(encoder: SentenceEncoder) -> None:
    again = SentenceEncoder.read(encoder.arrays())

    assert again.of(TEXTS).tobytes() == encoder.of(TEXTS).tobytes()


@given(
    rows=st.integers(1, 40),
    inputs=st.sampled_from([1, 384, 768, 1_536, 2_000]),
    seed=st.integers(0, 99),
)
@settings(max_examples=20, deadline=None)
def should_sum_whole_numbers_exactly(rows: int, inputs: int, seed: int) -> None:
    dice = np.random.default_rng(seed)
    layer = Scaled(
        dice.integers(-127, 128, (inputs, 24)).astype(np.float32),
        np.ones(24, np.float32),
        np.zeros(24, np.float32),
    )
    # The largest number of each row is 127, so that nothing is rounded.
    texts = dice.integers(-126, 127, (rows, inputs)).astype(np.float32)
    texts[:, 0] = 127

    sums = layer.of(texts)

    exact = texts.astype(np.int64) @ layer.numbers.astype(np.int64)
    np.testing.assert_allclose(sums, exact, rtol=1e-6)
    for row in range(rows):
        assert sums[row].tobytes() == layer.of(texts[row : row + 1])[0].tobytes()


def should_be_near_the_model_in_full_precision(folder: Path, encoder: SentenceEncoder) -> None:
    exact = in_full_precision(folder)

    for text in ("bus driver", "school bus drivers, cook"):
        cosine = float(encoder.of([text])[0] @ exact(encoder.word_pieces.of_text(text)))
        assert cosine > 0.98
