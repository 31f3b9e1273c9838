"""Who may drop files and fetch results, in this account and others."""

import json
from typing import Any

from tests.infra.conftest import FITTED, Deployment
from tests.support.markdown import document

DROP = {"s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"}
PAGE = document("docs/account.md").section("Dropping and fetching from other accounts")


def granted(policy: Any) -> dict[str, Any]:
    """The statements with a name, by it."""
    return {each["Sid"]: each for each in policy["Statement"] if "Sid" in each}


def bucket_policy(deployment: Deployment, output: str) -> Any:
    bucket = deployment.pipeline["Outputs"][output]["Value"]
    (found,) = (
        each["PolicyDocument"]
        for each in deployment.resources("AWS::S3::BucketPolicy", "Pipeline").values()
        if each["Bucket"] == bucket
    )
    return found


def key_policy(deployment: Deployment) -> Any:
    (key,) = deployment.resources("AWS::KMS::Key", "Pipeline").values()
    return key["KeyPolicy"]


def as_set(value: Any) -> set[str]:
    return {value} if isinstance(value, str) else set(value)


def should_let_droppers_put_and_do_nothing_else(fitted: Deployment) -> None:
    statements = granted(bucket_policy(fitted, "DropBucketName"))
    assert statements.keys() == {"Droppers"}
    droppers = statements["Droppers"]
    assert droppers["Principal"] == {"AWS": FITTED["dropPrincipals"].split(",")}
    assert as_set(droppers["Action"]) == DROP
    assert "/*" in json.dumps(droppers["Resource"])


def should_let_readers_list_and_read_results(fitted: Deployment) -> None:
    statements = granted(bucket_policy(fitted, "ResultsBucketName"))
    assert {sid: each["Action"] for sid, each in statements.items()} == {
        "Readers": "s3:GetObject",
        "ReadersList": "s3:ListBucket",
    }
    assert all(
        FITTED["resultPrincipals"] in json.dumps(each["Principal"]) for each in statements.values()
    )


def should_let_both_use_the_key_through_s3_alone(fitted: Deployment) -> None:
    statements = granted(key_policy(fitted))
    assert as_set(statements["Droppers"]["Action"]) == {"kms:GenerateDataKey", "kms:Decrypt"}
    assert as_set(statements["Readers"]["Action"]) == {"kms:Decrypt"}
    for sid in ("Droppers", "Readers"):
        via = json.dumps(statements[sid]["Condition"]["StringEquals"]["kms:ViaService"])
        assert '"s3."' in via


def should_let_nobody_in_unless_the_settings_name_them(aws: Deployment) -> None:
    for output in ("DropBucketName", "ResultsBucketName"):
        for statement in bucket_policy(aws, output)["Statement"]:
            assert statement["Effect"] == "Deny" or "Service" in statement["Principal"]
    assert not {"Droppers", "Readers"} & granted(key_policy(aws)).keys()


def should_document_the_other_sides_policy_as_this_side_grants_it(fitted: Deployment) -> None:
    blocks = [each for each in PAGE.split("```")[1::2] if each.startswith("json")]
    dropping, fetching = (json.loads(each.removeprefix("json")) for each in blocks)
    for policy, output, sids in (
        (dropping, "DropBucketName", ("Droppers",)),
        (fetching, "ResultsBucketName", ("Readers", "ReadersList")),
    ):
        said = {a for each in policy["Statement"] for a in as_set(each["Action"])}
        grants = granted(bucket_policy(fitted, output))
        keys = granted(key_policy(fitted))
        given = {a for sid in sids for a in as_set(grants[sid]["Action"])}
        assert said == given | as_set(keys[sids[0]]["Action"])
