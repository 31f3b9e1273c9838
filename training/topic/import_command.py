"""What `training import` does: from tables, official or one's own, to a topic folder."""

import argparse
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TextIO

from tables.errors import TableRefused
from tables.mapping.column_options import parse_columns
from training.errors import TopicError
from training.import_options import CODES, TASKS, TITLES
from training.topic.held_out import Row
from training.topic.import_examples import (
    CODE_NAMES,
    codes_in,
    of_known_codes,
    one_level,
    read_records,
    write_examples,
)
from training.topic.import_tables import (
    TopicFacts,
    TopicTables,
    codes_of,
    texts_of,
    write_topic,
)
from training.topic.layouts import CodeColumn, Layout, Reading, read_table
from training.topic.presets import PRESETS

OWN_CODES, OWN_TEXTS = ("label", "#2"), ("text", "title", "task", "#2")


def run_import(options: argparse.Namespace, stdout: TextIO) -> None:
    """Write the topic folder, and say what came in and what did not.

    Raises `TopicError` for a table that cannot be read, and for options that lack something.
    """
    if options.preset and options.preset not in PRESETS:
        known = ", ".join(PRESETS)
        problem = f"there is no preset {options.preset!r}"
        raise TopicError(options.out, None, problem, f"Known are {known}")
    if not options.examples:
        stdout.writelines(_from_tables(options))
        return
    if options.titles or options.tasks:
        beside = "titles" if options.titles else "tasks"
        problem = f"--{beside} cannot stand beside --examples"
        raise TopicError(options.out, None, problem, "Leave one of the two out")
    stdout.writelines(_from_examples(options))


def _from_tables(options: argparse.Namespace) -> Iterator[str]:
    facts = _facts(options, options.fields)
    if not facts.levels:
        raise _missing(options.out, "levels")
    if options.tasks and len(options.fields) < len((TITLES, TASKS)):
        remedy = "Name both, as in --fields title,duties"
        raise TopicError(options.out, None, "--fields names no field for the tasks", remedy)
    for option in (CODES, TITLES):
        if not getattr(options, option):
            raise _missing(options.out, option)
    codes, notes = _codes(options)
    titles, more = _texts(options, TITLES, codes, facts.levels[-1])
    tasks, still_more = _texts(options, TASKS, codes, facts.levels[-1])
    tables = TopicTables(codes, titles, tasks)
    notes += write_topic(tables, options.out, facts, seed=options.seed)
    counts = f"{len(codes):,} codes of all levels, {len(titles):,} titles, {len(tasks):,} tasks"
    yield f"{options.out}: {counts}\n"
    yield from [*notes, *more, *still_more]
    yield from _bare(codes, facts.levels[-1], {code for code, _ in titles})
    yield from _source(options)


def _source(options: argparse.Namespace) -> list[str]:
    """Whose the tables of a preset are."""
    if not options.preset:
        return []
    return [f"Name its source wherever the topic goes: {PRESETS[options.preset].source}\n"]


def _facts(options: argparse.Namespace, fields: Sequence[str]) -> TopicFacts:
    """What the options and the preset say of the topic; levels are [] where neither says them."""
    preset = PRESETS.get(options.preset)
    name = options.name or options.preset
    if not name:
        raise _missing(options.out, "name")
    levels = options.levels or (list(preset.levels) if preset else [])
    if list(levels) != sorted(set(levels)):
        remedy = "Give the characters of a code from the top level down, such as 2,3,5,6"
        raise TopicError(options.out, None, f"levels cannot be {levels}", remedy)
    return TopicFacts(
        name=name,
        levels=levels,
        full_name=preset.full_name if preset else "",
        standard=preset.standard if preset else "",
        version=preset.version if preset else "imported",
        threshold=options.threshold,
        fields=fields,
    )


def _texts(
    options: argparse.Namespace, table: str, codes: Sequence[Row], deepest: int
) -> tuple[list[Row], list[str]]:
    """The titles or the tasks of all files that are named, and what to say of them."""
    rows: list[Row] = []
    notes = []
    for path in getattr(options, table) or ():
        reading = _read(path, table, options)
        here, others = texts_of(reading, codes, deepest, skip_unknown=options.skip_unknown)
        rows += here
        notes += _passed(path, reading.notes, "without a code or a text (titles, notes)")
        notes += _passed(path, [each.line for each in others], "of codes that are not taught")
    return rows, notes


def _from_examples(options: argparse.Namespace) -> Iterator[str]:
    if not options.columns:
        raise _missing(options.out, "columns")
    try:
        columns = parse_columns(options.columns)
    except TableRefused as refused:
        reason, step = refused.reason.rstrip("."), refused.next_step.rstrip(".")
        raise TopicError(options.out, None, reason, step) from refused
    facts = _facts(options, tuple(columns))
    coded = read_records(
        options.examples,
        columns,
        code=options.examples_code or CODE_NAMES,
        label=options.examples_label,
        sheet=options.examples_sheet,
        header=options.examples_header,
    )
    notes = _passed(options.examples, coded.passed, "without a code or a text")
    codes = codes_in(coded)
    if options.codes:
        codes, more = _codes(options)
        notes += more
    facts = replace(facts, levels=facts.levels or one_level(codes, coded.table))
    deepest = facts.levels[-1]
    records, others = of_known_codes(coded, codes, deepest, skip_unknown=options.skip_unknown)
    notes += _passed(options.examples, [each.line for each in others], "of unknown codes")
    held, more = write_examples(records, codes, options.out, facts, seed=options.seed)
    taught = len(records) - held
    yield f"{options.out}: {taught:,} examples, {held:,} held out in evaluation.jsonl\n"
    yield from [*notes, *more]
    yield from _bare(codes, deepest, {each.code for each in records})
    if options.codes:
        yield from _source(options)


def _bare(codes: Sequence[Row], deepest: int, taught: Collection[str]) -> Iterator[str]:
    bare = sorted(code for code, _ in codes if len(code) == deepest and code not in taught)
    if bare:
        some = ", ".join(bare[:3]) + (" and more" if len(bare) > 3 else "")  # noqa: PLR2004
        yield f"warning: {len(bare):,} codes have no text but their label: {some}. Write examples\n"


def _codes(options: argparse.Namespace) -> tuple[list[tuple[str, str]], list[str]]:
    """The table of codes, and what to say of it."""
    reading = _read(options.codes, CODES, options)
    notes = _passed(options.codes, reading.notes, "without a code or a label (titles, notes)")
    return codes_of(reading), notes


def _read(path: Path, table: str, options: argparse.Namespace) -> Reading:
    said = {
        part: getattr(options, f"{table}_{part}") for part in ("code", "text", "sheet", "header")
    }
    layouts = getattr(PRESETS[options.preset], table) if options.preset else ()
    if not layouts:
        # Levels in columns of their own push the text to the right, into the next cell.
        texts = () if said["code"] and len(said["code"]) > 1 else OWN_TEXTS
        names = OWN_CODES if table == CODES and texts else texts
        layouts = (Layout(code=(CodeColumn(("code",)),), text=names),)
    layouts = [_with_columns(each, said["code"], said["text"]) for each in layouts]
    return read_table(path, layouts, option=table, sheet=said["sheet"], header=said["header"])


def _with_columns(layout: Layout, code: Sequence[str] | None, text: str | None) -> Layout:
    """The layout, with the columns that somebody named; what a code looks like stays."""
    if code and len(code) == len(layout.code):
        columns = zip(code, layout.code, strict=True)
        layout = replace(layout, code=tuple(replace(each, names=(n,)) for n, each in columns))
    elif code:
        form = "|".join(each.form for each in layout.code).strip("|")
        keep = layout.code[-1].keep
        layout = replace(layout, code=tuple(CodeColumn((name,), form, keep) for name in code))
    return replace(layout, text=(text,)) if text else layout


def _passed(path: Path, rows: Sequence[int], what: str) -> list[str]:
    if not rows:
        return []
    some = ", ".join(map(str, rows[:5]))
    more = f" and {len(rows) - 5:,} more" if len(rows) > 5 else ""  # noqa: PLR2004  those named
    return [f"{path.name}: passed over {len(rows):,} rows {what}: {some}{more}\n"]


def _missing(out: Path, option: str) -> TopicError:
    remedy = f"Give --{option}; python -m training import --help lists all"
    return TopicError(out, None, f"--{option} is missing", remedy)
