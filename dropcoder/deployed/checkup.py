"""Whether a deployed Pipeline can do its work: what a person has to do once, and what rings."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from dropcoder.deployed.reach import Pipeline
from erasure.deployment import Clients
from shared.aws_errors import code_of

FEWEST_CONCURRENT = 100  # Lambda's of the account; new accounts may have 10 (docs/quotas.md); ours
STEADY = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE", "UPDATE_ROLLBACK_COMPLETE")
FILLED = (frozenset({"clientId", "clientSecret"}), frozenset({"accessKeyId", "secretAccessKey"}))


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found."""

    check: str
    ok: bool
    said: str
    next_step: str = ""
    """Where it is not ok."""


def check_up(pipeline: Pipeline) -> Iterator[Finding]:
    """The checks, one after the other; what AWS refuses to one is its finding."""
    checks: tuple[tuple[str, Callable[[], Finding]], ...] = (
        ("credentials", partial(_caller, pipeline.clients)),
        ("stack", partial(_stack, pipeline)),
        ("secret", partial(_secret, pipeline)),
        ("subscriptions", partial(_subscriptions, pipeline)),
        ("alarms", partial(_alarms, pipeline)),
        ("quotas", partial(_quotas, pipeline.clients)),
    )
    for name, check in checks:
        try:
            yield check()
        except ClientError as error:
            said = f"AWS refused {error.operation_name}: {code_of(error)}"
            yield Finding(name, ok=False, said=said, next_step="See docs/command-line.md, doctor")
        except BotoCoreError as error:
            yield Finding(name, ok=False, said=str(error), next_step="Mend that, and ask again")


def _caller(clients: Clients) -> Finding:
    caller = clients.make("sts").get_caller_identity()
    return Finding("credentials", ok=True, said=f"{caller['Arn']} of account {caller['Account']}")


def _stack(pipeline: Pipeline) -> Finding:
    name = pipeline.deployment.stack
    (stack,) = pipeline.clients.cloudformation.describe_stacks(StackName=name)["Stacks"]
    status = stack["StackStatus"]
    return Finding(
        "stack",
        ok=status in STEADY,
        said=f"{name} in {pipeline.deployment.region}: {status}",
        next_step="Wait until it is deployed, or look at its events in the console",
    )


def _secret(pipeline: Pipeline) -> Finding:
    """What the secret holds is looked at, and goes nowhere."""
    arn = pipeline.deployment.credentials_secret
    held = pipeline.clients.secretsmanager.get_secret_value(SecretId=arn)["SecretString"]
    try:
        names = frozenset(name for name, value in json.loads(held).items() if value)
    except (ValueError, AttributeError):
        names = frozenset()
    filled = any(wanted <= names for wanted in FILLED)
    return Finding(
        "secret",
        ok=filled,
        said="has the service's credentials" if filled else "has no credentials yet",
        next_step="Put them in: aws secretsmanager put-secret-value --secret-id "
        f"{arn} --secret-string file://credentials.json (docs/deploying.md)",
    )


def _subscriptions(pipeline: Pipeline) -> Finding:
    """The topic's attributes count them, which takes one call however many there are."""
    topic = pipeline.deployment.notification_topic
    told = pipeline.clients.sns.get_topic_attributes(TopicArn=topic)["Attributes"]
    confirmed = int(told.get("SubscriptionsConfirmed", 0))
    pending = int(told.get("SubscriptionsPending", 0))
    return Finding(
        "subscriptions",
        ok=confirmed > 0 and not pending,
        said=f"{confirmed} confirmed, {pending} waiting to be",
        next_step="Have them confirmed: each got an e-mail with a link"
        if pending
        else "Nobody is told how drops end. Subscribe: aws sns subscribe --topic-arn "
        f"{topic} --protocol email --notification-endpoint …",
    )


def _alarms(pipeline: Pipeline) -> Finding:
    pages = pipeline.clients.make("cloudwatch").get_paginator("describe_alarms")
    ringing: list[dict[str, Any]] = [
        alarm
        for page in pages.paginate(
            StateValue="ALARM", AlarmNamePrefix=f"{pipeline.deployment.stack}-"
        )
        for alarm in page["MetricAlarms"]
    ]
    said = "; ".join(each.get("AlarmDescription") or each["AlarmName"] for each in ringing)
    return Finding(
        "alarms",
        ok=not ringing,
        said=f"{len(ringing)} ringing: {said}" if ringing else "none rings",
        next_step="Do what its section in docs/runbook.md says",
    )


def _quotas(clients: Clients) -> Finding:
    limits = clients.make("lambda").get_account_settings()["AccountLimit"]
    concurrent = int(limits["ConcurrentExecutions"])
    return Finding(
        "quotas",
        ok=concurrent >= FEWEST_CONCURRENT,
        said=f"Lambda may run {concurrent:,} functions at a time",
        next_step="Ask for more: Service Quotas, Lambda, concurrent executions (docs/quotas.md)",
    )
