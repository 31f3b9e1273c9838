"""What a part of a multipart upload is guarded by on its way."""

import zlib
from base64 import b64encode
from typing import Any

import boto3

from pipeline.aws import S3
from pipeline.storage.multipart import MultipartFiles
from tests.support.pipeline.clouds import RESULTS, cloud

KEY = "topic/file/output.jsonl"
CONTENT = b"a part" * 1000


def should_send_the_checksum_that_is_known_and_hash_nothing_again() -> None:
    sent: dict[str, Any] = {}
    with cloud():
        s3 = boto3.client("s3", config=S3, region_name="ap-southeast-2")
        s3.meta.events.register(
            "before-send.s3.UploadPart", lambda request, **_: sent.update(request.headers)
        )
        files = MultipartFiles(s3, RESULTS)
        upload = files.begin(KEY)
        files.put_part(KEY, upload, 1, CONTENT, checksum=zlib.crc32(CONTENT))

        assert files.part_sizes(KEY, upload) == {1: len(CONTENT)}
    known = b64encode(zlib.crc32(CONTENT).to_bytes(4, "big"))
    assert sent["x-amz-checksum-crc32"] in (known, known.decode())
    assert sent["X-Amz-Content-SHA256"] in (b"UNSIGNED-PAYLOAD", "UNSIGNED-PAYLOAD")
    assert "Content-Encoding" not in sent  # no frames of aws-chunked around the bytes
