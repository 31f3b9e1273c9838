"""What is held out of the examples for the evaluation: no text of it stands among the examples.

Two titles are one where the coder takes them for one: after its normalising, and whatever the order
of their words.
"""

import random
from collections import Counter
from collections.abc import Collection, Mapping, Sequence

from coding_service.coder.text.normalise import words

TITLES_PER_HELD_OUT = 10
TASKS_PER_HELD_OUT = 5
Row = tuple[str, str]  # code, text


def title_key(title: str) -> str:
    """What two titles that the coder takes for one have in common; "" where it reads nothing."""
    return " ".join(sorted(set(words(title))))


def held_titles(rows: Sequence[Row], taught: Collection[str], dice: random.Random) -> set[str]:
    """The keys of the titles that are held out: one in ten distinct ones, with all their codes.

    `taught` are the keys of titles that are always taught. No code is left without a title.
    """
    left = Counter(code for code, _ in rows)
    codes: dict[str, list[str]] = {}
    for code, title in rows:
        codes.setdefault(title_key(title), []).append(code)
    distinct = sorted(codes)
    dice.shuffle(distinct)
    held = set()
    for title in distinct[: len(distinct) // TITLES_PER_HELD_OUT]:
        under = Counter(codes[title])
        if title and title not in taught and all(left[code] > under[code] for code in under):
            held.add(title)
            left -= under
    return held


def split_tasks(
    tasks: Sequence[Row], dice: random.Random
) -> tuple[Mapping[str, list[str]], Mapping[str, list[str]]]:
    """The task statements of each code that are taught, and those that are held out, one in five.

    A statement of several codes is held out of all of them or of none.
    """
    by_code: dict[str, list[str]] = {}
    for code, statement in tasks:
        by_code.setdefault(code, []).append(statement)
    shuffled = {
        code: dice.sample(statements, len(statements))
        for code, statements in sorted(by_code.items())
    }
    held = {code: each[: _share(len(each))] for code, each in shuffled.items()}
    out = {title_key(statement) for statements in held.values() for statement in statements}
    kept = {
        code: [each for each in statements if title_key(each) not in out]
        for code, statements in shuffled.items()
    }
    return kept, held


def _share(statements: int) -> int:
    return max(1, statements // TASKS_PER_HELD_OUT) if statements > 1 else 0
