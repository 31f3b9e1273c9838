"""A tree of codes, laid out for computing."""

import numpy as np

from coding_service.coder.classifiers import Classifiers
from coding_service.coder.code_tree import Code, Hierarchy

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


def should_cover_itself_and_its_descendants_alone() -> None:
    assert [code for code in TREE.leaves if TREE.covers("11", code)] == ["1101", "1102"]
    assert TREE.covers("11", "11")
    assert not TREE.covers("1101", "11")


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
    scores = np.random.default_rng(3).normal(scale=30, size=(50, classifiers.subtrees[0].width))
    above = np.linspace(0, 1, 50, dtype=np.float32)

    levels = classifiers.subtrees[0].probabilities(scores.astype(np.float32), above)

    assert [level.shape[1] for level in levels] == [1, 2, 3]
    for level in levels:
        np.testing.assert_allclose(level.sum(axis=1), above, atol=1e-5)
    # 1201 is the only child of 12, so as probable.
    np.testing.assert_array_equal(levels[2][:, 2], levels[1][:, 1])
