"""How many records a second the coder codes on one thread, bytes in, bytes out.

    make bench-coder                                       the shipped topic
    make bench-coder TOPIC=build/topics/onet               another topic folder, trained before

Records are made of the topic's own texts, examples and evaluation records: a title with one other
text (tasks, say), or with as many as 300 characters have room for. No two records of a file are the
same; in the third file each of the first's stands ten times, shuffled. Seconds are those of the
processor, not of the clock, so what else runs on the machine counts for little; the best of three
runs is told, each in blocks of 8 MB with a model that was loaded anew.
"""

import argparse
import json
import random
import resource
import sys
import time
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

from coding_service.coder.catalogue import Catalogue
from coding_service.coder.model import TrainedModel
from protocol.records import MAX_TEXT_CHARACTERS, RecordForm

RECORDS = 100_000
MOST_OTHERS = 12  # texts; 300 characters rarely have room for more
REPEATS = 10
TRIES = 3
BLOCK_BYTES = 8 << 20  # as the service reads
SEED = 11


def main(arguments: Sequence[str]) -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(prog="python -m bench.inference.coder", description=__doc__)
    parser.add_argument("--topic", type=Path, default=Path("topics/anzsco"))
    parser.add_argument("--models", type=Path, default=Path("build/models"))
    parser.add_argument("--records", type=int, default=RECORDS)
    chosen = parser.parse_args(arguments)
    card = Catalogue.read(chosen.models).latest(_name(chosen.topic))
    directory = chosen.models / card.topic / card.model_id
    fields = list(card.input_format)
    unique = _unique_records(chosen.topic, fields, chosen.records, others=1)
    full = _unique_records(chosen.topic, fields, chosen.records, others=MOST_OTHERS)
    dice = random.Random(SEED)  # noqa: S311 - repeatable, not a secret
    repeated = unique[: len(unique) // REPEATS] * REPEATS
    dice.shuffle(repeated)
    print("| records | bytes a line | records/s | CPU µs a record | have a result |")
    print("| --- | ---: | ---: | ---: | ---: |")
    files = (("one other text", unique), ("full", full), (f"each {REPEATS} times", repeated))
    for name, lines in files:
        seconds, coded = min(_coded(directory, lines) for _ in range(TRIES))
        told = f"{len(lines) / seconds:,.0f} | {seconds / len(lines) * 1e6:.1f}"
        mean = sum(map(len, lines)) / len(lines)
        print(f"| {name} | {mean:.0f} | {told} | {coded / len(lines):.0%} |")
    size = sum(file.stat().st_size for file in directory.iterdir())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    began = time.process_time()
    TrainedModel.load(directory)
    loaded = time.process_time() - began
    print(f"{card.topic}: load {loaded:.2f} s, {size / 1e6:.0f} MB on disk, peak {peak:.0f} MiB")


def _coded(directory: Path, lines: Sequence[bytes]) -> tuple[float, int]:
    """Seconds of the processor, and how many records have a result."""
    model = TrainedModel.load(directory)
    form = RecordForm(model.card.input_format)
    blocks = list(_blocks(lines))
    model.code_lines(lines[0])  # what is made at the first line of a process
    began = time.process_time()
    coded = sum(model.coded_lines(block, form).coded for block in blocks)
    return time.process_time() - began, coded


def _blocks(lines: Sequence[bytes]) -> list[bytes]:
    blocks, block, size = list[bytes](), list[bytes](), 0
    for line in lines:
        block.append(line)
        size += len(line)
        if size >= BLOCK_BYTES:
            blocks.append(b"".join(block))
            block, size = [], 0
    return [*blocks, b"".join(block)] if block else blocks


def _unique_records(topic: Path, fields: Sequence[str], most: int, *, others: int) -> list[bytes]:
    titles, beside = set[str](), set[str]()
    for path in sorted(topic.glob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            record = json.loads(line)
            titles.add(record[fields[0]])
            beside.update(record[field] for field in fields[1:])
    dice = random.Random(SEED)  # noqa: S311 - repeatable, not a secret
    drawn: dict[tuple[str, ...], None] = {}
    every_title, every_other = sorted(titles - {""}), sorted(beside - {""})
    while len(drawn) < most:
        title = dice.choice(every_title)[:MAX_TEXT_CHARACTERS]
        drawn[(title, *(_filled(title, every_other, others, dice) for _ in fields[1:2]))] = None
    return [
        json.dumps({"recordId": f"{number:08}", **dict(zip(fields, texts, strict=False))}).encode()
        + b"\n"
        for number, texts in enumerate(islice(drawn, most))
    ]


def _filled(title: str, texts: Sequence[str], most: int, dice: random.Random) -> str:
    """As many texts as there is room for, and no more than `most`."""
    room = MAX_TEXT_CHARACTERS - len(title)
    chosen = list[str]()
    for text in dice.choices(texts, k=most):
        if len(text) < room:
            chosen.append(text)
            room -= len(text) + 1
    return " ".join(chosen)


def _name(topic: Path) -> str:
    # The folder's own reader needs what only training has.
    for line in (topic / "topic.yaml").read_text(encoding="utf-8").splitlines():
        if line.startswith("name:"):
            return line.removeprefix("name:").split("#")[0].strip()
    sys.exit(f"{topic / 'topic.yaml'} has no name")


if __name__ == "__main__":
    main(sys.argv[1:])
