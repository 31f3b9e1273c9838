"""One PUT of a part to its presigned URL.

S3 makes the object when the last byte of the declared length has come, and not before. So a body
that can't be finished (a faulty line, no time, a lost lease) closes the connection, and the
operation has no input.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import IO, cast

import urllib3
from urllib3.util import SKIP_HEADER

from pipeline.presigned import PresignedHosts, StorageAnswer, Verdict
from protocol.messages import CreatedOperation

LOST = StorageAnswer(Verdict.BUSY, "the connection was lost")


class OutOfTime(Exception):
    """The function's time limit is too near to go on."""


@dataclass(slots=True)
class UploadBody:
    """The bytes of one PUT, as urllib3 reads them.

    `before_last` is called when the last piece is about to be given out: raising there keeps the
    object from coming to be. `has_time` is asked before every piece. `blocks` must hold `length`
    bytes together.
    """

    blocks: Iterator[bytes] = field(repr=False)
    length: int
    before_last: Callable[[], None]
    has_time: Callable[[], bool]
    _block: memoryview = field(default=memoryview(b""), init=False, repr=False)
    _sent: int = field(default=0, init=False)

    def read(self, size: int = -1) -> memoryview:
        """At most `size` bytes (all of a block where negative); empty at the end."""
        if not self._block:
            self._block = memoryview(next(self.blocks, b""))
        if not self.has_time():
            raise OutOfTime
        piece = self._block if size < 0 else self._block[:size]
        self._block = self._block[len(piece) :]
        self._sent += len(piece)
        if piece and self._sent == self.length:
            self.before_last()
        return piece


@dataclass(frozen=True, slots=True)
class Uploader:
    """Sends bodies to presigned URLs."""

    pool: urllib3.PoolManager
    hosts: PresignedHosts

    def put(self, operation: CreatedOperation, body: UploadBody) -> StorageAnswer:
        """Sends the body as the operation's input; the storage's answer, or `LOST`.

        Raises `AddressRefused`, and whatever the body raises, the connection closed.
        """
        self.hosts.check(operation.request_upload_url)
        try:
            response = self.pool.request(
                "PUT",
                operation.request_upload_url,
                body=cast("IO[bytes]", body),  # urllib3 only ever reads it
                headers={
                    "Content-Length": str(body.length),
                    # Signed with the URL: S3 refuses any other, and any further, x-amz header.
                    "x-amz-server-side-encryption": "aws:kms",
                    "x-amz-server-side-encryption-aws-kms-key-id": operation.bucket_kms_key_arn,
                    # The documented headers and no others: urllib3 would add these.
                    "Accept-Encoding": SKIP_HEADER,
                    "User-Agent": SKIP_HEADER,
                },
                redirect=False,
                preload_content=False,
            )
        except urllib3.exceptions.HTTPError:
            # Its text holds the URL: nothing of it is told.
            return LOST
        answer = StorageAnswer.of(response)
        if answer.verdict is not Verdict.DONE:
            response.close()  # the body may not have been read to its end
        response.release_conn()
        return answer
