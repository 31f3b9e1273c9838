"""The results of a batch prediction as one object of lines of output, made in steps that resume.

What is read of a gzip file can't be taken up in its middle, so who resumes inflates again what was
dealt with before, without reading its rows: a tenth of the work.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Self

from pipeline.engines.amazon_ml.bucket import INPUT, OUTPUT, ExchangeBucket
from pipeline.engines.amazon_ml.codelist import ScoreRollup
from pipeline.engines.amazon_ml.scores import LineRenderer, ScoreLines
from pipeline.engines.base import Keep, restarts_after
from pipeline.errors import ResultsGone, ResultsMismatch, StorageBusy
from pipeline.storage.multipart import UploadGone
from pipeline.storage.results_bucket import FileChanged
from shared.received_json import JsonFault

RANGE_BYTES = 8 << 20  # S3's guidance: ranged GETs of 8 to 16 MB


@dataclass(slots=True, kw_only=True)
class _Progress:
    """A checkpoint: how much of the scores is in the parts that were put."""

    etag: str
    """The ETag of the scores."""
    upload_id: str
    parts: int = 0
    bytes: int = 0
    lines: int = 0
    offset: int = 0
    """How many bytes of the scores, inflated, are dealt with."""
    restarts: int = 0
    """How often it began anew as scores, or what was made of them, had changed."""

    @classmethod
    def of(cls, kept: Mapping[str, Any], etag: str) -> Self | None:
        return cls(**kept) if kept.get("etag") == etag else None


@dataclass(slots=True, kw_only=True)
class OutputConversion:
    """Makes the output of one prediction; `run` takes up where the last checkpoint ended."""

    exchange: ExchangeBucket
    prediction_id: str
    rollup_of: Callable[[Sequence[str]], ScoreRollup]
    keep: Keep
    has_time: Callable[[], bool]
    _made: bytearray = field(default_factory=bytearray, init=False, repr=False)
    _restarts: int = field(default=0, init=False)

    def run(self, kept: Mapping[str, Any] | None) -> bool:
        """Whether the output is there; False where no time was left to finish it.

        Raises `OperationFailed`, `ResultsGone`, `ResultsMismatch`, `StorageBusy`, `AwsBusy`.
        """
        key = self._scores_key()
        found = self.exchange.length(key)
        if found is None:
            raise ResultsGone(f"the engine's scores, {key}, are gone; drop the file again")
        total, etag = found
        kept = kept or {}
        self._restarts = kept.get("restarts", 0)
        done = _Progress.of(kept, etag)
        if done is None and "upload_id" in kept:  # it was made of other scores
            self.exchange.files.abort(self._key, kept["upload_id"])
            self._restarts = restarts_after(self._restarts)
        try:
            return self._run(done, self._pieces(key, total, etag), etag)
        except (FileChanged, UploadGone):
            self.keep({"restarts": restarts_after(self._restarts)})
            raise StorageBusy(
                "the engine's scores, or what was made of them, changed meanwhile; starting over"
            ) from None

    def _run(self, done: _Progress | None, pieces: Iterator[bytes], etag: str) -> bool:
        scores = ScoreLines(pieces)
        renderer = LineRenderer(scores.header, self.rollup_of)
        if done is not None:
            scores.skip_to(done.offset)
            renderer.line = done.lines
        for lines in scores.batches():
            self._made += renderer.of(lines)
            if len(self._made) >= self.exchange.part_bytes:
                done = self._put(done, etag)
                done.lines, done.offset = renderer.line, scores.offset
                self.keep(asdict(done))
                if not self.has_time():
                    return False
        self._finish(done, etag)
        return True

    def _put(self, done: _Progress | None, etag: str) -> _Progress:
        """The next part; a part that was put after the last checkpoint is put again."""
        if done is None:
            begun = self.exchange.files.begin(self._key)
            done = _Progress(etag=etag, upload_id=begun, restarts=self._restarts)
        done.parts += 1
        done.bytes += len(self._made)
        self.exchange.files.put_part(self._key, done.upload_id, done.parts, bytes(self._made))
        self._made.clear()
        return done

    def _finish(self, done: _Progress | None, etag: str) -> None:
        if done is None:
            self.exchange.files.put(self._key, bytes(self._made))
            return
        if self._made:
            done = self._put(done, etag)
        self.exchange.files.complete(self._key, done.upload_id, count=done.parts, total=done.bytes)

    @property
    def _key(self) -> str:
        return f"{self.prediction_id}/{OUTPUT}"

    def _pieces(self, key: str, total: int, etag: str) -> Iterator[bytes]:
        for first in range(0, total, RANGE_BYTES):
            last = min(first + RANGE_BYTES, total) - 1
            yield self.exchange.objects.read(key, first, last, etag).content

    def _scores_key(self) -> str:
        """Where the manifest says that the scores are (a JSON map from input to output)."""
        name = f"{self.prediction_id}/batch-prediction/{self.prediction_id}.manifest"
        try:
            manifest = self.exchange.objects.get_json(name)
        except JsonFault:
            manifest = {}
        if manifest is None:
            raise ResultsGone(f"the engine's manifest, {name}, is gone; drop the file again")
        uri = manifest.get(self.exchange.uri(self.prediction_id, INPUT))
        key = self.exchange.key_of(uri, self.prediction_id) if isinstance(uri, str) else None
        if key is None or len(manifest) != 1:
            raise ResultsMismatch(
                f"the engine's manifest, {name}, does not lead from the input to its scores; drop "
                "the file again, and tell the service's operator"
            )
        return key
