"""Clients are made of the same descriptions, found without looking through all of them."""

import pytest
from botocore.exceptions import DataNotFoundError
from botocore.loaders import Loader

from pipeline.aws import session

USED = ("dynamodb", "machinelearning", "s3", "secretsmanager", "stepfunctions")


@pytest.mark.parametrize("service", USED)
@pytest.mark.parametrize("kind", ["service-2", "endpoint-rule-set-1", "paginators-1"])
def should_load_what_botocore_loads(service: str, kind: str) -> None:
    ours = session().get_component("data_loader")

    assert ours.load_service_model(service, kind) == Loader().load_service_model(service, kind)


def should_say_so_when_there_is_no_such_service() -> None:
    with pytest.raises((DataNotFoundError, ValueError)):
        session().get_component("data_loader").load_service_model("no-service", "service-2")


def should_make_a_client_that_pages() -> None:
    client = session().create_client("s3", region_name="ap-southeast-2")

    assert client.can_paginate("list_parts")
    assert not client.can_paginate("get_object")
