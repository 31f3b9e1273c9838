"""What AWS has charged for a deployment is asked of Cost Explorer by the deployment's tag."""

from datetime import date
from typing import Any

import pytest
from botocore.exceptions import ClientError

from dropcoder.commands.app import run
from dropcoder.commands.operate import first_of
from dropcoder.deployed.costs import charges
from dropcoder.deployed.reach import Pipeline
from dropcoder.errors import CommandError
from erasure.deployment import Clients
from infra.settings.settings import Settings
from tests.support.erasure import World


class Explorer:
    """Cost Explorer with two pages, or an error."""

    def __init__(self, error: str = "") -> None:
        self.error = error
        self.asked: list[dict[str, Any]] = []

    def get_cost_and_usage(self, **asked: Any) -> dict[str, Any]:
        self.asked.append(dict(asked))
        if self.error:
            raise ClientError({"Error": {"Code": self.error}}, "GetCostAndUsage")
        first = "NextPageToken" not in asked
        groups = (("AWS Lambda", "0.5"), ("AWS KMS", "1")) if first else (("Amazon S3", "0.25"),)
        month = {
            "TimePeriod": {"Start": "2026-11-01" if first else "2026-10-01"},
            "Groups": [
                {"Keys": [name], "Metrics": {"UnblendedCost": {"Amount": amount}}}
                for name, amount in groups
            ],
        }
        return {"ResultsByTime": [month], "NextPageToken": "more" if first else ""}


def asked_of(here: World, pipeline: Pipeline, explorer: Explorer) -> list[tuple[str, str, float]]:
    other = Pipeline(here.clients_with(ce=explorer), pipeline.deployment)
    found = charges(other, since=date(2026, 10, 1), until=date(2026, 12, 1))
    return [(each.month, each.service, each.dollars) for each in found]


def should_tell_each_month_and_service_the_dearest_first(here: World, pipeline: Pipeline) -> None:
    explorer = Explorer()
    assert asked_of(here, pipeline, explorer) == [
        ("2026-10", "Amazon S3", 0.25),
        ("2026-11", "AWS KMS", 1.0),
        ("2026-11", "AWS Lambda", 0.5),
    ]
    assert len(explorer.asked) == 2
    tag = {"Key": "dropcoder-deployment", "Values": [Settings(name="").deployment]}
    assert explorer.asked[0]["Filter"]["Tags"] == tag


def should_say_when_cost_explorer_has_nothing_yet(here: World, pipeline: Pipeline) -> None:
    with pytest.raises(CommandError, match="no data") as error:
        asked_of(here, pipeline, Explorer("DataUnavailableException"))
    assert "a day" in error.value.next_step


@pytest.mark.parametrize(
    ("today", "months", "first"),
    [
        (date(2026, 11, 29), 0, date(2026, 12, 1)),
        (date(2026, 11, 29), 1, date(2026, 11, 1)),
        (date(2026, 1, 1), 2, date(2025, 12, 1)),
        (date(2026, 12, 31), 0, date(2027, 1, 1)),
        (date(2026, 3, 1), 13, date(2025, 3, 1)),
    ],
)
def should_begin_with_the_first_day_of_the_month(today: date, months: int, first: date) -> None:
    assert first_of(today, months) == first


def should_print_a_table_of_what_was_charged(
    here: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    clients = here.clients_with(ce=Explorer())
    monkeypatch.setattr(Clients, "of", lambda _session: clients)
    assert run(["costs"]) == 0
    assert "2026-11  AWS KMS     1.00" in capsys.readouterr().out
