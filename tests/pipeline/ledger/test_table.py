from collections.abc import Iterator

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from pipeline.errors import AwsBusy
from pipeline.ledger.table import Ledger
from tests.support.pipeline.clouds import REGION, cloud


@pytest.fixture
def ledger() -> Iterator[Ledger]:
    with cloud() as aws:
        yield aws.ledger


def should_write_once_when_the_key_is_taken(ledger: Ledger) -> None:
    assert ledger.put_new({"pk": "a", "sk": "b", "n": 1})
    assert not ledger.put_new({"pk": "a", "sk": "b", "n": 2})
    assert ledger.get("a", "b") == {"pk": "a", "sk": "b", "n": 1}


def should_give_numbers_texts_and_nothing_back_as_they_were_when_read(ledger: Ledger) -> None:
    item = {"pk": "a", "sk": "b", "n": 2**60, "x": 0.5, "m": {"l": [1, "ä", None, True]}}
    ledger.put(item)
    assert ledger.get("a", "b") == item
    assert ledger.get("a", "c") is None


def should_change_nothing_when_the_condition_does_not_hold(ledger: Ledger) -> None:
    ledger.put({"pk": "a", "sk": "b", "n": 1, "old": 1})
    assert not ledger.update("a", "b", set={"n": 3}, when="n = :two", values={":two": 2})
    assert ledger.update(
        "a", "b", set={"n": 3}, remove=("old",), when="n = :one", values={":one": 1}
    )
    assert ledger.get("a", "b") == {"pk": "a", "sk": "b", "n": 3}


def should_count_an_attribute_up_when_there_was_no_item_and_when_there_was(
    ledger: Ledger,
) -> None:
    assert [ledger.add("a", "b", "n", 1) for _ in range(3)] == [1, 2, 3]
    ledger.update("a", "b", set={"other": 1})
    assert ledger.add("a", "b", "n", 2) == 5
    assert ledger.get("a", "b") == {"pk": "a", "sk": "b", "n": 5, "other": 1}


def should_give_all_items_in_order_when_a_partition_is_asked_for(ledger: Ledger) -> None:
    for sk in ("part", "attempt#0002", "attempt#0001"):
        ledger.put({"pk": "p", "sk": sk, "fill": "x" * 350_000})
    ledger.put({"pk": "q", "sk": "attempt#0001"})
    assert [item["sk"] for item in ledger.query("p", "attempt#")] == [
        "attempt#0001",
        "attempt#0002",
    ]
    assert len(ledger.query("p")) == 3


@pytest.mark.parametrize(
    ("code", "status", "expected"),
    [
        ("ProvisionedThroughputExceededException", 400, AwsBusy),
        ("InternalServerError", 500, AwsBusy),
        ("AccessDeniedException", 400, ClientError),
    ],
)
def should_ask_for_another_try_only_when_aws_is_busy(
    code: str, status: int, expected: type[Exception]
) -> None:
    table = boto3.resource(
        "dynamodb",
        region_name=REGION,
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"total_max_attempts": 1}),
    ).Table("ledger")
    stub = Stubber(table.meta.client)
    stub.add_client_error("get_item", service_error_code=code, http_status_code=status)
    with stub, pytest.raises(expected):
        Ledger(table).get("a", "b")
