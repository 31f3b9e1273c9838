"""A drop is erased by a person who has the policy of docs/privacy.md alone, with IAM enforced."""

import json
from collections.abc import Iterator

import pytest

from localcloud.cloud import LocalCloud
from tests.support.cloud.deployed import TOPIC
from tests.support.cloud.drops import check_complete, operation_of
from tests.support.cloud.person import Person, a_person, names_of
from tests.support.cloud.subscriber import Drop, Subscriber
from tests.support.cloud.written import result_files, table_items
from tests.support.markdown import document

TEXT = "keeper of the very last lighthouse"


@pytest.fixture
def person(cloud: LocalCloud) -> Iterator[Person]:
    with a_person(cloud) as somebody:
        yield somebody


def policy_of_the_page(cloud: LocalCloud) -> str:
    """The policy with this deployment's names in it."""
    fences = document("docs/privacy.md").fences
    (text,) = [each.body for each in fences if each.label == "policy"]
    for name, value in names_of(cloud).items():
        text = text.replace(f"<{name}>", value)
    assert "<" not in text
    return text


def line(text: str) -> bytes:
    return json.dumps({"recordId": "r", "occp_text": text, "tasks_text": ""}).encode() + b"\n"


def traces(cloud: LocalCloud, *texts: str) -> set[str]:
    """Where the ledger or a version of a result has one of these."""
    found = (*table_items(cloud), *result_files(cloud))
    return {each.place for each in found if any(text in each.text for text in texts)}


def one_that_shares(subscriber: Subscriber, name: str) -> tuple[Drop, str, Drop]:
    """A coded drop, the text that it alone has, and another drop of the same operation."""
    texts = [f"{TEXT}, number {number}" for number in range(6)]
    drops = [
        subscriber.drop(f"{TOPIC}/{name}-{number}.jsonl", line(text))
        for number, text in enumerate(texts)
    ]
    of_operation: dict[str, Drop] = {}
    for drop, text in zip(drops, texts, strict=True):
        manifest = check_complete(subscriber, drop, subscriber.ended(drop, within=240))
        operation = operation_of(manifest)
        if operation in of_operation:
            return drop, text, of_operation[operation]
        of_operation[operation] = drop
    pytest.fail("no two of the drops shared an operation")


def should_erase_one_of_two_that_share_an_operation_with_the_policy_of_the_page(
    cloud: LocalCloud, subscriber: Subscriber, person: Person
) -> None:
    mine, text, other = one_that_shares(subscriber, person.name)
    before = subscriber.result(subscriber.told[other.drop_id][-1].results.output)
    assert traces(cloud, mine.key, mine.drop_id)

    erase = ("erase", "--yes", mine.drop_id)
    refused = person.runs(*erase, name=False)
    assert refused.returncode == 1, refused.stdout
    assert "AccessDenied" in refused.stderr
    assert traces(cloud, mine.key, mine.drop_id)

    person.may(policy_of_the_page(cloud))
    done = person.runs(*erase, name=False)
    assert done.returncode == 0, done.stdout + done.stderr
    # Of a group that both were in, its id alone is left.
    assert traces(cloud, text) == set()
    # The report of the topic's next drop compares itself with the one before.
    left = traces(cloud, mine.key)
    assert {place.rpartition("/")[2] for place in left} <= {"report.json", "report.html"}
    assert not any(place.startswith(f"{mine.key}/") for place in left)
    assert not any(mine.drop_id in place for place in traces(cloud, mine.drop_id))
    listed = dict(cloud.s3().list_object_versions(Bucket=mine.bucket, Prefix=mine.key))
    assert not listed.keys() & {"Versions", "DeleteMarkers"}
    assert subscriber.result(subscriber.told[other.drop_id][-1].results.output) == before
    assert subscriber.results_of(other)
    assert person.runs(*erase, name=False).returncode == 6
    subscriber.drops.remove(mine)
