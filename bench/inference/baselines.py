"""Measures the coder beside simple ways to code, on the same examples and the same questions.

    python -m bench.inference.baselines build/topics/onet --models build/own-models

Each of them is what one would write in an afternoon with scikit-learn:

* **nearest titles**: the twenty titles that are most alike, by the cosine of weighted words, pairs
  of words and runs of letters (TF-IDF), vote for their codes with its square; only titles are read;
* **TF-IDF and logistic regression**: weighted words and pairs of words, a linear classifier for
  each code, their probabilities brought to a sum of one;
* **as fastText**: the mean of a hundred learned numbers for each word, pair of words and run of
  letters, one linear layer upon it (Joulin et al. 2017, arXiv:1607.01759).

An answer counts as in docs/coder.md: right is any code that the question has. A record's texts are
one text for them. A run on O*NET takes some minutes of one processor and 3 GB.
"""

import argparse
import sys
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import SGDClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import FeatureUnion

from coding_service.coder.catalogue import Catalogue
from coding_service.coder.model import TrainedModel
from coding_service.coder.text.features import Floats
from coding_service.coder.text.normalise import words
from training.evaluate.numbers import WANTED_PRECISION, asserted_at
from training.topic.files import read_evaluation, read_topic
from training.topic.topic import Example, Question, Topic

FILES = ("evaluation.jsonl", "evaluation-tasks-any.jsonl")
BATCH = 2048  # examples a step
PASSES = 8  # over the examples
NEIGHBOURS = 20  # that vote for their codes
SEED = 1
Odds = Callable[[Sequence[str]], Floats]
"""Texts → texts x codes, the higher the likelier."""


@dataclass(frozen=True, slots=True)
class Score:
    """How many of the questions a way to code answers."""

    exact: float
    among_three: float
    asserted: float
    """The share that may be asserted with nine in ten right."""


def main(arguments: Sequence[str]) -> int:
    """Print a table of all ways on all files."""
    parser = argparse.ArgumentParser(prog="python -m bench.inference.baselines")
    parser.add_argument("topic", type=Path, metavar="TOPIC_DIR")
    parser.add_argument("--models", type=Path, metavar="DIR", help="measure its model as well")
    options = parser.parse_args(arguments)
    topic = read_topic(options.topic)
    examples = [each for each in topic.examples if each.code]
    asked = {
        name: read_evaluation(options.topic / name, topic)
        for name in FILES
        if (options.topic / name).exists()
    }
    for name, odds, seconds in _ways(topic, examples, options.models):
        for file, questions in asked.items():
            score = _score(topic, questions, odds)
            print(
                f"{name:20} {file:28} {score.exact:6.1%} {score.among_three:6.1%} "
                f"{score.asserted:6.1%}   fitted in {seconds:.0f} s",
                flush=True,
            )
    return 0


def _ways(
    topic: Topic, examples: Sequence[Example], models: Path | None
) -> Iterator[tuple[str, Callable[[Sequence[Question]], Floats], float]]:
    texts = [_text(each.texts.values()) for each in examples]
    place = {code: number for number, code in enumerate(topic.hierarchy.leaves)}
    codes = np.asarray([place[str(each.code)] for each in examples])
    titles = next(iter(topic.settings.fields))
    alone = [
        row
        for row, each in enumerate(examples)
        if each.texts[titles] and not any(t for name, t in each.texts.items() if name != titles)
    ]
    began = time.process_time()
    nearest = _nearest([texts[row] for row in alone], codes[alone], len(place))
    yield "nearest titles", partial(_asked_title, titles, nearest), time.process_time() - began
    for name, fitted in (
        ("TF-IDF and logistic", _logistic),
        ("as fastText", _as_fasttext),
    ):
        began = time.process_time()
        odds = fitted(texts, codes, len(place))
        seconds = time.process_time() - began
        yield name, partial(_asked, odds), seconds
    if models:
        catalogue = Catalogue.read(models)
        model = catalogue.load(catalogue.latest(topic.settings.name))
        yield "Dropcoder", partial(_coded, model), 0.0


def _asked(odds: Odds, questions: Sequence[Question]) -> Floats:
    return odds([_text(each.texts.values()) for each in questions])


def _asked_title(field: str, odds: Odds, questions: Sequence[Question]) -> Floats:
    return odds([_text([each.texts[field]]) for each in questions])


def _coded(model: TrainedModel, questions: Sequence[Question]) -> Floats:
    return model.probabilities([dict(each.texts) for each in questions])


def _text(texts: Iterable[str]) -> str:
    return " ".join(words(" ".join(texts)))


def _score(
    topic: Topic, questions: Sequence[Question], odds: Callable[[Sequence[Question]], Floats]
) -> Score:
    found = odds(questions)
    best = np.argsort(-found, axis=1, kind="stable")[:, :3]
    leaves = topic.hierarchy.leaves
    right = np.asarray(
        [
            [leaves[place] in question.codes for place in places]
            for question, places in zip(questions, best, strict=True)
        ]
    )
    asserted = asserted_at(WANTED_PRECISION, found.max(axis=1), right[:, 0])
    return Score(
        float(right[:, 0].mean()), float(right.any(axis=1).mean()), asserted / len(questions)
    )


def _nearest(texts: Sequence[str], codes: np.ndarray, count: int) -> Odds:
    terms = FeatureUnion(
        [
            ("words", TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)),
            ("letters", TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 4), sublinear_tf=True)),
        ]
    )
    known = terms.fit_transform(texts).T.tocsr()

    def odds(asked: Sequence[str]) -> Floats:
        found = np.zeros((len(asked), count), np.float32)
        for row, text in enumerate(asked):
            near = csr_matrix(terms.transform([text])) @ known
            likest = np.argsort(-near.data, kind="stable")[:NEIGHBOURS]
            np.add.at(found[row], codes[near.indices[likest]], near.data[likest] ** 2)
        votes: Floats = np.maximum(found.sum(axis=1, keepdims=True), np.float32(1e-9))
        shares: Floats = found / votes
        return shares

    return odds


def _logistic(texts: Sequence[str], codes: np.ndarray, _count: int) -> Odds:
    terms = TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True)
    linear = SGDClassifier(
        loss="log_loss", alpha=1e-6, max_iter=PASSES, tol=None, random_state=SEED
    )
    return _fitted(terms, linear, texts, codes)


def _as_fasttext(texts: Sequence[str], codes: np.ndarray, _count: int) -> Odds:
    mean = {"use_idf": False, "norm": "l1", "dtype": np.float32}
    terms = FeatureUnion(
        [
            ("words", TfidfVectorizer(ngram_range=(1, 2), min_df=2, **mean)),
            ("letters", TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5), min_df=5, **mean)),
        ]
    )
    layers = MLPClassifier(
        (100,),
        activation="identity",
        alpha=0.0,
        batch_size=min(BATCH, len(texts)),
        learning_rate_init=0.01,
        max_iter=PASSES,
        random_state=SEED,
    )
    return _fitted(terms, layers, texts, codes)


def _fitted(
    terms: TfidfVectorizer | FeatureUnion,
    classifier: SGDClassifier | MLPClassifier,
    texts: Sequence[str],
    codes: np.ndarray,
) -> Odds:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # a few passes are what is wanted
        classifier.fit(terms.fit_transform(texts), codes)

    def odds(asked: Sequence[str]) -> Floats:
        found: Floats = classifier.predict_proba(terms.transform(asked)).astype(np.float32)
        return found

    return odds


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
