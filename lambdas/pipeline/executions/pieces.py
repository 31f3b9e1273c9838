"""The pieces of a large file, listed in S3: the input of its execution says where.

Step Functions hands on 262,144 bytes, enough for some hundred pieces. So the list is an object,
from which the state machine takes one piece at a time, each for a child execution of its own, and
which finish reads as a whole. It lies where the pieces' results do and is kept as long as these, so
that an execution can be started again with the same input.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.domain.execution import PieceList
from pipeline.domain.state_fields import MalformedState
from pipeline.storage.results_bucket import PIECES, ResultsBucket

NAME_DIGITS = 8  # of SHA-256; a drop has one list, rarely another after a change of settings; ours


@dataclass(frozen=True, slots=True)
class PieceLists:
    """Writes and reads the lists. Its methods may raise `AwsBusy`."""

    results: ResultsBucket

    def put_in_place(self, given: Mapping[str, Any], results_prefix: str) -> dict[str, Any]:
        """The input of an execution with its parts put into a list, below this drop's prefix.

        The key follows from the list: whoever does this twice writes the same, and no list that an
        execution reads ever changes.
        """
        parts = given["parts"]
        content = json.dumps(parts, separators=(",", ":")).encode()
        name = hashlib.sha256(content).hexdigest()[:NAME_DIGITS]
        key = f"{PIECES}{results_prefix}parts-{name}.json"
        self.results.put(key, content)
        place = PieceList(self.results.name, key, len(parts))
        # What becomes of the pieces is in the ledger (`finish.piece_outcomes`).
        return {**given, "in_pieces": True, "parts": place.to_state(), "outcomes": []}

    def parts_of(self, place: PieceList) -> list[dict[str, Any]]:
        """The parts that a list names, in the form of an input. Raises `MalformedState`."""
        content = self.results.get(place.key)
        if content is None:
            raise MalformedState(
                f"the list of pieces {place.key} is gone from the results bucket; drop the file "
                "again"
            )
        parts: list[dict[str, Any]] = json.loads(content)
        return parts
