"""A tree of codes."""

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
