"""Starts and stops the server of the local cloud: MiniStack under hypercorn, on loopback only.

hypercorn is called directly, because MiniStack's own command also takes port 443 under TLS.
"""

import datetime as dt
import json
import resource
import socket
import ssl
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from localcloud import guard
from localcloud.certificate import Certificate, make_certificate
from localcloud.environment import Reach, server_environment
from localcloud.errors import StartFailed
from localcloud.places import Place, Tools
from localcloud.processes import alive_in_group, command_of, stop_group

START_SECONDS = 60.0  # it takes 2 to 5; a busy machine gets more
APPLICATION = "ministack.app:app"
HEALTH = "/_ministack/health"
STOP_GRACE_SECONDS = 0.5  # it keeps nothing, so nothing is lost by not waiting for connections
_LOOK_SECONDS = 0.1
_KEEP_ALIVE_SECONDS = 75  # clients pool connections; a shorter one ends under their hands


@dataclass(frozen=True, slots=True)
class Server:
    """A running server."""

    group: int
    """The process group, and the id of the process that leads it."""
    reach: Reach


@contextmanager
def attached_server(place: Place, *, port: int | None, tools: Tools) -> Iterator[Server]:
    """A server for as long as the context lasts; a guard ends it should this process be killed."""
    command, environment, reach = _prepared(place, port=port, tools=tools)
    guarded = [str(tools.python), "-I", guard.__file__, *command]
    with place.server_log.open("wb") as log:
        process = subprocess.Popen(
            guarded,
            env=environment,
            cwd=place.root,
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=_allow_many_files,  # noqa: PLW1509  no threads run yet
        )
    try:
        _await_health(reach, process=process, log=place.server_log)
        yield Server(group=process.pid, reach=reach)
    finally:
        stop_group(process.pid, grace=STOP_GRACE_SECONDS)
        if process.stdin is not None:
            process.stdin.close()
        process.wait()


def start_detached(place: Place, *, port: int | None, tools: Tools) -> Server:
    """A server that outlives this process; `stop_detached` ends it."""
    command, environment, reach = _prepared(place, port=port, tools=tools)
    with place.server_log.open("wb") as log:
        process = subprocess.Popen(
            command,
            env=environment,
            cwd=place.root,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=_allow_many_files,  # noqa: PLW1509  no threads run yet
        )
    try:
        _await_health(reach, process=process, log=place.server_log)
    except BaseException:
        stop_group(process.pid, grace=STOP_GRACE_SECONDS)
        process.wait()
        raise
    return Server(group=process.pid, reach=reach)


def is_ours(group: int, place: Place) -> bool:
    """Whether the number still stands for the server of this place, and not for a stranger."""
    command = command_of(group)
    return command is not None and APPLICATION in command and str(place.tls) in command


def stop_detached(group: int, place: Place) -> bool:
    """Ends a kept server. False where it no longer ran; nobody else's process is touched."""
    if not is_ours(group, place):
        return False
    stop_group(group, grace=STOP_GRACE_SECONDS)
    return not alive_in_group(group)


def free_port() -> int:
    """A port on loopback that nobody listens on right now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _prepared(
    place: Place, *, port: int | None, tools: Tools
) -> tuple[list[str], dict[str, str], Reach]:
    place.made()
    port = _checked_port(port) if port is not None else free_port()
    certificate = make_certificate(place.tls, now=dt.datetime.now(dt.UTC))
    reach = Reach(
        endpoint=f"https://localhost:{port}",
        bundle=certificate.bundle,
        authority=certificate.authority,
    )
    environment = server_environment(
        reach=reach,
        port=port,
        temporary=place.temporary,
        path=f"{tools.cloud_python.parent}:/usr/local/bin:/usr/bin:/bin",
    )
    return _command(certificate, port, tools), environment, reach


def _command(certificate: Certificate, port: int, tools: Tools) -> list[str]:
    return [
        str(tools.cloud_python),
        *("-m", "hypercorn", APPLICATION),
        *("--bind", f"127.0.0.1:{port}"),
        *("--certfile", str(certificate.certificate), "--keyfile", str(certificate.key)),
        *("--workers", "0"),  # in this very process: one less to look after
        *("--keep-alive", str(_KEEP_ALIVE_SECONDS)),
        *("--log-level", "WARNING"),
    ]


def _checked_port(port: int) -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except (OSError, OverflowError) as error:
            raise StartFailed(
                f"Port {port} on 127.0.0.1 can't be used: {getattr(error, 'strerror', error)}.",
                next_step="Choose another with PORT=, or leave PORT out for a free one.",
            ) from None
    return port


def _allow_many_files() -> None:
    """A burst of connections needs more files than the usual soft limit of 1024."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(65536, hard), hard))


def _await_health(reach: Reach, *, process: subprocess.Popen[bytes], log: Path) -> None:
    trust = ssl.create_default_context(cafile=str(reach.authority))
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=trust)
    )
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise _failed_start("The local cloud's server ended while it started.", log)
        try:
            with opener.open(reach.endpoint + HEALTH, timeout=5) as answer:
                json.load(answer)
                return
        except (urllib.error.URLError, OSError, ValueError):
            time.sleep(_LOOK_SECONDS)
    raise _failed_start(f"The local cloud's server did not answer in {START_SECONDS:.0f} s.", log)


def _failed_start(message: str, log: Path) -> StartFailed:
    return StartFailed(
        message,
        next_step=f"Its whole log: {log}",
        lines=tuple(log.read_text(encoding="utf-8", errors="replace").splitlines()[-15:]),
    )
