"""What AWS has charged for a deployment, by service: Cost Explorer's figures."""

from dataclasses import dataclass
from datetime import date

from botocore.exceptions import ClientError

from dropcoder.deployed.reach import PIPELINE, Pipeline
from dropcoder.errors import CommandError
from infra.settings.account_readers import DEPLOYMENT_TAG
from infra.settings.settings import Settings
from shared.aws_errors import code_of

NO_DATA = frozenset({"DataUnavailableException", "BillExpirationException"})


@dataclass(frozen=True, slots=True)
class Charge:
    """What one service has cost in one month, in dollars."""

    month: str
    """yyyy-mm."""
    service: str
    dollars: float


def charges(pipeline: Pipeline, *, since: date, until: date) -> list[Charge]:
    """The charges of each month from `since` up to, and without, `until`; the dearest first.

    Only what is used once the tag is activated is counted; a call costs a cent. Raises
    `CommandError` where Cost Explorer has nothing to tell.
    """
    client = pipeline.clients.make("ce")
    found: list[Charge] = []
    asked = {
        "TimePeriod": {"Start": since.isoformat(), "End": until.isoformat()},
        "Granularity": "MONTHLY",
        "Metrics": ["UnblendedCost"],
        "Filter": {"Tags": {"Key": DEPLOYMENT_TAG, "Values": [deployment_name(pipeline)]}},
        "GroupBy": [{"Type": "DIMENSION", "Key": "SERVICE"}],
    }
    while True:
        try:
            page = client.get_cost_and_usage(**asked)
        except ClientError as error:
            if code_of(error) not in NO_DATA:
                raise
            raise CommandError(
                "Cost Explorer has no data of this account yet.",
                next_step="It takes a day once it is switched on, in the account that pays.",
            ) from None
        for month in page["ResultsByTime"]:
            found += [
                Charge(
                    month["TimePeriod"]["Start"][:7],
                    group["Keys"][0],
                    float(group["Metrics"]["UnblendedCost"]["Amount"]),
                )
                for group in month["Groups"]
            ]
        if not (token := page.get("NextPageToken")):
            return sorted(found, key=lambda each: (each.month, -each.dollars))
        asked["NextPageToken"] = token


def deployment_name(pipeline: Pipeline) -> str:
    """What its tag says."""
    before = pipeline.deployment.stack.removesuffix(PIPELINE).removesuffix("-")
    return Settings(name=before).deployment
