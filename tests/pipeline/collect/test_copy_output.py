from concurrent.futures import Future
from typing import Any

import pytest

from pipeline.collect.copy_output import CHECKPOINT_PARTS, UPLOADS_AT_ONCE, PendingUploads
from pipeline.ledger.parts import PartLease
from pipeline.storage.multipart import UploadGone
from pipeline.validation.output_lines import OutputScan

LINE = b'{"recordId": "a", "result": {}}\n'


class Written:
    """Takes the place of a lease, and remembers how far its checkpoints reach."""

    def __init__(self) -> None:
        self.offsets: list[int] = []

    def checkpoint(self, collection: dict[str, Any]) -> None:
        assert collection["upload_id"] == "u"
        self.offsets.append(collection["scan"]["offset"] // len(LINE))


def _upload(error: Exception | None = None) -> Future[None]:
    put: Future[None] = Future()
    if error:
        put.set_exception(error)
    else:
        put.set_result(None)
    return put


def _pending(written: Written) -> PendingUploads:
    lease: PartLease = written  # type: ignore[assignment]
    return PendingUploads(lease, {"upload_id": "u"})


def should_write_a_checkpoint_every_few_parts_and_one_at_the_end() -> None:
    written, scan = Written(), OutputScan()
    uploads = _pending(written)
    for _ in range(2 * CHECKPOINT_PARTS + 3):
        scan.add(LINE)
        uploads.add(_upload(), scan)
    uploads.wait_for_all()
    uploads.wait_for_all()

    assert written.offsets == [CHECKPOINT_PARTS, 2 * CHECKPOINT_PARTS, 2 * CHECKPOINT_PARTS + 3]


def should_write_no_checkpoint_after_a_part_that_was_not_stored() -> None:
    written, scan = Written(), OutputScan()
    uploads = _pending(written)
    for error in (*[None] * CHECKPOINT_PARTS, UploadGone()):
        scan.add(LINE)
        uploads.add(_upload(error), scan)

    with pytest.raises(UploadGone):
        uploads.wait_for_all()
    assert written.offsets == [CHECKPOINT_PARTS]


def should_not_wait_while_fewer_uploads_are_under_way_than_may_be() -> None:
    scan, uploads = OutputScan(), _pending(Written())
    scan.add(LINE)
    for _ in range(UPLOADS_AT_ONCE - 1):
        uploads.add(Future(), scan)  # never ends: waiting for it would not end
