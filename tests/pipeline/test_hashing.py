import hashlib
import threading

from pipeline.hashing import OverlappedSha256


def should_hash_the_blocks_in_order() -> None:
    blocks = [bytes([number]) * 100_000 for number in range(20)]
    with OverlappedSha256() as hashing:
        for block in blocks:
            hashing.update(block)
        before_the_end = hashing.hexdigest()

    assert before_the_end == hashing.hexdigest() == hashlib.sha256(b"".join(blocks)).hexdigest()


def should_hash_nothing_when_nothing_came() -> None:
    assert OverlappedSha256().hexdigest() == hashlib.sha256().hexdigest()


def should_leave_no_thread_behind() -> None:
    with OverlappedSha256() as hashing:
        hashing.update(b"block")

    assert not [thread for thread in threading.enumerate() if "sha256" in thread.name]
