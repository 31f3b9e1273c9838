from concurrent.futures import Future
from typing import Any

import pytest

from pipeline.collect.copy_output import CHECKPOINT_PARTS, PUTS, Puts
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


def _put(error: Exception | None = None) -> Future[None]:
    put: Future[None] = Future()
    if error:
        put.set_exception(error)
    else:
        put.set_result(None)
    return put


def _puts(written: Written) -> Puts:
    lease: PartLease = written  # type: ignore[assignment]
    return Puts(lease, {"upload_id": "u"})


def should_write_a_checkpoint_every_few_parts_and_one_at_the_end() -> None:
    written, scan = Written(), OutputScan()
    puts = _puts(written)
    for _ in range(2 * CHECKPOINT_PARTS + 3):
        scan.add(LINE)
        puts.add(_put(), scan)
    puts.settle()
    puts.settle()

    assert written.offsets == [CHECKPOINT_PARTS, 2 * CHECKPOINT_PARTS, 2 * CHECKPOINT_PARTS + 3]


def should_vouch_for_no_part_that_was_not_put() -> None:
    written, scan = Written(), OutputScan()
    puts = _puts(written)
    for error in (*[None] * CHECKPOINT_PARTS, UploadGone()):
        scan.add(LINE)
        puts.add(_put(error), scan)

    with pytest.raises(UploadGone):
        puts.settle()
    assert written.offsets == [CHECKPOINT_PARTS]


def should_not_wait_while_fewer_parts_are_put_than_may_be_at_once() -> None:
    scan, puts = OutputScan(), _puts(Written())
    scan.add(LINE)
    for _ in range(PUTS - 1):
        puts.add(Future(), scan)  # is never put: waiting for it would not end
