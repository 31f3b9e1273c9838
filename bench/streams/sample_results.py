"""Results of any size, as the coding service writes them: for measurements of Collect."""

import random
from itertools import count, cycle, islice
from pathlib import Path

CODES = 997  # ours: distinct answers; prime, so that no two patterns fall in step
LINES_AT_ONCE = 50_000
CODED = 0.7  # ours: share of records with a result; the others have suggestions
MOST_SUGGESTIONS = 3  # the service's documented output
WORDS = ("Software", "Developer", "Registered", "Nurse", "Primary", "School", "Truck", "Chef")


def write_results(path: Path, size_bytes: int, seed: int = 1) -> int:
    """Writes results of at most `size_bytes` bytes, less than one line short of it.

    Returns the number of lines."""
    answers = cycle(_answers(random.Random(seed)))  # noqa: S311  no secret
    numbers, lines, left = count(1), 0, size_bytes
    with path.open("wb") as file:
        while True:
            pairs = islice(zip(numbers, answers, strict=False), LINES_AT_ONCE)
            block = b"".join([b'{"recordId": "%010d", %b' % pair for pair in pairs])
            if len(block) > left:
                cut = block.rfind(b"\n", 0, left) + 1
                file.write(block[:cut])
                return lines + block.count(b"\n", 0, cut)
            file.write(block)
            lines += LINES_AT_ONCE
            left -= len(block)


def _answers(chance: random.Random) -> list[bytes]:
    """The ends of lines, after their recordId."""
    return [_answer(chance).encode() + b"}\n" for _ in range(CODES)]


def _answer(chance: random.Random) -> str:
    if chance.random() < CODED:
        return f'"result": {_code(chance)}'
    suggested = ", ".join(_code(chance) for _ in range(chance.randint(1, MOST_SUGGESTIONS)))
    return f'"suggestions": [{suggested}]'


def _code(chance: random.Random) -> str:
    label = " ".join(chance.sample(WORDS, 2))
    return (
        f'{{"codeCategory": "{chance.randint(111111, 899999)}", "codeLabel": "{label}", '
        f'"codeConfidence": {chance.random():.4f}}}'
    )
