"""What an account asks of every resource is given to every resource of both stacks."""

import pytest

from tests.infra.conftest import Deployment, synthesize

BOUNDARY = "arn:aws:iam::123456789012:policy/boundary"


@pytest.fixture(scope="module")
def fitted(tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    return synthesize(
        tmp_path_factory.mktemp("fitted"),
        codingService=True,
        engines="anzsco=amazon-ml",
        permissionsBoundary=BOUNDARY,
    )


def should_bound_every_role(fitted: Deployment, aws: Deployment) -> None:
    roles = fitted.resources("AWS::IAM::Role")
    assert {name.partition("/")[0] for name in roles} == {"Pipeline", "CodingService"}
    assert {role["PermissionsBoundary"] for role in roles.values()} == {BOUNDARY}
    assert not any(
        "PermissionsBoundary" in role for role in aws.resources("AWS::IAM::Role").values()
    )
