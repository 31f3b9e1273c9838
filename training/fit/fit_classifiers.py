"""Fitting the classifiers of a code tree, and their scores of examples that they had not seen.

Each classifier is a linear support vector machine, one against the rest, that learns from the
examples below its own code alone. What the scores are worth is found out by `calibrate`.
"""

import os
import random
import string
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context, parent_process

import numpy as np
from scipy.sparse import csr_matrix, vstack
from sklearn.svm import LinearSVC
from threadpoolctl import threadpool_limits

from coding_service.coder.linear.classifiers import Classifiers, Group
from coding_service.coder.text.encode import encode
from coding_service.coder.text.features import Doubles, Flags, Floats, Integers
from coding_service.coder.text.normalise import words
from coding_service.coder.text.signs import SIGNS, ScopeSigns
from training.fit.term_counts import Terms, word_numbers

FOLDS = 3  # so a measured model lacks a third of the examples: confidence errs low, not high
INVERSE_PENALTY = 2.0  # of the squared weights; docs/coder.md has what others gave
WORD_ALONE_WEIGHT = 0.03  # of an example: each word of a text by itself, seen with the text's class
NOISE_SHARE = 0.06  # of the examples: random letters, which teach what an unknown text looks like
DOUBT_SHARE = 0.2  # of the examples: a title's last word behind random letters, of no code either
ONE_FOLD_FROM = 50_000  # examples of which one fold tells as much as three; ours: twice as fast
SIDE_BY_SIDE = 10_000  # examples from which on a process of its own is worth its start
UNSEEN_SCORE = -10.0  # of a class that a fold has no example of: next to impossible
TOLERANCE = 1e-2  # where the optimiser ends; held-out accuracy gains nothing below
MOST_STEPS = 20_000  # of the optimiser; it ends far earlier


@dataclass(frozen=True, slots=True)
class Examples:
    """The examples that a model learns from."""

    texts: Sequence[str]
    """Each field of the first example, then of the second, and so on."""
    field_weights: Sequence[float]
    """The weights of the fields, the highest first."""
    codes: Sequence[str]
    """The leaf of each example, "" for a text that no code fits."""

    def of(self, rows: Integers) -> "Examples":
        """Some of them."""
        fields = len(self.field_weights)
        texts = [
            self.texts[row * fields + field] for row in rows.tolist() for field in range(fields)
        ]
        return Examples(texts, self.field_weights, [self.codes[row] for row in rows.tolist()])


@dataclass(frozen=True, slots=True)
class Fit:
    """Fitted classifiers."""

    terms: Terms
    weights: Floats
    """Features x columns of the classifiers."""
    prior: Floats
    """The score of each column without any feature."""
    seen: Flags
    """The columns that had an example."""

    def rows(self) -> Floats:
        """Terms x columns: what a term of weight one adds to the scores."""
        rows: Floats = self.terms.features() @ self.weights
        return rows

    def signs(self, texts: Sequence[str]) -> Floats:
        """Records x the signs that they have a code at all."""
        terms = self.terms
        pairs = terms.vocabulary.pair_keys
        records = encode(texts, terms.field_weights, terms.lexicon, pairs)
        return ScopeSigns(terms.vocabulary.heads, terms.lexicon).of(records)

    def scores(self, texts: Sequence[str]) -> Floats:
        """Records x columns."""
        records = self.terms.records(texts)
        scores: Floats = records @ self.rows() + self.prior
        return scores


def fit(examples: Examples, classifiers: Classifiers, *, seed: int, room: int = 0) -> Fit:
    """Fits every classifier of a code tree.

    Two things are added to the examples. Random letters teach "none of the topic's codes"; they are
    not in the vocabulary, so the lesson is that a text of unknown features is of no code. And each
    word by itself, at a small weight, teaches that "driver" alone is as likely a bus driver as a
    truck driver, whichever has more examples that also say "bus". The fit can score records with
    `room` unseen words.
    """
    noise = list(random_words(max(1, round(NOISE_SHARE * len(examples.codes))), seed))
    noise += _doubts(round(DOUBT_SHARE * len(examples.codes)), examples, seed)
    blanks = [""] * (len(examples.field_weights) - 1)
    noise_texts = [text for each in noise for text in (" ".join(each), *blanks)]
    noise_words = {word for each in noise for word in each}
    terms = Terms.of(
        examples.texts,
        examples.field_weights,
        np.asarray([code != "" for code in examples.codes]),
        room=len(noise_words) + room,
    )
    alone = _words_alone(terms, examples)
    records = [terms.records(examples.texts), terms.records(noise_texts)]
    spelt = terms.features()
    inputs = vstack([vstack(records) @ spelt, spelt[[number for number, _ in alone]]]).tocsr()
    lines = lines_of(
        [*examples.codes, *[""] * len(noise), *(code for _, code in alone)], classifiers
    )
    counted = [1.0] * (len(examples.codes) + len(noise))
    counted += [WORD_ALONE_WEIGHT * count for count in alone.values()]
    weights = np.zeros((inputs.shape[1], classifiers.width), np.float32)
    prior = np.full(classifiers.width, UNSEEN_SCORE, np.float32)
    for group in classifiers.groups:
        classes = classes_of(group, lines, classifiers)
        columns, used, found, intercepts = _fit_group(
            inputs, classes, np.asarray(counted), seed=seed
        )
        weights[np.ix_(used, group.start + columns)] = found.T
        prior[group.start + columns] = intercepts
    return Fit(terms, weights, prior, prior != UNSEEN_SCORE)


def _fit_group(
    inputs: csr_matrix, classes: Integers, counted: Doubles, *, seed: int
) -> tuple[Integers, Integers, Doubles, Doubles]:
    """One classifier: the classes and the features that have an example, weights and priors."""
    rows = np.flatnonzero(classes >= 0)
    inside = inputs[rows]
    present, used = np.unique(classes[rows]), np.unique(inside.indices)
    if len(present) < 2 or not len(used):  # noqa: PLR2004  nothing to tell apart
        return present, used, np.zeros((len(present), len(used))), np.zeros(len(present))
    machine = LinearSVC(C=INVERSE_PENALTY, tol=TOLERANCE, max_iter=MOST_STEPS, random_state=seed)
    # Of vectors as short as these two threads compute no faster; they keep two processors busy.
    with threadpool_limits(limits=1, user_api="blas"):
        machine.fit(inside[:, used], classes[rows], sample_weight=counted[rows])
    found, intercepts = machine.coef_, machine.intercept_
    if len(intercepts) < len(present):  # of two classes, one row stands for both
        found, intercepts = np.vstack([-found, found]), np.concatenate([-intercepts, intercepts])
    return present, used, found, intercepts


def lines_of(codes: Sequence[str], classifiers: Classifiers) -> Integers:
    """Examples x levels: the places in `Classifiers.codes` of each code's line from the top.

    -1 for "", which has none.
    """
    place = {code: number for number, code in enumerate(classifiers.codes)}
    lines = {
        code: [place[each] for each in reversed(line)]
        for code, line in classifiers.lineages.items()
    }
    nowhere = [-1] * max(map(len, lines.values()))
    return np.asarray([lines[code] if code else nowhere for code in codes], np.int64)


def classes_of(group: Group, lines: Integers, classifiers: Classifiers) -> Integers:
    """The place of each example's code among a group's columns, -1 for one of elsewhere."""
    classes = np.full(len(classifiers.codes) + 1, -1)
    classes[np.searchsorted(classifiers.codes, group.children)] = np.arange(len(group.children))
    classes[-1] = len(group.children) if group.level == 0 else -1
    found: Integers = classes[lines[:, group.level]]
    return found


@dataclass(frozen=True, slots=True)
class HeldOut:
    """The scores that examples get from a model that saw no example of their group."""

    rows: Integers
    """The examples that were held out, in order."""
    scores: Floats
    """These x columns."""
    seen: Flags
    """These x columns: whether that model had an example of the column."""
    signs: Floats
    """These x the signs that they have a code, as that model sees them."""

    def of(self, rows: Integers) -> "HeldOut":
        """Some of them, by their places among all examples."""
        places = np.searchsorted(self.rows, rows)
        return HeldOut(rows, self.scores[places], self.seen[places], self.signs[places])

    def codes(self, examples: Examples) -> list[str]:
        """Their codes."""
        return [examples.codes[row] for row in self.rows.tolist()]


def folds_of(groups: Sequence[str], *, seed: int) -> Integers:
    """The fold that each example is held out in; those of one of `groups` share theirs."""
    distinct = sorted(set(groups))
    random.Random(seed).shuffle(distinct)  # noqa: S311 - a repeatable shuffle, not a secret
    fold_of = {group: place % FOLDS for place, group in enumerate(distinct)}
    return np.asarray([fold_of[group] for group in groups], np.int64)


def fit_and_hold_out(
    examples: Examples, groups: Sequence[str], classifiers: Classifiers, *, seed: int
) -> tuple[Fit, HeldOut]:
    """The fit of all examples, and the scores of each by cross-validation.

    Examples of the same one of `groups` share a fold; from `ONE_FOLD_FROM` on only those of the
    first are held out. Many examples are fitted in processes side by side; what comes out does not
    depend on how many there are.
    """
    every = folds_of(groups, seed=seed)
    rows = np.arange(len(every)) if len(every) < ONE_FOLD_FROM else np.flatnonzero(every == 0)
    folds = every[rows]
    scores = np.zeros((len(rows), classifiers.width), np.float32)
    seen = np.zeros((len(rows), classifiers.width), np.bool_)
    signs = np.zeros((len(rows), SIGNS), np.float32)
    # A single group teaches nothing about others.
    numbers = sorted(set(folds.tolist())) if every.any() else []
    with _executor(len(examples.codes)) as pool:
        whole = pool.submit(fit, examples, classifiers, seed=seed)
        asked = [
            pool.submit(_held_out_fold, examples, every == number, classifiers, seed=seed)
            for number in numbers
        ]
        for number, found in zip(numbers, asked, strict=True):
            inside = folds == number
            scores[inside], seen[inside], signs[inside] = found.result()
        return whole.result(), HeldOut(rows, scores, seen, signs)


def _executor(examples: int) -> Executor:
    if examples < SIDE_BY_SIDE:
        return ThreadPoolExecutor(1)
    # Spawned: a fork may copy a lock that another thread holds.
    return ProcessPoolExecutor(
        min(1 + FOLDS, os.cpu_count() or 1), get_context("spawn"), _end_with_parent
    )


def _end_with_parent() -> None:
    """Ends this process when the one that started it was killed, which tells workers nothing."""
    parent = parent_process()
    if parent is None:
        raise AssertionError("only a worker has a parent")

    def wait() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


def _held_out_fold(
    examples: Examples, inside: Flags, classifiers: Classifiers, *, seed: int
) -> tuple[Floats, Flags, Floats]:
    """The scores of the examples inside a fold by a fit of those outside, what that has seen, and
    the examples' signs."""
    asked = examples.of(np.flatnonzero(inside))
    room = sum(len(text) for text in asked.texts)
    fitted = fit(examples.of(np.flatnonzero(~inside)), classifiers, seed=seed, room=room)
    return fitted.scores(asked.texts), fitted.seen, fitted.signs(asked.texts)


def _words_alone(terms: Terms, examples: Examples) -> dict[tuple[int, str], int]:
    """How often each word of the first field's longer texts goes with each code, in order."""
    counts: Counter[tuple[int, str]] = Counter()
    for numbers, code in zip(word_numbers(terms, examples.texts), examples.codes, strict=True):
        if len(numbers) > 1:
            counts.update((number, code) for number in numbers.tolist())
    return dict(sorted(counts.items()))


def _doubts(records: int, examples: Examples, seed: int) -> Iterator[list[str]]:
    """Last words of titles, each behind a word that nobody knows."""
    titles = [words(text) for text in examples.texts[:: len(examples.field_weights)]]
    lasts = [title[-1] for title in titles if title]
    if lasts:
        dice = random.Random(seed)  # noqa: S311 - repeatable noise, not a secret
        for _ in range(records):
            yield [_letters(dice), dice.choice(lasts)]


def _letters(dice: random.Random) -> str:
    return "".join(dice.choices(string.ascii_lowercase + string.digits, k=dice.randint(2, 12)))


def random_words(records: int, seed: int) -> Iterator[list[str]]:
    """Words of random letters."""
    dice = random.Random(seed)  # noqa: S311 - repeatable noise, not a secret
    for _ in range(records):
        yield [_letters(dice) for _ in range(dice.randint(1, 6))]
