"""The storage that the measurements write to answers as S3 does, as far as they ask it."""

import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import pytest
import urllib3
from botocore.config import Config
from botocore.exceptions import ClientError

from bench.streams.storages import RESULTS, Storages, storages
from pipeline.storage.multipart import MultipartFiles, UploadGone

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PART_BYTES = 5 << 20
KEY = "output.jsonl"


@pytest.fixture(params=[False, True], ids=["plain", "tls"])
def found(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Storages]:
    with storages(tmp_path, nginx=None, tls=request.param, cores=[]) as started:
        yield started


@pytest.fixture
def s3(found: Storages) -> "S3Client":
    return boto3.client(
        "s3",
        endpoint_url=found.write_url,
        verify=None if found.ca_bundle is None else str(found.ca_bundle),
        region_name="ap-southeast-2",
        aws_access_key_id="none",
        aws_secret_access_key="none",
        config=Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 1}),
    )


def should_hold_the_bytes_when_they_come_in_parts(found: Storages, s3: "S3Client") -> None:
    files = MultipartFiles(s3, RESULTS)
    parts = [bytes([number]) * PART_BYTES for number in range(2)] + [b"rest"]
    upload = files.begin(KEY)
    for number in (2, 1, 3):
        content = parts[number - 1]
        files.put_part(KEY, upload, number, content, checksum=zlib.crc32(content))
    files.check_parts(KEY, upload, 2, PART_BYTES)
    files.complete(KEY, upload, count=3, total=2 * PART_BYTES + 4)
    assert b"".join(path.read_bytes() for path in found.copied()) == b"".join(parts)
    assert s3.head_object(Bucket=RESULTS, Key=KEY)["ContentLength"] == 2 * PART_BYTES + 4
    found.forget()
    assert found.copied() == []


def should_refuse_a_part_that_is_missing(s3: "S3Client") -> None:
    files = MultipartFiles(s3, RESULTS)
    upload = files.begin(KEY)
    with pytest.raises(UploadGone):
        files.complete(KEY, upload, count=1, total=1)


def should_give_ranges_of_the_pinned_object_only(found: Storages, s3: "S3Client") -> None:
    s3.put_object(Bucket="drops", Key="a b.jsonl", Body=b"0123456789")
    etag = s3.head_object(Bucket="drops", Key="a b.jsonl")["ETag"]
    answer = s3.get_object(Bucket="drops", Key="a b.jsonl", Range="bytes=2-4", IfMatch=etag)
    assert (answer["Body"].read(), answer["ContentRange"]) == (b"234", "bytes 2-4/10")
    with pytest.raises(ClientError, match="PreconditionFailed"):
        s3.get_object(Bucket="drops", Key="a b.jsonl", IfMatch='"other"')
    with pytest.raises(ClientError, match="NoSuchKey"):
        s3.get_object(Bucket="drops", Key="c")


def should_refuse_a_chunked_body_as_s3_does(found: Storages) -> None:
    pool = urllib3.PoolManager(ca_certs=str(found.ca_bundle) if found.ca_bundle else None)
    answer = pool.request("PUT", found.upload_url, body=iter([b"a", b"b"]), retries=False)
    assert answer.status == 501
    assert found.uploaded() == []
