"""A place where streams can be stopped midway: passes connections on, up to so many bytes."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

LOOPBACK = "127.0.0.1"
_BLOCK_BYTES = 16 << 10


@dataclass(slots=True)
class CutOffProxy:
    """Listens on loopback and passes on to another port there; TLS goes through as it is.

    Once one direction of a connection has had its bytes, the proxy is closed: what is on its way
    stays on its way until the sender is gone.
    """

    target: int
    """A port on loopback."""
    out_bytes: int | None = None
    """From those who connect; None lets all through."""
    back_bytes: int | None = None
    """To those who connect."""
    closed: threading.Event = field(default_factory=threading.Event)
    """Set when a connection has had its bytes."""
    _listener: socket.socket = field(init=False)
    _open: list[socket.socket] = field(default_factory=list)
    _threads: list[threading.Thread] = field(default_factory=list)
    _over: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self._listener = socket.create_server((LOOPBACK, 0))

    @property
    def port(self) -> int:
        return int(self._listener.getsockname()[1])

    def serve(self) -> None:
        """Takes connections until `end`."""
        while not self._over.is_set():
            try:
                near, _ = self._listener.accept()
            except OSError:  # closed by `end`
                return
            far = socket.create_connection((LOOPBACK, self.target))
            self._open += [near, far]
            self._start(self._pass_on, near, far, self.out_bytes)
            self._start(self._pass_on, far, near, self.back_bytes)

    def end(self) -> None:
        """Closes all that is open."""
        self._over.set()
        for each in (self._listener, *self._open):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)  # wakes whoever waits for it
        for thread in self._threads:
            thread.join()
        for each in (self._listener, *self._open):
            each.close()

    def start(self) -> None:
        self._start(self.serve)

    def _start(self, target: object, *arguments: object) -> None:
        thread = threading.Thread(target=target, args=arguments, daemon=True)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _pass_on(self, source: socket.socket, sink: socket.socket, limit: int | None) -> None:
        passed = 0
        with suppress(OSError):
            while block := source.recv(_BLOCK_BYTES):
                passed += len(block)
                if limit is not None and passed > limit:
                    self.closed.set()
                    self._over.wait()
                    return
                sink.sendall(block)
            sink.shutdown(socket.SHUT_WR)


@contextmanager
def proxy(
    target: int, *, out_bytes: int | None = None, back_bytes: int | None = None
) -> Iterator[CutOffProxy]:
    """A proxy for as long as the context lasts."""
    made = CutOffProxy(target, out_bytes, back_bytes)
    made.start()
    try:
        yield made
    finally:
        made.end()
