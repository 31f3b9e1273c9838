"""Nothing in the templates is for one partition of AWS alone: no ARN's beginning, no host's end."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.infra.conftest import Deployment

SERVICE_PRINCIPAL = re.compile(r"[a-z]+\.amazonaws\.com")  # the same in every partition
PIPELINES = ("aws", "alone", "named", "fitted", "inside")


def texts(value: Any, where: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    """Each text of a template, with the names on the way to it."""
    match value:
        case str():
            yield where, value
        case dict():
            for name, each in value.items():
                yield from texts(each, (*where, name))
        case list():
            for each in value:
                yield from texts(each, where)


@pytest.mark.parametrize("deployed", PIPELINES)
def should_name_no_partition_and_no_hosts_end(
    deployed: str, request: pytest.FixtureRequest
) -> None:
    deployment: Deployment = request.getfixturevalue(deployed)
    bound = [
        (*where, text)
        for template in deployment.templates.values()
        for where, text in texts({**template, "Parameters": {}, "Rules": {}})
        if "arn:aws" in text or "amazonaws.com" in text
        # One of two values: what it is elsewhere is said by AWS::URLSuffix beside it.
        if "kms:ViaService" not in where
        if not ({"Service", "Principal"} & {*where} and SERVICE_PRINCIPAL.fullmatch(text))
        if not _was_given(text)
    ]
    assert not bound, json.dumps(bound, indent=1)


def _was_given(text: str) -> bool:
    """Whether it is out of the settings of the test's deployment."""
    return re.search(r":(1{12}|2{12}|3{12}|4{12}|123456789012):", text) is not None


def should_use_keys_through_services_by_the_names_of_the_partition(aws: Deployment) -> None:
    policies = dict(aws.resources("AWS::IAM::Policy"))  # CDK adds to the keys' own for secrets
    found = [text for where, text in texts(policies) if "kms:ViaService" in where]
    assert found
    assert found.count("AWS::URLSuffix") == sum(text.endswith(".amazonaws.com") for text in found)
