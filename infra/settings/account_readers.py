"""How the settings are read that fit a deployment into somebody's AWS account."""

import difflib
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from infra.settings.types import (
    SettingsError,
    read_all_matching,
    read_flag,
    read_json_object,
    read_matching,
    read_number,
    read_pairs,
    read_text,
    read_whole_number,
)

# What CloudWatch Logs accepts as a retention, in days (API_PutRetentionPolicy).
LOG_RETENTION_DAYS = frozenset(
    {1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557}
    | {2922, 3288, 3653}
)
# An execution, which reads what was dropped and joins what came out until its end, lasts so long at
# the most (Step Functions quotas).
LEAST_KEPT_DAYS = 14
# With the account, the region and hyphens it is a prefix of a Cognito domain, which takes 63
# characters, none of them an upper-case letter (Cognito API, CreateUserPoolDomain).
NAME = re.compile(r"[a-z](?:-?[a-z0-9])*")
MOST_LETTERS = 30
KMS_KEY_ARN = re.compile(r"arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+")
PRINCIPAL = re.compile(
    r"[0-9]{12}|arn:aws[a-z-]*:iam::[0-9]{12}:(?:root|(?:role|user)/[A-Za-z0-9+=,.@_/-]+)"
)
POLICY_ARN = re.compile(r"arn:aws[a-z-]*:iam::(?:[0-9]{12}|aws):policy/[A-Za-z0-9+=,.@_/-]+")
# Cost reports and the budget tell deployments apart by it.
DEPLOYMENT_TAG = "dropcoder-deployment"
# What all services take in a tag (AWS, "Tagging AWS resources").
TAG_KEY, TAG_VALUE = re.compile(r"[\w .:/=+@-]{1,128}"), re.compile(r"[\w .:/=+@-]{0,256}")
MOST_TAGS = 40  # ours, of a resource's 50: CloudFormation and others add their own
# Whose concurrency can be reserved: their folders or modules below `lambdas/<package>/`, without
# the word "handler"; from `authorizer` on they are CodingService's.
FUNCTIONS = (
    *("prepare", "receive", "submit", "check", "collect", "finish", "report_failure"),
    *("authorizer", "api", "api.code"),
    *("inference.start", "inference.code", "inference.lifecycle"),
    *("amazon_ml.api", "amazon_ml.work"),
)
MOST_DOLLARS = 1_000_000  # ours: beyond it somebody has typed too many digits
VPC, SUBNET, ROUTE_TABLE = (
    re.compile(rf"{kind}-[0-9a-f]{{8,17}}") for kind in ("vpc", "subnet", "rtb")
)
RESERVED = ("aws", "amazon", "cognito")  # in a prefix of a Cognito domain (the same)


def _name(name: str, value: object) -> str:
    text = read_text(name, value)
    if not text:
        return text
    if not NAME.fullmatch(text) or len(text) > MOST_LETTERS:
        raise SettingsError(
            name,
            f"is {text!r}",
            f"use up to {MOST_LETTERS} of a-z, 0-9 and single hyphens, with a letter first, or"
            " leave it empty for stacks that are called Pipeline and CodingService",
        )
    for word in RESERVED:
        if word in text:
            raise SettingsError(name, f"holds {word!r}", "leave it out: Cognito keeps it to itself")
    return text


def _retention(name: str, value: object) -> int:
    days = read_whole_number(1)(name, value)
    if days not in LOG_RETENTION_DAYS:
        allowed = ", ".join(str(each) for each in sorted(LOG_RETENTION_DAYS))
        raise SettingsError(name, f"is {days}", f"CloudWatch Logs accepts {allowed}")
    return days


def _kept_days(name: str, value: object) -> int:
    days = read_whole_number(0)(name, value)
    if 0 < days < LEAST_KEPT_DAYS:
        raise SettingsError(
            name,
            f"is {days}",
            f"give {LEAST_KEPT_DAYS} days or more, as an execution may need the file for so long,"
            " or 0 to keep files for ever",
        )
    return days


def _principals(name: str, value: object) -> Sequence[str]:
    principals = read_all_matching(
        PRINCIPAL,
        "list account ids, or ARNs of roles, users or an account's root,"
        " for example arn:aws:iam::123456789012:role/survey",
    )(name, value)
    return tuple(dict.fromkeys(principals))


def _tags(name: str, value: object) -> Mapping[str, str]:
    tags = read_pairs(name, value)
    for key, text in tags.items():
        if not TAG_KEY.fullmatch(key) or not TAG_VALUE.fullmatch(text):
            remedy = (
                "use letters, digits, blanks and _.:/=+-@, 128 of them in a key, 256 in a value"
            )
            raise SettingsError(name, f"holds {key}={text}", remedy)
        if key.lower().startswith("aws:") or key.lower() == DEPLOYMENT_TAG:
            remedy = "choose another key: AWS and Dropcoder set these themselves"
            raise SettingsError(name, f"holds the key {key}", remedy)
    if len({key.lower() for key in tags}) < len(tags):
        remedy = "write it in one way: IAM takes both for the same"
        raise SettingsError(name, "holds a key in upper and lower case", remedy)
    if len(tags) > MOST_TAGS:
        raise SettingsError(name, f"has {len(tags)} tags", f"give {MOST_TAGS} at the most")
    return tags


def _reserved(name: str, value: object) -> Mapping[str, int]:
    """{function: executions at a time}; also text like `submit=20,check=10`."""
    if isinstance(value, str) and not value.lstrip().startswith("{"):
        value = read_pairs(name, value)
    reserved = {}
    for function, most in read_json_object(name, value).items():
        if function not in FUNCTIONS:
            near = difflib.get_close_matches(function, FUNCTIONS, n=1)
            remedy = f"write {near[0]}" if near else f"name one of {', '.join(FUNCTIONS)}"
            raise SettingsError(name, f"holds {function!r}, which is no function", remedy)
        reserved[function] = read_whole_number(1)(name, most)
    return reserved


ACCOUNT_READERS: Mapping[str, Callable[[str, object], Any]] = {
    "name": _name,
    "log_retention_days": _retention,
    "kms_key_arn": read_matching(
        KMS_KEY_ARN, "give the ARN of a key, arn:aws:kms:<region>:<account>:key/<id>, and no alias"
    ),
    "permissions_boundary": read_matching(
        POLICY_ARN,
        "give the ARN of a managed policy, arn:aws:iam::<account>:policy/<name>",
    ),
    "tags": _tags,
    "reserved_concurrency": _reserved,
    "monthly_budget": read_number(0, MOST_DOLLARS),
    "vpc_id": read_matching(VPC, "give the id of a VPC, vpc-…"),
    "subnet_ids": read_all_matching(SUBNET, "list the ids of subnets, subnet-…"),
    "route_table_ids": read_all_matching(ROUTE_TABLE, "list the ids of route tables, rtb-…"),
    "vpc_endpoints": read_flag,
    "drop_principals": _principals,
    "result_principals": _principals,
    "drop_retention_days": _kept_days,
    "result_retention_days": _kept_days,
}
