"""`train --add`: what people decided joins the examples, and only what is not worse is kept."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from coding_service.coder.catalogue import Catalogue
from coding_service.coder.model import TrainedModel
from coding_service.coder.model_card import ModelCard
from tables.review.distinct_texts import text_id
from tests.support.aws import played_aws
from tests.support.coding_service.topic_folders import QUESTIONS, example, topic_folder
from tests.support.coding_service.training_command import run
from tests.support.tables.decided import a_line, exported
from training.publish import publish

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

DROP, BUCKET, TOPIC = "3f2a" * 8, "published", "trades"
SAMPLE = [*QUESTIONS, ("patissier of a hotel", "12"), ("old patissier", "12"), ("pub chef", "11")]
BETTER = {"patissier": "12", "patissier in charge": "12", "first patissier": "12", "chef": "11"}
WORSE = {"cook of a hospital ship": "22", "cook at the hospital kitchen": "22", "buns": "21"}


def decided(path: Path, codes: dict[str, str], by: str = "Ann", **cells: str) -> Path:
    """A file as the review page exports it, with decisions on these titles."""
    lines = [
        a_line(
            {"id": text_id((title, ""), DROP), "texts": (title, ""), "rows": 2},
            code if " " in code else f"code {code}",
            by=by,
            **cells,
        )
        for title, code in codes.items()
    ]
    path.write_bytes(exported(lines))
    return path


@pytest.fixture
def topic(tmp_path: Path) -> Path:
    folder = topic_folder(tmp_path / "topic")
    questions = [example(title, code) for title, code in SAMPLE]
    (folder / "evaluation.jsonl").write_text("".join(questions), "utf-8")
    return folder


@pytest.fixture
def models(topic: Path, tmp_path: Path) -> Path:
    run("train", topic, "--out", tmp_path / "models")
    return tmp_path / "models"


@pytest.fixture
def s3() -> Iterator["S3Client"]:
    with played_aws():
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket=BUCKET)
        yield client


def latest(models: Path) -> ModelCard:
    return Catalogue.read(models).latest(TOPIC)


def directory_of(models: Path) -> Path:
    card = latest(models)
    return models / card.topic / card.model_id


def should_keep_a_model_that_is_better_as_a_new_version(topic: Path, models: Path) -> None:
    file = decided(topic / "ann.csv", BETTER)
    before = directory_of(models)
    status, said, _ = run("train", topic, "--out", models, "--add", file)
    assert status == 0, said
    card = latest(models)
    assert card.model_version == 4
    assert before.is_dir(), "the version before stays"
    assert said.splitlines()[0] == "4 texts that people decided, each once"
    assert "Beside version 3" in said
    assert f"On {len(SAMPLE)} records of {topic / 'evaluation.jsonl'}" in said
    assert f"{models / TOPIC / card.model_id}: version 4" in said
    model = TrainedModel.load(directory_of(models))
    (coding,) = model.code([{"occp_text": "patissier", "tasks_text": ""}])
    assert coding.result is not None
    assert coding.result.category == "12"


def should_say_in_its_card_what_it_has_learned(topic: Path, models: Path) -> None:
    files = [
        decided(topic / "ann.csv", BETTER | {"driver": "22", "stuff": "cannot be coded"}),
        decided(topic / "bob.csv", {"chef": "12", "kitchens": "1", "!": "11"}, by="Bob"),
    ]
    assert run("train", topic, "--out", models, "--add", *files, "--add-weight", "5")[0] == 0
    card = json.loads((directory_of(models) / "model.json").read_text("utf-8"))
    added: dict[str, Any] = card["added"]
    assert (added["texts"], added["weight"]) == (3, 5)
    assert added["leftOut"] == {
        "inTheSample": 1,
        "cannotBeCoded": 1,
        "disagreed": 1,
        "broader": 1,
        "withoutWords": 1,
    }
    assert [(each["file"], each["people"]) for each in added["files"]] == [
        ("ann.csv", ["Ann"]),
        ("bob.csv", ["Bob"]),
    ]
    assert added["sample"]["file"] == "evaluation.jsonl"
    assert latest(models).added == added


def should_keep_nothing_that_is_worse_unless_forced(topic: Path, models: Path) -> None:
    file = decided(topic / "ann.csv", WORSE)
    arguments = ("train", topic, "--out", models, "--add", file, "--add-weight", "20")
    before = latest(models)
    status, said, complaint = run(*arguments)
    assert status == 3
    assert "The model is worse on the sample: right at 2 characters" in complaint
    assert "--force" in complaint
    assert "Beside version 3" in said, "before and after are shown"
    assert Catalogue.read(models).models(TOPIC) == (before,)
    assert [each.name for each in topic.parent.iterdir() if each.name.startswith(".")] == []
    status, said, _ = run(*arguments, "--force")
    assert status == 0
    assert "forced, although it is worse: right at 2 characters" in said
    assert latest(models).model_version == 4


def should_train_the_model_before_where_there_is_none(topic: Path, tmp_path: Path) -> None:
    models = tmp_path / "none" / "yet"
    file = decided(topic / "ann.csv", BETTER)
    assert run("train", topic, "--out", models, "--add", file)[0] == 0
    assert [card.model_version for card in Catalogue.read(models).models(TOPIC)] == [4, 3]
    status, said, _ = run("train", topic, "--out", models, "--add", file)
    assert status == 0
    assert "has learned these files already" in said
    assert latest(models).model_version == 4


def should_learn_whatever_old_models_lie_beside_the_topics(topic: Path, models: Path) -> None:
    for beside in ("jobs/a", f"{TOPIC}/b"):
        (models / beside).mkdir(parents=True)
        (models / beside / "model.json").write_text('{"format": 1}')
    file = decided(topic / "ann.csv", BETTER)
    status, said, complaint = run("train", topic, "--out", models, "--add", file)
    assert status == 0, complaint
    assert "Beside version 3" in said


def should_measure_on_another_sample_and_learn_none_of_it(topic: Path, models: Path) -> None:
    sample = topic / "frozen.jsonl"
    sample.write_text(example("Patissier", "12") + example("hospital cook", "11"), "utf-8")
    file = decided(topic / "ann.csv", BETTER)
    status, said, _ = run(
        "train", topic, "--out", models, "--add", file, "--sample", sample, "--force"
    )
    assert status == 0
    assert "3 texts that people decided, each once; left out: 1 inTheSample" in said
    assert "On 2 records of" in said


def should_publish_it_above_all_that_are_published(
    topic: Path, models: Path, s3: "S3Client"
) -> None:
    directory = directory_of(models)
    publish(directory, BUCKET, s3=s3)
    file = decided(topic / "ann.csv", BETTER)
    bad = decided(topic / "bad.csv", WORSE)
    refused = ("train", topic, "--out", models, "--add", bad, "--add-weight", "20")
    assert run(*refused, "--bucket", BUCKET)[0] == 3
    assert _versions(s3) == [3], "nothing that is worse is published"
    status, said, complaint = run(
        "train", topic, "--out", models, "--add", file, "--bucket", BUCKET
    )
    assert status == 0, complaint
    assert f"{TOPIC} version 4" in said
    assert _versions(s3) == [3, 4]


def _versions(s3: "S3Client") -> list[int]:
    keys = [each["Key"] for each in s3.list_objects_v2(Bucket=BUCKET)["Contents"]]
    cards = [
        json.loads(s3.get_object(Bucket=BUCKET, Key=key)["Body"].read())
        for key in keys
        if key.endswith("model.json")
    ]
    return sorted(card["modelVersion"] for card in cards)


@pytest.mark.parametrize(
    ("codes", "says"),
    [
        ({"nurse": "254499"}, "Ann decided on 254499, which the topic lacks"),
        ({}, "has no decision"),
    ],
)
def should_refuse_files_of_another_topic_or_none(
    topic: Path, models: Path, codes: dict[str, str], says: str
) -> None:
    file = decided(topic / "ann.csv", codes)
    status, _, complaint = run("train", topic, "--out", models, "--add", file)
    assert status == 1
    assert says in complaint
    assert str(file) in complaint
    assert latest(models).model_version == 3


def should_name_the_file_that_has_the_code_of_another_topic(topic: Path, models: Path) -> None:
    own = decided(topic / "own.csv", BETTER)
    overruled = decided(topic / "bob.csv", {"nurse": "cannot be coded"}, by="Bob")
    foreign = decided(topic / "ann.csv", {"nurse": "254499"}, round="decide")
    files = (own, overruled, foreign)
    status, _, complaint = run("train", topic, "--out", models, "--add", *files)
    assert status == 1
    assert complaint.startswith(f"{foreign}: Ann decided on 254499")


@pytest.mark.parametrize(
    "alone", [("--force",), ("--sample", "x"), ("--bucket", "x"), ("--add-weight", "3")]
)
def should_take_its_options_beside_add_alone(
    alone: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        run("train", tmp_path, "--out", tmp_path, *alone)
    assert f"{alone[0]} goes with --add" in capsys.readouterr().err
