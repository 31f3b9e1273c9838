"""A file of decisions is merged, and learned, once, however often Finish has to run for it."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from pipeline.domain.drop import Drop
from pipeline.errors import AwsBusy
from pipeline.ledger.drops import Ending
from pipeline.storage.dictionaries import DICTIONARIES
from tables.report.files import MANIFEST, REPORT
from tests.support.pipeline.builders import a_drop
from tests.support.pipeline.clouds import DROPS, RESULTS, Cloud, cloud
from tests.support.pipeline.finish_fixture import FinishFixture, body_of, schema
from tests.support.tables.decided import a_line, exported
from tests.support.tables.reviews import ABOUT, ReviewedDrop, a_csv, a_reviewed_drop

PREFIX = f"{ABOUT.key}/{ABOUT.drop_id}/"
REVIEW = {"key": "occupation/reviewed/ann.csv", "topic": "occupation", "reviews": ABOUT.drop_id}


class Losing:
    """S3, whose answer to the first such file that is written is lost."""

    def __init__(self, s3: Any, name: str) -> None:
        self.s3, self.name, self.left = s3, name, 1

    def __getattr__(self, name: str) -> Any:
        return getattr(self.s3, name)

    def put_object(self, **asked: Any) -> Any:
        answer = self.s3.put_object(**asked)
        if self.left and asked["Key"].endswith(f"/{self.name}"):
            self.left -= 1
            raise EndpointConnectionError(endpoint_url="https://s3")
        return answer


class Meanwhile:
    """S3, where something happens before the first such call for a file of this name: the reviewed
    drop's table, or the merged one."""

    def __init__(
        self, s3: Any, operation: str, then: Callable[[], object], name: str = "results.csv"
    ) -> None:
        self.s3, self.operation, self.then, self.name = s3, operation, then, name

    def __getattr__(self, name: str) -> Any:
        if name != self.operation:
            return getattr(self.s3, name)

        def called(**asked: Any) -> Any:
            if asked["Key"].endswith(f"/{self.name}") and self.operation:
                self.operation = ""
                self.then()
            return getattr(self.s3, name)(**asked)

        return called


@pytest.fixture
def aws() -> Iterator[Cloud]:
    with cloud() as played:
        yield played


def given_back(aws: Cloud, fixture: FinishFixture, reviewed: ReviewedDrop) -> None:
    """The results of the drop that is reviewed."""
    files = {"results.csv": reviewed.results, REPORT: json.dumps(reviewed.report).encode()}
    for name, content in files.items():
        aws.s3.put_object(Bucket=RESULTS, Key=f"{PREFIX}{name}", Body=content)
    results = {"table": f"{PREFIX}results.csv", "prefix": PREFIX}
    ending = Ending("complete", {"topic": ABOUT.topic, "results": results}, rescued=False)
    fixture.drops.accept(a_drop(drop_id=ABOUT.drop_id, key=ABOUT.key, topic=ABOUT.topic))
    fixture.drops.end(ABOUT.drop_id, ending)


def dropped_back(aws: Cloud, reviewed: ReviewedDrop) -> Drop:
    """A decision on the first text of the page."""
    content = exported([a_line(reviewed.data["items"][0], "code 351311", label="Chef")])
    put = aws.s3.put_object(Bucket=DROPS, Key=REVIEW["key"], Body=content)
    etag = put["ETag"].strip('"')
    return a_drop(**REVIEW, version_id=put["VersionId"], etag=etag, size=len(content))


@pytest.mark.parametrize("name", [MANIFEST, "dictionary-0001.csv"])
def should_say_what_was_learned_when_the_run_that_learned_it_broke(aws: Cloud, name: str) -> None:
    fixture = FinishFixture(aws)
    reviewed = a_reviewed_drop(a_csv([["1", "odd job", ""], ["2", "odder job", ""]]))
    given_back(aws, fixture, reviewed)
    review = dropped_back(aws, reviewed)
    losing: Any = Losing(aws.s3, name)
    fixture.aws = replace(aws, s3=losing)
    with pytest.raises(AwsBusy):
        fixture.finish(review, None)
    learned = [key for key in aws.result_keys() if key.startswith(DICTIONARIES)]
    assert len(learned) == 1
    body = body_of(fixture.finish(review, None))
    assert body["status"] == "complete", body["reason"]
    manifest = fixture.document(MANIFEST, review)
    schema("merged").validate(manifest)
    assert manifest["dictionary"]["version"] == manifest["dictionary"]["texts"]["added"] == 1
    assert [key for key in aws.result_keys() if key.startswith(DICTIONARIES)] == learned


@pytest.mark.parametrize("name", ["results.csv", "dictionary-0001.csv"])
def should_say_the_same_of_what_was_learned_when_two_runs_merge_one_review(
    aws: Cloud, name: str
) -> None:
    fixture, other = FinishFixture(aws), FinishFixture(aws)
    reviewed = a_reviewed_drop(a_csv([["1", "odd job", ""], ["2", "odder job", ""]]))
    given_back(aws, fixture, reviewed)
    review = dropped_back(aws, reviewed)
    said: list[dict[str, Any]] = []

    def finished_by_another() -> None:
        body_of(other.finish(review, None))
        said.append(fixture.document(MANIFEST, review)["dictionary"])

    meanwhile: Any = Meanwhile(aws.s3, "put_object", finished_by_another, name)
    fixture.aws = replace(aws, s3=meanwhile)
    body_of(fixture.finish(review, None))
    said.append(fixture.document(MANIFEST, review)["dictionary"])
    assert said[0] == said[1]
    assert said[0]["version"] == said[0]["texts"]["added"] == 1


def erase_reviewed(aws: Cloud) -> None:
    """As erasing leaves it."""
    for key in aws.result_keys():
        if key.startswith((PREFIX, DICTIONARIES)):
            aws.s3.delete_object(Bucket=RESULTS, Key=key)
    aws.ledger.table.delete_item(Key={"pk": f"drop#{ABOUT.drop_id}", "sk": "drop"})


@pytest.mark.parametrize(
    ("operation", "status"), [("get_object", "rejected"), ("put_object", "complete")]
)
def should_learn_nothing_of_a_drop_that_is_erased_while_its_review_is_merged(
    aws: Cloud, operation: str, status: str
) -> None:
    fixture = FinishFixture(aws)
    reviewed = a_reviewed_drop(a_csv([["1", "odd job", ""], ["2", "odder job", ""]]))
    given_back(aws, fixture, reviewed)
    review = dropped_back(aws, reviewed)
    table = aws.result(f"{PREFIX}results.csv")

    def erased() -> None:
        erase_reviewed(aws)
        if operation == "get_object":  # which has begun to read it
            aws.s3.put_object(Bucket=RESULTS, Key=f"{PREFIX}results.csv", Body=table)

    erasing: Any = Meanwhile(aws.s3, operation, erased)
    fixture.aws = replace(aws, s3=erasing)
    body = body_of(fixture.finish(review, None))
    assert not [key for key in aws.result_keys() if key.startswith(DICTIONARIES)]
    assert body["status"] == status, body["reason"]
    if status == "rejected":
        assert "was erased" in body["reason"]
        written = [key for key in aws.result_keys() if key.startswith(review.results_prefix)]
        assert [key.rpartition("/")[2] for key in written] == ["rejection.json"]
