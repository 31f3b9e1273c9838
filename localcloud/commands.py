"""What `python -m localcloud <command>` does; the Makefile calls it."""

import os
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from localcloud import journey
from localcloud.cloud import LocalCloud
from localcloud.console import Console
from localcloud.deployment import NODE, Choices, cdk_command, deploy
from localcloud.environment import ambient, cdk_environment, client_exports
from localcloud.errors import DropFailed
from localcloud.places import PROJECT, Place, Tools
from localcloud.processes import command_of
from localcloud.registration import give_credentials, register_client
from localcloud.server import Server, attached_server, is_ours, start_detached, stop_detached
from localcloud.state import forget, kept_cloud, recall, remember

SAMPLE = PROJECT / "samples" / "survey.csv"
OUT = PROJECT / "out"
TOPIC = "anzsco"
PATIENCE_SECONDS = 900.0
CLIENT_NAME = "dropcoder-pipeline"
_RUN = "run-"


@dataclass(frozen=True, slots=True)
class What:
    """A file to drop, and under which topic."""

    file: Path
    topic: str = TOPIC
    patience: float = PATIENCE_SECONDS

    def check(self) -> None:
        """Before anything is started: a wrong path must not cost a minute."""
        if not self.file.is_file():
            raise DropFailed(
                f"{self.file} is not a file.",
                next_step="Name a table: FILE=path/to/survey.csv",
            )


def run(what: What, choices: Choices, *, port: int | None, console: Console) -> None:
    """The whole journey, from nothing to results, and nothing left running."""
    what.check()
    _sweep_runs()
    place = Place.named(f"{_RUN}{os.getpid()}")
    try:
        with _server(place, port, console) as server:
            cloud = deploy(server.reach, choices, place=place, tools=Tools(), console=console)
            _register(cloud, console)
            journey.take(
                cloud,
                what.file,
                topic=what.topic,
                out=OUT,
                console=console,
                patience=what.patience,
            )
    except BaseException:
        _keep_logs(place)
        raise
    finally:
        shutil.rmtree(place.root, ignore_errors=True)


def up(place: Place, choices: Choices, *, port: int | None, console: Console) -> None:
    """The same cloud, kept."""
    tools = Tools()
    kept = recall(place)
    if kept is not None and is_ours(kept.group, place):
        if kept.deployed:
            console.say(f"A local cloud already runs at {kept.reach.endpoint}.")
            _tell_how(kept_cloud(place), console)
            return
        console.say("A local cloud was started and not deployed; starting again.")
        stop_detached(kept.group, place)
    shutil.rmtree(place.root, ignore_errors=True)
    with console.phase("Start the local cloud"):
        server = start_detached(place, port=port, tools=tools)
    try:
        remember(place, server, deployed=False)
        cloud = deploy(server.reach, choices, place=place, tools=tools, console=console)
        _register(cloud, console)
        remember(place, server, deployed=True)
    except BaseException:
        stop_detached(server.group, place)
        forget(place)
        raise
    _tell_how(cloud, console)


def down(place: Place, console: Console) -> None:
    """Stops the kept cloud, if it runs and is ours."""
    kept = recall(place)
    if kept is None:
        console.say("No local cloud is kept running.")
    elif stop_detached(kept.group, place):
        console.say(f"Stopped the local cloud at {kept.reach.endpoint}.")
    elif is_ours(kept.group, place):
        console.say(f"The local cloud (process {kept.group}) does not end; kill it by hand.")
        return
    else:
        console.say("The local cloud had already ended; its record is removed.")
    shutil.rmtree(place.root, ignore_errors=True)


OLD_CLI = (
    "Version 1 of the aws command does not read AWS_ENDPOINT_URL for `aws sqs`: take version 2, or "
    'give --endpoint-url "$AWS_ENDPOINT_URL" there.'
)


def env(place: Place, console: Console, hints: Console) -> None:
    """Prints the exports for a shell, which runs what `console` gets; `hints` are for people."""
    tell_exports(kept_cloud(place), console, hints)


def tell_exports(cloud: LocalCloud, console: Console, hints: Console) -> None:
    """As `env`, of this cloud."""
    names = client_exports(cloud.reach) | {
        "DROPCODER_NAME": cloud.pipeline.stack.removesuffix("-Pipeline"),
        "DROP_BUCKET": cloud.pipeline.drop_bucket,
        "RESULTS_BUCKET": cloud.pipeline.results_bucket,
    }
    for name, value in names.items():
        console.say(f"export {name}={shlex.quote(value)}")
    hints.say(OLD_CLI)


def cdk(arguments: list[str]) -> int:
    """The CDK CLI against AWS, with the caller's credentials, by the project's own Node."""
    command = cdk_command(Tools(), arguments)
    environment = cdk_environment(ambient(), node=NODE, python=Tools().python)
    return subprocess.run(command, env=environment, cwd=PROJECT, check=False).returncode


@contextmanager
def _server(place: Place, port: int | None, console: Console) -> Iterator[Server]:
    """`attached_server` with its start and its stop shown as phases."""
    with ExitStack() as held:
        with console.phase("Start the local cloud"):
            server = held.enter_context(attached_server(place, port=port, tools=Tools()))
        try:
            yield server
        finally:
            with console.phase("Stop the local cloud"):
                held.close()


def _register(cloud: LocalCloud, console: Console) -> None:
    if cloud.service is None:
        return
    with console.phase("Register a client with the service"):
        give_credentials(cloud, register_client(cloud, cloud.service, name=CLIENT_NAME))


def _sweep_runs() -> None:
    """Removes what runs left behind that were killed before they could clean up."""
    for root in Place.named(_RUN).root.parent.glob(f"{_RUN}[0-9]*"):
        if "localcloud" not in (command_of(int(root.name.removeprefix(_RUN))) or ""):
            shutil.rmtree(root, ignore_errors=True)


def _keep_logs(place: Place) -> None:
    """Logs of a run that failed stay in .localcloud/last-failure; everything else goes."""
    kept = Place.named("last-failure").root
    shutil.rmtree(kept, ignore_errors=True)
    if place.logs.is_dir():
        shutil.copytree(place.logs, kept)


def _tell_how(cloud: LocalCloud, console: Console) -> None:
    pipeline = cloud.pipeline
    if cloud.service is None:
        console.say(
            "\nPut the service's credentials where Pipeline reads them (a file, so that they stay"
            "\nout of the shell's history):"
            '\n  {"clientId": "…", "clientSecret": "…"}  in credentials.json, then'
            f"\n  aws secretsmanager put-secret-value --secret-id {pipeline.credentials_secret} \\"
            "\n      --secret-string file://credentials.json"
        )
    console.say(
        f"\nThe local cloud runs at {cloud.reach.endpoint}. Drop a file with the plain aws CLI:"
        '\n  eval "$(make -s env)"'
        f"\n  aws s3 cp samples/survey.csv s3://{pipeline.drop_bucket}/{TOPIC}/"
        f"\n{OLD_CLI}"
        "\n  dropcoder list    (or: .venv/bin/python -m dropcoder list)"
        "\nWatch what ends, or drop and follow one file:"
        "\n  make watch"
        "\n  make drop FILE=samples/survey.csv"
        f"\nResults come to s3://{pipeline.results_bucket}/{TOPIC}/. Stop it all:"
        "\n  make down"
    )
