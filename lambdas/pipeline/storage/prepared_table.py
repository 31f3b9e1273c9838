"""What prepare found out of a drop as a table, kept for finish, which reads its rows again.

Only these two functions have the package `tables` beside them.
"""

from dataclasses import dataclass

import msgspec

from pipeline.domain.drop import StoredObject
from pipeline.errors import DropGone
from pipeline.storage.prepared_bucket import PreparedBucket
from tables.plan import TablePlan


@dataclass(frozen=True, slots=True)
class PreparedTable:
    """A table, and where its bytes are."""

    plan: TablePlan
    source: StoredObject
    """The dropped object, or its unpacked content."""

    def keep(self, bucket: PreparedBucket, key: str) -> None:
        """Keeps it as the object `key`. Raises `AwsBusy`."""
        bucket.put_json(key, msgspec.json.encode(self))

    @classmethod
    def load(cls, bucket: PreparedBucket, key: str) -> "PreparedTable":
        """Reads what was kept. Raises `AwsBusy`, and `DropGone` where it has ended by itself."""
        kept = bucket.get_json(key)
        if kept is None:
            raise DropGone(
                "the prepared form of the file was deleted, as it is kept for some weeks only; "
                "drop the file again"
            )
        return msgspec.json.decode(kept, type=cls)
