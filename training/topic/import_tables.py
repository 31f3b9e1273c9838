"""From tables of codes, titles and tasks to a topic folder, some titles held out.

What is held out goes to evaluation files and nowhere else: one in ten distinct titles (spelling,
case and word order of no matter) with every code that it stands under, and one in five task
statements of each code. A title stays in training where its code would be left without one, and
where it is the label of a code: labels are always taught.
"""

import csv
import functools
import json
import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import yaml

from training.errors import TopicError
from training.topic.files import CODES, EVALUATION, EXAMPLES, SETTINGS
from training.topic.held_out import Row, held_titles, split_tasks, title_key
from training.topic.layouts import Reading, TextRow
from training.topic.settings_yaml import read_settings, settings_of

RECORD_CHARACTERS = 300  # of a record's texts together, in a batch: the service's guide
TITLE, TASKS = "occp_text", "tasks_text"
WITH_TASK, WITH_TASKS = "evaluation-task.jsonl", "evaluation-tasks.jsonl"
WITH_TASKS_ANY = "evaluation-tasks-any.jsonl"
FIRST_WEIGHT, OTHER_WEIGHT = 1.0, 0.3  # of the first text field, and of each other; ours
THRESHOLD = 0.75  # where nobody says another; ours


@dataclass(frozen=True, slots=True)
class TopicTables:
    """The tables that a topic is made of."""

    codes: Sequence[Row]
    """Code and label; of the deepest level all of them, of others those with a name."""
    titles: Sequence[Row]
    """Code and title."""
    tasks: Sequence[Row]
    """Code and task statement; may be empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicFacts:
    """What is said of a topic beside its tables."""

    name: str
    """The uriName."""
    levels: Sequence[int]
    """The characters of a code at each level, from the top down."""
    full_name: str = ""
    standard: str = ""
    version: str = "imported"
    """The classification's."""
    threshold: float | None = None
    """The least confidence asserted; None for what the topic says already, or else the usual."""
    fields: Sequence[str] = (TITLE, TASKS)
    """The names of the text fields."""


def codes_of(reading: Reading) -> list[Row]:
    """The table of codes: code and label.

    Raises `TopicError` if a code stands twice; a published table may repeat one.
    """
    lines: dict[str, int] = {}
    found = []
    for row in reading.rows:
        if row.code not in lines:
            lines[row.code] = row.line
            found.append((row.code, row.text))
        elif not reading.is_published:
            problem = f"code {row.code} also stands in line {lines[row.code]}"
            raise reading.table.fault(row.line, problem, "Remove one")
    return found


def texts_of(
    reading: Reading, codes: Sequence[Row], deepest: int, *, skip_unknown: bool = False
) -> tuple[list[Row], list[TextRow]]:
    """The titles or tasks of these codes, and the rows that are passed over.

    `deepest` is the length of a code of the deepest level. Raises `TopicError` for rows whose code
    is not one of these, unless they are to be passed over, as those of published tables are.
    """
    known = {code for code, _ in codes if len(code) == deepest}
    found, others = [], []
    for row in reading.rows:
        # Excel takes a code for a number, and drops its zeros.
        code = row.code if row.code in known else row.code.zfill(deepest)
        if code in known:
            found.append((code, row.text))
        else:
            others.append(row)
    if others and not (skip_unknown or reading.is_published):
        first = others[0]
        is_group = any(code == first.code for code, _ in codes)
        problem = f"code {first.code} is " + (
            "not of the deepest level" if is_group else "not in the table of codes"
        )
        more = f", and so it is in {len(others) - 1:,} more rows" if len(others) > 1 else ""
        remedy = "Correct it, add its row there, or pass such rows over with --skip-unknown"
        raise reading.table.fault(first.line, problem + more, remedy)
    return found, others


def write_topic(tables: TopicTables, folder: Path, facts: TopicFacts, *, seed: int) -> list[str]:
    """Write a topic folder that `train` and `evaluate` take; returns what to say of it.

    What the author says of the topic in a `topic.yaml` that is there stays as it is, but for levels
    and fields. `seed` decides what is held out. Raises `TopicError`, and writes nothing, if name,
    levels, threshold or a code cannot be used.
    """
    fields = tuple(facts.fields)[: 2 if tables.tasks else 1]
    dice = random.Random(seed)  # noqa: S311 - a repeatable choice, not a secret
    labels = [row for row in tables.codes if len(row[0]) == facts.levels[-1]]
    held_keys = held_titles(tables.titles, {title_key(label) for _, label in labels}, dice)
    tasks, held_tasks = split_tasks(tables.tasks, dice)
    notes = write_settings_and_codes(folder, facts, fields, tables.codes)
    held = [row for row in tables.titles if title_key(row[1]) in held_keys]
    kept = [row for row in tables.titles if title_key(row[1]) not in held_keys]
    named = {(code, title_key(title)) for code, title in kept}
    kept += [row for row in labels if (row[0], title_key(row[1])) not in named]
    _write_lines(folder / EXAMPLES, fields, _examples(kept, tasks, dice))
    _write_lines(folder / EVALUATION, fields, _titles_once(held))
    if tables.tasks:
        told = functools.partial(_told, held_tasks, dice)
        rows = [(code, title, "", ()) for code, title in held]
        _write_lines(folder / WITH_TASK, fields, told(rows, 1))
        _write_lines(folder / WITH_TASKS, fields, told(rows, None))
        _write_lines(folder / WITH_TASKS_ANY, fields, told(_titles_once(held), None))
    return notes


def write_settings_and_codes(
    folder: Path, facts: TopicFacts, fields: Sequence[str], codes: Sequence[Row]
) -> list[str]:
    """The folder with its `topic.yaml` and `codes.csv`; returns and raises as `write_topic` does.

    A group without a label is named after its first code.
    """
    path, table = folder / SETTINGS, folder / CODES
    said: dict[str, object] = {}
    if path.exists():
        read_settings(path)
        said = yaml.safe_load(path.read_text("utf-8"))
    notes = []
    if "temperatureFactors" in said and said["levels"] != list(facts.levels):
        del said["temperatureFactors"]
        notes.append(f"{SETTINGS}: left out temperatureFactors, which are of other levels\n")
    settings = yaml.safe_dump(_settings(facts, fields, said), sort_keys=False)
    try:
        settings_of(settings, path)
    except TopicError as error:  # of what is not there yet, so no line is at fault
        raise TopicError(path, None, error.problem, error.remedy) from error
    labels = _with_groups(codes, facts.levels, table)
    folder.mkdir(parents=True, exist_ok=True)
    path.write_text(settings, encoding="utf-8")
    _write_codes(table, labels, facts.levels)
    return notes


def _settings(
    facts: TopicFacts, fields: Sequence[str], said: Mapping[str, object]
) -> dict[str, object]:
    """The settings of a topic of which an author has `said` something."""
    weights = said.get("fields")
    weights = weights if isinstance(weights, dict) and list(weights) == list(fields) else None
    settings = {
        "fullName": facts.full_name or facts.name,
        "standard": facts.standard or facts.name,
        "topicVersion": facts.version,
        "version": 1,
        "released": datetime.now(UTC).date(),
        "threshold": THRESHOLD,
        **said,
        "name": facts.name,
        "levels": list(facts.levels),
        "fields": weights
        or {field: OTHER_WEIGHT if place else FIRST_WEIGHT for place, field in enumerate(fields)},
    }
    if facts.threshold is not None:
        settings["threshold"] = facts.threshold
    return settings


Line = tuple[str, str, str, tuple[str, ...]]  # code, title, tasks, other codes that are right


def _examples(
    titles: Sequence[Row], tasks: Mapping[str, list[str]], dice: random.Random
) -> Iterator[Line]:
    """Each title alone and with a task of its code, and each task alone."""
    for code, title in titles:
        yield code, title, "", ()
        if tasks.get(code):
            yield code, title, dice.choice(tasks[code]), ()
    for code, statements in tasks.items():
        for statement in statements:
            yield code, "", statement, ()


def _titles_once(held: Sequence[Row]) -> Iterator[Line]:
    """Each distinct title with the first of its codes; the others are right as well."""
    by_title: dict[str, list[Row]] = {}
    for row in held:
        by_title.setdefault(title_key(row[1]), []).append(row)
    for rows in by_title.values():
        (code, title), *_ = rows
        yield code, title, "", tuple(dict.fromkeys(c for c, _ in rows if c != code))


def _told(
    tasks: Mapping[str, list[str]], dice: random.Random, lines: Iterable[Line], most: int | None
) -> Iterator[Line]:
    """The lines with tasks of their code."""
    for code, title, _, also in lines:
        yield code, title, _some(tasks.get(code, []), title, most, dice), also


def _some(statements: Sequence[str], title: str, most: int | None, dice: random.Random) -> str:
    """Task statements in any order, as many as a record has room for."""
    chosen, room = list[str](), RECORD_CHARACTERS - len(title)
    for statement in dice.sample(statements, len(statements))[:most]:
        if len(statement) + 1 <= room:
            chosen.append(statement)
            room -= len(statement) + 1
    return " ".join(chosen)


def _with_groups(codes: Sequence[Row], levels: Sequence[int], path: Path) -> dict[str, str]:
    """The label of each code, and of the groups above that have no row."""
    wrong = [code for code, _ in codes if len(code) not in levels]
    if wrong:
        problem = f"code {wrong[0]} has {len(wrong[0])} characters, levels are {list(levels)}"
        more = f"; so do {len(wrong) - 1:,} more" if len(wrong) > 1 else ""
        remedy = "Give the characters of a code of each level with --levels, such as 2,3,5,6"
        raise TopicError(path, None, problem + more, remedy)
    labels = dict(codes)
    for code, label in codes:
        for length in levels:
            if length < len(code):
                labels.setdefault(code[:length], f"{label} and related")
    return labels


def _write_codes(path: Path, labels: Mapping[str, str], levels: Sequence[int]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(["code", "label", "parent"])
        for code in sorted(labels):
            above = [length for length in levels if length < len(code)]
            rows.writerow([code, labels[code], code[: above[-1]] if above else ""])


def _write_lines(path: Path, fields: Sequence[str], lines: Iterator[Line]) -> None:
    with path.open("w", encoding="utf-8") as file:
        for code, title, tasks, also in lines:
            texts = dict(zip(fields, (title, tasks), strict=False))
            other = {"also": list(also)} if also else {}
            file.write(json.dumps({**texts, "code": code, **other}, ensure_ascii=False) + "\n")
