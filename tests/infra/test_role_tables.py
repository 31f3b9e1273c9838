"""The tables of docs/security.md say what each role may do, completely."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.infra.conftest import Deployment
from tests.infra.role_statements import OWN_LOG, Grant, grants
from tests.support.markdown import document, table_rows

PAGE = document("docs/security.md")
ALWAYS, ASKED_FOR = "Always", "Where the settings ask for it"


def rows(section: str, deployed: set[Grant]) -> list[Grant]:
    """The grants that a section's table says, one by one; `deployed` tells who "every" are."""
    every = {
        "every function": {each.role for each in deployed if each.resource == OWN_LOG},
        "every state machine": {
            each.role for each in deployed if each.action == "logs:CreateLogDelivery"
        },
    }
    return [
        Grant(role, action, resource, only)
        for on, may, who, only, what_for in table_rows(PAGE.section(section))
        if _has_reason(what_for, on)
        for role in {*_named(who), *_shared(who, every)}
        for action in _named(may)
        for resource in _named(on)
    ]


def _has_reason(what_for: str, on: str) -> bool:
    assert what_for, f"say what for: {on}"
    return True


def _named(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def _shared(cell: str, every: dict[str, set[str]]) -> Iterator[str]:
    for name, roles in every.items():
        if name in cell:
            yield from roles


def differences(said: list[Grant], deployed: set[Grant]) -> dict[str, list[Grant]]:
    """What is in one of the two alone, and what the table says twice."""
    return {
        "a statement that no row has": sorted(deployed - set(said)),
        "a row that no role has": sorted(set(said) - deployed),
        "said twice": sorted(each for each in set(said) if said.count(each) > 1),
    }


AGREED: dict[str, list[Grant]] = {
    "a statement that no row has": [],
    "a row that no role has": [],
    "said twice": [],
}


def should_say_of_every_role_what_it_may_do_and_no_more(aws: Deployment) -> None:
    deployed = grants(aws)
    assert differences(rows(ALWAYS, deployed), deployed) == AGREED


def should_say_what_settings_add_to_it(request: pytest.FixtureRequest, aws: Deployment) -> None:
    asked = [
        grants(request.getfixturevalue(each))
        for each in ("alone", "coded", "named", "plain", "fitted", "inside")
    ]
    added = set[Grant]().union(*asked) - grants(aws)
    # Who "every function" is, is read off those that log.
    logging = {each for each in grants(aws) if each.resource == OWN_LOG}
    assert differences(rows(ASKED_FOR, added | logging), added) == AGREED


def should_notice_a_statement_and_a_row_that_have_no_match(aws: Deployment) -> None:
    deployed = grants(aws)
    said = rows(ALWAYS, deployed)
    more = Grant("TasksCheck", "s3:GetObject", "ResultsBucket/*", "")
    assert differences(said, deployed | {more})["a statement that no row has"] == [more]
    assert differences([*said, more], deployed)["a row that no role has"] == [more]
    assert differences([*said, said[0]], deployed)["said twice"] == [said[0]]


def should_tell_conditions_apart(tmp_path: Path) -> None:
    from aws_cdk import App, Stack  # noqa: PLC0415
    from aws_cdk import aws_iam as iam  # noqa: PLC0415

    app = App(outdir=str(tmp_path))
    role = iam.Role(Stack(app, "One"), "ThisRole", assumed_by=iam.AccountRootPrincipal())
    for operator in ("StringEquals", "StringLike"):
        role.add_to_policy(
            iam.PolicyStatement(
                actions=["s3:ListBucket"],
                resources=["*"],
                conditions={operator: {"s3:prefix": "a/"}},
            )
        )
    template = app.synth().get_stack_by_name("One").template
    assert grants(Deployment({"One": template}, {})) == {
        Grant("This", "s3:ListBucket", "*", "s3:prefix is a/"),
        Grant("This", "s3:ListBucket", "*", "s3:prefix is like a/"),
    }
