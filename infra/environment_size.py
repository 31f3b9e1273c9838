"""The size of each function's environment, measured at synth: Lambda refuses more than 4 KB.

CloudFormation would say so in the middle of a deployment. What it fills in itself is taken as long
as it may become.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from infra.settings.settings import Settings, context_name
from infra.settings.types import SettingsError

if TYPE_CHECKING:
    from aws_cdk.cx_api import CloudAssembly

MOST_BYTES = 4_096  # of all variables together, written as JSON (Lambda quotas)
PSEUDO_PARAMETERS = {
    "AWS::Region": len("ap-southeast-2"),
    "AWS::AccountId": 12,
    "AWS::Partition": len("aws-us-gov"),
    "AWS::URLSuffix": len("amazonaws.com.cn"),
}
"""Characters that each may have."""
ADDED_TO_NAMES = 15  # the hyphens and the random end of names that CloudFormation gives
BEFORE_NAMES = 70  # of an ARN or a queue's URL: service, region, account, kind
SHORT_NAMES = {
    "AWS::ApiGateway::RestApi": 10,
    "AWS::Cognito::UserPool": 55,
    "AWS::S3::Bucket": 63,
}
"""Characters at the most of what `Ref` gives, by type of resource."""
NAMES = frozenset({*SHORT_NAMES, "AWS::Cognito::UserPoolDomain", "AWS::DynamoDB::Table"})
"""Types of which `Ref` gives the name, and no ARN or URL."""
SETTINGS = {each.name.upper(): context_name(each.name) for each in fields(Settings)} | {
    "ACCESS_KEYS": "machineLearningClients"
}
"""Settings by the variable that they become."""
REMEDIES = {"columns": "write a columns.yaml beside the files in place of some of it"}


@dataclass(frozen=True)
class Environments:
    """The environments in the templates of all stacks, by the stack's name."""

    templates: Mapping[str, Mapping[str, Any]]

    @classmethod
    def of(cls, assembly: "CloudAssembly") -> "Environments":
        """Those of what was synthesized."""
        return cls(
            {
                stack.stack_name: json.loads(Path(stack.template_full_path).read_text("utf-8"))
                for stack in assembly.stacks
            }
        )

    def check(self) -> None:
        """Raises `SettingsError` with the setting that takes most of an environment too long."""
        for stack, template in self.templates.items():
            for function in template["Resources"].values():
                if function["Type"] == "AWS::Lambda::Function":
                    self._check(stack, function["Properties"])

    def _check(self, stack: str, function: Mapping[str, Any]) -> None:
        variables = function.get("Environment", {}).get("Variables", {})
        longest = {name: self._longest(stack, value) for name, value in variables.items()}
        size = len(json.dumps(longest, ensure_ascii=False, separators=(",", ":")).encode())
        if size <= MOST_BYTES:
            return
        variable = max(longest.keys() & SETTINGS.keys(), key=lambda name: len(longest[name]))
        setting = SETTINGS[variable]
        raise SettingsError(
            setting,
            f"takes {len(longest[variable].encode()):,} bytes of the environment of"
            f" {function['Handler']}, which may have {size:,} bytes with it, and Lambda takes"
            f" {MOST_BYTES:,}",
            REMEDIES.get(setting, "give less, or shorter names"),
        )

    def _longest(self, stack: str, value: Any) -> str:
        """A text as long as the value may become."""
        match value:
            case str():
                return value
            case {"Fn::Join": [between, parts]}:
                return str(between).join(self._longest(stack, each) for each in parts)
            case {"Fn::ImportValue": export}:
                return self._exported(export)
            case {"Ref": name} if name in PSEUDO_PARAMETERS:
                return "x" * PSEUDO_PARAMETERS[name]
            case {"Ref": name}:
                return "x" * self._name(stack, name)
            case {"Fn::GetAtt": [name, _]}:
                return "x" * (BEFORE_NAMES + len(stack) + len(name) + ADDED_TO_NAMES)
        raise TypeError(f"a variable has a value that is not measured: {value}")

    def _name(self, stack: str, logical_id: str) -> int:
        kind = self.templates[stack]["Resources"][logical_id]["Type"]
        generated = len(stack) + len(logical_id) + ADDED_TO_NAMES
        if kind in NAMES:
            return min(generated, SHORT_NAMES.get(kind, generated))
        return BEFORE_NAMES + generated

    def _exported(self, name: str) -> str:
        for stack, template in self.templates.items():
            for output in template.get("Outputs", {}).values():
                if output.get("Export", {}).get("Name") == name:
                    return self._longest(stack, output["Value"])
        raise TypeError(f"a variable imports what no stack exports: {name}")
