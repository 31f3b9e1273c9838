"""What is dropped, and what a drop that ended well must have left."""

import json
from itertools import cycle, islice
from pathlib import Path
from typing import Any

from dropcoder.deployed.notifications import Notification
from dropcoder.deployed.reach import Pipeline
from dropcoder.deployed.results import download
from localcloud.cloud import LocalCloud
from localcloud.places import PROJECT
from localcloud.results import disagreements
from localcloud.tables import read_table
from tests.support.cloud.deployed import TOPIC
from tests.support.cloud.subscriber import Drop, Subscriber, check_schema

COMPLETE = {
    *("output.jsonl", "metadata.json", "manifest.json"),
    *("results.jsonl", "report.json", "report.html"),
}
"""What a drop of JSON Lines leaves, beside a review page where a row has no code."""


def lines(count: int, *, first: int = 1, longer: int = 0) -> bytes:
    """Records of the sample's texts, with recordIds of which some are the same.

    `longer` is spaces that make each line longer; to code them costs nothing.
    """
    sample = (PROJECT / "samples" / "occupations.jsonl").read_text("utf-8")
    records = islice(cycle([json.loads(line) for line in sample.splitlines()]), count)
    numbered = (record | {"recordId": f"n{n - n % 7}"} for n, record in enumerate(records, first))
    return b"".join(json.dumps(record).encode() + b" " * longer + b"\n" for record in numbered)


def check_complete(subscriber: Subscriber, drop: Drop, told: Notification) -> dict[str, Any]:
    """The manifest of a drop that ended well, once results and input agree with it."""
    assert told.status == "complete", told.reason
    assert subscriber.results_of(drop) - {"review.html"} == COMPLETE
    manifest = subscriber.document(told.results.manifest)
    check_schema(manifest, "manifest")
    sent = [json.loads(line)["recordId"] for line in drop.content.splitlines()]
    output = subscriber.result(told.results.output)
    got = [json.loads(line) for line in output.splitlines()]
    assert [line["recordId"] for line in got] == sent
    assert all(("result" in line) != ("suggestions" in line) for line in got)
    assert told.records is not None
    assert manifest["input"]["rows"] == told.records["output"] == len(sent)
    assert told.records["coded"] == sum("result" in line for line in got)
    if not manifest["table"]["prepared"]:
        assert manifest["input"]["bytes"] == len(drop.content)
        assert told.records["input"] == len(sent)
        assert manifest["input"]["recordIdDigest"] == manifest["output"]["recordIdDigest"]
    assert manifest["output"]["bytes"] == len(output)
    metadata = subscriber.document(told.results.metadata)
    assert metadata["modelId"] == manifest["model"]["modelId"] == told.body["model"]
    return manifest


def check_given_back(cloud: LocalCloud, drop: Drop, told: Notification, folder: Path) -> list[str]:
    """The statuses of the rows of a drop whose table came back as it was dropped."""
    assert told.status == "complete", told.reason
    dropped = folder / drop.key.rpartition("/")[2]
    dropped.write_bytes(drop.content)
    results = download(Pipeline(cloud.clients, cloud.pipeline), told.body["results"], folder)
    assert results.manifest is not None
    assert results.table is not None
    manifest = json.loads(results.manifest.read_text("utf-8"))
    check_schema(manifest, "manifest")
    assert disagreements(dropped, results) == []
    page = results.page.read_text("utf-8") if results.page else ""
    assert "<html" in page
    return [str(each) for each in read_table(results.table, manifest).column(f"{TOPIC}_status")]


def operation_of(manifest: dict[str, Any]) -> str:
    (operation,) = manifest["operations"]
    return str(operation["operationId"])
