"""The stacks' outputs are found whatever the deployment is called."""

import json
from pathlib import Path

import pytest

from localcloud.cloud import LocalCloud
from localcloud.deployment import _EVENT
from localcloud.environment import Reach
from localcloud.errors import DeployFailed

OUTPUTS = {
    name: name.lower()
    for name in (
        *("DropBucketName", "ResultsBucketName", "PreparedBucketName", "NotificationTopicArn"),
        *("LedgerTableName", "CredentialsSecretArn", "TokenSecretArn"),
    )
} | {"StateMachineArn": "arn:aws:states:ap-southeast-2:000000000000:stateMachine:drop"}


def cloud(place: Path, **stacks: dict[str, str]) -> LocalCloud:
    file = place / "outputs.json"
    file.write_text(json.dumps(stacks), "utf-8")
    reach = Reach(endpoint="https://localhost:1", bundle=place / "b", authority=place / "a")
    return LocalCloud.from_outputs(reach, file)


@pytest.mark.parametrize("stack", ["dropcoder-Pipeline", "my-own-Pipeline", "Pipeline"])
def should_find_the_stacks_by_what_follows_the_deployments_name(tmp_path: Path, stack: str) -> None:
    found = cloud(tmp_path, **{stack: OUTPUTS})
    assert found.pipeline.drop_bucket == "dropbucketname"
    assert found.service is None


def should_name_the_stack_when_an_output_is_missing(tmp_path: Path) -> None:
    with pytest.raises(DeployFailed, match="Pipeline has no output StateMachineArn"):
        cloud(tmp_path, **{"dropcoder-Pipeline": {}})


def should_show_the_progress_of_a_stack_with_a_hyphen_in_its_name() -> None:
    seen = _EVENT.match("dropcoder-Pipeline |  3/80 | 10:00:00 | CREATE_COMPLETE | AWS::KMS::Key")
    assert seen
    assert seen.groups() == ("dropcoder-Pipeline", "3", "80")
