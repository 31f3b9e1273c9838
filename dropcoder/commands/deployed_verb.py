"""What the verbs of a deployed Pipeline have alike: which one is meant, and AWS's refusals."""

from collections.abc import Callable
from functools import update_wrapper
from typing import Any

import click

from dropcoder.commands.verbs import verb
from dropcoder.terminal.screen import Screen
from dropcoder.terminal.text import one_line

Told = Callable[..., int | None]


def deployed_verb(example: str, name: str | None = None) -> Callable[[Told], click.Command]:
    """A verb whose function gets the deployed Pipeline behind its `Screen`."""

    def made(function: Told) -> click.Command:
        def run(
            screen: Screen,
            *,
            deployment: str | None,
            profile: str | None,
            region: str | None,
            **asked: Any,
        ) -> int | None:
            from dropcoder.deployed.reach import aws_told, reach  # noqa: PLC0415  boto3 takes time

            with aws_told():
                pipeline = reach(name=deployment, profile=profile, region=region)
                return function(screen, pipeline, **asked)

        update_wrapper(run, function)
        for option in (
            click.option("--region", help="AWS's; by default as the shell has it."),
            click.option("--profile", help="Of the AWS configuration; by default the shell's."),
            click.option(
                "--name",
                "deployment",
                envvar="DROPCODER_NAME",
                help="The deployment's name (its setting `name`, e.g. dropcoder); needed where the "
                "region has several.  [env: DROPCODER_NAME]",
            ),
        ):
            run = option(run)
        return verb(example, name)(run)

    return made


def tell_ending(screen: Screen, *, status: str, key: str, body: dict[str, Any]) -> None:
    """How a drop ended, for people; `body` is the notification's."""
    screen.say(one_line(f"{status:<10} {key}  {body.get('reason') or ''}").rstrip())
    results = body.get("results") or {}
    below = f"s3://{results.get('bucket')}"
    if results.get("manifest"):
        rows = body.get("rows") or {}
        counts = ", ".join(f"{count:,} {name}" for name, count in rows.items() if count)
        if counts:
            screen.say(f"{'':<10} {sum(rows.values()):,} rows: {counts}")
        screen.say(one_line(f"{'':<10} {below}/{results.get('prefix')}"))
    if results.get("report"):
        screen.say(one_line(f"{'':<10} Report: {below}/{results['report']}"))
    if status != "complete" and body.get("nextStep"):
        screen.say(one_line(f"{'':<10} Next: {body['nextStep']}"))
