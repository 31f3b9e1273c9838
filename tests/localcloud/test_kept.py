"""What `make up` leaves behind, and the commands that live on it."""

import io
import os
import shlex
import signal
import socket
from dataclasses import fields
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from erasure.deployment import Deployment
from localcloud import commands
from localcloud.__main__ import main
from localcloud.cloud import LocalCloud
from localcloud.console import Console
from localcloud.deployment import Choices
from localcloud.environment import Reach
from localcloud.errors import DropFailed, Interrupted, NothingRuns, StartFailed
from localcloud.places import Place, Tools
from localcloud.server import Server, free_port, is_ours, start_detached
from localcloud.state import kept_cloud, recall, remember


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place.named("up", project=tmp_path).made()


@pytest.fixture
def told() -> io.StringIO:
    return io.StringIO()


def server(place: Place, group: int) -> Server:
    reach = Reach(endpoint="https://localhost:1", bundle=place.tls / "b", authority=place.tls / "a")
    return Server(group=group, reach=reach)


def should_recall_what_was_remembered(place: Place) -> None:
    remember(place, server(place, 42), deployed=True)
    kept = recall(place)
    assert kept is not None
    assert (kept.group, kept.reach.endpoint, kept.deployed) == (42, "https://localhost:1", True)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"group": "x"}', "null"])
def should_recall_nothing_when_the_record_is_broken(place: Place, content: str) -> None:
    place.state.write_text(content)
    assert recall(place) is None


def should_not_take_a_stranger_for_ours_when_a_number_was_used_again(place: Place) -> None:
    # This very process runs, and is not the server.
    remember(place, server(place, os.getpid()), deployed=True)
    assert not is_ours(os.getpid(), place)
    with pytest.raises(NothingRuns, match="No local cloud"):
        kept_cloud(place)


def should_leave_the_stranger_alive_when_down_finds_a_stale_record(
    place: Place, told: io.StringIO
) -> None:
    remember(place, server(place, os.getpid()), deployed=True)
    commands.down(place, Console(told))
    assert "had already ended" in told.getvalue()
    assert recall(place) is None


def should_say_so_when_down_finds_nothing(place: Place, told: io.StringIO) -> None:
    commands.down(place, Console(told))
    assert told.getvalue() == "No local cloud is kept running.\n"


def should_name_make_up_when_nothing_is_kept(place: Place, told: io.StringIO) -> None:
    console = Console(told)
    with pytest.raises(NothingRuns) as refused:
        commands.env(place, console, console)
    assert "make up" in refused.value.next_step


def should_say_beside_the_exports_which_aws_command_does_not_read_them(
    place: Place, told: io.StringIO
) -> None:
    reach = Reach("https://localhost:4566", place.root / "bundle.pem", place.root / "root.pem")
    names: dict[str, Any] = {each.name: "x" for each in fields(Deployment)}
    hints = io.StringIO()
    cloud = LocalCloud(reach, Deployment(**names), service=None)
    commands.tell_exports(cloud, Console(told), Console(hints))
    # A shell runs each of these; an interactive zsh would run a comment too.
    assert all(line.startswith("export ") for line in told.getvalue().splitlines())
    assert "Version 1" in hints.getvalue()
    assert "aws sqs" in hints.getvalue()


def should_refuse_a_missing_file_before_anything_starts(tmp_path: Path) -> None:
    what = commands.What(file=tmp_path / "absent.jsonl")
    with pytest.raises(DropFailed, match="is not a file"):
        commands.run(what, Choices(), port=None, console=Console(io.StringIO()))


def should_exit_1_and_say_what_to_do_when_the_file_is_missing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    missing = tmp_path / "absent.jsonl"
    assert main(["run", "--file", str(missing)]) == 1
    assert shlex.quote(str(missing)) in capsys.readouterr().out


def should_name_the_port_when_it_is_taken(place: Place) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(StartFailed, match=str(port)):
            start_detached(place, port=port, tools=Tools())


def should_give_a_port_that_can_be_used() -> None:
    assert 1024 <= free_port() <= 65535


def should_end_a_call_whatever_its_library_catches_when_interrupted() -> None:
    def interrupt(*_: object) -> None:
        raise Interrupted

    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        with socket.socket() as silent:
            silent.bind(("127.0.0.1", 0))
            silent.listen()
            sqs = boto3.client(
                "sqs",
                endpoint_url=f"http://127.0.0.1:{silent.getsockname()[1]}",
                config=Config(read_timeout=5, retries={"total_max_attempts": 1}),
            )
            signal.setitimer(signal.ITIMER_REAL, 0.2)
            with pytest.raises(Interrupted):
                sqs.list_queues()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
