"""What the functions logged last: the first thing to look at when a drop did not make it."""

from localcloud.cloud import LocalCloud

_PREFIX = "/aws/"
_PAGE = 1000  # events; CloudWatch Logs gives no more than 10,000 at once


def last_lines(cloud: LocalCloud, *, since_ms: int, count: int = 20) -> tuple[str, ...]:
    """The newest `count` lines of every function's log group since `since_ms` (epoch)."""
    logs = cloud.logs()
    seen: list[tuple[int, str]] = []
    for page in logs.get_paginator("describe_log_groups").paginate():
        for group in page["logGroups"]:
            events = logs.filter_log_events(
                logGroupName=group["logGroupName"], startTime=since_ms, limit=_PAGE
            )["events"]
            name = group["logGroupName"].removeprefix(_PREFIX)
            seen += [(e["timestamp"], f"{name}: {e['message'].strip()}") for e in events]
    return tuple(text[:400] for _, text in sorted(seen)[-count:])
