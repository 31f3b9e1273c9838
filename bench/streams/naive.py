"""What a user would write first: boto3's StreamingBody, json.loads for each line, requests.

    python -m bench.streams.naive submit|collect '{"endpoint_url": …}'

It checks and counts the lines, without line numbers of faults, retries, resumption or checksums.
Where the obvious first version would be slower still (boto3's `iter_lines` reads 1 KB at a
time, `requests` sends a generator chunked, which S3 refuses), this one already knows better.
"""

import json
import sys
from collections.abc import Iterator
from typing import IO, Any, cast

import boto3
import requests
from botocore.config import Config

BLOCK_BYTES = 1 << 20
INPUT_FORMAT = ("occp_text", "tasks_text")
MAX_TEXT_CHARACTERS = 300
HEADERS = {
    "x-amz-server-side-encryption": "aws:kms",
    "x-amz-server-side-encryption-aws-kms-key-id": "arn:aws:kms:key",
}


class CheckedLines:
    """A file-like object that requests and boto3 read; checks each line on the way."""

    def __init__(self, lines: Iterator[bytes], length: int, check: Any) -> None:
        self._lines, self._length, self._check = lines, length, check
        self._waiting = b""

    def __len__(self) -> int:
        return self._length

    def read(self, size: int = BLOCK_BYTES) -> bytes:
        pieces, length = [self._waiting], len(self._waiting)
        for line in self._lines:
            self._check(json.loads(line))
            pieces.append(line)
            length += len(line)
            if length >= size:
                break
        joined = b"".join(pieces)
        self._waiting = joined[size:]
        return joined[:size]


def check_record(record: dict[str, str]) -> None:
    if not all(isinstance(record[name], str) for name in INPUT_FORMAT):
        raise ValueError("a field is not text")
    if sum(len(record[name]) for name in INPUT_FORMAT) > MAX_TEXT_CHARACTERS:
        raise ValueError("too much text")


def check_answer(answer: dict[str, Any]) -> None:
    if "result" not in answer and "suggestions" not in answer:
        raise ValueError("neither a result nor suggestions")


def main(what: str, places: dict[str, Any]) -> None:
    path_style = Config(s3={"addressing_style": "path"})
    s3 = boto3.client("s3", endpoint_url=places["endpoint_url"], config=path_style)
    bucket, key = places["bucket"], places["key"]
    if what == "submit":
        body = s3.get_object(Bucket=bucket, Key=key)["Body"]
        lines = body.iter_lines(chunk_size=BLOCK_BYTES, keepends=True)
        checked = CheckedLines(lines, places["length"], check_record)
        requests.put(
            places["presigned_url"], data=cast(Any, checked), headers=HEADERS, timeout=600
        ).raise_for_status()
    else:
        with requests.get(places["presigned_url"], stream=True, timeout=600) as response:
            response.raise_for_status()
            lines = (
                line + b"\n"
                for line in response.iter_lines(chunk_size=BLOCK_BYTES, delimiter=b"\n")
                if line
            )
            s3.upload_fileobj(
                cast(IO[bytes], CheckedLines(lines, places["length"], check_answer)), bucket, key
            )


if __name__ == "__main__":
    main(sys.argv[1], json.loads(sys.argv[2]))
