"""A topic small enough to train in a moment, written to a folder that a test may then break."""

import json
import random
from pathlib import Path

SETTINGS = """\
name: trades
fullName: A few trades
standard: TRADES
topicVersion: "2020"
version: 3
released: 2026-01-31
levels: [1, 2]
threshold: 0.7
fields:
  occp_text: 1.0
  tasks_text: 0.3
"""
CODES = """\
code,label,parent
1,Kitchens,
11,Cook,1
12,"Baker, bread and cake",1
2,Roads,
21,Bus driver,2
22,Truck driver,2
"""
TITLES = {
    "11": ["cook", "pub cook", "hotel cook", "camp cook", "breakfast cook", "cooking meals"],
    "12": ["baker", "bread baker", "night baker", "cake baker", "apprentice baker", "baking bread"],
    "21": ["bus driver", "school bus driver", "city bus driver", "coach driver", "bus operator"],
    "22": ["truck driver", "truckie", "lorry driver", "tanker truck driver", "road train driver"],
    None: ["astronaut", "poet", "retired", "no job"],
}
MIXED_WORDS = """
cook driver truck bus baker night bread nurse teacher engineer clerk software primary school
sales manager farm mechanic cleaner builder real estate
"""
QUESTIONS = [
    ("hospital cook", "11"),
    ("baker of buns", "12"),
    ("driver", "2"),
    ("glassblower", None),
]


def topic_folder(folder: Path, *, settings: str = SETTINGS, codes: str = CODES) -> Path:
    """Write the topic into a folder that does not exist yet."""
    folder.mkdir(parents=True)
    (folder / "topic.yaml").write_text(settings, encoding="utf-8")
    (folder / "codes.csv").write_text(codes, encoding="utf-8")
    examples = [example(title, code) for code, titles in TITLES.items() for title in titles]
    (folder / "examples.jsonl").write_text("".join(examples), encoding="utf-8")
    questions = [example(title, code) for title, code in QUESTIONS]
    (folder / "evaluation.jsonl").write_text("".join(questions), encoding="utf-8")
    return folder


def mixed_topic_folder(folder: Path) -> Path:
    """Write a topic of three levels and 45 leaves, whose titles are drawn from the same words."""
    leaves = [f"{top}{middle}{last}" for top in "12345" for middle in "123" for last in "123"]
    codes = {code[:length] for code in leaves for length in (1, 2, 3)}
    listed = "".join(f"{code},Code {code},{code[:-1]}\n" for code in sorted(codes))
    topic_folder(
        folder,
        settings=SETTINGS.replace("[1, 2]", "[1, 2, 3]"),
        codes="code,label,parent\n" + listed,
    )
    dice = random.Random(7)  # noqa: S311 - a repeatable draw, not a secret
    drawn = {" ".join(dice.sample(MIXED_WORDS.split(), dice.randint(1, 3))) for _ in range(400)}
    examples = [example(title, dice.choice(leaves)) for title in sorted(drawn)]
    examples += [example(f"{MIXED_WORDS.split(maxsplit=1)[0]} {leaf}", leaf) for leaf in leaves]
    (folder / "examples.jsonl").write_text("".join(examples), encoding="utf-8")
    return folder


def example(title: str, code: str | None, tasks: str = "") -> str:
    """One line of an examples or evaluation file."""
    return json.dumps({"occp_text": title, "tasks_text": tasks, "code": code}) + "\n"
