"""What make is told on its command line is known and not empty, or nothing is run."""

import re
import subprocess

import pytest

from infra.project_files import PROJECT


def make(*arguments: str) -> subprocess.CompletedProcess[str]:
    """What make would do; nothing is done."""
    return subprocess.run(
        ["make", "--dry-run", "--no-print-directory", *arguments],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("target", ["drop", "run", "train"])
@pytest.mark.parametrize(
    ("choice", "said"),
    [
        ("FIEL=mine.jsonl", "FIEL= means nothing here"),
        ("FILE=", "FILE= is empty"),
        ("TOPIC=", "TOPIC= is empty"),
    ],
)
def should_refuse_a_choice_that_is_misspelt_or_empty(target: str, choice: str, said: str) -> None:
    done = make(target, choice)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr


def should_take_choices_with_spaces_in_them() -> None:
    done = make("drop", "FILE=my answers = all.csv", "TOPIC=anzsco")
    assert done.returncode == 0, done.stderr


def should_know_every_choice_that_a_target_reads() -> None:
    text = (PROJECT / "Makefile").read_text("utf-8")
    known = re.search(r"^CHOICES := ((?:.*\\\n)*.*)$", text, re.MULTILINE)
    assert known
    read = set(re.findall(r"\$\$\{([A-Z_]+)", text)) | set(
        re.findall(r"\$\((ARGS|DIR|BUCKET)\)", text)
    )
    assert read <= set(known[1].replace("\\", " ").split())
