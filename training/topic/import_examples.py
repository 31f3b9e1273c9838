"""From a table of coded records, as a survey's own, to a topic folder, some records held out.

A record has a code and texts in as many fields as the topic has, each of one or several columns.
"""

import json
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from training.errors import TopicError
from training.topic.files import EVALUATION, EXAMPLES
from training.topic.held_out import Row, held_titles, title_key
from training.topic.import_tables import TopicFacts, write_settings_and_codes
from training.topic.source_tables import SourceTable, column_of, source_tables

CODE_NAMES = ("code", "occupation code", "occp code")


@dataclass(frozen=True, slots=True)
class CodedRecord:
    """A record with its code."""

    line: int
    """The number of its row, as a person sees it."""
    code: str
    texts: tuple[str, ...]
    """Of each field."""
    label: str = ""
    """Of the code, where there is a column of labels."""


@dataclass(frozen=True, slots=True)
class CodedTable:
    """What a table of coded records holds."""

    table: SourceTable
    records: Sequence[CodedRecord]
    passed: Sequence[int]
    """The numbers of rows without a code or without any text."""


def read_records(
    path: Path,
    columns: Mapping[str, Sequence[str]],
    *,
    code: Sequence[str] = CODE_NAMES,
    label: str | None = None,
    sheet: str | None = None,
    header: int | None = None,
) -> CodedTable:
    """The coded records of a table.

    `columns` are a field's name → the columns whose texts it joins. Raises `TopicError` if the file
    is no table, or a column is not there.
    """
    wanted: list[tuple[str, ...]] = [(name,) for names in columns.values() for name in names]
    wanted += [tuple(code), *([(label,)] if label else [])]
    tables = source_tables(path, [name for names in wanted for name in names], sheet)
    for table in tables:
        place = table.header(wanted, header)
        if place is not None:
            names = table.rows[place][1]
            fields = [[column_of((each,), names) for each in some] for some in columns.values()]
            return _read(table, place, fields, column_of(code, names), label)
    table = tables[0]
    missing = [
        names[0]
        for names in wanted
        if all(column_of(names, cells) is None for _, cells in table.rows[:40])
    ]
    raise table.fault(
        header,
        f"no row has the columns {', '.join(f'“{each}”' for each in missing or [wanted[0][0]])}; "
        f"found are {table.columns(header)}",
        "Name the columns of texts with --columns, that of codes with --examples-code, the sheet "
        "with --examples-sheet, the row of the header with --examples-header",
    )


def _read(
    table: SourceTable,
    header: int,
    fields: Sequence[Sequence[int | None]],
    code: int | None,
    label: str | None,
) -> CodedTable:
    labels = column_of((label,), table.rows[header][1]) if label else None
    records, passed = [], []
    for number, cells in table.rows[header + 1 :]:
        texts = tuple(_clean(_cell(cells, place) for place in places) for places in fields)
        found = _cell(cells, code)
        if found and any(any(map(str.isalnum, text)) for text in texts):
            records.append(CodedRecord(number, found, texts, _cell(cells, labels)))
        else:
            passed.append(number)
    if not records:
        raise table.fault(None, "no row has a code and a text", "Fill them, or name other columns")
    return CodedTable(table, records, passed)


def _cell(cells: Sequence[str], place: int | None) -> str:
    return cells[place] if place is not None and place < len(cells) else ""


def _clean(texts: Iterable[str]) -> str:
    return " ".join(" ".join(texts).split())


def codes_in(coded: CodedTable) -> list[Row]:
    """The codes that the records have, each with its first label, or itself for a label."""
    labels: dict[str, str] = {}
    for record in coded.records:
        if not labels.get(record.code):
            labels[record.code] = record.label
    return [(code, label or code) for code, label in sorted(labels.items())]


def of_known_codes(
    coded: CodedTable, codes: Sequence[Row], deepest: int, *, skip_unknown: bool
) -> tuple[list[CodedRecord], list[CodedRecord]]:
    """The records of these codes, and the others.

    `deepest` is the length of a code of the deepest level. Raises `TopicError` if there are others,
    and they are not to be passed over.
    """
    known = {code for code, _ in codes if len(code) == deepest}
    here = [each for each in coded.records if each.code in known]
    others = [each for each in coded.records if each.code not in known]
    if others and not skip_unknown:
        unknown = sorted({each.code for each in others})
        some = ", ".join(unknown[:3]) + (f" and {len(unknown) - 3:,} more" * (len(unknown) > 3))  # noqa: PLR2004
        raise coded.table.fault(
            others[0].line,
            f"the codes {some} are no codes of the deepest level ({len(others):,} rows)",
            "Correct them, add them to the table of codes, or pass them over with --skip-unknown",
        )
    return here, others


def write_examples(
    records: Sequence[CodedRecord],
    codes: Sequence[Row],
    folder: Path,
    facts: TopicFacts,
    *,
    seed: int,
) -> tuple[int, list[str]]:
    """Write a topic folder; returns how many records were held out, and what to say of it.

    One in ten distinct texts of the first field is held out, with all its records. Labels of codes
    are examples too. Raises `TopicError`, and writes nothing, if a setting or a code cannot be
    used.
    """
    fields = tuple(facts.fields)
    dice = random.Random(seed)  # noqa: S311 - a repeatable choice, not a secret
    labels = [row for row in codes if len(row[0]) == facts.levels[-1] and row[0] != row[1]]
    taught = {title_key(label) for _, label in labels}
    keys = held_titles([(each.code, _title(each)) for each in records], taught, dice)
    held = [each for each in records if title_key(_title(each)) in keys]
    kept = [each for each in records if title_key(_title(each)) not in keys]
    notes = write_settings_and_codes(folder, facts, fields, codes)
    blank = ("",) * (len(fields) - 1)
    examples = [(each.code, each.texts, ()) for each in kept]
    examples += [(code, (label, *blank), ()) for code, label in labels]
    _write(folder / EXAMPLES, fields, examples)
    _write(folder / EVALUATION, fields, _once(held))
    return len(held), notes


def _title(record: CodedRecord) -> str:
    """The text of the first field, or of all fields where it is empty."""
    return record.texts[0] if title_key(record.texts[0]) else " ".join(record.texts)


Line = tuple[str, tuple[str, ...], tuple[str, ...]]  # code, texts, other codes that are right


def _once(held: Sequence[CodedRecord]) -> list[Line]:
    """Each distinct record with the first of its codes; the others are right as well."""
    same: dict[tuple[str, ...], list[CodedRecord]] = {}
    for record in held:
        same.setdefault(tuple(map(title_key, record.texts)), []).append(record)
    return [
        (
            first.code,
            first.texts,
            tuple(dict.fromkeys(e.code for e in all_ if e.code != first.code)),
        )
        for all_ in same.values()
        for first in all_[:1]
    ]


def _write(path: Path, fields: Sequence[str], lines: Iterable[Line]) -> None:
    with path.open("w", encoding="utf-8") as file:
        for code, texts, also in lines:
            other = {"also": list(also)} if also else {}
            record = {**dict(zip(fields, texts, strict=True)), "code": code, **other}
            file.write(json.dumps(record, ensure_ascii=False) + "\n")


def one_level(codes: Sequence[Row], table: SourceTable) -> list[int]:
    """The levels of a flat list of codes: the length that all of them have.

    Raises `TopicError` if they have several.
    """
    lengths = sorted({len(code) for code, _ in codes})
    if len(lengths) == 1:
        return lengths
    raise TopicError(
        table.path,
        None,
        f"the codes have {', '.join(map(str, lengths))} characters",
        "Give the characters of a code of each level with --levels; the codes of a level are all "
        "as long, so fill short ones up (A1, A10 as A01, A10)",
    )
