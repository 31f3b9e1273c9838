"""A user of the account, at a shell, who may do what a policy says and nothing else."""

import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from infra.project_files import PROJECT
from localcloud.cloud import LocalCloud
from localcloud.environment import REGION, ambient, client_exports


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with the access key that the shell has."""

    cloud: LocalCloud
    name: str
    access_key: str
    secret_key: str

    def may(self, policy: str) -> None:
        """Gives the person this policy, in place of what it may do so far."""
        self.cloud.iam().put_user_policy(
            UserName=self.name, PolicyName="all", PolicyDocument=policy
        )

    def runs(
        self, *arguments: str, where: Path = PROJECT, name: bool = True
    ) -> subprocess.CompletedProcess[str]:
        """What `dropcoder` makes of a command line in this person's shell.

        With `name`, the shell says which deployment is meant."""
        exports = client_exports(self.cloud.reach) | {
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
            "PYTHONPATH": f"{PROJECT}:{PROJECT / 'lambdas'}",
        }
        if name:
            exports["DROPCODER_NAME"] = self.cloud.pipeline.stack.removesuffix("-Pipeline")
        return subprocess.run(
            [sys.executable, "-m", "dropcoder", *arguments],
            cwd=where,
            env=ambient() | exports,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )


@contextmanager
def a_person(cloud: LocalCloud) -> Iterator[Person]:
    """Somebody who may do nothing yet."""
    iam, name = cloud.iam(), f"person-{uuid.uuid4().hex[:8]}"
    iam.create_user(UserName=name)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    yield Person(cloud, name, key["AccessKeyId"], key["SecretAccessKey"])
    for policy in iam.list_user_policies(UserName=name)["PolicyNames"]:
        iam.delete_user_policy(UserName=name, PolicyName=policy)
    iam.delete_access_key(UserName=name, AccessKeyId=key["AccessKeyId"])
    iam.delete_user(UserName=name)


def names_of(cloud: LocalCloud) -> dict[str, str]:
    """What stands in angle brackets in the documents' policies."""
    outputs = {
        each["OutputKey"]: each["OutputValue"]
        for stack in cloud.cloudformation().describe_stacks()["Stacks"]
        for each in stack.get("Outputs", [])
    }
    return outputs | {
        "region": REGION,
        "account": cloud.account,
        "stack": cloud.pipeline.stack,
        "machine": outputs["StateMachineArn"].rpartition(":")[2],
    }
