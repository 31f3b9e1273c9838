"""The body of a request to `endpoint`: of a length, or in the chunks of HTTP and of AWS SDKs."""

import socket
from dataclasses import dataclass

HEAD_BYTES = 64 << 10  # a request's head has at most so much; ours
BLOCK_BYTES = 1 << 20  # of one read or write; ours
CRLF = b"\r\n"


class Unserved(Exception):
    """A request that is answered with an error; the text is S3's code."""

    def __init__(self, status: int, code: str) -> None:
        super().__init__(code)
        self.status = status


@dataclass(frozen=True, slots=True)
class Request:
    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    """By lower-case name."""

    def body(self, stream: "Stream") -> "Stream":
        """What of the connection's stream is the body's content."""
        framed = "aws-chunked" in self.headers.get("content-encoding", "")
        if "chunked" in self.headers.get("transfer-encoding", ""):
            if not framed:
                raise Unserved(501, "NotImplemented")  # as S3 answers
            return Frames(Frames(stream))
        whole = Limited(stream, int(self.headers.get("content-length", 0)))
        return Frames(whole) if framed else whole


class Stream:
    """Bytes that come by and by."""

    def __init__(self) -> None:
        self._ahead = b""
        """Read, but not taken."""

    def _more(self, limit: int) -> bytes | memoryview:
        """At least a byte and at most `limit`; empty at the end."""
        raise NotImplementedError

    def take(self, limit: int = BLOCK_BYTES) -> bytes | memoryview:
        """As `_more`; valid until the next call."""
        if self._ahead:
            taken, self._ahead = self._ahead[:limit], self._ahead[limit:]
            return taken
        return self._more(limit)

    def until(self, mark: bytes) -> bytes:
        """Up to the next `mark`, without it. Raises `ConnectionError` at the end."""
        while mark not in self._ahead:
            more = bytes(self._more(HEAD_BYTES))
            if not more or len(self._ahead) > HEAD_BYTES:
                raise ConnectionError
            self._ahead += more
        line, _, self._ahead = self._ahead.partition(mark)
        return line

    def finish(self) -> None:
        """Passes over the rest, so that the next request begins after it."""
        while self.take():
            pass


class Received(Stream):
    """What comes from a socket."""

    def __init__(self, connection: socket.socket) -> None:
        super().__init__()
        self._socket = connection
        self._buffer = memoryview(bytearray(BLOCK_BYTES))

    def _more(self, limit: int) -> memoryview:
        count = self._socket.recv_into(self._buffer, min(limit, BLOCK_BYTES))
        return self._buffer[:count]

    def finish(self) -> None:
        """A connection's end is not waited for."""

    def until_the_end(self) -> None:
        """Passes over a body that nobody wants: closing on it would take our answer with it."""
        while self._more(BLOCK_BYTES):
            pass


class Limited(Stream):
    """The next `length` bytes of a stream."""

    def __init__(self, stream: Stream, length: int) -> None:
        super().__init__()
        self._stream, self._left = stream, length

    def _more(self, limit: int) -> bytes | memoryview:
        if not self._left:
            return b""
        taken = self._stream.take(min(limit, self._left))
        if not taken:
            raise ConnectionError
        self._left -= len(taken)
        return taken


class Frames(Stream):
    """The content of frames, `<hex length>;…CRLF<bytes>CRLF`, up to the one of length 0.

    HTTP's chunks and S3's `aws-chunked` look so; the trailers that follow are passed over.
    """

    def __init__(self, stream: Stream) -> None:
        super().__init__()
        self._stream = stream
        self._frame: Limited | None = None
        self._ended = False

    def _more(self, limit: int) -> bytes | memoryview:
        if self._ended:
            return b""
        if self._frame is not None:
            if taken := self._frame.take(limit):
                return taken
            self._stream.until(CRLF)
        if size := int(self._stream.until(CRLF).partition(b";")[0], 16):
            self._frame = Limited(self._stream, size)
            return self._frame.take(limit)
        self._ended = True
        while self._stream.until(CRLF):
            pass
        self._stream.finish()
        return b""
