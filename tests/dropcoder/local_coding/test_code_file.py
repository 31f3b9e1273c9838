"""A file coded on this machine comes back as the pipeline would give it back."""

import csv
import gzip
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import openpyxl
import pytest

from coding_service.coder.model import TrainedModel
from dropcoder.errors import CommandError, FileRejected, UsageError
from dropcoder.local_coding.coded_file import CodedFile, code_file
from dropcoder.local_coding.dictionary_folder import dictionary_for
from dropcoder.local_coding.models import TopicFolder
from dropcoder.local_coding.table_options import options_for
from dropcoder.terminal.screen import Advance
from infra.project_files import PROJECT
from tables.dictionary.dictionary_file import dictionary_bytes, name_of
from tables.plan import TableFormat
from tests.support.tables.dictionaries import a_dictionary, an_entry

SAMPLE = PROJECT / "samples" / "survey.csv"
ROWS = "id,Job title,Main tasks\n1,registered nurse,wards\n2,,\n3,chef,kitchen\n"


@contextmanager
def unseen(_name: str, _total: int | None) -> Iterator[Advance]:
    yield lambda _more: None


@pytest.fixture(scope="module")
def model() -> TrainedModel:
    topic = TopicFolder.named("anzsco")
    card = topic.kept_card()
    assert card is not None, "make train"
    return TrainedModel.load(PROJECT / "build" / "models" / card.topic / card.model_id)


def coded(
    model: TrainedModel, file: Path, *, also: tuple[TableFormat, ...] = (), **said: str
) -> CodedFile:
    options = options_for(file, model.card.input_format, said)
    folder = file.parent / "coded"
    return code_file(file, options, model, folder, progress=unseen, also=also)


def made(folder: Path, content: str | bytes, name: str = "rows.csv") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def should_give_each_row_back_with_what_the_model_says_of_it(
    model: TrainedModel, tmp_path: Path
) -> None:
    done = coded(model, made(tmp_path, SAMPLE.read_bytes()))
    before, after = read(SAMPLE), read(done.tables[0])
    assert [{name: row[name] for name in before[0]} for row in after] == before
    said = model.code(
        [{"occp_text": r["Job title"], "tasks_text": r["Main tasks"]} for r in before]
    )
    for row, answer in zip(after, said, strict=True):
        if row["anzsco_status"] in ("coded", "broader"):
            assert answer.result is not None
            assert row["anzsco_code"] == answer.result.category
        elif row["anzsco_status"] == "suggested":
            assert row["anzsco_alt1_code"] == answer.suggestions[0].category
    assert sum(done.rows.values()) == len(before)
    assert done.rows["blank"] == 1
    report = json.loads((tmp_path / "coded" / "report.json").read_text("utf-8"))
    assert report["rows"] == len(before)
    assert report["key"] == "rows.csv"
    assert "<html" in (tmp_path / "coded" / "report.html").read_text("utf-8")


def should_give_the_same_back_when_each_text_is_coded_once(
    model: TrainedModel, tmp_path: Path
) -> None:
    rows = "".join(
        f"{n},{('chef', 'nurse, registered', '', 'driver')[n % 4]}\n" for n in range(200)
    )
    file = made(tmp_path, "id,Job title,Main tasks\n" + rows.replace("nurse, ", "nurse "))
    once = options_for(file, model.card.input_format, {})
    each = replace(once, distinct_window=0)
    told: dict[str, list[tuple[int | None, int]]] = {"once": [], "each": []}

    for name, options in (("once", once), ("each", each)):

        @contextmanager
        def noted(said: str, total: int | None, name: str = name) -> Iterator[Advance]:
            yield lambda more: told[name].append((total, more)) if said == "Coding" else None

        code_file(file, options, model, tmp_path / name, progress=noted)

    assert told == {"once": [(3, 3)], "each": [(150, 150)]}
    tables = [(tmp_path / name / "results.csv").read_bytes() for name in told]
    assert tables[0] == tables[1]


def should_give_the_table_back_in_its_own_format_and_in_others_that_are_asked_for(
    model: TrainedModel, tmp_path: Path
) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in csv.reader(ROWS.splitlines()):
        sheet.append(row)
    book.save(tmp_path / "rows.xlsx")
    done = coded(
        model, tmp_path / "rows.xlsx", also=(TableFormat.PARQUET, TableFormat.XLSX, TableFormat.CSV)
    )
    assert [path.name for path in done.tables] == [
        "results.xlsx",
        "results.parquet",
        "results.csv",
    ]
    assert read(done.tables[2])[0]["anzsco_code"] == read_sheet(done.tables[0])[0]["anzsco_code"]


def should_look_rows_up_first_and_code_the_others(model: TrainedModel, tmp_path: Path) -> None:
    (tmp_path / "learned").mkdir()
    known = a_dictionary(an_entry("REGISTERED nurse", "Wards", code="411411", label="Enrolled"))
    path = tmp_path / "learned" / name_of(1)
    path.write_bytes(dictionary_bytes(known))
    file = made(tmp_path, ROWS)
    options = options_for(file, model.card.input_format, {})
    dictionary = dictionary_for(path.parent, model)
    done = code_file(
        file, options, model, tmp_path / "coded", progress=unseen, dictionary=dictionary
    )
    told = [(row["anzsco_code"], row["anzsco_status"]) for row in read(done.tables[0])]
    assert told == [("411411", "dictionary"), ("", "blank"), ("351311", "coded")]
    assert done.rows["dictionary"] == 1
    assert done.report["assumed"]["dictionary"] == 1
    page = (tmp_path / "coded" / "report.html").read_text("utf-8")
    assert "dictionary 1" in page
    assert "has what people decided on its text before" in page


def should_code_lines_of_which_the_dictionary_has_all(model: TrainedModel, tmp_path: Path) -> None:
    file = made(tmp_path, b'{"occp_text": "chef", "tasks_text": ""}\n', "rows.jsonl")
    options = options_for(file, model.card.input_format, {})
    known = a_dictionary(an_entry("Chef"))
    done = code_file(file, options, model, tmp_path / "coded", progress=unseen, dictionary=known)
    (row,) = map(json.loads, done.tables[0].read_text("utf-8").splitlines())
    assert (row["anzsco_code"], row["anzsco_status"]) == ("351311", "dictionary")


def should_take_the_dictionary_of_the_topic_alone(model: TrainedModel, tmp_path: Path) -> None:
    path = tmp_path / name_of(2)
    path.write_bytes(dictionary_bytes(a_dictionary(an_entry("cook", code="9412"))))
    with pytest.raises(UsageError, match="the code 9412, which anzsco lacks"):
        dictionary_for(path, model)
    path.write_bytes(b"decision,label\n")
    with pytest.raises(FileRejected, match="lacks the column"):
        dictionary_for(tmp_path, model)
    path.unlink()
    with pytest.raises(UsageError, match="There is no dictionary in"):
        dictionary_for(tmp_path, model)


def should_have_an_id_of_its_own_for_each_topic_and_file(
    model: TrainedModel, tmp_path: Path
) -> None:
    def drop_id(model: TrainedModel, content: str) -> str:
        report = coded(model, made(tmp_path, content)).report
        return str(report["dropId"])

    other = replace(model, card=replace(model.card, topic="other"))
    ids = [drop_id(model, ROWS), drop_id(other, ROWS), drop_id(model, f"{ROWS}4,cook,\n")]
    assert len(set(ids)) == 3
    assert {len(each) for each in ids} == {32}
    assert drop_id(model, ROWS) == ids[0]


def read_sheet(path: Path) -> list[dict[str, object]]:
    header, *rows = openpyxl.load_workbook(path).worksheets[0].iter_rows(values_only=True)
    return [dict(zip(map(str, header), row, strict=True)) for row in rows]


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (gzip.compress(ROWS.encode()), "rows.csv.gz"),
        (ROWS.replace("chef", "Köchin").encode("cp1252"), "rows.csv"),
        (b'{"occp_text": "chef", "tasks_text": ""}\n', "rows.jsonl"),
        (b'[{"Job title": "chef"}]', "rows.json"),
    ],
    ids=["gzip", "cp1252", "jsonl", "json"],  # gzip holds the time
)
def should_code_whatever_the_pipeline_takes(
    model: TrainedModel, tmp_path: Path, content: bytes, name: str
) -> None:
    assert sum(coded(model, made(tmp_path, content, name)).rows.values()) >= 1


def should_take_the_mapping_that_stands_nearest(model: TrainedModel, tmp_path: Path) -> None:
    file = made(tmp_path, "A,B\nchef,registered nurse\n")
    made(tmp_path, "columns: {occp_text: A}\n", "columns.yaml")
    beside = read(coded(model, file).tables[0])[0]["anzsco_label"]
    said = read(coded(model, file, columns="occp_text=B").tables[0])[0]["anzsco_label"]
    assert "Chef" in beside
    assert "Nurse" in said


@pytest.mark.parametrize(
    ("content", "advice"),
    [
        ("A,B\n1,2\n", "--columns 'occp_text=A'"),
        ("\0\1\2\3\4\5\6", "Drop CSV"),
        ("Job title\n\n", "with --columns"),
    ],
)
def should_say_what_to_mend_when_the_file_is_no_table_to_code(
    model: TrainedModel, tmp_path: Path, content: str, advice: str
) -> None:
    file = made(tmp_path, content)
    with pytest.raises(FileRejected) as refused:
        coded(model, file)
    assert str(refused.value).startswith(f"{file}: ")
    assert advice in refused.value.next_step
    assert "--metadata" not in refused.value.next_step
    assert list(tmp_path.iterdir()) == [file], "nothing is left behind"


def should_name_the_rows_when_a_strict_table_has_some_that_would_be_cut(
    model: TrainedModel, tmp_path: Path
) -> None:
    file = made(tmp_path, f"Job title\nchef\n{'very ' * 100}tired chef\n")
    with pytest.raises(FileRejected) as refused:
        coded(model, file, strict="true")
    assert [number for number, _ in refused.value.rows] == [3]


def should_blame_the_command_line_or_the_file_of_columns_for_what_stands_there(
    model: TrainedModel, tmp_path: Path
) -> None:
    file = made(tmp_path, ROWS)
    with pytest.raises(UsageError, match=r"The command line: .*colour is no field"):
        coded(model, file, columns="colour=Job title")
    made(tmp_path, "- 1\n", "columns.yaml")
    with pytest.raises(FileRejected, match=r"columns\.yaml: "):
        coded(model, file)


def should_say_so_when_the_file_changes_while_it_is_read(
    model: TrainedModel, tmp_path: Path
) -> None:
    file = made(tmp_path, ROWS)

    @contextmanager
    def changing(name: str, _total: int | None) -> Iterator[Advance]:
        if name.startswith("Writing"):
            made(tmp_path, ROWS + "4,plumber,\n")
        yield lambda _more: None

    options = options_for(file, model.card.input_format, {})
    with pytest.raises(CommandError, match="changed while it was read"):
        code_file(file, options, model, tmp_path / "coded", progress=changing)
    assert not (tmp_path / "coded").exists()


def should_say_where_it_can_not_write(model: TrainedModel, tmp_path: Path) -> None:
    file = made(tmp_path, ROWS)
    (tmp_path / "coded").write_text("in the way")
    with pytest.raises(CommandError, match="coded"):
        coded(model, file)
