"""Who may drop files and fetch results, by the settings: people and programs of any account.

Only what the bucket and the key allow stands here. A caller of another account must be allowed the
same by its own account (docs/account.md).
"""

from collections.abc import Sequence

from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3

from infra.constructs.keys import via_service
from infra.settings.settings import Settings

# Large files go in parts, which S3 decrypts when it joins them (Amazon S3 user guide, "Uploading
# and copying objects using multipart upload").
DROP = ("s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts")
DROP_KEY = ("kms:GenerateDataKey", "kms:Decrypt")
FETCH = ("s3:GetObject",)
FETCH_KEY = ("kms:Decrypt",)


def let_principals_in(
    drops: s3.Bucket, results: s3.Bucket, *, key: kms.IKey, settings: Settings
) -> None:
    """Lets the principals of the settings drop files, and list and read results."""
    droppers, readers = _named(settings.drop_principals), _named(settings.result_principals)
    if droppers:
        _allow(drops, "Droppers", droppers, DROP, drops.arn_for_objects("*"))
        _allow_key(key, drops, "Droppers", droppers, DROP_KEY)
    if readers:
        _allow(results, "Readers", readers, FETCH, results.arn_for_objects("*"))
        _allow(results, "ReadersList", readers, ("s3:ListBucket",), results.bucket_arn)
        _allow_key(key, results, "Readers", readers, FETCH_KEY)


def _named(principals: Sequence[str]) -> list[iam.IPrincipal]:
    return [
        iam.ArnPrincipal(each) if ":" in each else iam.AccountPrincipal(each) for each in principals
    ]


def _allow(
    bucket: s3.Bucket,
    sid: str,
    principals: Sequence[iam.IPrincipal],
    actions: Sequence[str],
    resource: str,
) -> None:
    bucket.add_to_resource_policy(
        iam.PolicyStatement(
            sid=sid, principals=list(principals), actions=list(actions), resources=[resource]
        )
    )


def _allow_key(
    key: kms.IKey,
    bucket: s3.Bucket,
    sid: str,
    principals: Sequence[iam.IPrincipal],
    actions: Sequence[str],
) -> None:
    """Through S3 alone: the key can't name the bucket, which names the key."""
    key.add_to_resource_policy(
        iam.PolicyStatement(
            sid=sid,
            principals=list(principals),
            actions=list(actions),
            resources=["*"],
            conditions={"StringEquals": {"kms:ViaService": via_service("s3", bucket)}},
        )
    )
