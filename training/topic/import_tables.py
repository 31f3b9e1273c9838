"""From tables of codes, titles and tasks (CSV) to a topic folder, some titles held out.

What is held out goes to evaluation files and nowhere else: one in ten distinct titles (spelling,
case and word order of no matter) with every code that it stands under, and one in five task
statements of each code. A title stays in training where its code would be left without one.
"""

import csv
import functools
import io
import json
import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import yaml

from coding_service.coder.text.normalise import words
from training.errors import TopicError
from training.topic.files import EVALUATION, EXAMPLES, SETTINGS
from training.topic.settings_yaml import read_settings, read_text

TITLES_PER_HELD_OUT = 10
TASKS_PER_HELD_OUT = 5
RECORD_CHARACTERS = 300  # of a record's texts together, in a batch: the service's guide
TITLE, TASKS = "occp_text", "tasks_text"
WITH_TASK, WITH_TASKS = "evaluation-task.jsonl", "evaluation-tasks.jsonl"
WITH_TASKS_ANY = "evaluation-tasks-any.jsonl"
Row = tuple[str, str]  # code, text


@dataclass(frozen=True, slots=True)
class TopicTables:
    """The tables that a topic is made of."""

    codes: Sequence[Row]
    """Code and label; of the deepest level all of them, of others those with a name."""
    titles: Sequence[Row]
    """Code and title."""
    tasks: Sequence[Row]
    """Code and task statement; may be empty."""


def read_labels(path: Path) -> list[Row]:
    """The table of codes, `code,label`.

    Raises `TopicError` if it is missing, a row has not two cells, or a code stands twice.
    """
    lines: dict[str, int] = {}
    found = []
    for line, code, label in _rows(path, "code,label"):
        if code in lines:
            problem = f"code {code} also stands in line {lines[code]}"
            raise TopicError(path, line, problem, "Remove one")
        lines[code] = line
        found.append((code, label))
    return found


def read_texts(path: Path, codes: Sequence[Row]) -> list[Row]:
    """A table of titles or tasks of these codes, `code,text`.

    Raises `TopicError` if it is missing, a row has not two cells, or its code is unknown.
    """
    known = {code for code, _ in codes}
    found = []
    for line, code, text in _rows(path, "code,text"):
        if code not in known:
            problem = f"code {code} is not in the table of codes"
            raise TopicError(path, line, problem, "Correct it, or add its row there")
        found.append((code, text))
    return found


def _rows(path: Path, columns: str) -> Iterator[tuple[int, str, str]]:
    """Line, code and text; the second column may have any name. Empty lines are passed over."""
    rows = csv.reader(io.StringIO(read_text(path), newline=""), strict=True)
    try:
        header = next(rows, [])
        if len(header) != 2 or header[0].strip() != "code":  # noqa: PLR2004  code and text
            raise TopicError(path, 1, f"the header is {','.join(header)!r}", f"Write {columns}")
        for row in rows:
            cells = [" ".join(cell.split()) for cell in row]
            if cells and (len(cells) != 2 or not all(cells)):  # noqa: PLR2004
                problem = f"the row is not {columns}"
                raise TopicError(path, rows.line_num, problem, "Fill both; quote one with commas")
            if cells:
                yield rows.line_num, cells[0], cells[1]
    except csv.Error as error:
        # With a quote that nothing closes, the rest of the file would be one cell.
        raise TopicError(path, rows.line_num, f"not CSV: {error}", "Close every quote") from error


def write_topic(
    tables: TopicTables,
    folder: Path,
    *,
    name: str,
    levels: Sequence[int],
    threshold: float,
    seed: int,
) -> None:
    """Write a topic folder that `train` and `evaluate` take.

    What the author says of the topic in a `topic.yaml` that is there stays as it is. `levels` are
    the characters of a code at each level, from the top down; `seed` decides what is held out.
    Raises `TopicError` if name, levels or threshold cannot be used.
    """
    folder.mkdir(parents=True, exist_ok=True)
    dice = random.Random(seed)  # noqa: S311 - a repeatable choice, not a secret
    held_titles = _held_titles(tables.titles, dice)
    tasks, held_tasks = _split_tasks(tables.tasks, dice)
    fields = {TITLE: 1.0, **({TASKS: 0.3} if tables.tasks else {})}
    settings = {
        "name": name,
        "fullName": name,
        "standard": name,
        "topicVersion": "imported",
        "version": 1,
        "released": datetime.now(UTC).date().isoformat(),
        **_said_of_the_topic(folder / SETTINGS),
        "levels": list(levels),
        "threshold": threshold,
        "fields": fields,
    }
    (folder / SETTINGS).write_text(yaml.safe_dump(settings, sort_keys=False), encoding="utf-8")
    read_settings(folder / SETTINGS)
    _write_codes(folder / "codes.csv", tables.codes, levels)
    held = [row for row in tables.titles if _key(row[1]) in held_titles]
    kept = [row for row in tables.titles if _key(row[1]) not in held_titles]
    kept += [row for row in tables.codes if len(row[0]) == levels[-1]]
    _write_lines(folder / EXAMPLES, tuple(fields), _examples(kept, tasks, dice))
    _write_lines(folder / EVALUATION, tuple(fields), _titles_once(held))
    if tables.tasks:
        told = functools.partial(_told, held_tasks, dice)
        rows = [(code, title, "", ()) for code, title in held]
        _write_lines(folder / WITH_TASK, tuple(fields), told(rows, 1))
        _write_lines(folder / WITH_TASKS, tuple(fields), told(rows, None))
        _write_lines(folder / WITH_TASKS_ANY, tuple(fields), told(_titles_once(held), None))


def _said_of_the_topic(settings: Path) -> dict[str, str | int]:
    if not settings.exists():
        return {}
    said = read_settings(settings)
    return {
        "fullName": said.full_name,
        "standard": said.standard,
        "topicVersion": said.topic_version,
        "version": said.version,
        "released": said.released,
    }


Line = tuple[str, str, str, tuple[str, ...]]  # code, title, tasks, other codes that are right


def _examples(
    titles: Sequence[Row], tasks: dict[str, list[str]], dice: random.Random
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
        by_title.setdefault(_key(row[1]), []).append(row)
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


def _held_titles(titles: Sequence[Row], dice: random.Random) -> set[str]:
    left: dict[str, int] = {}
    codes: dict[str, list[str]] = {}
    for code, title in titles:
        left[code] = left.get(code, 0) + 1
        codes.setdefault(_key(title), []).append(code)
    distinct = sorted(codes)
    dice.shuffle(distinct)
    held = set()
    for title in distinct[: len(distinct) // TITLES_PER_HELD_OUT]:
        if all(left[code] > codes[title].count(code) for code in codes[title]):
            held.add(title)
            for code in codes[title]:
                left[code] -= 1
    return held


def _split_tasks(
    tasks: Sequence[Row], dice: random.Random
) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    by_code: dict[str, list[str]] = {}
    for code, statement in tasks:
        by_code.setdefault(code, []).append(statement)
    kept, held = {}, {}
    for code, statements in sorted(by_code.items()):
        shuffled = dice.sample(statements, len(statements))
        count = max(1, len(shuffled) // TASKS_PER_HELD_OUT) if len(shuffled) > 1 else 0
        held[code], kept[code] = shuffled[:count], shuffled[count:]
    return kept, held


def _write_codes(path: Path, codes: Sequence[Row], levels: Sequence[int]) -> None:
    labels = dict(codes)
    for code, label in codes:
        for length in levels:
            if length < len(code):
                labels.setdefault(code[:length], f"{label} and related")
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


def _key(title: str) -> str:
    return " ".join(sorted(set(words(title))))
