"""Names for columns where each needs one of its own: keys of JSON, columns of Parquet, CSVW."""

from collections.abc import Sequence

UNNAMED = "column_{}"  # by its place; ours


def unique_names(columns: Sequence[str], width: int) -> tuple[str, ...]:
    """A name for each of at least `width` columns, different without regard to case.

    A column without a name is `column_3`, by its place from 1; a second `Job` is `Job_2`. Names
    that the table has are never given to other columns.
    """
    taken = {name.casefold() for name in columns}
    seen: set[str] = set()
    last: dict[str, int] = {}
    names = []
    for place in range(max(width, len(columns))):
        name = columns[place] if place < len(columns) else ""
        plain = name.casefold()
        if not name.strip():
            name = UNNAMED.format(place + 1)
            again = name in taken
        else:
            again = plain in seen
        if again:
            name = _numbered(name, taken, last)
        seen.add(plain)
        taken.add(name.casefold())
        names.append(name)
    return tuple(names)


def _numbered(name: str, taken: set[str], last: dict[str, int]) -> str:
    """`name` with the first number behind it that makes it new; `last` keeps that quick."""
    plain = name.casefold()
    number = last.get(plain, 1) + 1
    while f"{plain}_{number}" in taken:
        number += 1
    last[plain] = number
    return f"{name}_{number}"
