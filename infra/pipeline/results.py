"""The results bucket: what came out, and the manifest that vouches for it."""

import string
from collections.abc import Sequence

from aws_cdk import Duration
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.constructs.keys import use_key
from infra.constructs.secure_storage import UNDO_DAYS, retention_rules, secure_bucket
from infra.nag import acknowledge_keys
from infra.settings.settings import Settings

WRITE_IN_PARTS = ("PutObject", "ListMultipartUploadParts", "AbortMultipartUpload")
# Where results lie until pieces are joined and repeats have theirs (`storage.results_bucket`).
PIECES = ".pieces/"
# What people have decided, version by version (`storage.dictionaries`).
DICTIONARIES = ".dictionaries/*"
# A topic's name begins with one of these, and the key of its results with that. So what people have
# decided is no result, and stays: it is their work, and names the drops that can be erased from it.
FIRST_OF_TOPICS = f"{string.ascii_lowercase}{string.digits}_-"
# What functions write below the prefix of a drop or piece; a test compares it with their code.
REPORT = "rejection.json"
OUTPUT, METADATA = "output.jsonl", "metadata.json"
TABLES = tuple(f"results.{form}" for form in ("csv", "xlsx", "parquet", "jsonl", "json"))
GIVEN_BACK = (
    *TABLES,
    *("results.csv-metadata.json", "report.json", "report.html", "review.html", "manifest.json"),
)
# The ledger knows a coded piece for 90 days, and an execution that takes it up then may last 14.
PIECE_DAYS = 105
# Whole results stand in place of pieces that were removed.
UNDO_PIECE_DAYS = 1


class Results(Construct):
    """Where coded files lie."""

    def __init__(
        self, scope: Construct, construct_id: str, *, key: kms.IKey, settings: Settings
    ) -> None:
        super().__init__(scope, construct_id)
        self._key = key
        piece_days = min(PIECE_DAYS, settings.result_retention_days or PIECE_DAYS)
        self.bucket = secure_bucket(
            self,
            "Bucket",
            key=key,
            settings=settings,
            versioned=True,
            tells_event_bus=False,
            lifecycle_rules=[
                *retention_rules("Results", settings.result_retention_days, below=FIRST_OF_TOPICS),
                s3.LifecycleRule(
                    id="ForgetReplacedResults",
                    noncurrent_version_expiration=Duration.days(UNDO_DAYS),
                ),
                s3.LifecycleRule(
                    id="ForgetPieces",
                    prefix=PIECES,
                    expiration=Duration.days(piece_days),
                    noncurrent_version_expiration=Duration.days(UNDO_PIECE_DAYS),
                ),
                s3.LifecycleRule(
                    id="ForgetMarkersOfPieces", prefix=PIECES, expired_object_delete_marker=True
                ),
            ],
        )
        """The bucket is versioned, so that a result that somebody deletes by mistake can be
        restored."""
        acknowledge_keys(
            self.bucket,
            "Result keys mirror the keys that droppers choose; their last part is named.",
            *(f"*/{name}" for name in (REPORT, OUTPUT, METADATA, *GIVEN_BACK)),
            f"{PIECES}*",
            DICTIONARIES,
        )
        self._pieces = self.bucket.arn_for_objects(f"{PIECES}*")

    def may_report(self) -> tuple[iam.PolicyStatement, ...]:
        """To put the report of a rejected file."""
        return (
            self._may(["PutObject"], REPORT),
            use_key(self._key, via="s3", scope=self, write=True),
        )

    def may_list_pieces(self) -> tuple[iam.PolicyStatement, ...]:
        """To put the lists of large files' pieces, which lie among the pieces' results."""
        return (
            iam.PolicyStatement(actions=["s3:PutObject"], resources=[self._pieces]),
            use_key(self._key, via="s3", scope=self, write=True),
        )

    def may_read_pieces(self) -> tuple[iam.PolicyStatement, ...]:
        """To read the lists of large files' pieces."""
        return (
            iam.PolicyStatement(actions=["s3:GetObject"], resources=[self._pieces]),
            use_key(self._key, via="s3", scope=self, read=True),
        )

    def may_look_up(self) -> tuple[iam.PolicyStatement, ...]:
        """To find and read the topics' dictionaries."""
        return (
            iam.PolicyStatement(
                actions=["s3:GetObject"], resources=[self.bucket.arn_for_objects(DICTIONARIES)]
            ),
            iam.PolicyStatement(
                actions=["s3:ListBucket"],
                resources=[self.bucket.bucket_arn],
                conditions={"StringLike": {"s3:prefix": DICTIONARIES}},
            ),
            use_key(self._key, via="s3", scope=self, read=True),
        )

    def may_collect(self) -> tuple[iam.PolicyStatement, ...]:
        """To write an operation's output in parts, over several invocations, and its metadata."""
        # To decrypt as well: S3 reads the parts of a multipart upload when it joins them (Amazon
        # S3 user guide, "Uploading and copying objects using multipart upload").
        return (
            self._may(WRITE_IN_PARTS, OUTPUT, METADATA),
            use_key(self._key, via="s3", scope=self, read=True, write=True),
        )

    def may_finish(self) -> tuple[iam.PolicyStatement, ...]:
        """To join the pieces of a large file's output, to remove them then, to give tables back,
        and to learn what people have decided.

        What is removed can be brought back for a day: the bucket has versions."""
        return (
            self._may(["GetObject"], OUTPUT, REPORT, "report.json", *TABLES),
            self._may(["GetObjectVersion"], OUTPUT, *TABLES),
            iam.PolicyStatement(
                actions=["s3:GetObject", "s3:DeleteObject"], resources=[self._pieces]
            ),
            self._may(WRITE_IN_PARTS, OUTPUT, METADATA, REPORT, *GIVEN_BACK),
            # A version of a dictionary is written once, and never deleted here.
            iam.PolicyStatement(
                actions=["s3:GetObject", "s3:PutObject"],
                resources=[self.bucket.arn_for_objects(DICTIONARIES)],
            ),
            # A joined output that is not what its pieces add up to is removed too.
            self._may(["DeleteObject"], OUTPUT),
            # Without it S3 answers 403 for an object that is not there (Amazon S3 API, GetObject).
            iam.PolicyStatement(actions=["s3:ListBucket"], resources=[self.bucket.bucket_arn]),
            use_key(self._key, via="s3", scope=self, read=True, write=True),
        )

    def _may(self, operations: Sequence[str], *names: str) -> iam.PolicyStatement:
        return iam.PolicyStatement(
            actions=[f"s3:{operation}" for operation in operations],
            resources=[self.bucket.arn_for_objects(f"*/{name}") for name in names],
        )
