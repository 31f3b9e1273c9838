"""What people decide of one drop is known in the next, and not sent; with IAM enforced."""

import csv
from collections.abc import Iterator, Mapping

import pytest

from localcloud.cloud import LocalCloud
from tables.review.distinct_texts import text_id
from tests.cloud.test_erasure import policy_of_the_page
from tests.support.cloud.deployed import OTHER_TOPIC
from tests.support.cloud.person import Person, a_person
from tests.support.cloud.subscriber import Drop, Subscriber, check_schema
from tests.support.tables.decided import a_line, exported

PEOPLE = ("street violinist", "tuner of harps", "seller of odds and ends")
DECIDED = {
    "street violinist": "code 211213",
    "tuner of harps": "code 3999",
    "seller of odds and ends": "cannot be coded",
}


@pytest.fixture
def person(cloud: LocalCloud) -> Iterator[Person]:
    with a_person(cloud) as somebody:
        yield somebody


def table(*titles: str) -> bytes:
    return "".join(f"{each}\n" for each in ("Job title", *titles)).encode()


def reviewed(drop: Drop, decisions: Mapping[str, str]) -> bytes:
    lines = []
    for title, decision in decisions.items():
        item = {"id": text_id((title, ""), drop.drop_id), "texts": (title, ""), "rows": 1}
        lines.append(a_line(item, decision, drop=drop.drop_id, label="As Ann says"))
    return exported(lines)


def dictionaries(cloud: LocalCloud) -> dict[str, bytes]:
    """The versions of the topic's dictionary, by number."""
    s3, bucket = cloud.s3(), cloud.pipeline.results_bucket
    listed = s3.list_objects_v2(Bucket=bucket, Prefix=f".dictionaries/{OTHER_TOPIC}/")
    return {
        each["Key"][-8:-4]: s3.get_object(Bucket=bucket, Key=each["Key"])["Body"].read()
        for each in listed.get("Contents", [])
    }


def should_send_less_of_a_later_drop_and_forget_what_is_erased(
    cloud: LocalCloud, subscriber: Subscriber, person: Person
) -> None:
    first = subscriber.drop(f"{OTHER_TOPIC}/known/people.csv", table(*PEOPLE))
    assert subscriber.ended(first, within=240).status == "complete"
    review = subscriber.drop(f"{OTHER_TOPIC}/reviewed/ann.csv", reviewed(first, DECIDED))
    told = subscriber.ended(review, within=240)
    assert told.status == "complete", told.reason
    merged = subscriber.document(told.results.manifest)
    check_schema(merged, "merged")
    assert merged["dictionary"] == {
        "version": 1,
        "entries": 3,
        "texts": {**dict.fromkeys(merged["dictionary"]["texts"], 0), "added": 3},
    }

    titles = ("STREET  violinist", "registered nurse", "Tuner of harps", "seller of odds and ends")
    later = subscriber.drop(f"{OTHER_TOPIC}/known/later.csv", table(*titles))
    told = subscriber.ended(later, within=240)
    assert told.status == "complete", told.reason
    assert told.records is not None
    assert told.records["input"] == 1
    assert told.rows is not None
    assert told.rows["dictionary"] == 3
    content = subscriber.result(told.body["results"]["table"]).decode().splitlines()
    rows = list(csv.DictReader(content))
    assert [row["Job title"] for row in rows] == list(titles)
    assert [row[f"{OTHER_TOPIC}_code"] for row in rows if row["Job title"] != titles[1]] == [
        *("211213", "3999", "")
    ]
    assert rows[0][f"{OTHER_TOPIC}_model"] == "dictionary 1"

    whole = subscriber.drop(f"{OTHER_TOPIC}/known/whole.csv", table(titles[0], titles[2]))
    told = subscriber.ended(whole, within=240)
    assert told.status == "complete", told.reason
    manifest = subscriber.document(told.results.manifest)
    check_schema(manifest, "manifest")
    assert manifest["operations"] == []
    assert manifest["table"]["rows"]["dictionary"] == 2

    person.may(policy_of_the_page(cloud))
    done = person.runs("erase", "--yes", first.drop_id, name=False)
    assert done.returncode == 0, done.stdout + done.stderr
    left = dictionaries(cloud)
    assert list(left) == ["0002"]
    assert first.drop_id.encode() not in left["0002"]
    subscriber.drops.remove(first)
