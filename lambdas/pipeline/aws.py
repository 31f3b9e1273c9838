"""How AWS is called: time limits, retries, a quick start, and its errors in Pipeline's words."""

from pathlib import Path

import botocore.session
from botocore.config import Config
from botocore.loaders import Loader

from pipeline.errors import AwsBusy
from shared.aws_errors import busy_raises


class ListedByName(Loader):
    """A loader that takes every folder of botocore's data for a service.

    botocore itself looks into each of 400 folders before it reads the one that is wanted, and
    again for each kind of file: a tenth of a cold start (`make bench-starts`). That a file is
    not there it then says in other words, which nothing here relies on.
    """

    def list_available_services(self, type_name: str) -> list[str]:  # noqa: ARG002  botocore's
        places = [path for path in map(Path, self.search_paths) if path.is_dir()]
        return sorted({each.name for path in places for each in path.iterdir()})


def session() -> botocore.session.Session:
    """A session of botocore that has such a loader."""
    made = botocore.session.Session()
    made.register_component("data_loader", ListedByName())
    return made


AWS = Config(
    connect_timeout=5,  # seconds; ours
    read_timeout=20,  # seconds; a call that hangs must not take all of a function's time; ours
    retries={"mode": "standard", "total_max_attempts": 4},  # the state machine retries beyond
)


S3 = AWS.merge(
    Config(
        signature_version="s3v4",
        max_pool_connections=16,
        read_timeout=60,
        # TLS guards the bytes on their way, and each part's CRC-32 is signed: a SHA-256 of every
        # body for its signature would cost as much again as sending it (measured).
        # In us-east-1 botocore would take the global host: another one than in every other region.
        s3={"payload_signing_enabled": False, "us_east_1_regional_endpoint": "regional"},
    )
)

aws_busy_as_try_again = busy_raises(AwsBusy)
"""A context that turns throttling, broken connections and faults of AWS into `AwsBusy`."""
