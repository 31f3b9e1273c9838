"""Results come all at once, and take nothing's place unasked."""

from pathlib import Path

import pytest

from dropcoder.errors import CommandError, UsageError
from dropcoder.local_coding.result_folder import checked_folder, filled, from_here, name_of


def should_fill_the_folder_only_when_all_is_written(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "coded"
    with filled(folder) as begun:
        (begun / "results.csv").write_text("new")
        assert not folder.exists()
    assert (folder / "results.csv").read_text() == "new"
    with pytest.raises(UnicodeEncodeError), filled(folder) as begun:
        (begun / "results.csv").write_text("half \ud800", encoding="utf-8")
    assert (folder / "results.csv").read_text() == "new"
    assert list(folder.parent.iterdir()) == [folder]


def should_refuse_what_is_there_unless_it_may_be_replaced(tmp_path: Path) -> None:
    assert checked_folder(tmp_path, replace=False) == tmp_path, "an empty folder is none"
    (tmp_path / "results.csv").touch()
    with pytest.raises(UsageError, match="not empty") as error:
        checked_folder(tmp_path, replace=False)
    assert "--force" in error.value.next_step
    assert checked_folder(tmp_path, replace=True) == tmp_path
    with pytest.raises(UsageError, match="is a file"):
        checked_folder(tmp_path / "results.csv", replace=True)


def should_keep_what_else_lies_in_a_folder_that_is_filled_again(tmp_path: Path) -> None:
    folder = tmp_path / "coded"
    folder.mkdir()
    (folder / "notes.txt").write_text("mine")
    (folder / "results.csv").write_text("old")
    with filled(folder) as begun:
        (begun / "results.csv").write_text("new")
    assert (folder / "notes.txt").read_text() == "mine"
    assert (folder / "results.csv").read_text() == "new"


def should_leave_nothing_of_an_earlier_run_that_is_written_at_times_alone(tmp_path: Path) -> None:
    for names in (["results.csv", "review.html"], ["results.csv"]):
        with filled(tmp_path / "coded", at_times=["review.html"]) as begun:
            for name in names:
                (begun / name).touch()
        assert sorted(each.name for each in (tmp_path / "coded").iterdir()) == names


def should_say_what_is_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(CommandError, match="file"), filled(tmp_path / "file" / "coded"):
        pass


def should_show_paths_as_seen_from_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert from_here(tmp_path / "coded" / "results.csv") == "coded/results.csv"
    assert from_here(Path("coded")) == "coded"
    assert from_here(tmp_path.parent) == str(tmp_path.parent)


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("survey.xlsx", "survey"),
        ("survey.2026.csv", "survey.2026"),
        ("survey.2026.CSV.GZ", "survey.2026"),
        ("survey.zip", "survey"),
        ("survey.2026", "survey.2026"),
        ("survey", "survey"),
        (".survey", ".survey"),
        (".survey.csv", ".survey"),
    ],
)
def should_call_a_folder_like_its_file_without_format_and_packing(file: str, name: str) -> None:
    assert name_of(file) == name
