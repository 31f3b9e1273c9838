"""A file that the review page has exported, dropped back below `<topic>/reviewed/`.

It is not coded: finish merges it into the table of the drop that it reviews.
"""

from dataclasses import dataclass

from pipeline.domain.drop import Drop
from pipeline.observability import logger
from pipeline.storage.block_reader import BlockReader
from pipeline.storage.object_source import ObjectSource
from tables.review.reviewed_file import MOST_BYTES, begins_like_one, read_reviewed

FOLDER = "reviewed"
_HEAD_BYTES = 64


@dataclass(frozen=True, slots=True)
class ReviewedFiles:
    """Tells such files from tables that somebody keeps in a folder of that name."""

    reader: BlockReader

    def drop_of(self, drop: Drop) -> str | None:
        """The id of the drop that the dropped file reviews; None: it is a table to be coded.

        Raises `TableRefused` for a damaged one, and as `BlockReader` does.
        """
        topic, *folders = drop.key.split("/")[:-1]
        is_there = topic == drop.topic and folders[:1] == [FOLDER]
        if not is_there or not 0 < drop.size <= MOST_BYTES:
            return None
        source = ObjectSource(self.reader, drop.dropped)
        if not begins_like_one(source.read(0, min(_HEAD_BYTES, drop.size) - 1)):
            return None
        content = source.read(0, drop.size - 1)
        reviews = read_reviewed(content, drop.key.rpartition("/")[2]).drop_id
        # What it names is anybody's text until finish has looked for it.
        logger.info("took in a review", extra={"drop_id": drop.drop_id})
        return reviews
