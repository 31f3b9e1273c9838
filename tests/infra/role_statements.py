"""What each role of a deployment may do, in the words of the tables in docs/security.md.

Resources and roles are named as in the template, without the hash at their end; a role without the
word Role too: `TasksSubmit` may `s3:PutObject` on `ResultsBucket/*/rejection.json`.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tests.infra.conftest import BATCH_KEY, SECRET, Deployment

OWN_LOG = "its log group"
SETTINGS = {
    SECRET: "the secret of amazonMlKeySecretArn",
    BATCH_KEY: "the keys of batchPredictionKeys",
    "data-of-one": "the buckets of batchPredictionBuckets",
}
OPERATORS = {
    "StringEquals": "is",
    "StringLike": "is like",
    "ArnLike": "is like",
    "StringEqualsIfExists": "is, where it is said,",
}
_HASH = re.compile(r"[0-9A-F]{8}$")
_EXPORT = re.compile(
    r"(?:[\w-]+-)?(\w+):ExportsOutput(?:FnGetAtt|Ref)(\w+?)[0-9A-F]{8}(?:Arn|Id)?[0-9A-F]{8}$"
)
# Of an ARN, what is the same for every resource of a service.
_CLIENT = re.compile(r"(MachineLearningAccessKeys)\w+")
_FRONT = re.compile(r"arn:AWS::Partition:[a-z0-9]+:(?:AWS::Region)?:(?:AWS::AccountId)?:")


@dataclass(frozen=True, order=True)
class Grant:
    """One action on one resource; `never …` where it is denied."""

    role: str
    action: str
    resource: str
    condition: str
    """"" where there is none."""


def grants(deployment: Deployment) -> set[Grant]:
    """Everything that the roles of both stacks may do."""
    found: set[Grant] = set()
    for policy in deployment.resources("AWS::IAM::Policy").values():
        for role in policy["Roles"]:
            found |= set(_grants(_role(role["Ref"]), policy))
    for name, role in deployment.resources("AWS::IAM::Role").items():
        own = _role(name.partition("/")[2])
        for policy in role.get("Policies", []):
            found |= set(_grants(own, policy))
        for managed in role.get("ManagedPolicyArns", []):
            found.add(Grant(own, "a managed policy", _text(managed).rpartition("/")[2], ""))
    return found


def _grants(role: str, policy: Mapping[str, Any]) -> Iterator[Grant]:
    for statement in policy["PolicyDocument"]["Statement"]:
        never = "" if statement["Effect"] == "Allow" else "never "
        condition = _condition(statement.get("Condition", {}))
        for action in _listed(statement["Action"]):
            for resource in _listed(statement["Resource"]):
                yield Grant(role, never + action, _resource(resource, role), condition)


def _role(logical_id: str) -> str:
    return _HASH.sub("", logical_id).removesuffix("Role")


def _resource(resource: Any, role: str) -> str:
    text = _text(resource)
    return OWN_LOG if text == f"{role}Log" else text


def _condition(conditions: Mapping[str, Any]) -> str:
    """For example `through s3` or `s3:prefix is like machine-learning/*`."""
    said = []
    for operator, keys in conditions.items():
        for key, value in keys.items():
            if (operator, key) == ("StringEquals", "kms:ViaService"):
                (service,) = {_text(host).partition(".")[0] for host in _listed(value)}
                said.append(f"through {service}")
            else:
                said.append(f"{key} {OPERATORS[operator]} {_text(value)}")
    return ", ".join(sorted(said))


def _text(value: Any) -> str:
    match value:
        case str():
            text = value
        case {"Ref": target} if target.startswith("AWS::"):
            text = target
        case {"Ref": target} | {"Fn::GetAtt": [target, "Arn" | "Id"]}:
            text = _HASH.sub("", target)
        case {"Fn::GetAtt": [target, attribute]}:
            text = f"{_HASH.sub('', target)}.{attribute}"
        case {"Fn::Join": ["", parts]}:
            text = "".join(map(_text, parts))
        case {"Fn::ImportValue": export}:
            found = _EXPORT.fullmatch(export)
            assert found, export
            text = f"{found[2]} of {found[1]}"
        case _:
            raise AssertionError(f"no words for {json.dumps(value)}")
    for literal, said in SETTINGS.items():
        text = text.replace(literal, said)
    return _FRONT.sub("", _CLIENT.sub(r"\1<client>", text))


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
