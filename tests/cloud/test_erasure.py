"""A drop is erased by a person who has the policy of docs/privacy.md alone, with IAM enforced."""

import json
import subprocess
import sys
import uuid
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from infra.project_files import PROJECT
from localcloud.cloud import LocalCloud
from localcloud.environment import REGION, ambient, client_exports
from tests.support.cloud.deployed import TOPIC
from tests.support.cloud.drops import check_complete, operation_of
from tests.support.cloud.subscriber import Drop, Subscriber
from tests.support.cloud.written import result_files, table_items
from tests.support.markdown import document

TEXT = "keeper of the very last lighthouse"


@dataclass(frozen=True, slots=True)
class Person:
    """A user of the account, and the access key that the shell has."""

    name: str
    access_key: str
    secret_key: str

    def erases(self, cloud: LocalCloud, drop: Drop) -> subprocess.CompletedProcess[str]:
        """What `python -m erasure` makes of a drop in this person's shell."""
        exports = client_exports(cloud.reach) | {
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
        }
        return subprocess.run(
            [sys.executable, "-m", "erasure", "--yes", drop.drop_id],
            cwd=PROJECT,
            env=ambient() | exports | {"PYTHONPATH": f"{PROJECT}:{PROJECT / 'lambdas'}"},
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture
def person(cloud: LocalCloud) -> Iterator[Person]:
    """Somebody who may do nothing yet."""
    iam, name = cloud.iam(), f"eraser-{uuid.uuid4().hex[:8]}"
    iam.create_user(UserName=name)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    yield Person(name, key["AccessKeyId"], key["SecretAccessKey"])
    for policy in iam.list_user_policies(UserName=name)["PolicyNames"]:
        iam.delete_user_policy(UserName=name, PolicyName=policy)
    iam.delete_access_key(UserName=name, AccessKeyId=key["AccessKeyId"])
    iam.delete_user(UserName=name)


def policy_of_the_page(cloud: LocalCloud) -> str:
    """The policy with this deployment's names in it."""
    fences = document("docs/privacy.md").fences
    (text,) = [each.body for each in fences if each.label == "policy"]
    outputs = {
        each["OutputKey"]: each["OutputValue"]
        for stack in cloud.cloudformation().describe_stacks()["Stacks"]
        for each in stack.get("Outputs", [])
    }
    names = outputs | {
        "region": REGION,
        "account": cloud.account,
        "machine": outputs["StateMachineArn"].rpartition(":")[2],
    }
    for name, value in names.items():
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

    refused = person.erases(cloud, mine)
    assert refused.returncode == 1, refused.stdout
    assert "AccessDenied" in refused.stdout
    assert traces(cloud, mine.key, mine.drop_id)

    policy = policy_of_the_page(cloud)
    cloud.iam().put_user_policy(UserName=person.name, PolicyName="erase", PolicyDocument=policy)
    done = person.erases(cloud, mine)
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
    assert person.erases(cloud, mine).returncode == 3
    subscriber.drops.remove(mine)
