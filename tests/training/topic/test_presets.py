"""Official workbooks of the shapes that they are published in become topics that train.

The workbooks are made by hand; what their shapes are known from is said in `presets`.
"""

from pathlib import Path

import pytest
import yaml

from tests.support.coding_service.training_command import Cells, lines_of, run, workbook
from training.topic.files import read_evaluation, read_topic
from training.topic.presets import PRESETS

STAIRS: Cells = [
    ["            Australian Bureau of Statistics"],
    ["1220.0 ANZSCO 2022"],
    ["Released at 11:30 am (Canberra time) 22 November 2022"],
    ["Table 5 ANZSCO Structure - Major, Sub-Major, Minor, Unit Groups and Occupations"],
    [],
    ["Major Group"],
    [None, "Sub-Major Group"],
    [None, None, "Minor Group"],
    [None, None, None, "Unit Group"],
    [None, None, None, None, "Occupation", None, "Skill Level"],
    [1, "MANAGERS"],
    [None, 13, "Specialist Managers"],
    [None, None, 134, "Education, Health and Welfare Services Managers"],
    [None, None, None, 1341, "Child Care Centre Managers"],
    [None, None, None, None, 134111, "Child Care Centre Manager", 2],
    [None, None, None, 1342, "Health and Welfare Services Managers"],
    [None, None, None, None, 134211, "Medical Administrator", 1],
    [None, None, None, None, 134299, "Health and Welfare Services Managers nec", 1],
    ["© Commonwealth of Australia 2022"],
]
INDEX: Cells = [
    ["            Australian Bureau of Statistics"],
    ["1220.0 ANZSCO 2022"],
    ["Released at 11:30 am (Canberra time) 22 November 2022"],
    ["Table 2 Index of Principal Titles, Alternative Titles and Specialisations, by code"],
    [],
    ["ANZSCO Code", "Title", "Category"],
    [134111, "Child Care Centre Manager", "Principal Title"],
    [134111, "Childcare Centre Director", "Alternative Title"],
    [134111, "Creche Director", "Specialisation"],
    [134211, "Medical Administrator", "Principal Title"],
    [134211, "Hospital Medical Director", "Specialisation"],
    [134299, "Primary Health Organisation Manager", "Occupation in nec category"],
    [999999, "No Such Occupation", "Specialisation"],
    ["© Commonwealth of Australia 2022"],
]


def _abs(folder: Path) -> list[str]:
    contents: dict[str, Cells] = {
        "Contents": [["Table 5"], ["Table 6"]],
        "Table 1": [[1, "MANAGERS"]],
    }
    structure = workbook(
        folder / "structure.xlsx", {**contents, "Table 5": STAIRS}, {"Table 5": "A1:G1"}
    )
    index = workbook(folder / "index.xlsx", {"Contents": [["Table 2"]], "Table 2": INDEX})
    return [f"--codes={structure}", f"--titles={index}"]


def _osca(folder: Path) -> list[str]:
    head: Cells = [
        ["Table 1"],
        ["OSCA 2024"],
        [],
        ["Notes"],
        ["Identifier", "Principal Title", "Main Tasks"],
    ]
    tasks: Cells = [
        [134111, "Child Care Centre Manager", "Plans programs; directs staff\nMeets parents;"]
    ]
    described = workbook(folder / "described.xlsx", {"Table 1": [*head, *tasks]})
    return [*_abs(folder), f"--tasks={described}"]


def _isco(folder: Path) -> list[str]:
    head: list[object] = [
        "Level",
        "ISCO 08 Code",
        "Title EN",
        "Definition",
        "Tasks include",
        "Notes",
    ]
    rows: Cells = [
        [1, "0", "Armed Forces Occupations", "…", None, None],
        [2, "01", "Commissioned Armed Forces Officers", "…", None, None],
        [3, "011", "Commissioned Armed Forces Officers", "…", None, None],
        [4, "0110", "Commissioned Armed Forces Officers", "…", None, None],
        [1, "2", "Professionals", "…", "Tasks include conducting research.", None],
        [2, "21", "Science and Engineering Professionals", "…", None, None],
        [3, "214", "Engineering Professionals", "…", None, None],
        [4, "2142", "Civil Engineers", "…", "Tasks include - (a) designing; (b) testing;", None],
        [None, None, "© International Labour Organization", None, None, None],
    ]
    structure = workbook(folder / "s.xlsx", {"ISCO-08 EN Struct and defin": [head, *rows]})
    titles: Cells = [
        ["ISCO-08", "ISCO-88", "English title"],
        [110, 100, "Officer, armed forces"],
        [110, 100, "Squadron leader"],
        [2142, 2142, "Engineer, civil"],
        [2142, 2142, "Engineer, civil: dredging"],
        [1, 1, "n"],
    ]
    index = workbook(folder / "i.xlsx", {"ISCO-08 EN Index": titles, "Notes": [["by the ILO"]]})
    return [f"--codes={structure}", f"--titles={index}", f"--tasks={structure}"]


def _soc(folder: Path) -> list[str]:
    rows: Cells = [
        ["U.S. Bureau of Labor Statistics"],
        ["2018 Standard Occupational Classification System"],
        [],
        ["Major Group", "Minor  Group", "Broad Group", "Detailed Occupation", None],
        ["15-0000", None, None, None, "Computer and Mathematical Occupations"],
        [None, "15-1200", None, None, "Computer Occupations"],
        [None, None, "15-1210", None, "Computer and Information Analysts"],
        [None, None, None, "15-1211", "Computer Systems Analysts"],
        [None, None, None, "15-1212", "Information Security Analysts"],
    ]
    structure = workbook(folder / "soc.xlsx", {"2018 Structure": rows})
    direct: Cells = [
        ["U.S. Bureau of Labor Statistics"],
        ["2018 SOC Code", "2018 SOC Title", "2018 SOC Direct Match Title", "Illustrative Example"],
        ["15-1211", "Computer Systems Analysts", "Systems Architect", "x"],
        ["15-1212", "Information Security Analysts", "Network Security Analyst", None],
    ]
    matched = workbook(folder / "dmtf.xlsx", {"Sorted by SOC": direct, "Sorted by Title": direct})
    alternate = folder / "Alternate Titles.txt"
    alternate.write_text(
        "O*NET-SOC Code\tAlternate Title\tShort Title\tSource(s)\n"
        "15-1211.00\tInformation Technology Analyst\tIT Analyst\t08\n"
        "15-1211.01\tClinical Informatics Nurse\tn/a\t02\n"
        '15-1212.00\t"White hat" hacker\tn/a\t02\n'
    )
    head: list[object] = ["O*NET-SOC Code", "Title", "Task ID", "Task", "Task Type"]
    told: Cells = [
        ["15-1211.00", "Computer Systems Analysts", 1, "Test and monitor programs.", "Core"]
    ]
    tasks = workbook(folder / "Task Statements.xlsx", {"Task Statements": [head, *told]})
    titles = ["--titles", str(matched), str(alternate)]
    return [f"--codes={structure}", *titles, f"--tasks={tasks}"]


PUBLISHED = {"anzsco2022": _abs, "osca2024": _osca, "isco08": _isco, "soc2018": _soc}


def _imported(preset: str, folder: Path) -> str:
    """What the command said."""
    tables = PUBLISHED[preset](folder)
    status, said, complaint = run("import", "--preset", preset, *tables, "--out", folder / "topic")
    assert (status, complaint) == (0, "")
    return said


@pytest.mark.parametrize("preset", sorted(PRESETS))
def should_make_a_topic_of_official_workbooks_when_they_are_as_published(
    preset: str, tmp_path: Path
) -> None:
    said = _imported(preset, tmp_path)

    topic = read_topic(tmp_path / "topic")
    assert topic.settings.levels == PRESETS[preset].levels
    assert topic.settings.topic_version == PRESETS[preset].version
    assert PRESETS[preset].source in said
    held = tmp_path / "topic" / "evaluation.jsonl"
    assert not held.read_text("utf-8") or read_evaluation(held, topic)


def should_read_codes_of_each_level_from_their_own_columns(tmp_path: Path) -> None:
    said = _imported("anzsco2022", tmp_path)

    codes = read_topic(tmp_path / "topic").hierarchy.codes
    assert {code: (each.label, each.parent) for code, each in codes.items()} == {
        "1": ("MANAGERS", ""),
        "13": ("Specialist Managers", "1"),
        "134": ("Education, Health and Welfare Services Managers", "13"),
        "1341": ("Child Care Centre Managers", "134"),
        "134111": ("Child Care Centre Manager", "1341"),
        "1342": ("Health and Welfare Services Managers", "134"),
        "134211": ("Medical Administrator", "1342"),
        "134299": ("Health and Welfare Services Managers nec", "1342"),
    }
    assert "index.xlsx: passed over 1 rows of codes that are not taught: 13\n" in said
    assert "structure.xlsx: passed over 10 rows without a code or a label" in said


def should_take_titles_tasks_and_zeros_apart_when_ilo_has_them_in_one_cell(tmp_path: Path) -> None:
    _imported("isco08", tmp_path)

    taught = {
        (each["code"], each["occp_text"]) for each in lines_of(tmp_path / "topic/examples.jsonl")
    }
    assert ("0110", "Squadron leader") in taught
    assert ("0110", "armed forces Officer") in taught
    assert ("2142", "civil Engineer") in taught
    assert ("2142", "Engineer, civil: dredging") in taught
    statements = {each["tasks_text"] for each in lines_of(tmp_path / "topic/examples.jsonl")}
    assert statements & {"designing", "testing"}


def should_keep_codes_as_published_and_join_several_files_of_titles(tmp_path: Path) -> None:
    _imported("soc2018", tmp_path)

    topic = read_topic(tmp_path / "topic")
    assert topic.hierarchy.lineage("15-1211") == ("15-1211", "15-121", "15-1", "15")
    taught = {(each.code, each.texts["occp_text"]) for each in topic.examples}
    assert {
        ("15-1211", "Systems Architect"),
        ("15-1211", "IT Analyst"),
        ("15-1211", "Clinical Informatics Nurse"),
        ("15-1212", "White hat hacker"),
    } <= {(code, title.replace('"', "")) for code, title in taught}
    assert not {title for _, title in taught} & {"n/a"}


def should_split_main_tasks_when_a_cell_has_several(tmp_path: Path) -> None:
    _imported("osca2024", tmp_path)

    statements = {each["tasks_text"] for each in lines_of(tmp_path / "topic/examples.jsonl")} - {""}
    assert statements < {"Plans programs", "directs staff", "Meets parents"}
    assert len(statements) == 2


def should_say_sheet_columns_and_option_when_a_workbook_is_another(tmp_path: Path) -> None:
    codes, titles = _abs(tmp_path)
    other = workbook(tmp_path / "other.xlsx", {"Table 9": [["Kod", "Yrke"], [134111, "Chef"]]})

    wrong_sheet = run(
        "import", "--preset=anzsco2022", f"--codes={other}", titles, "--out", tmp_path
    )
    wrong_names = run(
        "import", "--preset=isco08", f"--codes={other}", titles, "--out", tmp_path / "topic"
    )
    no_sheet = run(
        "import", "--preset=anzsco2022", codes, "--codes-sheet=Tabel 5", titles, "--out", tmp_path
    )

    assert [each[0] for each in (wrong_sheet, wrong_names, no_sheet)] == [1, 1, 1]
    assert "there is no sheet “Table 5”, the sheets are “Table 9”" in wrong_sheet[2]
    assert "--codes-sheet" in wrong_sheet[2]
    assert "sheet “Table 9”, no row has the columns “ISCO 08 Code” and “Title EN”" in wrong_names[2]
    assert "found are “Kod”, “Yrke”" in wrong_names[2]
    assert "--codes-code and --codes-text" in wrong_names[2]
    assert "no sheet “Tabel 5”; it has “Contents”, “Table 1”, “Table 5”" in no_sheet[2]


def should_read_other_columns_when_options_name_them(tmp_path: Path) -> None:
    codes = workbook(
        tmp_path / "kod.xlsx",
        {
            "Om": [["SSYK"]],
            "Lista": [["SSYK 2012"], [], ["Kod", "Yrke"], [111, "Chef"], [112, "Kock"]],
        },
    )
    titles = tmp_path / "titlar.csv"
    titles.write_bytes(
        "Källa;Kod;Titel\nA;111;Avdelningschef\nB;112;Restaurangkock\n".encode("cp1252")
    )

    status, _, complaint = run(
        *("import", "--name=ssyk", "--levels=1,3", "--fields=yrke", "--out", tmp_path / "topic"),
        *(f"--codes={codes}", "--codes-code=Kod", "--codes-text=Yrke", "--codes-header=3"),
        *(f"--titles={titles}", "--titles-code=kod", "--titles-text=#3"),
    )

    assert (status, complaint) == (0, "")
    topic = read_topic(tmp_path / "topic")
    assert {(each.code, each.texts["yrke"]) for each in topic.examples} == {
        ("111", "Chef"),
        ("111", "Avdelningschef"),
        ("112", "Kock"),
        ("112", "Restaurangkock"),
    }


def should_read_levels_of_any_classification_from_columns_of_their_own(tmp_path: Path) -> None:
    table: Cells = [["Grupp", "Kod", "Namn"], ["B", "Bygg"], [None, "B-1", "Snickare"]]
    codes = workbook(tmp_path / "kod.xlsx", {"Lista": table})
    titles = tmp_path / "titlar.csv"
    titles.write_text("code,text\nB-1,finsnickare\n", "utf-8")
    chosen = ("--name=ssyk", "--levels=1,3", "--codes-code=Grupp", "--codes-code=Kod")

    status, _, complaint = run(
        "import", *chosen, f"--codes={codes}", f"--titles={titles}", "--out", tmp_path / "topic"
    )

    assert (status, complaint) == (0, "")
    codes_read = read_topic(tmp_path / "topic").hierarchy.codes
    assert {(each.code, each.label, each.parent) for each in codes_read.values()} == {
        ("B", "Bygg", ""),
        ("B-1", "Snickare", "B"),
    }


def should_pass_notes_over_when_columns_of_an_official_workbook_are_named(tmp_path: Path) -> None:
    structure, _ = _abs(tmp_path)
    moved: Cells = [[None, row[1], row[0]] if len(row) > 1 else row for row in INDEX]
    index = workbook(tmp_path / "moved.xlsx", {"Table 1": moved})

    status, said, complaint = run(
        *("import", "--preset=anzsco2022", structure, f"--titles={index}", "--out", tmp_path / "t"),
        *("--titles-sheet=Table 1", "--titles-code=#3", "--titles-text=Title"),
    )

    assert (status, complaint) == (0, "")
    assert "moved.xlsx: passed over" in said
    taught = {(each.code, each.texts["occp_text"]) for each in read_topic(tmp_path / "t").examples}
    assert ("134111", "Creche Director") in taught


def should_ask_for_a_second_field_when_there_are_tasks(tmp_path: Path) -> None:
    status, _, complaint = run(
        "import", "--preset=isco08", *_isco(tmp_path), "--fields=job", "--out", tmp_path / "topic"
    )

    assert status == 1
    assert "--fields names no field for the tasks. Name both" in complaint


def should_name_the_known_presets_when_there_is_no_such_one(tmp_path: Path) -> None:
    status, _, complaint = run("import", "--preset=noc2021", "--out", tmp_path)

    assert status == 1
    assert all(preset in complaint for preset in PRESETS)


def should_keep_a_version_and_other_settings_when_official_tables_are_imported_again(
    tmp_path: Path,
) -> None:
    _imported("anzsco2022", tmp_path)
    settings = tmp_path / "topic" / "topic.yaml"
    said = yaml.safe_load(settings.read_text("utf-8"))
    settings.write_text(yaml.safe_dump(said | {"version": 4, "threshold": 0.6}), "utf-8")

    _imported("anzsco2022", tmp_path)

    again = yaml.safe_load(settings.read_text("utf-8"))
    assert (again["version"], again["threshold"]) == (4, 0.6)
