"""One small table of people in each format, with columns that nobody here named."""

import csv
import gzip
import io
import json
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import duckdb
import openpyxl

HEADER = ("Case", "Town", "Job title", "Main tasks", "Hours")
PEOPLE = (
    ("007", "Zürich", "primary school teacher", "teaching year 3", "38"),
    ("007", "Perth", "Registered nurse", "ward nursing, hand-overs", "=1+1"),
    ("012", "Café “Bar”", "bus driver", "", "20"),
    ("013", "Line\nbreak", "electrician", 'wires "houses"', ""),
)


def delimited(separator: str = ",", encoding: str = "utf-8", rows: int = 1) -> bytes:
    """CSV of the people, `rows` times over."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=separator, lineterminator="\n")
    writer.writerow(HEADER)
    writer.writerows(PEOPLE * rows)
    return text.getvalue().encode(encoding)


def workbook() -> bytes:
    """A workbook with three rows of title above its header, and numbers that are numbers."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (["Survey of work"], ["Wave 3"], [], list(HEADER)):
        sheet.append(row)
    for case, *rest, hours in PEOPLE:
        sheet.append([case, *rest, int(hours) if hours.isdigit() else hours])
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def parquet(folder: Path) -> bytes:
    """Parquet with texts, a whole number and a date."""
    file = folder / "people.parquet"
    values = [
        (case, town, job, tasks, number)
        for number, (case, town, job, tasks, _) in enumerate(PEOPLE)
    ]
    with duckdb.connect() as database:
        database.execute(
            'CREATE TABLE people ("Case" VARCHAR, "Town" VARCHAR, "Job title" VARCHAR,'
            ' "Main tasks" VARCHAR, "Hours" BIGINT, "Born" DATE DEFAULT DATE \'1990-02-28\')'
        )
        database.executemany(
            'INSERT INTO people ("Case", "Town", "Job title", "Main tasks", "Hours")'
            " VALUES (?, ?, ?, ?, ?)",
            values,
        )
        database.execute(f"COPY people TO '{file}' (FORMAT parquet)")
    return file.read_bytes()


def objects() -> list[dict[str, str | int | None]]:
    """The people as JSON has them, one with a null and one with a number."""
    found: list[dict[str, str | int | None]] = [
        dict(zip(HEADER, person, strict=True)) for person in PEOPLE
    ]
    found[2]["Main tasks"] = None
    found[0]["Hours"] = 38
    return found


def json_lines(line_end: str = "\n") -> bytes:
    """JSON Lines with fields that the service does not know."""
    return "".join(json.dumps(each, ensure_ascii=False) + line_end for each in objects()).encode()


def zipped(name: str, content: bytes) -> bytes:
    """A zip with one file in it."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return packed.getvalue()


FILES: Mapping[str, Callable[[Path], bytes]] = {
    "people.csv": lambda _: delimited(),
    "semicolons.txt": lambda _: delimited(";", "cp1252"),
    "tabs.csv": lambda _: delimited("\t", "utf-16"),
    "sep.csv": lambda _: b"sep=|\n" + delimited("|"),
    "titles.xlsx": lambda _: workbook(),
    "people.parquet": parquet,
    "people.json": lambda _: json.dumps(objects(), indent=1).encode(),
    "extra.jsonl": lambda _: json_lines(),
    "mac.jsonl": lambda _: json_lines("\r"),
    "people.csv.gz": lambda _: gzip.compress(delimited()),
    "people.zip": lambda _: zipped("people.csv", delimited()),
}
"""By name, what people have. cp1252 can hold all of it but nothing beyond."""
