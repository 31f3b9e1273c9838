import hashlib
import threading

from pipeline.validation.checksums import WORTH_A_THREAD, OverlappedSha256


def should_hash_the_blocks_in_order() -> None:
    blocks = [bytes([number]) * (2 * WORTH_A_THREAD if number % 3 else 7) for number in range(20)]
    with OverlappedSha256() as hashing:
        for block in blocks:
            hashing.update(block)
        before_the_end = hashing.hexdigest()

    assert before_the_end == hashing.hexdigest() == hashlib.sha256(b"".join(blocks)).hexdigest()


def should_hash_nothing_when_nothing_came() -> None:
    assert OverlappedSha256().hexdigest() == hashlib.sha256().hexdigest()


def should_leave_no_thread_behind() -> None:
    with OverlappedSha256() as hashing:
        hashing.update(b"x" * WORTH_A_THREAD)

    assert not [thread for thread in threading.enumerate() if "sha256" in thread.name]
