"""The other thing a user would write: boto3's file transfers (s3transfer), over a temporary file.

    python -m bench.temporary_file submit|collect '{"endpoint_url": …}'

Nothing is checked; and the whole file must fit on the function's disk.
"""

import json
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

import boto3
import requests
from botocore.config import Config

from bench.streams.naive import BLOCK_BYTES, HEADERS


def main(what: str, places: dict[str, Any]) -> None:
    path_style = Config(s3={"addressing_style": "path"})
    s3 = boto3.client("s3", endpoint_url=places["endpoint_url"], config=path_style)
    bucket, key = places["bucket"], places["key"]
    with tempfile.TemporaryDirectory(dir=os.environ["BENCH_TEMPORARY"]) as folder:
        file = Path(folder) / "file"
        if what == "submit":
            s3.download_file(bucket, key, str(file))
            with file.open("rb") as opened:
                requests.put(
                    places["presigned_url"], data=opened, headers=HEADERS, timeout=600
                ).raise_for_status()
        else:
            with requests.get(places["presigned_url"], stream=True, timeout=600) as response:
                response.raise_for_status()
                with file.open("wb") as opened:
                    shutil.copyfileobj(response.raw, opened, BLOCK_BYTES)
            s3.upload_file(str(file), bucket, key)


if __name__ == "__main__":
    main(sys.argv[1], json.loads(sys.argv[2]))
