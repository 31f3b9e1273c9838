"""The trained models that go into CodingService's asset."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from infra.assets.errors import AssetError
from infra.project_files import LAMBDAS, PROJECT
from infra.settings.command_line import child_environment

TOPICS = PROJECT / "topics"
TOPIC_FILE = "topic.yaml"


def ensure_models(models: Path, say: Callable[[str], None], topics: Path = TOPICS) -> None:
    """Trains each topic whose model is missing or older than the topic's folder.

    Topics below a folder of `topics` are not packed: whoever wants one trains and publishes it.
    `models` is the folder of `<models>/<topic>/<modelId>/`; `say` gets a line for each topic that
    is trained. Raises `AssetError` if there is no topic, or training failed.
    """
    folders = sorted(path.parent for path in topics.glob(f"*/{TOPIC_FILE}"))
    if not folders:
        raise AssetError(f"{topics} holds no topic: a topic is a folder with a {TOPIC_FILE}")
    for topic in folders:
        if _newest(topic) > _newest(models / topic.name):
            say(f"training topic {topic.name}")
            _train(topic, models)


def model_files(models: Path) -> Iterator[tuple[str, Path]]:
    """The models' files as (place in the asset, file), in order of place."""
    for path in sorted(each for each in models.rglob("*") if each.is_file()):
        yield f"models/{path.relative_to(models).as_posix()}", path


def _newest(folder: Path) -> float:
    """When a file below the folder last changed, in epoch seconds; 0 where there is none."""
    times = (path.stat().st_mtime for path in folder.rglob("*") if path.is_file())
    return max(times, default=0)


def _train(topic: Path, models: Path) -> None:
    command = [sys.executable, "-m", "training", "train", str(topic)]
    done = subprocess.run(
        [*command, "--out", str(models)],
        env=child_environment({"PYTHONPATH": os.pathsep.join(map(str, (PROJECT, LAMBDAS)))}),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise AssetError(
            f"training {topic} failed:\n{(done.stderr or done.stdout).strip()}\n"
            "Mend the topic, then run `make train`."
        )
    # A model that training found to be unchanged is up to date from now on.
    for path in (models / topic.name).rglob("*"):
        if path.is_file():
            os.utime(path)
