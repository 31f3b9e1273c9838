"""The one output of a drop's file: as it was collected, or joined out of its pieces' outputs."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from typing import Any

from pipeline.attempts import MetadataFacts, OutputFacts
from pipeline.collecting import METADATA_NAME, OUTPUT_NAME
from pipeline.dropped import Drop
from pipeline.drops import Drops
from pipeline.errors import ResultsMismatch
from pipeline.joining import Join
from pipeline.manifest import Whole, sent_and_received
from pipeline.multipart import ResultFiles
from pipeline.outcomes import Piece
from pipeline.rejection import piece_report
from pipeline.results import ResultsBucket


@dataclass(frozen=True, slots=True, kw_only=True)
class WholeOutput:
    """What joining works with. Its methods may raise `AwsBusy`, `ResultsMismatch`."""

    drops: Drops
    files: ResultFiles
    results: ResultsBucket

    def of(self, drop: Drop, pieces: Sequence[Piece], has_time: Callable[[], bool]) -> Whole | None:
        """The whole, once it lies where the drop's results belong; None: there was no time."""
        received = [sent_and_received(piece)[1] for piece in pieces]
        metadata = [piece.metadata for piece in pieces if piece.metadata is not None]
        if len(received) == 1:
            return Whole(received[0], metadata[0])
        if len({each.model.get("modelId") for each in metadata}) > 1:
            raise ResultsMismatch(
                "the pieces of the file were coded by different models; drop it again, below "
                "<topic>/models/<model id>/ to have one model code all of it"
            )
        known = self.drops.joining(drop.drop_id)
        if "whole" in known:  # an earlier run's answer was lost
            return Whole(OutputFacts(**known["whole"]), self._metadata(drop, metadata[0]))
        join = Join(
            files=self.files,
            results=self.results,
            key=f"{drop.results_prefix}{OUTPUT_NAME}",
            parts=received,
            has_time=has_time,
            checkpoint=known,
            keep=lambda checkpoint: self._keep(drop, checkpoint),
        )
        joined = join.run()
        if joined is None:
            return None
        whole = Whole(joined, self._metadata(drop, metadata[0]))
        self._keep(drop, {"whole": asdict(joined)})
        return whole

    def discard(self, drop: Drop, pieces: Sequence[Piece]) -> None:
        """Removes what the pieces left, once nobody needs it. Harmless to repeat."""
        left = [
            key
            for piece in pieces
            if piece.number is not None
            for key in (
                piece.output.key if piece.output else None,
                piece.metadata.key if piece.metadata else None,
                piece_report(drop.results_prefix, piece.number),
            )
            if key is not None
        ]
        if left:
            self.results.delete(left)

    def _keep(self, drop: Drop, checkpoint: Mapping[str, Any]) -> None:
        self.drops.keep_joining(drop.drop_id, checkpoint)

    def _metadata(self, drop: Drop, of_a_piece: MetadataFacts) -> MetadataFacts:
        """The metadata beside the whole output: the first piece's, which are alike."""
        key = f"{drop.results_prefix}{METADATA_NAME}"
        content = json.dumps(of_a_piece.model, ensure_ascii=False).encode()
        self.files.put(key, content)
        return replace(of_a_piece, key=key, bytes=len(content), sha256=sha256(content).hexdigest())
