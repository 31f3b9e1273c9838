"""What is to be done once, and what rings, is found; nothing of a secret is shown."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from dropcoder.commands.app import run
from dropcoder.deployed.checkup import Finding, check_up
from dropcoder.deployed.reach import Pipeline
from erasure.deployment import Clients
from tests.support.erasure import World

SECRET = "the-clients-own-secret"


class Answers:
    """A client that answers each call with what it is given, or raises it."""

    def __init__(self, **answers: Any) -> None:
        self._answers = answers

    def __getattr__(self, name: str) -> Any:
        def call(**_: Any) -> Any:
            answer = self._answers[name]
            if isinstance(answer, Exception):
                raise answer
            return answer

        return call


class Paged(Answers):
    def get_paginator(self, name: str) -> Any:
        return Answers(paginate=[self._answers[name]])


def well(**changes: Any) -> dict[str, Any]:
    """Clients by whose answers all is well, but for these."""
    clients: dict[str, Any] = {
        "sts": Answers(get_caller_identity={"Arn": "arn:me", "Account": "1"}),
        "cloudformation": Answers(describe_stacks={"Stacks": [{"StackStatus": "UPDATE_COMPLETE"}]}),
        "secretsmanager": Answers(get_secret_value={"SecretString": filled()}),
        "sns": Answers(get_topic_attributes={"Attributes": {"SubscriptionsConfirmed": "1"}}),
        "cloudwatch": Paged(describe_alarms={"MetricAlarms": []}),
        "lambda": Answers(get_account_settings={"AccountLimit": {"ConcurrentExecutions": 1_000}}),
    }
    return clients | changes


def findings(here: World, pipeline: Pipeline, **changes: Any) -> dict[str, Finding]:
    other = Pipeline(here.clients_with(**well(**changes)), pipeline.deployment)
    return {each.check: each for each in check_up(other)}


def filled(**changes: str) -> str:
    return json.dumps({"clientId": "id", "clientSecret": SECRET} | changes)


def should_find_nothing_to_do_when_all_is_well(here: World, pipeline: Pipeline) -> None:
    found = findings(here, pipeline)
    assert [each.check for each in found.values() if not each.ok] == []
    assert list(found) == ["credentials", "stack", "secret", "subscriptions", "alarms", "quotas"]
    assert SECRET not in str(found)


def should_end_with_one_where_something_is_to_be_done(
    here: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    played = here.clients.cloudformation
    for secret, status, said in ((filled(), 0, "ok     secret"), ("{}", 1, "TO DO  secret")):
        answers = well(secretsmanager=Answers(get_secret_value={"SecretString": secret}))
        described: Any = Answers(describe_stacks=answers["cloudformation"].describe_stacks())
        described.get_paginator = played.get_paginator
        clients = here.clients_with(**answers | {"cloudformation": described})
        monkeypatch.setattr(Clients, "of", lambda _session, found=clients: found)
        assert run(["doctor"]) == status
        shown = capsys.readouterr().out
        assert said in shown
        assert ("Next: Put them in" in shown) == bool(status)
        assert SECRET not in shown


@pytest.mark.parametrize(
    ("check", "client", "said"),
    [
        ("secret", Answers(get_secret_value={"SecretString": "{}"}), "no credentials"),
        ("secret", Answers(get_secret_value={"SecretString": "no JSON"}), "no credentials"),
        ("secret", Answers(get_secret_value={"SecretString": filled(clientId="")}), "no cred"),
        (
            "subscriptions",
            Answers(get_topic_attributes={"Attributes": {"SubscriptionsPending": "1"}}),
            "0 confirmed, 1 waiting",
        ),
        ("subscriptions", Answers(get_topic_attributes={"Attributes": {}}), "0 confirmed"),
        (
            "quotas",
            Answers(get_account_settings={"AccountLimit": {"ConcurrentExecutions": 10}}),
            "10 functions",
        ),
        (
            "alarms",
            Paged(describe_alarms={"MetricAlarms": [{"AlarmName": "a", "AlarmDescription": "b"}]}),
            "1 ringing: b",
        ),
        (
            "stack",
            Answers(describe_stacks={"Stacks": [{"StackStatus": "ROLLBACK_FAILED"}]}),
            "ROLLBACK_FAILED",
        ),
    ],
)
def should_say_what_is_to_be_done(
    here: World, pipeline: Pipeline, check: str, client: Answers, said: str
) -> None:
    service = {
        "secret": "secretsmanager",
        "subscriptions": "sns",
        "quotas": "lambda",
        "alarms": "cloudwatch",
        "stack": "cloudformation",
    }[check]
    found = findings(here, pipeline, **{service: client})
    assert [each.check for each in found.values() if not each.ok] == [check]
    assert said in found[check].said
    assert found[check].next_step


def should_go_on_with_the_others_when_one_check_is_refused(here: World, pipeline: Pipeline) -> None:
    refused = ClientError({"Error": {"Code": "AccessDenied"}}, "GetSecretValue")
    found = findings(here, pipeline, secretsmanager=Answers(get_secret_value=refused))
    assert not found["secret"].ok
    assert "AccessDenied" in found["secret"].said
    assert found["quotas"].ok
