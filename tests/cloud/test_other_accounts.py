"""Who is of another account drops and fetches as docs/account.md says, with IAM enforced.

`aws s3 cp` is boto3's transfer underneath: the same calls, with the other account's credentials.
That S3 asks KMS too is not seen here (docs/local-cloud.md); the statements for the key are held by
tests/infra/pipeline/test_principals.py.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError

from localcloud.cloud import LocalCloud
from localcloud.environment import REGION
from tests.support.cloud.deployed import OTHER_ACCOUNT, TOPIC
from tests.support.cloud.drops import check_complete, lines
from tests.support.cloud.subscriber import Drop, Subscriber
from tests.support.markdown import document

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PAGE = document("docs/account.md").section("Dropping and fetching from other accounts")
UNNAMED_ACCOUNT = "333333333333"
LARGE = 9 << 20  # bytes: what has more than 8 MiB goes in parts


class OtherAccount:
    """A user of another account, who may do nothing there yet."""

    def __init__(self, cloud: LocalCloud, name: str, account: str = OTHER_ACCOUNT) -> None:
        self._cloud, self._name = cloud, name
        self._iam = self._client("iam", account, "test")  # such a key is that account's root
        self._iam.create_user(UserName=name)
        key = self._iam.create_access_key(UserName=name)["AccessKey"]
        self.s3: S3Client = self._client("s3", key["AccessKeyId"], key["SecretAccessKey"])

    def _client(self, service: Any, access_key: str, secret_key: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=self._cloud.reach.endpoint,
            aws_access_key_id=access_key,
            aws_secret_access_key=secret_key,
            region_name=REGION,
            verify=str(self._cloud.reach.bundle),
        )

    def may(self, policy: str) -> None:
        """What its own account lets it do: one of the page's two policies."""
        pipeline = self._cloud.pipeline
        text = policy.replace("<DropBucketName>", pipeline.drop_bucket)
        text = text.replace("<ResultsBucketName>", pipeline.results_bucket)
        key = f"arn:aws:kms:{REGION}:{self._cloud.account}:key/any"
        self._iam.put_user_policy(
            UserName=self._name,
            PolicyName="page",
            PolicyDocument=text.replace("<KeyArn>", key),
        )


@pytest.fixture(scope="module")
def policies() -> tuple[str, str]:
    """Of who drops and of who fetches, as the page has them."""
    dropping, fetching = (
        each.removeprefix("json") for each in PAGE.split("```")[1::2] if each.startswith("json")
    )
    return dropping, fetching


@pytest.fixture(scope="module")
def dropper(cloud: LocalCloud, policies: tuple[str, str]) -> OtherAccount:
    """Of the account that `dropPrincipals` names."""
    user = OtherAccount(cloud, "survey")
    user.may(policies[0])
    return user


@pytest.fixture(scope="module")
def reader(cloud: LocalCloud, policies: tuple[str, str]) -> OtherAccount:
    """Of the account that `resultPrincipals` names."""
    user = OtherAccount(cloud, "reader")
    user.may(policies[1])
    return user


def dropped(dropper: OtherAccount, cloud: LocalCloud, file: Path) -> Drop:
    """The drop that the documented command makes of a file."""
    bucket, key = cloud.pipeline.drop_bucket, f"{TOPIC}/{file.name}"
    dropper.s3.upload_file(str(file), bucket, key)
    head = cloud.s3().head_object(Bucket=bucket, Key=key)
    return Drop(bucket, key, head["VersionId"], head["ETag"].strip('"'), file.read_bytes())


def refused(call: Any, **asked: Any) -> bool:
    with pytest.raises(ClientError) as raised:
        call(**asked)
    return raised.value.response["Error"]["Code"] in ("AccessDenied", "403")


def should_code_what_another_account_drops_and_let_it_fetch_the_results(
    cloud: LocalCloud,
    subscriber: Subscriber,
    dropper: OtherAccount,
    reader: OtherAccount,
    tmp_path: Path,
) -> None:
    file = tmp_path / "elsewhere.jsonl"
    file.write_bytes(lines(3))
    drop = dropped(dropper, cloud, file)
    subscriber.drops.append(drop)
    check_complete(subscriber, drop, subscriber.ended(drop))

    bucket, folder = cloud.pipeline.results_bucket, f"{drop.key}/"
    listed = reader.s3.list_objects_v2(Bucket=bucket, Prefix=folder)
    keys = [each["Key"] for each in listed["Contents"]]
    assert {key.rpartition("/")[2] for key in keys} >= {"output.jsonl", "manifest.json"}
    for key in keys:
        found = reader.s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        assert found == cloud.s3().get_object(Bucket=bucket, Key=key)["Body"].read()


def should_take_a_large_file_in_parts_and_leave_nothing_of_one_that_is_given_up(
    cloud: LocalCloud, dropper: OtherAccount, tmp_path: Path
) -> None:
    file = tmp_path / "large.bin"
    file.write_bytes(b"x" * LARGE)
    bucket, key = cloud.pipeline.drop_bucket, f"{TOPIC}/columns.yaml/large/"
    dropper.s3.upload_file(str(file), bucket, key)
    assert cloud.s3().head_object(Bucket=bucket, Key=key)["ContentLength"] == LARGE
    begun = dropper.s3.create_multipart_upload(Bucket=bucket, Key=key)
    dropper.s3.abort_multipart_upload(Bucket=bucket, Key=key, UploadId=begun["UploadId"])


def should_let_the_dropper_do_nothing_else(cloud: LocalCloud, dropper: OtherAccount) -> None:
    s3, pipeline = dropper.s3, cloud.pipeline
    key = f"{TOPIC}/columns.yaml"
    s3.put_object(Bucket=pipeline.drop_bucket, Key=key, Body=b"columns: {}")
    assert refused(s3.get_object, Bucket=pipeline.drop_bucket, Key=key)
    assert refused(s3.delete_object, Bucket=pipeline.drop_bucket, Key=key)
    assert refused(s3.list_objects_v2, Bucket=pipeline.drop_bucket)
    assert refused(s3.list_objects_v2, Bucket=pipeline.results_bucket)
    cloud.s3().delete_object(Bucket=pipeline.drop_bucket, Key=key)


def should_let_nobody_drop_whom_either_side_does_not_name(
    cloud: LocalCloud, reader: OtherAccount, policies: tuple[str, str]
) -> None:
    asked: dict[str, Any] = {"Bucket": cloud.pipeline.drop_bucket, "Key": "x", "Body": b"x"}
    unnamed = OtherAccount(cloud, "unnamed", account=UNNAMED_ACCOUNT)
    for policy in policies:
        unnamed.may(policy)
        assert refused(unnamed.s3.put_object, **asked)
        assert refused(unnamed.s3.list_objects_v2, Bucket=cloud.pipeline.results_bucket)
    without = OtherAccount(cloud, "without-a-policy")
    assert refused(without.s3.put_object, **asked)
    assert refused(without.s3.list_objects_v2, Bucket=cloud.pipeline.results_bucket)
    assert refused(reader.s3.put_object, **asked)
