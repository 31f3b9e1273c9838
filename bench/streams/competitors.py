"""Who is measured: Dropcoder's Submit and Collect, and what a user would run instead."""

import json
import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path

from bench.streams.debian_packages import program
from bench.streams.naive import HEADERS
from bench.streams.pipeline_worker import Places
from bench.streams.storages import DROPS, RESULT_KEY, RESULTS, Storages
from infra.project_files import LAMBDAS, PROJECT

AWS = PROJECT / ".venv-bench" / "bin" / "aws"


class Side(StrEnum):
    """Which half of a file's journey."""

    SUBMIT = "submit"
    COLLECT = "collect"


class Name(StrEnum):
    """Competitors, as the tables name them."""

    DROPCODER = "Dropcoder"
    BARE = "bare pipe"
    NAIVE = "script with json.loads"
    AWS = "aws s3 cp"
    TEMPORARY_FILE = "temporary file"
    RCLONE = "rclone"


WHAT = {
    (Side.SUBMIT, Name.DROPCODER): "shipped classes: ranged reads, every line checked, one PUT",
    (Side.SUBMIT, Name.BARE): "the same reads and PUT, without a look at the lines",
    (Side.SUBMIT, Name.NAIVE): "boto3 StreamingBody, `json.loads` a line, `requests.put`",
    (Side.SUBMIT, Name.AWS): "`aws s3 cp … -` piped to `curl -T -`; nothing checked",
    (Side.SUBMIT, Name.TEMPORARY_FILE): "`download_file`, then `requests.put`; nothing checked",
    (Side.SUBMIT, Name.RCLONE): "`rclone cat` piped to `curl -T -`; nothing checked",
    (Side.COLLECT, Name.DROPCODER): "shipped classes: ranged reads, lines counted, checksums",
    (Side.COLLECT, Name.NAIVE): "`requests` stream, `json.loads` a line, `upload_fileobj`",
    (Side.COLLECT, Name.AWS): "`curl` piped to `aws s3 cp - …`; nothing checked",
    (
        Side.COLLECT,
        Name.TEMPORARY_FILE,
    ): "`requests` to a file, then `upload_file`; nothing checked",
    (Side.COLLECT, Name.RCLONE): "`curl` piped to `rclone rcat`; nothing checked",
}


@dataclass(frozen=True, slots=True)
class Competitor:
    """Commands that run as one pipe."""

    side: Side
    name: Name
    commands: tuple[tuple[str, ...], ...]

    @property
    def what(self) -> str:
        return WHAT[self.side, self.name]


def competitors(found: Storages, file: Path, *, quick: bool) -> list[Competitor]:
    """All that this machine has the programs for, for one file of `drops` or `service`.

    `quick` leaves only those that need nothing but Python.
    """
    side = Side.SUBMIT if file.parent.name == DROPS else Side.COLLECT
    places = _places(found, file, side)
    described = json.dumps(asdict(places))
    python = (sys.executable, "-m")
    ours = (*python, "bench.streams.pipeline_worker")
    made = [Competitor(side, Name.DROPCODER, ((*ours, side, described),))]
    if side is Side.SUBMIT:
        made.append(Competitor(side, Name.BARE, ((*ours, "bare", described),)))
    for name, module in ((Name.NAIVE, "naive"), (Name.TEMPORARY_FILE, "temporary_file")):
        made.append(
            Competitor(side, name, ((*python, f"bench.streams.{module}", side, described),))
        )
    if not quick:
        made += _tools(places, side)
    return made


def _places(found: Storages, file: Path, side: Side) -> Places:
    submit = side is Side.SUBMIT
    return Places(
        endpoint_url=found.read_url if submit else found.write_url,
        bucket=DROPS if submit else RESULTS,
        key=file.name if submit else RESULT_KEY,
        etag=found.etag(file.parent.name, file.name),
        length=file.stat().st_size,
        presigned_url=found.upload_url if submit else found.download_url(file.name),
        ca_bundle=None if found.ca_bundle is None else str(found.ca_bundle),
    )


def _tools(places: Places, side: Side) -> list[Competitor]:
    """Pipes of command line tools; S3 takes no chunked body, so curl is told the length."""
    curl, rclone = shutil.which("curl"), program("rclone")
    if curl is None:
        return []
    quiet: tuple[str, ...] = (curl, "--fail", "--silent", "--show-error")
    if places.ca_bundle is not None:
        quiet += ("--cacert", places.ca_bundle)
    length = str(places.length)
    named = [f"{name}: {value}" for name, value in HEADERS.items()]
    headers = [f"Content-Length: {length}", "Transfer-Encoding:", "Expect:", *named]
    options = [word for header in headers for word in ("--header", header)]
    put = (*quiet, *options, "--upload-file", "-", places.presigned_url)
    get = (*quiet, places.presigned_url)
    where = f"{places.bucket}/{places.key}"
    made: list[Competitor] = []
    pipe: tuple[tuple[str, ...], ...]
    if AWS.exists():
        aws = (str(AWS), "--endpoint-url", places.endpoint_url, "s3", "cp")
        if side is Side.SUBMIT:
            pipe = ((*aws, f"s3://{where}", "-"), put)
        else:
            pipe = (get, (*aws, "--expected-size", length, "-", f"s3://{where}"))
        made.append(Competitor(side, Name.AWS, pipe))
    if rclone is not None:
        # It finds certificates by SSL_CERT_FILE, and stumbles over AWS_CA_BUNDLE.
        call = ("env", "--unset=AWS_CA_BUNDLE", rclone, "--config", os.devnull)
        if side is Side.SUBMIT:
            pipe = ((*call, "--no-traverse", "cat", f"bench:{where}"), put)
        else:
            pipe = (get, (*call, "rcat", f"bench:{where}"))
        made.append(Competitor(side, Name.RCLONE, pipe))
    return made


def environment(found: Storages, temporary: Path) -> Mapping[str, str]:
    """What every competitor runs with: keys that nobody checks, addresses, certificates."""
    variables = {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(temporary),  # nobody's own settings take part
        "PYTHONPATH": os.pathsep.join([str(PROJECT), str(LAMBDAS)]),
        "BENCH_TEMPORARY": str(temporary),
        "AWS_ACCESS_KEY_ID": "none",
        "AWS_SECRET_ACCESS_KEY": "none",
        "AWS_DEFAULT_REGION": "ap-southeast-2",
        "AWS_EC2_METADATA_DISABLED": "true",
        "RCLONE_CONFIG_BENCH_TYPE": "s3",
        "RCLONE_CONFIG_BENCH_PROVIDER": "Other",
        "RCLONE_CONFIG_BENCH_ENV_AUTH": "true",
        "RCLONE_CONFIG_BENCH_REGION": "ap-southeast-2",
        "RCLONE_CONFIG_BENCH_NO_CHECK_BUCKET": "true",
    }
    if found.ca_bundle is not None:
        bundle = str(found.ca_bundle)
        variables |= dict.fromkeys(
            ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "RCLONE_CA_CERT"), bundle
        )
    return variables
