"""A file comes into the drop bucket whole, under a key that says how it is coded."""

from pathlib import Path

import pytest

from dropcoder.deployed import put_file
from dropcoder.deployed.put_file import key_of
from dropcoder.deployed.reach import Pipeline
from dropcoder.errors import UsageError
from pipeline.domain.identity import drop_id
from tables.mapping.column_options import options_of_metadata
from tables.plan import TableOptions
from tests.support.erasure import World

GUID = "d6b12032-bca7-58aa-aa7d-b607126641fa"


@pytest.mark.parametrize(
    ("folder", "model", "key"),
    [
        ("", None, "anzsco/a b+ö.csv"),
        ("/2026//may/", None, "anzsco/2026/may/a b+ö.csv"),
        ("may", GUID, f"anzsco/models/{GUID}/may/a b+ö.csv"),
    ],
)
def should_name_topic_model_and_folder_in_the_key(folder: str, model: str | None, key: str) -> None:
    assert key_of(Path("x/a b+ö.csv"), topic="anzsco", folder=folder, model=model) == key


@pytest.mark.parametrize("topic", ["Anzsco", "", "a/b", "jobs 2026"])
def should_refuse_what_is_no_topics_name(topic: str) -> None:
    with pytest.raises(UsageError, match="no topic's name"):
        key_of(Path("a.csv"), topic=topic)


@pytest.mark.parametrize("part_bytes", [64 << 20, 5 << 20])
def should_put_the_file_as_it_is_and_say_what_it_is_known_by(
    here: World,
    pipeline: Pipeline,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    part_bytes: int,
) -> None:
    monkeypatch.setattr(put_file, "PART_BYTES", part_bytes)
    file = tmp_path / "a.csv"
    file.write_bytes(b"Job title\n" + b"chef\n" * 1_500_000)
    told: list[int] = []
    done = put_file.put_file(
        pipeline, file, "anzsco/a.csv", {"columns": "occp_text=Tätigkeit"}, told.append
    )
    stored = here.cloud.s3.get_object(Bucket=done.bucket, Key=done.key)
    assert stored["VersionId"] == done.version_id
    assert stored["Body"].read() == file.read_bytes()
    assert done.drop_id == drop_id(done.bucket, done.key, done.version_id)
    assert sum(told) == file.stat().st_size
    options = options_of_metadata(stored["Metadata"], TableOptions(fields=("occp_text",)))
    assert options.columns == {"occp_text": ("Tätigkeit",)}


def should_leave_nothing_behind_when_an_upload_breaks(
    here: World, pipeline: Pipeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(put_file, "PART_BYTES", 5 << 20)
    file = tmp_path / "a.csv"
    file.write_bytes(b"x" * (11 << 20))

    def interrupted(_more: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        put_file.put_file(pipeline, file, "anzsco/a.csv", {}, interrupted)
    assert "Uploads" not in here.cloud.s3.list_multipart_uploads(Bucket="drops")
    assert "Contents" not in here.cloud.s3.list_objects_v2(Bucket="drops")
