"""An operation's output, made of what an engine gave and put in parts, in steps that resume."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Self

from pipeline.engines.base import Keep, restarts_after
from pipeline.engines.exchange_bucket import ExchangeBucket
from pipeline.errors import StorageBusy
from pipeline.storage.multipart import UploadGone
from pipeline.storage.results_bucket import FileChanged

MadeFrom = Callable[[int, int], Iterator[tuple[bytes, int, int]]]
"""Takes the lines and the bytes of the source that are dealt with, and gives the output from there
on: pieces, each with the lines and the bytes that are dealt with behind it."""


@dataclass(slots=True, kw_only=True)
class _Progress:
    """A checkpoint: how much of the source is in the parts that were put."""

    etag: str
    """The ETag of the source."""
    upload_id: str
    parts: int = 0
    bytes: int = 0
    lines: int = 0
    offset: int = 0
    """How many bytes of the source are dealt with."""
    restarts: int = 0
    """How often it began anew as the source, or what was made of it, had changed."""

    @classmethod
    def of(cls, kept: Mapping[str, Any], etag: str) -> Self | None:
        return cls(**kept) if kept.get("etag") == etag else None


@dataclass(slots=True, kw_only=True)
class ResumedOutput:
    """Makes one object; `run` takes up where the last checkpoint ended."""

    exchange: ExchangeBucket
    key: str
    keep: Keep
    has_time: Callable[[], bool]
    _made: bytearray = field(default_factory=bytearray, init=False, repr=False)
    _restarts: int = field(default=0, init=False)

    def run(self, kept: Mapping[str, Any] | None, etag: str, made_from: MadeFrom) -> bool:
        """Whether the output is there; False where no time was left to finish it.

        `etag` is that of the source. Raises `ResultsMismatch`, `StorageBusy`, `AwsBusy`, and what
        `made_from` raises; its `FileChanged` becomes `StorageBusy`.
        """
        kept = kept or {}
        self._restarts = kept.get("restarts", 0)
        done = _Progress.of(kept, etag)
        if done is None and "upload_id" in kept:  # it was made of another source
            self.exchange.files.abort(self.key, kept["upload_id"])
            self._restarts = restarts_after(self._restarts)
        try:
            return self._run(done, etag, made_from)
        except (FileChanged, UploadGone):
            self.keep({"restarts": restarts_after(self._restarts)})
            raise StorageBusy(
                "what the engine gave, or what was made of it, changed meanwhile; starting over"
            ) from None

    def _run(self, done: _Progress | None, etag: str, made_from: MadeFrom) -> bool:
        begun = (0, 0) if done is None else (done.lines, done.offset)
        for made, lines, offset in made_from(*begun):
            self._made += made
            if len(self._made) >= self.exchange.part_bytes:
                done = self._put(done, etag)
                done.lines, done.offset = lines, offset
                self.keep(asdict(done))
                if not self.has_time():
                    return False
        self._finish(done, etag)
        return True

    def _put(self, done: _Progress | None, etag: str) -> _Progress:
        """The next part; a part that was put after the last checkpoint is put again."""
        if done is None:
            begun = self.exchange.files.begin(self.key)
            done = _Progress(etag=etag, upload_id=begun, restarts=self._restarts)
        done.parts += 1
        done.bytes += len(self._made)
        self.exchange.files.put_part(self.key, done.upload_id, done.parts, bytes(self._made))
        self._made.clear()
        return done

    def _finish(self, done: _Progress | None, etag: str) -> None:
        if done is None:
            self.exchange.files.put(self.key, bytes(self._made))
            return
        if self._made:
            done = self._put(done, etag)
        self.exchange.files.complete(self.key, done.upload_id, count=done.parts, total=done.bytes)
