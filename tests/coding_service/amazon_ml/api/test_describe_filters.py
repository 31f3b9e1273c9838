"""Describe…: filters, order and pages, through boto3's paginators and waiters too."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError, WaiterError

from coding_service.coder.catalogue import Catalogue
from tests.support.aws import played_aws
from tests.support.coding_service.amazon_ml import (
    ALICE,
    BOB,
    DATA,
    HEADER,
    SCHEMA,
    World,
    make_world,
)

NAMES = ["beta", "alpha", "gamma", "alphabet"]


@pytest.fixture(scope="module")
def world(models: Path) -> Iterator[World]:
    """One for all that is only read here: making its data sources takes longer than the tests."""
    with played_aws():
        yield make_world(Catalogue.read(models))


@pytest.fixture(scope="module")
def client(world: World) -> Any:
    """A client with four data sources, of which the last has failed."""
    return listed(world, ALICE)


@pytest.fixture
def changed(world: World) -> Any:
    """Another with the same, for the test that changes one of them: clients see only their own."""
    return listed(world, BOB)


def listed(world: World, client_name: str) -> Any:
    client = world.client(client_name)
    world.put("in.csv", HEADER + "1,baker,\n")
    for place, name in enumerate(NAMES):
        location = f"s3://{DATA}/" + ("in.csv" if place < 3 else "none.csv")
        client.create_data_source_from_s3(
            DataSourceId=f"ds-{place}",
            DataSourceName=name,
            DataSpec={"DataLocationS3": location, "DataSchema": json.dumps(SCHEMA)},
        )
    world.work()
    return client


def names(client: Any, **query: Any) -> list[str]:
    return [each["Name"] for each in client.describe_data_sources(**query)["Results"]]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, NAMES),
        ({"SortOrder": "dsc"}, NAMES[::-1]),
        ({"FilterVariable": "Name"}, ["alpha", "alphabet", "beta", "gamma"]),
        ({"FilterVariable": "Name", "EQ": "alpha"}, ["alpha"]),
        ({"FilterVariable": "Name", "NE": "alpha"}, ["alphabet", "beta", "gamma"]),
        ({"FilterVariable": "Name", "Prefix": "alpha"}, ["alpha", "alphabet"]),
        ({"FilterVariable": "Name", "GT": "alpha", "LE": "beta"}, ["alphabet", "beta"]),
        ({"FilterVariable": "Name", "GE": "beta", "SortOrder": "dsc"}, ["gamma", "beta"]),
        ({"FilterVariable": "Name", "LT": "alphabet"}, ["alpha"]),
        ({"FilterVariable": "Status", "EQ": "FAILED"}, ["alphabet"]),
        ({"FilterVariable": "DataLocationS3", "Prefix": f"s3://{DATA}/in"}, NAMES[:3]),
        ({"FilterVariable": "IAMUser", "EQ": "arn:aws:iam::1:root"}, []),
        ({"FilterVariable": "CreatedAt", "GE": "2020-01-01"}, NAMES),
        ({"FilterVariable": "CreatedAt", "LT": "1577836800"}, []),
    ],
)
def should_filter_and_sort(client: Any, query: dict[str, Any], found: list[str]) -> None:
    assert names(client, **query) == found


@pytest.mark.parametrize("order", ["asc", "dsc"])
def should_list_each_once_when_it_takes_pages(client: Any, order: str) -> None:
    pages = client.get_paginator("describe_data_sources").paginate(
        FilterVariable="Name", SortOrder=order, PaginationConfig={"PageSize": 3}
    )
    sizes = [[each["Name"] for each in page["Results"]] for page in pages]
    assert [len(page) for page in sizes] == [3, 1]
    found = [name for page in sizes for name in page]
    assert found == sorted(NAMES, reverse=order == "dsc")


@pytest.mark.parametrize(
    "query",
    [
        {"EQ": "x"},
        {"FilterVariable": "CreatedAt", "Prefix": "2020"},
        {"FilterVariable": "CreatedAt", "EQ": "yesterday"},
        {"NextToken": "nonsense"},
        {"NextToken": "WyJhIl0="},
    ],
)
def should_refuse_a_query_that_makes_no_sense(client: Any, query: dict[str, str]) -> None:
    with pytest.raises(ClientError, match="InvalidInputException"):
        client.describe_data_sources(**query)


def should_refuse_a_token_when_the_query_is_another(client: Any) -> None:
    token = client.describe_data_sources(Limit=1)["NextToken"]
    with pytest.raises(ClientError, match="NextToken"):
        client.describe_data_sources(Limit=1, SortOrder="dsc", NextToken=token)


def should_leave_deleted_ones_out_unless_their_status_is_asked_for(changed: Any) -> None:
    changed.delete_data_source(DataSourceId="ds-0")
    assert "beta" not in names(changed)
    assert names(changed, FilterVariable="Status", EQ="DELETED") == ["beta"]


def should_satisfy_the_waiters_of_the_service_model(world: World, client: Any) -> None:
    quick = {"Delay": 0, "MaxAttempts": 1}
    client.get_waiter("data_source_available").wait(
        FilterVariable="Name", EQ="alpha", WaiterConfig=quick
    )
    with pytest.raises(WaiterError, match="failure"):
        client.get_waiter("data_source_available").wait(WaiterConfig=quick)
    world.predict(source_id="ds-0")
    waiter = client.get_waiter("batch_prediction_available")
    with pytest.raises(WaiterError, match="Max attempts"):
        waiter.wait(WaiterConfig=quick)
    world.work()
    waiter.wait(FilterVariable="DataSourceId", EQ="ds-0", WaiterConfig=quick)
