"""Publishing a model, and a service that offers what was published beside what it was given."""

import io
import json
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError

from coding_service.amazon_ml.api.models import MlModels
from coding_service.aws import configuration
from coding_service.coder.catalogue import Catalogue
from coding_service.coder.errors import ModelError, NoModelsError, UnknownTopicError
from coding_service.coder.model_card import CARD, CODES, WEIGHTS, read_card
from coding_service.errors import AwsBusy, ModelGone
from coding_service.models.bucket import ModelsBucket, key_of
from coding_service.models.registry import DAMAGED, REFRESH_SECONDS, DeployedModels, ModelRegistry
from coding_service.observability import metrics
from tests.support.aws import played_aws
from tests.support.coding_service.sentence_models import sentence_model_folder
from tests.support.coding_service.service import Clock
from tests.support.coding_service.topic_folders import SETTINGS, topic_folder
from training.cli import main
from training.errors import PublishError
from training.fit.train import train_into
from training.publish import publish, s3_client
from training.topic.files import read_topic

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

BUCKET, TOPIC = "published", "trades"
WITH_SENTENCES = 20


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    """Model directories of one topic by version; 3 is packaged too, 20 reads sentences."""
    folder = tmp_path_factory.mktemp("trained")
    found = {}
    sentence_model_folder(folder / "tiny")
    for version in (3, 4, 10, 20):
        settings = SETTINGS.replace("version: 3", f"version: {version}")
        if version == WITH_SENTENCES:
            settings += "readers: linear+sentence\nsentenceModel: ../tiny\n"
        topic = read_topic(topic_folder(folder / f"v{version}", settings=settings))
        found[version], _ = train_into(topic, folder / "models")
    return found


@dataclass
class Calls:
    """An S3 client that counts calls, and fails those that a test names."""

    s3: "S3Client"
    made: list[str] = field(default_factory=list)
    fails: dict[str, Exception] = field(default_factory=dict)
    """By the start of what `made` shows."""

    def _noted(self, name: str, asked: Mapping[str, Any]) -> Any:
        call = f"{name} {str(asked.get('Key', '')).rpartition('/')[2]}".strip()
        self.made.append(call)
        for start, error in self.fails.items():
            if call.startswith(start):
                raise error
        return getattr(self.s3, name)(**asked)

    def put_object(self, **asked: Any) -> Any:
        return self._noted("put_object", asked)

    def get_object(self, **asked: Any) -> Any:
        return self._noted("get_object", asked)

    def get_paginator(self, name: str) -> Any:
        calls = self

        class Pages:
            def paginate(self, **asked: Any) -> Iterator[Any]:
                yield calls._noted(name, asked)

        return Pages()


@dataclass
class World:
    s3: "S3Client"
    calls: Calls
    registry: ModelRegistry
    clock: Clock

    def publish(self, directory: Path) -> str:
        client: Any = self.calls
        return publish(directory, BUCKET, s3=client).report()

    def versions(self, topic: str = TOPIC) -> list[int]:
        return [card.model_version for card in self.registry.models(topic)]

    def later(self, seconds: float = REFRESH_SECONDS) -> None:
        self.clock.now += seconds

    def keys(self) -> list[str]:
        listed = self.s3.list_objects_v2(Bucket=BUCKET).get("Contents", [])
        return [each["Key"].rpartition("/")[2] for each in listed]


@pytest.fixture
def world(trained: dict[int, Path], tmp_path: Path) -> Iterator[World]:
    """A bucket, and a service that came with version 3."""
    packaged = tmp_path / "packaged"
    shutil.copytree(trained[3], packaged / TOPIC / trained[3].name)
    with played_aws():
        s3 = boto3.client("s3", region_name="us-east-1", config=configuration())
        s3.create_bucket(Bucket=BUCKET)
        calls, clock = Calls(s3), Clock()
        client: Any = calls
        registry = ModelRegistry(Catalogue.read(packaged), ModelsBucket(client, BUCKET), clock)
        yield World(s3, calls, registry, clock)


def refusal(code: str, operation: str = "PutObject") -> ClientError:
    return ClientError({"Error": {"Code": code}}, operation)


def should_offer_the_new_version_as_the_latest_when_one_is_published(
    world: World, trained: dict[int, Path]
) -> None:
    assert world.versions() == [3]

    report = world.publish(trained[4])

    assert "trades version 4" in report
    assert f"/v1/topics/trades/models/{trained[4].name}/batch-code" in report
    world.later()
    assert world.versions() == [4, 3]
    assert world.registry.latest(TOPIC).model_id == trained[4].name
    older = world.registry.model(TOPIC, trained[3].name)
    assert (older.model_version, world.registry.load(older).card) == (3, older)


@pytest.mark.parametrize("version", [4, WITH_SENTENCES])
def should_code_alike_when_the_model_was_published(
    world: World, trained: dict[int, Path], version: int
) -> None:
    records = [{"occp_text": text, "tasks_text": ""} for text in ("night baker", "driver", "x")]
    world.publish(trained[version])

    published = world.registry.load(world.registry.latest(TOPIC))

    here = Catalogue.read(trained[version].parents[1])
    own = here.load(here.model(TOPIC, trained[version].name))
    assert published.code(records) == own.code(records)


def should_order_versions_by_number_over_both_sources(
    world: World, trained: dict[int, Path]
) -> None:
    world.publish(trained[4])
    world.publish(trained[10])

    assert world.versions() == [10, 4, 3]


def should_offer_a_topic_at_once_when_it_came_by_publishing_alone(
    trained: dict[int, Path], world: World, tmp_path: Path
) -> None:
    (tmp_path / "none").mkdir()
    client: Any = world.s3
    bare = ModelRegistry(
        Catalogue.read(tmp_path / "none"), ModelsBucket(client, BUCKET), world.clock
    )
    with pytest.raises(UnknownTopicError):
        bare.latest(TOPIC)
    world.publish(trained[4])

    assert bare.latest(TOPIC).model_version == 4
    assert [topic.uri_name for topic in bare.topics()] == [TOPIC]


def should_list_at_most_once_a_minute_and_read_each_card_once(
    world: World, trained: dict[int, Path]
) -> None:
    world.publish(trained[4])
    world.calls.made.clear()
    for _ in range(5):
        world.versions()
    assert world.calls.made == ["list_objects_v2", f"get_object {CARD}"]
    world.later(REFRESH_SECONDS - 1)
    world.versions()
    world.later(1)
    world.versions()
    assert world.calls.made[2:] == ["list_objects_v2"]


@pytest.mark.parametrize("way", ["rest", "machine learning", "coding"])
def should_know_a_model_at_once_when_its_id_is_asked_for(
    world: World, trained: dict[int, Path], way: str
) -> None:
    """Whoever made the operation may have seen it when this process had not."""
    assert world.versions() == [3]
    world.publish(trained[4])
    wanted = trained[4].name.upper()

    match way:
        case "rest":
            found = world.registry.model(TOPIC, wanted)
        case "machine learning":
            card = MlModels(world.registry, "123456789012").card(wanted)
            assert card is not None
            found = card
        case _:
            found = DeployedModels(world.registry).model(TOPIC, trained[4].name).card

    assert found.model_version == 4


def should_say_that_the_same_is_there_when_it_is_published_again(
    world: World, trained: dict[int, Path]
) -> None:
    world.publish(trained[4])
    world.calls.made.clear()

    assert "is in published already" in world.publish(trained[4])
    assert not [call for call in world.calls.made if call.startswith("put")]


def should_publish_a_packaged_model_as_the_same_one(world: World, trained: dict[int, Path]) -> None:
    world.publish(trained[3])

    assert world.versions() == [3]


def should_refuse_when_the_version_is_not_above_what_is_published(
    world: World, trained: dict[int, Path], tmp_path: Path
) -> None:
    world.publish(trained[4])
    with pytest.raises(PublishError, match=r"Version 3 .* not above version 4.*topic\.yaml"):
        world.publish(trained[3])
    changed = SETTINGS.replace("version: 3", "version: 4").replace("0.7", "0.6")
    twin, _ = train_into(read_topic(topic_folder(tmp_path / "t", settings=changed)), tmp_path / "m")
    with pytest.raises(PublishError, match=r"Version 4 .* not above version 4"):
        world.publish(twin)
    assert len(world.keys()) == 3


def should_refuse_when_the_card_is_one_that_would_be_passed_over(
    world: World, trained: dict[int, Path], tmp_path: Path
) -> None:
    other = shutil.copytree(trained[4], tmp_path / "other")
    card = {**read_card(other).to_json(), "modelVersion": "4"}
    (other / CARD).write_text(json.dumps(card), "utf-8")

    with pytest.raises(ModelError, match="a value is not of its kind"):
        world.publish(other)
    assert world.keys() == []


def should_refuse_when_a_list_of_models_has_no_room_for_its_names(
    world: World, trained: dict[int, Path], tmp_path: Path
) -> None:
    other = shutil.copytree(trained[4], tmp_path / "other")
    card = {**read_card(other).to_json(), "topicStandard": "s" * 3_000}
    (other / CARD).write_text(json.dumps(card), "utf-8")

    with pytest.raises(ModelError, match=r"more than the 2,500 bytes that a list of models"):
        world.publish(other)
    assert world.keys() == []


def should_refuse_when_the_id_has_other_files(
    world: World, trained: dict[int, Path], tmp_path: Path
) -> None:
    world.publish(trained[4])
    other = shutil.copytree(trained[4], tmp_path / "other")
    codes = (other / CODES).read_text("utf-8")
    (other / CODES).write_text(codes.replace("Cook", "Chef"), "utf-8")

    with pytest.raises(PublishError, match="other files under this model's id"):
        world.publish(other)


@pytest.mark.parametrize("file", [CODES, WEIGHTS, CARD])
def should_list_nothing_until_the_upload_is_whole(
    world: World, trained: dict[int, Path], file: str
) -> None:
    broken = EndpointConnectionError(endpoint_url="https://s3")
    world.calls.fails[f"put_object {file}"] = broken
    with pytest.raises(PublishError, match=r"offered only when it is whole.*Run the command again"):
        world.publish(trained[4])
    assert world.versions() == [3]
    world.calls.fails.clear()
    world.publish(trained[4])
    world.later()
    assert world.versions() == [4, 3]


def should_never_replace_a_card_when_two_publish_at_once(
    world: World, trained: dict[int, Path]
) -> None:
    calls = world.calls

    class Late(Calls):
        """Somebody else publishes the model while this one uploads the weights."""

        def put_object(self, **asked: Any) -> Any:
            if asked["Key"].endswith(WEIGHTS):
                client: Any = calls
                publish(trained[4], BUCKET, s3=client)
            return super().put_object(**asked)

    late: Any = Late(world.s3)
    assert publish(trained[4], BUCKET, s3=late).was_there
    assert late.made.count(f"put_object {CARD}") == 1


DAMAGES: dict[str, dict[str, Any]] = {
    "not JSON": {},
    "a version that is no number": {"modelVersion": "4"},
    "a date that is none": {"modelReleaseDate": "soon"},
    "fields that are a list": {"fieldWeights": ["occp_text"]},
    "another format": {"format": 99},
    "another model's": {"modelId": "0" * 36},
}


@pytest.mark.parametrize("damage", list(DAMAGES))
def should_pass_over_a_damaged_card_and_say_so(
    world: World, trained: dict[int, Path], damage: str, log: io.StringIO
) -> None:
    world.publish(trained[4])
    world.publish(trained[10])
    card = read_card(trained[10])
    key, changes = key_of(card, CARD), DAMAGES[damage]
    content = json.dumps({**card.to_json(), **changes}).encode() if changes else b"{"
    world.s3.put_object(Bucket=BUCKET, Key=key, Body=content)
    metrics.clear_metrics()

    assert world.versions() == [4, 3]
    world.later()
    assert world.versions() == [4, 3]

    assert log.getvalue().count("damaged model card ignored") == 1
    assert key in log.getvalue()
    assert metrics.metric_set[DAMAGED]["Value"] == [1.0, 1.0]
    metrics.clear_metrics()


def should_refuse_to_code_when_the_weights_are_not_those_that_were_published(
    world: World, trained: dict[int, Path]
) -> None:
    world.publish(trained[4])
    key = key_of(read_card(trained[4]), WEIGHTS)
    weights = (trained[10] / WEIGHTS).read_bytes()
    world.s3.put_object(Bucket=BUCKET, Key=key, Body=weights + b"x")

    with pytest.raises(ModelError, match="not the file that was published"):
        world.registry.load(world.registry.latest(TOPIC))


def should_say_that_the_model_is_gone_when_it_was_taken_away(
    world: World, trained: dict[int, Path]
) -> None:
    world.publish(trained[4])
    assert world.versions() == [4, 3]
    for name in (CARD, CODES, WEIGHTS):
        world.s3.delete_object(Bucket=BUCKET, Key=key_of(read_card(trained[4]), name))

    with pytest.raises(ModelGone, match="no longer offered"):
        DeployedModels(world.registry).model(TOPIC, trained[4].name)
    world.later()
    assert world.versions() == [3]


def should_keep_what_it_knows_when_the_bucket_cannot_be_listed(
    world: World, trained: dict[int, Path]
) -> None:
    world.publish(trained[4])
    world.calls.fails["list"] = refusal("SlowDown", "ListObjectsV2")
    with pytest.raises(AwsBusy):
        world.versions()
    world.calls.fails.clear()
    assert world.versions() == [4, 3]
    world.calls.fails["list"] = refusal("SlowDown", "ListObjectsV2")
    world.later()
    assert world.versions() == [4, 3]
    # Whether an unknown model exists can't be told, so it is not called unknown.
    with pytest.raises(AwsBusy):
        world.registry.model(TOPIC, "0" * 36)


def should_know_a_topic_without_models_as_before(world: World, tmp_path: Path) -> None:
    (tmp_path / "packaged" / "unborn").mkdir()
    client: Any = world.s3
    registry = ModelRegistry(
        Catalogue.read(tmp_path / "packaged"), ModelsBucket(client, BUCKET), world.clock
    )
    with pytest.raises(NoModelsError):
        registry.latest("unborn")


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (refusal("AccessDenied"), "not allowed.*Use credentials that may"),
        (refusal("NoSuchBucket"), "There is no bucket published.*ModelsBucketName"),
        (refusal("ExpiredToken"), "does not accept the credentials.*Sign in again"),
        (refusal("InternalError"), "failed .InternalError.*Run the command again"),
        (NoCredentialsError(), "no AWS credentials"),
    ],
)
def should_say_what_to_do_when_aws_refuses(
    world: World, trained: dict[int, Path], error: Exception, told: str
) -> None:
    world.calls.fails["put_object"] = error
    with pytest.raises(PublishError, match=told):
        world.publish(trained[4])


def run(*arguments: str | Path) -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    status = main(list(map(str, arguments)), stdin=io.BytesIO(), stdout=out, stderr=err)
    return status, out.getvalue(), err.getvalue()


def should_publish_from_the_command_line(world: World, trained: dict[int, Path]) -> None:
    status, out, err = run("publish", trained[4], "--bucket", BUCKET)
    assert (status, err) == (0, "")
    assert "published to published" in out
    assert run("publish", trained[4], "--bucket", BUCKET)[0] == 0
    assert world.versions() == [4, 3]


def should_exit_with_words_when_the_command_is_given_what_is_not_there(
    world: World, trained: dict[int, Path], tmp_path: Path
) -> None:
    status, out, err = run("publish", tmp_path, "--bucket", BUCKET)
    assert (status, out) == (1, "")
    assert "model.json" in err
    for bucket, told in (
        ("no-such-bucket", "There is no bucket no-such-bucket. Name the one in"),
        ("", "No bucket has the name ''. Name the one in"),
    ):
        status, _, err = run("publish", trained[4], "--bucket", bucket)
        assert (status, err.startswith(told)) == (1, True), err


def should_address_buckets_by_path_where_the_cloud_is_not_aws() -> None:
    def addressed(client: Any) -> str:
        url: str = client.generate_presigned_url(
            "get_object", Params={"Bucket": BUCKET, "Key": CARD}
        )
        return url.partition("?")[0]

    with played_aws():
        assert addressed(s3_client("https://localhost:4566")) == (
            f"https://localhost:4566/{BUCKET}/{CARD}"
        )
        assert addressed(s3_client()).startswith(f"https://{BUCKET}.s3.")
