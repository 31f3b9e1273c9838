"""A tree of codes, laid out for computing, and how answers multiply down its paths."""

import numpy as np

from coding_service.coder.code_tree import Code, Hierarchy
from coding_service.coder.linear.classifiers import Classifiers, in_scope, softmax
from coding_service.coder.model_card import ScopeWeights

WEIGHTS = ScopeWeights(always=-1, verdict=0.5, head=3, unseen=1, untitled=0.5, beside=2)
TREE = Hierarchy.of(
    (1, 2, 4),
    [
        Code("1", "one", ""),
        Code("11", "one one", "1"),
        Code("12", "one two", "1"),
        Code("2", "two", ""),
        Code("21", "two one", "2"),
        Code("1101", "a", "11"),
        Code("1102", "b", "11"),
        Code("1201", "c", "12"),
        Code("2101", "d", "21"),
    ],
)


def should_have_a_classifier_for_every_code_with_two_children_or_more() -> None:
    classifiers = Classifiers.of(TREE)

    assert {group.parent: group.children for group in classifiers.groups} == {
        "": ("1", "2"),
        "1": ("11", "12"),
        "11": ("1101", "1102"),
    }
    assert classifiers.width == 3 + 2 + 2  # the top's has one more, for none of them


def should_sum_to_the_parent_when_probabilities_are_multiplied_down() -> None:
    classifiers = Classifiers.of(TREE)
    dice, top = np.random.default_rng(3), np.linspace([0, 1], [0.5, 0.5], 50, dtype=np.float32)
    scores = [
        dice.normal(scale=30, size=(50, *bank.columns.shape)) for bank in classifiers.banks[1:]
    ]

    odds = classifiers.probabilities(top, [softmax(each.astype(np.float32)) for each in scores])

    for depth in range(3):
        nodes = np.flatnonzero(classifiers.depths == depth)
        np.testing.assert_allclose(odds[:, nodes].sum(axis=1), top.sum(axis=1), atol=1e-5)
    of = {code: odds[:, place] for place, code in enumerate(classifiers.codes)}
    np.testing.assert_allclose(of["1101"] + of["1102"], of["11"], atol=1e-5)
    # 1201 is the only child of 12, so as probable.
    np.testing.assert_array_equal(of["1201"], of["12"])


def should_lay_every_column_into_one_bank_and_find_it_again_by_the_code_above() -> None:
    classifiers = Classifiers.of(TREE)

    columns = np.concatenate([bank.columns.ravel() for bank in classifiers.banks])

    assert sorted(columns[columns < classifiers.width]) == [*range(classifiers.width)]
    for group in classifiers.groups[1:]:
        place = classifiers.codes.index(group.parent)
        bank = classifiers.banks[classifiers.bank_of[place]]
        children = bank.children[classifiers.row_of[place]]
        assert [classifiers.codes[child] for child in children if child >= 0] == [*group.children]


def should_leave_the_shares_of_the_top_codes_to_each_other() -> None:
    odds = np.asarray([[0.6, 0.2, 0.2], [0.1, 0.1, 0.8], [0, 0, 1]], np.float32)

    found = in_scope(odds, np.ones((3, 4), np.float32), WEIGHTS)

    np.testing.assert_allclose(found[0, 0] / found[0, 1], 3, rtol=1e-5)
    assert (found.sum(axis=1) <= 1).all()
    assert (np.diff(found.sum(axis=1)) < 0).all()
