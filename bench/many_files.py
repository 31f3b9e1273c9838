"""Drops many small files at once into the kept local cloud, some of them bad, and counts.

    make up
    PYTHONPATH=lambdas .venv/bin/python -m bench.many_files --files 1000 --bad 20

Prints how long it took, how each drop ended, whether each was told exactly once, and how many
executions carried them; exits with 1 where a drop was lost, or told twice, or ended otherwise than
its file deserves.
"""

import argparse
import json
import sys
import time
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from dropcoder.deployed.notifications import Subscription, subscribed
from localcloud.cloud import LocalCloud
from localcloud.places import Place
from localcloud.state import kept_cloud
from pipeline.domain.identity import drop_id

TITLES = ("registered nurse", "primary school teacher", "truck driver", "plumber", "actuary")
BAD = b'{"recordId": "1", "occp_text": "a field is missing"}\n'
PUTS_AT_ONCE = 8
SILENT_SECONDS = 300  # after so long without a message, the rest is given up


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.many_files", description=__doc__)
    parser.add_argument("--files", type=int, default=1000)
    parser.add_argument("--bad", type=int, default=20, help="how many of them are faulty")
    parser.add_argument("--records", type=int, default=5, help="lines of a good file")
    chosen = parser.parse_args(arguments)
    cloud = kept_cloud(Place.named("up"))
    every = chosen.files // chosen.bad if chosen.bad else chosen.files + 1
    files = {
        f"anzsco/{uuid.uuid4().hex[:8]}/{n}.jsonl": _records(n, chosen.records)
        if n % every
        else BAD
        for n in range(chosen.files)
    }
    with subscribed(
        cloud.clients, cloud.pipeline, name=f"many-{uuid.uuid4().hex[:12]}"
    ) as subscription:
        started = time.monotonic()
        deserved = _dropped(cloud, files)
        print(f"dropped {len(deserved):,} files in {time.monotonic() - started:.0f} s", flush=True)
        told = _told(subscription, deserved)
        print(f"told of {len(told):,} in {time.monotonic() - started:.0f} s")
    return _judged(cloud, deserved, told)


def _records(number: int, count: int) -> bytes:
    lines = (
        {"recordId": f"{number}-{n}", "occp_text": TITLES[(number + n) % len(TITLES)]}
        for n in range(count)
    )
    return b"".join(json.dumps({**line, "tasks_text": ""}).encode() + b"\n" for line in lines)


def _dropped(cloud: LocalCloud, files: dict[str, bytes]) -> dict[str, str]:
    """The status that each drop deserves, by its id."""
    s3, bucket = cloud.s3(), cloud.pipeline.drop_bucket

    def put(item: tuple[str, bytes]) -> tuple[str, str]:
        key, content = item
        version = s3.put_object(Bucket=bucket, Key=key, Body=content)["VersionId"]
        return drop_id(bucket, key, version), "rejected" if content == BAD else "complete"

    with ThreadPoolExecutor(PUTS_AT_ONCE) as together:
        return dict(together.map(put, files.items()))


def _told(subscription: Subscription, deserved: dict[str, str]) -> dict[str, list[str]]:
    """The statuses that were told of each drop."""
    told: dict[str, list[str]] = {}
    heard = time.monotonic()
    while len(told) < len(deserved) and time.monotonic() - heard < SILENT_SECONDS:
        for message in subscription.receive():
            told.setdefault(message.drop_id, []).append(message.status)
            heard = time.monotonic()
    while messages := subscription.receive():  # what comes beyond
        for message in messages:
            told.setdefault(message.drop_id, []).append(message.status)
    return told


def _judged(cloud: LocalCloud, deserved: dict[str, str], told: dict[str, list[str]]) -> int:
    wrong = {
        each: told.get(each) for each, status in deserved.items() if told.get(each) != [status]
    }
    pages = cloud.stepfunctions().get_paginator("list_executions")
    machine = cloud.pipeline.state_machine
    names = [
        execution["name"]
        for page in pages.paginate(stateMachineArn=machine)
        for execution in page["executions"]
    ]
    print(f"ended: {dict(Counter(status for all_ in told.values() for status in all_))}")
    print(f"executions in this cloud so far: {len(names):,}")
    print(f"lost, told twice, or ended otherwise than deserved: {len(wrong)}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
