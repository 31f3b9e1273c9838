"""Files, their versions and what marks them as deleted end when the settings say so."""

import json
from pathlib import Path
from typing import Any

import pytest

from infra.project_files import STATE_MACHINES
from infra.settings.account_readers import LEAST_KEPT_DAYS
from pipeline.domain.identity import results_prefix, route
from pipeline.storage.dictionaries import DICTIONARIES
from pipeline.storage.results_bucket import PIECES
from tests.infra.conftest import SERVICE, Deployment, synthesize


def rules(deployment: Deployment, output: str) -> dict[str, Any]:
    """The lifecycle rules of the bucket in an output, by id."""
    bucket = deployment.pipeline["Outputs"][output]["Value"]["Ref"]
    properties = deployment.pipeline["Resources"][bucket]["Properties"]
    return {rule["Id"]: rule for rule in properties["LifecycleConfiguration"]["Rules"]}


@pytest.mark.parametrize(
    ("output", "what", "days", "undo"),
    [("DropBucketName", "Drops", 20, 20), ("ResultsBucketName", "Results", 90, 30)],
)
def should_end_files_versions_and_markers(
    fitted: Deployment, output: str, what: str, days: int, undo: int
) -> None:
    found = rules(fitted, output)
    markers = found[f"ForgetMarkersOf{what}"]
    assert markers["ExpiredObjectDeleteMarker"] is True
    ending = [rule for rule in found.values() if rule.get("ExpirationInDays") == days]
    files = [rule for rule in ending if rule.get("Prefix") != PIECES]
    for rule in files:
        assert rule["NoncurrentVersionExpiration"] == {"NoncurrentDays": undo}
    for rule in (*files, markers):
        assert rule["Status"] == "Enabled"
    everywhere = [rule for rule in (*files, markers) if "Prefix" not in rule]
    assert everywhere == ([*files, markers] if what == "Drops" else [markers])


def should_end_the_results_of_every_topic_and_no_dictionary(fitted: Deployment) -> None:
    ending = [
        rule.get("Prefix", "")
        for rule in rules(fitted, "ResultsBucketName").values()
        if "ExpirationInDays" in rule
    ]
    routed = [route(f"{chr(first)}/jobs.csv", None).topic for first in range(128)]
    topics = [None, *filter(None, routed)]
    assert len(topics) > 30
    for topic in topics:
        key = results_prefix(f"{topic}/jobs.csv", topic, "0" * 32)
        assert any(key.startswith(prefix) for prefix in ending), key
        assert any(f"{PIECES}{key}".startswith(prefix) for prefix in ending), key
    assert not [prefix for prefix in ending if f"{DICTIONARIES}anzsco/".startswith(prefix)]


def should_keep_copies_of_rows_no_longer_than_the_files(
    fitted: Deployment, alone: Deployment
) -> None:
    for deployment, days in ((fitted, 20), (alone, 30)):
        assert rules(deployment, "PreparedBucketName")["ForgetPrepared"]["ExpirationInDays"] == days


def should_end_pieces_with_the_results_at_the_latest(fitted: Deployment, alone: Deployment) -> None:
    for deployment, days in ((fitted, 90), (alone, 105)):
        found = rules(deployment, "ResultsBucketName").values()
        of_pieces = [rule for rule in found if f"{PIECES}x".startswith(rule.get("Prefix", "-"))]
        ending = [each["ExpirationInDays"] for each in of_pieces if "ExpirationInDays" in each]
        assert ending == [days]
        versions = [each for each in of_pieces if "NoncurrentVersionExpiration" in each]
        assert [each["NoncurrentVersionExpiration"]["NoncurrentDays"] for each in versions] == [1]


def should_end_no_file_unless_the_settings_say_so(aws: Deployment) -> None:
    for output in ("DropBucketName", "ResultsBucketName"):
        for rule in rules(aws, output).values():
            assert "Prefix" in rule or "ExpirationInDays" not in rule, rule


def should_keep_a_file_for_as_long_as_an_execution_may_read_it(tmp_path: Path) -> None:
    machine = json.loads((STATE_MACHINES / "drop.asl.json").read_text("utf-8"))
    assert machine["TimeoutSeconds"] <= LEAST_KEPT_DAYS * 86_400
    least = synthesize(tmp_path, **SERVICE, dropRetentionDays=LEAST_KEPT_DAYS)
    found = rules(least, "DropBucketName")["ForgetDrops"]
    assert found["NoncurrentVersionExpiration"] == {"NoncurrentDays": LEAST_KEPT_DAYS}
