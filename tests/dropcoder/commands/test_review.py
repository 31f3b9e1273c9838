"""`merge`, `agree` and `dictionary` on a command line."""

import json
from pathlib import Path

import pytest

from dropcoder.commands.app import run
from dropcoder.commands.review import ENDED, LEARNED
from dropcoder.errors import ExitStatus
from tables.dictionary.learn import OUTCOMES
from tables.report.page.reviewed import ENDS
from tables.review.page.document import html_of_review
from tests.support.tables.decided import a_line, exported
from tests.support.tables.reviews import a_csv, a_reviewed_drop, some_rows


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A drop's results, and the files of two reviewers who agree on one of two texts."""
    drop = a_reviewed_drop(a_csv(some_rows(100)), blind_share=0)
    first, second, *_ = drop.data["items"]
    (tmp_path / "results.csv").write_bytes(drop.results)
    (tmp_path / "report.json").write_text(json.dumps(drop.report), "utf-8")
    (tmp_path / "review.html").write_text(html_of_review(drop.data), "utf-8")
    anns = [a_line(first, "code 351311"), a_line(second, "code 351311")]
    bobs = [a_line(first, "code 351311", by="Bob"), a_line(second, "code 351411", by="Bob")]
    (tmp_path / "ann.csv").write_bytes(exported(anns))
    (tmp_path / "bob.csv").write_bytes(exported(bobs))
    return tmp_path


def should_merge_and_say_what_is_left(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = [str(folder / name) for name in ("results.csv", "ann.csv", "bob.csv")]
    assert run(["merge", *files]) == ExitStatus.DONE
    said = capsys.readouterr().out
    whole, ended = said.splitlines()[0].split(" rows: ")
    counts = [int(each.split()[0]) for each in ended.split(", ")]
    assert int(whole) == sum(counts) == 100
    assert min(counts) > 0
    assert "disagreed on" in ended
    assert "disagree on 1 texts" in said
    assert (folder / "reviewed" / "results.csv").is_file()
    assert (folder / "reviewed" / "report.html").is_file()
    assert run(["merge", *files]) == ExitStatus.USAGE, "nothing is overwritten unasked"
    assert "--force" in capsys.readouterr().err
    assert run(["merge", *files, "--force", "--json"]) == ExitStatus.DONE
    assert json.loads(capsys.readouterr().out)["texts"]["disagreed"] == 1


def should_have_words_for_all_that_rows_and_decided_texts_end_as() -> None:
    assert tuple(ENDED) == tuple(ENDS)
    assert tuple(LEARNED) == OUTCOMES


def should_tell_agreement_and_where_to_decide(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["agree", str(folder / "ann.csv"), str(folder / "bob.csv")]) == ExitStatus.DONE
    said = capsys.readouterr().out
    assert "All texts: 50.0% of 2 agree" in said
    assert "down to 1 digits: 100.0% agree; no kappa, as both gave all of them one" in said
    assert "Blind texts: none that both have decided" in said
    assert (folder / "agreement" / "decide.html").is_file()


def should_leave_no_page_to_decide_on_when_nothing_is_left_to_decide(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = [str(folder / name) for name in ("ann.csv", "bob.csv")]
    assert run(["agree", *files]) == ExitStatus.DONE
    assert run(["agree", *files]) == ExitStatus.USAGE, "nothing is overwritten unasked"
    Path(files[1]).write_bytes(Path(files[0]).read_bytes().replace(b'"Ann"', b'"Bob"'))
    assert run(["agree", *files, "--force"]) == ExitStatus.DONE
    assert "100.0% of 2 agree" in capsys.readouterr().out
    assert [each.name for each in (folder / "agreement").iterdir()] == ["agreement.json"]


@pytest.mark.parametrize(
    "arguments",
    [
        ["merge", "results.csv", "ann.csv", "-o", "."],
        ["merge", "results.csv", "reviewed/results.csv", "-o", "reviewed"],
        ["agree", "ann.csv", "bob.csv", "--page", "agreement/decide.html"],
        ["code", "results.csv", "-o", "."],
    ],
)
def should_overwrite_nothing_that_it_reads(
    folder: Path,
    arguments: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(folder)
    for name, copy in (
        ("ann.csv", "reviewed/results.csv"),
        ("review.html", "agreement/decide.html"),
    ):
        Path(copy).parent.mkdir()
        Path(copy).write_bytes(Path(name).read_bytes())
    before = {each: each.read_bytes() for each in folder.rglob("*") if each.is_file()}
    assert run([*arguments, "--force"]) == ExitStatus.USAGE
    assert "is read, and would be overwritten" in capsys.readouterr().err
    assert {each: each.read_bytes() for each in folder.rglob("*") if each.is_file()} == before


def should_say_what_is_wrong_and_fail(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wrong = [str(folder / "results.csv"), str(folder / "review.html")]
    assert run(["merge", *wrong]) == ExitStatus.REJECTED
    assert "does not begin as an exported file does" in capsys.readouterr().err
    ann, gone = str(folder / "ann.csv"), str(folder / "gone.csv")
    for arguments in (
        ["agree", ann, gone],
        ["agree", ann, ann, "--page", gone],
        ["merge", gone, ann],
        ["merge", str(folder / "results.csv"), ann, gone],
    ):
        assert run(arguments) == ExitStatus.USAGE
        assert "gone.csv is not there" in capsys.readouterr().err
    assert not (folder / "agreement").exists()
    assert not (folder / "reviewed").exists()


def should_learn_what_people_agree_on_and_say_what_became_of_the_rest(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = [str(folder / name) for name in ("ann.csv", "bob.csv")]
    learned = str(folder / "dictionary")
    assert run(["dictionary", learned, *files]) == ExitStatus.DONE
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "2 texts: 1 added, 1 that reviewers disagree on"
    assert said[1].endswith("dictionary/dictionary-0001.csv, 1 texts")
    first = (folder / "dictionary" / "dictionary-0001.csv").read_bytes()
    assert b"code 351311" in first
    assert run(["dictionary", learned, files[0], "--json"]) == ExitStatus.DONE
    document = json.loads(capsys.readouterr().out)
    assert (document["version"], document["entries"]) == (2, 2)
    assert {end: n for end, n in document["texts"].items() if n} == {"added": 1, "unchanged": 1}
    assert run(["dictionary", learned, files[0]]) == ExitStatus.DONE
    assert "dictionary-0002.csv" in capsys.readouterr().out, "nothing new, no new version"
    names = sorted(each.name for each in (folder / "dictionary").iterdir())
    assert names == ["dictionary-0001.csv", "dictionary-0002.csv"]
    assert (folder / "dictionary" / names[0]).read_bytes() == first, "a version never changes"


def should_learn_nothing_from_what_is_no_review(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    learned = folder / "dictionary"
    assert run(["dictionary", str(learned), str(folder / "results.csv")]) == ExitStatus.REJECTED
    assert "does not begin as an exported file does" in capsys.readouterr().err
    assert run(["dictionary", str(folder / "ann.csv"), str(folder / "ann.csv")]) == ExitStatus.USAGE
    assert run(["dictionary", str(learned), str(folder / "gone.csv")]) == ExitStatus.USAGE
    assert not learned.exists()
    learned.mkdir()
    (learned / "dictionary-0003.csv").write_text("decision,label\n")
    assert run(["dictionary", str(learned), str(folder / "ann.csv")]) == ExitStatus.REJECTED
    assert "dictionary-0003.csv lacks the column by" in capsys.readouterr().err
