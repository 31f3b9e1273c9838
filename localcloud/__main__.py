"""`python -m localcloud`: the command line behind the Makefile."""

import argparse
import signal
import sys
from pathlib import Path
from types import FrameType

from localcloud import commands
from localcloud.console import Console
from localcloud.deployment import Choices
from localcloud.errors import Interrupted, LocalCloudError
from localcloud.places import KEPT, Place

ENGINES = ("coding-service", "amazon-ml", "coding-service-small")
INTERRUPTED = 130  # what shells say of a command that Ctrl-C ended


def main(arguments: list[str] | None = None) -> int:
    """The exit status: 0 only where everything asked for was done."""
    console = Console(sys.stdout)
    asked = _parser().parse_args(arguments)
    for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(sign, _interrupt)
    try:
        return _command(asked, console)
    except LocalCloudError as error:
        for line in error.lines:
            console.say(f"  | {line}")
        console.say(f"Failed: {error}")
        if error.next_step:
            console.say(f"Next: {error.next_step}")
        return 1
    except Interrupted:
        console.say("Interrupted; nothing is left running.")
        return INTERRUPTED


def _command(asked: argparse.Namespace, console: Console) -> int:
    kept = Place.named(KEPT)
    match asked.command:
        case "run":
            choices = Choices(settings=_engine(asked))
            commands.run(_what(asked), choices, port=asked.port, console=console)
        case "up":
            commands.up(kept, _choices(asked), port=asked.port, console=console)
        case "down":
            commands.down(kept, console)
        case "env":
            commands.env(kept, console, Console(sys.stderr))
        case "cdk":
            return commands.cdk(asked.arguments)
    return 0


def _interrupt(_sign: int, _frame: FrameType | None) -> None:
    """Once is enough: what follows is cleaning up, which a second Ctrl-C must not stop."""
    for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(sign, signal.SIG_IGN)
    raise Interrupted


def _what(asked: argparse.Namespace) -> commands.What:
    return commands.What(file=asked.file, topic=asked.topic, patience=asked.patience)


def _engine(asked: argparse.Namespace) -> dict[str, str]:
    """The setting that has the topic coded by the chosen engine."""
    if asked.engine == ENGINES[0]:
        return {}
    return {"engines": f"{asked.topic}={asked.engine}"}


def _choices(asked: argparse.Namespace) -> Choices:
    return Choices(
        settings=_engine(asked),
        service_url=asked.service_url,
        auth_url=asked.auth_url,
        presigned_hosts=asked.presigned_hosts,
        allow_plain_http=asked.allow_plain_http == "true",
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m localcloud", description=__doc__)
    command = parser.add_subparsers(dest="command", required=True)
    run = command.add_parser("run", help="the whole journey, and nothing left running")
    up = command.add_parser("up", help="start the local cloud and keep it")
    command.add_parser("down", help="stop the kept cloud")
    command.add_parser("env", help="print exports for the aws CLI")
    cdk = command.add_parser("cdk", help="the CDK CLI against AWS, by the project's own Node")
    cdk.add_argument("arguments", nargs=argparse.REMAINDER)
    run.add_argument("--file", type=Path, default=commands.SAMPLE)
    run.add_argument("--topic", default=commands.TOPIC)
    run.add_argument(
        "--patience",
        type=float,
        default=commands.PATIENCE_SECONDS,
        help="seconds after which a drop that has not ended is given up",
    )
    for starting in (run, up):
        starting.add_argument("--port", type=int, help="default: a free one")
        starting.add_argument(
            "--engine", choices=ENGINES, default=ENGINES[0], help="what codes the topic's files"
        )
    up.add_argument("--topic", default=commands.TOPIC)
    up.add_argument("--service-url", default="", help="another service, in front of /v1")
    up.add_argument("--auth-url", default="", help="in front of /oauth2/token")
    up.add_argument("--presigned-hosts", default="", help="comma list of patterns of hosts")
    up.add_argument("--allow-plain-http", choices=("true", "false"), default="false")
    return parser


if __name__ == "__main__":
    sys.exit(main())
