"""Which model codes on this machine, and where it is kept."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from dropcoder.errors import CommandError, UsageError
from dropcoder.local_coding import models
from dropcoder.local_coding.models import TopicFolder, card_in, kept_models, model_in, model_of

SETTINGS = """\
name: fruit
fullName: Fruit
standard: FRUIT
topicVersion: "1"
version: 1
released: 2026-01-31
levels: [1, 2]
threshold: 0.5
fields: {fruit_text: 1.0}
"""


@pytest.fixture
def topic(tmp_path: Path) -> Path:
    """A topic of somebody's own."""
    folder = tmp_path / "fruit"
    folder.mkdir()
    (folder / "topic.yaml").write_text(SETTINGS)
    codes = {"1": "Red", "11": "Apple", "12": "Cherry", "2": "Yellow", "21": "Lemon", "22": "Corn"}
    lines = ["code,label,parent", *(f"{c},{label},{c[:-1]}" for c, label in codes.items())]
    (folder / "codes.csv").write_text("\n".join(lines) + "\n")
    leaves = {code: label.lower() for code, label in codes.items() if len(code) == 2}
    examples = [
        {"code": code, "fruit_text": f"{how} {label}"}
        for code, label in leaves.items()
        for how in ("a", "one", "fresh", "old", "the", "some")
    ]
    (folder / "examples.jsonl").write_text("".join(json.dumps(each) + "\n" for each in examples))
    return folder


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """As if the package was installed, and the user's folder of caches was empty."""
    monkeypatch.setattr(models, "ROOT", tmp_path / "installed")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "caches"))
    return tmp_path / "caches" / "dropcoder" / "models"


class Steps:
    """What was shown while a model was made ready."""

    def __init__(self) -> None:
        self.names: list[str] = []

    @contextmanager
    def __call__(self, name: str) -> Iterator[None]:
        self.names.append(name)
        yield


def should_train_a_topic_once_and_keep_the_model(topic: Path, elsewhere: Path) -> None:
    steps = Steps()
    first = model_of(TopicFolder.named(str(topic)), steps)
    again = model_of(TopicFolder.named(str(topic)), steps)
    assert [each.split()[0] for each in steps.names] == ["Training", "Loading"]
    assert again.card == first.card
    assert kept_models() == elsewhere
    assert (elsewhere / "fruit" / first.card.model_id / "model.json").is_file()
    assert model_in(elsewhere / "fruit" / first.card.model_id).card == first.card


def should_train_again_when_the_topic_has_changed_or_the_model_is_damaged(
    topic: Path, elsewhere: Path
) -> None:
    steps = Steps()
    first = model_of(TopicFolder.named(str(topic)), steps)
    (elsewhere / "fruit" / first.card.model_id / "model.json").write_text("{}")
    model_of(TopicFolder.named(str(topic)), steps)
    with (topic / "examples.jsonl").open("a") as examples:
        examples.write('{"code": "22", "fruit_text": "sweetcorn"}\n')
    second = model_of(TopicFolder.named(str(topic)), steps)
    assert [each.split()[0] for each in steps.names] == ["Training"] * 3
    assert second.card.model_id != first.card.model_id


def should_train_a_topic_once_whatever_lies_beside_its_model(topic: Path, elsewhere: Path) -> None:
    steps = Steps()
    first = model_of(TopicFolder.named(str(topic)), steps)
    old = json.dumps({"format": 1})
    for beside in ("vegetables/a", "fruit/b"):
        (elsewhere / beside).mkdir(parents=True)
        (elsewhere / beside / "model.json").write_text(old)
    with pytest.raises(UsageError, match="format 1 is not"):
        model_in(elsewhere / "fruit" / "b")
    again = model_of(TopicFolder.named(str(topic)), steps)
    assert [each.split()[0] for each in steps.names] == ["Training", "Loading"]
    assert again.card == first.card


def should_say_what_is_known_when_there_is_no_such_topic() -> None:
    with pytest.raises(UsageError, match="There is no topic bakery") as error:
        TopicFolder.named("bakery")
    assert "anzsco" in error.value.next_step


def should_name_file_and_line_when_a_topic_can_not_be_read(topic: Path, elsewhere: Path) -> None:
    (topic / "topic.yaml").write_text(SETTINGS.replace("version: 1\n", "version: none\n"))
    with pytest.raises(UsageError, match=r"topic\.yaml:5: "):
        TopicFolder.named(str(topic))
    (topic / "topic.yaml").write_text(SETTINGS)
    with (topic / "examples.jsonl").open("a") as examples:
        examples.write("no JSON\n")
    with pytest.raises(CommandError, match=r"examples\.jsonl:25: "):
        model_of(TopicFolder.named(str(topic)), Steps())


def should_refuse_a_folder_without_a_model(tmp_path: Path) -> None:
    for open_model in (model_in, card_in):
        with pytest.raises(UsageError, match=str(tmp_path)):
            open_model(tmp_path)
