"""A CSV of any size, as an office has it: eight columns, of which three count.

    python -m bench.tables.sample_csv /tmp/200MB.csv 200000000

The answers are those of `bench.streams.sample_files`, with their commas, quotes, accents and empty
cells, written by Python's `csv.writer`; the same for the same seed.
"""

import csv
import io
import random
import sys
from itertools import count, cycle, islice
from pathlib import Path

from bench.streams.sample_files import (
    DISTINCT_ANSWERS,
    EMPTY_TASKS,
    EMPTY_TITLES,
    MOST_TASKS,
    TASKS,
    TITLES,
)

HEADER = ("respondent", "interviewed", "region", "age", "sex", "job title", "main tasks", "remark")
REGIONS = ("Northland", "Auckland", "Waikato", "Bay of Plenty", "Wellington", "West Coast", "Otago")
REMARKS = (
    "",
    "",
    "",
    "asked again",
    "by phone",
    "proxy answered, partner",
    "refused wage question",
)
LINES_AT_ONCE = 20_000  # ours: about 3 MB


def write_csv(path: Path, size_bytes: int, seed: int = 1) -> int:
    """Writes whole rows until the file has `size_bytes` bytes or little more; gives their number.

    Each row has an id of its own; after `DISTINCT_ANSWERS` answers they come again."""
    rows = cycle(_rows(random.Random(seed)))  # noqa: S311  no secret
    numbers, lines, written = count(1), 0, 0
    with path.open("wb") as file:
        written += file.write(f"{','.join(HEADER)}\n".encode())
        while written < size_bytes:
            batch = list(islice(zip(numbers, rows, strict=False), LINES_AT_ONCE))
            text = "".join([f"{number:08},{row}" for number, row in batch])
            written += file.write(text.encode())
            lines += len(batch)
    return lines


def _rows(chance: random.Random) -> list[str]:
    """The rows as text, without their ids."""
    titles, tasks = TITLES.split("|"), TASKS.split("|")
    rows = []
    for _ in range(DISTINCT_ANSWERS):
        wanted = 0 if chance.random() < EMPTY_TASKS else chance.randint(1, MOST_TASKS)
        written = io.StringIO(newline="")
        csv.writer(written, lineterminator="\n").writerow(
            [
                f"2024-{chance.randint(1, 12):02}-{chance.randint(1, 28):02}",
                chance.choice(REGIONS),
                chance.randint(15, 90),
                chance.choice("FMX"),
                "" if chance.random() < EMPTY_TITLES else chance.choice(titles),
                ", ".join(chance.sample(tasks, wanted)),
                chance.choice(REMARKS),
            ]
        )
        rows.append(written.getvalue())
    return rows


if __name__ == "__main__":
    print(f"{write_csv(Path(sys.argv[1]), int(sys.argv[2])):,} rows")
