"""A drop that did not end as complete is tried again, the way that loses least."""

from typing import Any

import pytest

from dropcoder.deployed.known_drops import KnownDrops
from dropcoder.deployed.reach import Pipeline
from dropcoder.deployed.retry import retry
from dropcoder.errors import NotFound, StillGoing, UsageError
from pipeline.domain.drop import Drop
from pipeline.ledger.drops import Drops, Ending
from tests.support.erasure import World


class Redrivable:
    """Step Functions whose executions have stopped and can go on; moto has no redrive."""

    def __init__(self, real: Any) -> None:
        self.real = real
        self.redriven: list[str] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)

    def describe_execution(self, **asked: Any) -> Any:
        return {**self.real.describe_execution(**asked), "redriveStatus": "REDRIVABLE"}

    def redrive_execution(self, executionArn: str) -> None:  # noqa: N803  boto3's
        self.redriven.append(executionArn)


def end(here: World, drop: Drop, status: str) -> None:
    body = {"key": drop.key, "versionId": drop.version_id}
    ending = Ending(status=status, body=body, rescued=False)
    Drops(here.cloud.ledger, here.clock).end(drop.drop_id, ending)


def should_go_on_with_an_execution_that_can(here: World, pipeline: Pipeline) -> None:
    drop = here.drop()
    arn = here.began("broken", drop)
    end(here, drop, "failed")
    machine = Redrivable(here.clients.stepfunctions)
    other = Pipeline(here.clients_with(stepfunctions=machine), pipeline.deployment)
    done = retry(other, KnownDrops(pipeline).named(drop.drop_id))
    assert (done.drop_id, done.redriven) == (drop.drop_id, True)
    assert machine.redriven == [arn]


@pytest.mark.parametrize("status", ["failed", "timed_out", "rejected"])
def should_drop_the_same_version_again_where_it_can_not(
    here: World, pipeline: Pipeline, status: str
) -> None:
    s3 = here.cloud.s3
    drop = here.drop(content=b"the first version")
    s3.put_object(Bucket="drops", Key=drop.key, Body=b"a later one", Metadata={"strict": "true"})
    end(here, drop, status)
    done = retry(pipeline, KnownDrops(pipeline).named(drop.drop_id))
    assert not done.redriven
    assert done.drop_id != drop.drop_id
    now = s3.get_object(Bucket="drops", Key=drop.key)
    assert now["Body"].read() == b"the first version"
    assert now["Metadata"] == {}


def should_leave_alone_what_is_complete_or_goes_on(here: World, pipeline: Pipeline) -> None:
    drop = here.drop()
    with pytest.raises(StillGoing):
        retry(pipeline, KnownDrops(pipeline).named(drop.drop_id))
    end(here, drop, "complete")
    with pytest.raises(UsageError, match="is complete"):
        retry(pipeline, KnownDrops(pipeline).named(drop.drop_id))


def should_say_so_when_the_file_is_gone(here: World, pipeline: Pipeline) -> None:
    drop = here.drop()
    end(here, drop, "failed")
    here.cloud.s3.delete_object(Bucket="drops", Key=drop.key, VersionId=drop.version_id)
    with pytest.raises(NotFound, match="not in the drop bucket any more"):
        retry(pipeline, KnownDrops(pipeline).named(drop.drop_id))
