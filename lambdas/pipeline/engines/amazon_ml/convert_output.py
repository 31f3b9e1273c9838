"""The results of a batch prediction as one object of lines of output, made in steps that resume.

What is read of a gzip file can't be taken up in its middle, so who resumes inflates again what was
dealt with before, without reading its rows: a tenth of the work.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.engines.amazon_ml.codelist import ScoreRollup
from pipeline.engines.amazon_ml.scores import LineRenderer, ScoreLines
from pipeline.engines.base import Keep
from pipeline.engines.exchange_bucket import INPUT, OUTPUT, ExchangeBucket
from pipeline.engines.resumed_output import ResumedOutput
from pipeline.errors import ResultsGone, ResultsMismatch
from shared.received_json import JsonFault


@dataclass(slots=True, kw_only=True)
class OutputConversion:
    """Makes the output of one prediction; `run` takes up where the last checkpoint ended."""

    exchange: ExchangeBucket
    prediction_id: str
    rollup_of: Callable[[Sequence[str]], ScoreRollup]
    keep: Keep
    has_time: Callable[[], bool]

    def run(self, kept: Mapping[str, Any] | None) -> bool:
        """Whether the output is there; False where no time was left to finish it.

        Raises `OperationFailed`, `ResultsGone`, `ResultsMismatch`, `StorageBusy`, `AwsBusy`.
        """
        key = self._scores_key()
        found = self.exchange.length(key)
        if found is None:
            raise ResultsGone(f"the engine's scores, {key}, are gone; drop the file again")
        total, etag = found
        output = ResumedOutput(
            exchange=self.exchange,
            key=f"{self.prediction_id}/{OUTPUT}",
            keep=self.keep,
            has_time=self.has_time,
        )

        def made_from(lines: int, offset: int) -> Iterator[tuple[bytes, int, int]]:
            scores = ScoreLines(self.exchange.blocks(key, total, etag))
            renderer = LineRenderer(scores.header, self.rollup_of)
            if offset:
                scores.skip_to(offset)
                renderer.line = lines
            for batch in scores.batches():
                yield renderer.of(batch), renderer.line, scores.offset

        return output.run(kept, etag, made_from)

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
