"""`dropcoder doctor` and `costs`: for who runs a deployment."""

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import click

from dropcoder.commands.deployed_verb import deployed_verb
from dropcoder.errors import ExitStatus
from dropcoder.terminal.screen import Screen
from dropcoder.terminal.text import one_line

if TYPE_CHECKING:
    from dropcoder.deployed.reach import Pipeline


@deployed_verb("dropcoder doctor --name dropcoder")
def doctor(screen: Screen, pipeline: "Pipeline") -> int:
    """Check that the deployment can do its work.

    The shell's credentials, the stack, whether the secret has the service's credentials and
    somebody has confirmed to be notified, which alarms ring, and how many functions the account may
    run at a time. Exit status 1 where something is to be done.
    """
    from dropcoder.deployed.checkup import check_up  # noqa: PLC0415  boto3 takes time

    found = []
    for each in check_up(pipeline):
        found.append(each)
        screen.say(one_line(f"{'ok' if each.ok else 'TO DO':<6} {each.check:<14} {each.said}"))
        if not each.ok:
            screen.say(one_line(f"{'':<21} Next: {each.next_step}"))
    screen.document(
        [
            {
                "check": each.check,
                "ok": each.ok,
                "said": each.said,
                "nextStep": None if each.ok else each.next_step,
            }
            for each in found
        ]
    )
    return ExitStatus.DONE if all(each.ok for each in found) else ExitStatus.FAILED


@deployed_verb("dropcoder costs --months 3")
@click.option(
    "--months",
    type=click.IntRange(1, 13),
    default=2,
    show_default=True,
    help="How many, this one among them.",
)
def costs(screen: Screen, pipeline: "Pipeline", *, months: int) -> None:
    """Say what AWS has charged for the deployment, by month and service.

    Cost Explorer's figures of what has the deployment's tag; what one file costs is in `plan`. They
    are there once the tag is activated in the account that pays (docs/cost.md), and a day late. AWS
    takes a cent for each time that it is asked.
    """
    from dropcoder.deployed.costs import charges, deployment_name  # noqa: PLC0415

    today = datetime.now(UTC).date()
    found = charges(pipeline, since=first_of(today, months), until=first_of(today, 0))
    if found:
        screen.table(
            ("month", "service", "dollars"),
            [(each.month, each.service, f"{each.dollars:,.2f}") for each in found],
        )
    else:
        screen.note(
            f"Nothing is charged to the tag of {deployment_name(pipeline)}; is it activated? See "
            "docs/cost.md."
        )
    screen.document(
        [
            {"month": each.month, "service": each.service, "dollars": round(each.dollars, 4)}
            for each in found
        ]
    )


def first_of(today: date, months: int) -> date:
    """The first day of the month with which the last `months` begin; of none, the next month's."""
    count = today.year * 12 + today.month - months
    return date(count // 12, count % 12 + 1, 1)
