"""An alarm for each way to lose something, and a section of the runbook for each alarm."""

import json
import re
from typing import Any

from infra.project_files import LAMBDAS, PROJECT
from tests.infra.conftest import Deployment

PIPELINE = LAMBDAS / "pipeline"
RUNBOOK = PROJECT / "docs" / "runbook.md"


def alarms(deployment: Deployment, stack: str | None = None) -> dict[str, Any]:
    """Alarms by their name, which their description names too."""
    found = deployment.resources("AWS::CloudWatch::Alarm", stack)
    return {_section(alarm): alarm for alarm in found.values()}


def _section(alarm: dict[str, Any]) -> str:
    match = re.search(r"docs/runbook\.md#([a-z0-9]+)$", alarm["AlarmDescription"])
    assert match, alarm
    return match.group(1)


def metrics(alarm: dict[str, Any]) -> list[tuple[str, str]]:
    """(namespace, metric) of everything that an alarm looks at."""
    if "MetricName" in alarm:
        return [(alarm["Namespace"], alarm["MetricName"])]
    stats = [each["MetricStat"]["Metric"] for each in alarm["Metrics"] if "MetricStat" in each]
    return [(stat["Namespace"], stat["MetricName"]) for stat in stats]


def watched(deployment: Deployment, metric: str) -> list[Any]:
    """What alarms on a metric look at: the dimensions' values."""
    return [
        value["Value"]
        for alarm in deployment.resources("AWS::CloudWatch::Alarm", "Pipeline").values()
        if alarm.get("MetricName") == metric
        for value in alarm["Dimensions"]
    ]


def should_tell_operators_of_every_alarm(either: Deployment) -> None:
    topics = either.resources("AWS::SNS::Topic")
    for name, alarm in either.resources("AWS::CloudWatch::Alarm").items():
        (action,) = alarm["AlarmActions"]
        assert f"{name.split('/')[0]}/{action['Ref']}" in topics
        assert alarm["TreatMissingData"] == "notBreaching"


def should_let_cloudwatch_tell_operators(either: Deployment) -> None:
    allowed = {
        f"{name.split('/')[0]}/{topic['Ref']}"
        for name, policy in either.resources("AWS::SNS::TopicPolicy").items()
        for topic in policy["Topics"]
        if any(
            statement["Effect"] == "Allow" and "cloudwatch" in json.dumps(statement["Principal"])
            for statement in policy["PolicyDocument"]["Statement"]
        )
    }
    told = {
        f"{name.split('/')[0]}/{alarm['AlarmActions'][0]['Ref']}"
        for name, alarm in either.resources("AWS::CloudWatch::Alarm").items()
    }
    assert allowed == told


def should_watch_every_queue_of_dead_letters(either: Deployment) -> None:
    queues = {
        queue["Dimensions"][0]["Value"]["Fn::GetAtt"][0]
        for queue in either.resources("AWS::CloudWatch::Alarm").values()
        if queue.get("MetricName") == "ApproximateNumberOfMessagesVisible"
    }
    queues_of_work = ("Arrivals", "Prepared")
    found = either.resources("AWS::SQS::Queue")
    dead = {name for name in found if not any(each in name for each in queues_of_work)}
    assert queues == {name.split("/")[1] for name in dead}


def should_watch_how_long_arrivals_wait(either: Deployment) -> None:
    ages = [
        alarm
        for alarm in either.resources("AWS::CloudWatch::Alarm").values()
        if alarm.get("MetricName") == "ApproximateAgeOfOldestMessage"
    ]
    assert [each["Dimensions"][0]["Value"]["Fn::GetAtt"][0].find("Arrivals") for each in ages]


def should_watch_errors_and_throttles_of_every_function(either: Deployment) -> None:
    functions = {
        name.split("/")[1] for name in either.resources("AWS::Lambda::Function", "Pipeline")
    }
    for metric in ("Errors", "Throttles"):
        assert {value["Ref"] for value in watched(either, metric)} == functions, metric


def should_watch_every_way_that_an_execution_ends_untold(either: Deployment) -> None:
    states = [
        metric
        for alarm in alarms(either, "Pipeline").values()
        for namespace, metric in metrics(alarm)
        if namespace == "AWS/States"
    ]
    assert sorted(states) == ["ExecutionThrottled", "ExecutionsAborted", "ExecutionsTimedOut"]
    # An execution that failed untold is counted by what the rescue function logs.
    died = alarms(either, "Pipeline")["executionsdied"]
    (counting,) = either.resources("AWS::Logs::MetricFilter", "Pipeline").values()
    (counted,) = counting["MetricTransformations"]
    assert metrics(died) == [(counted["MetricNamespace"], counted["MetricName"])]


def should_ring_when_results_are_collected_with_four_hours_left(either: Deployment) -> None:
    alarm = alarms(either, "Pipeline")["resultscollectedlate"]
    assert metrics(alarm) == [("Dropcoder", "ResultsAgeAtCollection")]
    assert alarm["Threshold"] == 20
    collector = (PIPELINE / "collect/handler.py").read_text("utf-8")
    assert 'self.measure("ResultsAgeAtCollection", hours,' in collector


def should_watch_and_draw_only_metrics_that_the_functions_write(either: Deployment) -> None:
    (dashboard,) = either.resources("AWS::CloudWatch::Dashboard", "Pipeline").values()
    body = "".join(
        part for part in dashboard["DashboardBody"]["Fn::Join"][1] if isinstance(part, str)
    )
    drawn = set(re.findall(r'"Dropcoder","(\w+)"', body))
    rung = {
        metric
        for alarm in alarms(either, "Pipeline").values()
        for namespace, metric in metrics(alarm)
        if namespace == "Dropcoder"
    }
    sources = "".join(path.read_text("utf-8") for path in PIPELINE.rglob("*.py"))
    assert {"DropsEnded", "LimitExceeded"} <= drawn
    counted = {"ExecutionsDied"}
    assert [name for name in sorted((drawn | rung) - counted) if f'"{name}"' not in sources] == []


def should_watch_the_service_the_ledger_and_the_subscribers(either: Deployment) -> None:
    seen = {pair for alarm in alarms(either, "Pipeline").values() for pair in metrics(alarm)}
    assert {
        ("Dropcoder", "LimitExceeded"),
        ("AWS/DynamoDB", "ReadThrottleEvents"),
        ("AWS/DynamoDB", "WriteThrottleEvents"),
        ("AWS/SNS", "NumberOfNotificationsFailed"),
    } <= seen


def should_have_a_section_of_the_runbook_for_each_alarm_and_no_other(either: Deployment) -> None:
    sections = re.findall(r"^### (\w+)$", RUNBOOK.read_text("utf-8"), re.MULTILINE)
    assert len(sections) == len(set(sections))
    assert {section.lower() for section in sections} == set(alarms(either))


def should_say_in_each_section_what_it_means_and_what_to_do() -> None:
    text = RUNBOOK.read_text("utf-8")
    for section in re.split(r"^### ", text, flags=re.MULTILINE)[1:]:
        name, _, body = section.partition("\n")
        for heading in ("**Means.**", "**Look.**", "**Do.**"):
            assert heading in body, (name, heading)


def should_show_every_alarm_on_the_dashboard(either: Deployment) -> None:
    (dashboard,) = either.resources("AWS::CloudWatch::Dashboard", "Pipeline").values()
    body = json.dumps(dashboard["DashboardBody"])
    for name in either.resources("AWS::CloudWatch::Alarm", "Pipeline"):
        assert name.split("/")[1] in body, name
