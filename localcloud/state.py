"""What `make up` leaves behind for `make down`, `make env` and what uses it."""

import json
from dataclasses import dataclass
from pathlib import Path

from localcloud.cloud import LocalCloud
from localcloud.environment import Reach
from localcloud.errors import NothingRuns
from localcloud.places import Place
from localcloud.server import Server, is_ours


@dataclass(frozen=True, slots=True)
class KeptServer:
    """The server that `make up` started, as recorded."""

    group: int
    reach: Reach
    deployed: bool
    """False from the start of the server until its stacks were deployed."""


def remember(place: Place, server: Server, *, deployed: bool) -> None:
    """Records a kept server; readers see the old record or the new one, never half of one."""
    record = {
        "group": server.group,
        "endpoint": server.reach.endpoint,
        "bundle": str(server.reach.bundle),
        "authority": str(server.reach.authority),
        "deployed": deployed,
    }
    fresh = place.state.with_suffix(".new")
    fresh.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    fresh.replace(place.state)


def recall(place: Place) -> KeptServer | None:
    """The recorded server, running or not; None where none is recorded, or not readably."""
    try:
        record = json.loads(place.state.read_text(encoding="utf-8"))
        return KeptServer(
            group=int(record["group"]),
            reach=Reach(
                endpoint=str(record["endpoint"]),
                bundle=Path(record["bundle"]),
                authority=Path(record["authority"]),
            ),
            deployed=bool(record["deployed"]),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def forget(place: Place) -> None:
    place.state.unlink(missing_ok=True)


def kept_reach(place: Place) -> Reach:
    """How to reach the kept cloud. Raises `NothingRuns`."""
    kept = recall(place)
    if kept is None or not is_ours(kept.group, place):
        raise NothingRuns("No local cloud is kept running.", next_step="Start one: make up")
    if not kept.deployed:
        raise NothingRuns(
            "The local cloud runs, but its stacks are not deployed.",
            next_step="Wait for `make up` to end, or start again: make down && make up",
        )
    return kept.reach


def kept_cloud(place: Place) -> LocalCloud:
    """The kept cloud. Raises `NothingRuns`."""
    return LocalCloud.from_outputs(kept_reach(place), place.outputs)
