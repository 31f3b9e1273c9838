"""The ledger: one table of drops, attempts, call times and the token's lease."""

from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from infra.constructs.keys import use_key
from infra.constructs.secure_storage import secure_table
from infra.settings.settings import Settings


class Ledger(Construct):
    """What has happened to each drop and part; holds no URL, token or secret."""

    def __init__(
        self, scope: Construct, construct_id: str, *, key: kms.IKey, settings: Settings
    ) -> None:
        super().__init__(scope, construct_id)
        self._key = key
        self.table: dynamodb.Table = secure_table(
            self,
            "Table",
            key=key,
            settings=settings,
            partition_key="pk",
            sort_key="sk",
            expires_at="expires_at",
        )
        """The table, with the keys `pk` and `sk`; items end at `expires_at`."""

    def may_keep(self) -> tuple[iam.PolicyStatement, ...]:
        """To get, put and update single items; nothing scans or deletes them."""
        return (
            iam.PolicyStatement(
                actions=["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"],
                resources=[self.table.table_arn],
            ),
            use_key(self._key, via="dynamodb", scope=self, read=True, write=True),
        )

    def may_look_up(self) -> iam.PolicyStatement:
        """To get the items of many drops at once."""
        return iam.PolicyStatement(
            actions=["dynamodb:BatchGetItem"], resources=[self.table.table_arn]
        )

    def may_list(self) -> iam.PolicyStatement:
        """To list the items of one part: who is aboard."""
        return iam.PolicyStatement(actions=["dynamodb:Query"], resources=[self.table.table_arn])
