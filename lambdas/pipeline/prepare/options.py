"""What a dropper says of a table: with the object, in a file beside it, or by the deployment."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from pipeline.aws import aws_busy_as_try_again
from pipeline.domain.drop import Drop
from pipeline.errors import DropGone
from pipeline.table_settings import TableSettings
from protocol.records import RECORD_ID
from shared.aws_errors import code_of
from tables.distinct_rows import WINDOW_ROWS
from tables.mapping.column_options import options_of_file, options_of_metadata
from tables.mapping.columns_file import MAX_FILE_BYTES
from tables.plan import TableOptions

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

COLUMNS_FILE = "columns.yaml"
# Of short rows: what comes out for all, 300 bytes each, is expanded into an object of 10,000 parts.
MOST_SENT_ONCE_BYTES = 100_000_000_000
ABSENT_CODES = frozenset({"NoSuchKey", "NoSuchVersion", "404"})
REFUSED_CODES = frozenset({"AccessDenied", "403"})


@dataclass(frozen=True, slots=True)
class OptionsOfDrops:
    """Gathers the options of a drop's table."""

    s3: "S3Client"
    settings: TableSettings

    def of(self, drop: Drop, fields: tuple[str, ...]) -> TableOptions:
        """The options for a model with these text fields: what stands nearest to the file counts.

        The drop's object metadata goes before `columns.yaml` in its folder, that before the
        settings. Raises `AwsBusy`, `DropGone`, and `TableRefused` where either can't be understood.
        """
        options = TableOptions(
            fields=fields,
            columns={
                field: names
                for field, names in self.settings.columns_of(drop.topic).items()
                if field in (RECORD_ID, *fields)
            },
            fallback_encoding=self.settings.fallback_encoding,
            max_refused_share=self.settings.max_refused_share,
            strict=self.settings.strict,
            distinct_window=self._distinct_window(drop),
        )
        beside = self._columns_file(drop)
        if beside is not None:
            options = options_of_file(beside, options)
        return options_of_metadata(self._metadata(drop), options)

    def _distinct_window(self, drop: Drop) -> int:
        sends_once = self.settings.distinct_texts and drop.size <= MOST_SENT_ONCE_BYTES
        return WINDOW_ROWS if sends_once else 0

    def _columns_file(self, drop: Drop) -> bytes | None:
        folder, slash, _ = drop.key.rpartition("/")
        key = f"{folder}{slash}{COLUMNS_FILE}"
        with aws_busy_as_try_again():
            try:
                answer = self.s3.get_object(Bucket=drop.bucket, Key=key)
            except ClientError as error:
                if code_of(error) not in ABSENT_CODES:
                    raise
                return None
            return answer["Body"].read(MAX_FILE_BYTES + 1)  # more is refused by its reader

    def _metadata(self, drop: Drop) -> dict[str, str]:
        with aws_busy_as_try_again():
            try:
                head = self.s3.head_object(
                    Bucket=drop.bucket, Key=drop.key, VersionId=drop.version_id
                )
            except ClientError as error:
                if code_of(error) not in ABSENT_CODES | REFUSED_CODES:
                    raise
                raise DropGone(
                    f"S3 refuses to give s3://{drop.bucket}/{drop.key} (version "
                    f"{drop.version_id}): it was deleted, or Pipeline may not read it; drop the "
                    "file again, and if that fails too, check the drop bucket's policy and key"
                ) from None
        return head["Metadata"]
