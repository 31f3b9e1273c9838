"""What the readers of JSON have in common: their columns, and what an encoding affects."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

from tables.readers.json_objects import JsonObjects, Read
from tables.readers.text_table import TextTable
from tables.readers.text_windows import (
    MAX_ROW_BYTES,
    ByteWindows,
)
from tables.rows import RowBatch

LARGEST_WINDOW = 2 * MAX_ROW_BYTES  # holds a row, and enough behind it to know that it ends; ours
KEPT_BYTES = 1000  # of a row that is too long; ours


class JsonTable(TextTable, ABC):
    """A `TableReader` of objects in JSON."""

    @cached_property
    def _objects(self) -> JsonObjects:
        """Those whose columns are known: at first, from the plan."""
        return JsonObjects(self._plan.columns)

    @property
    def columns(self) -> tuple[str, ...]:
        """The objects' keys so far, in the order of their first appearance."""
        return tuple(self._objects.columns)

    def rows(self, state: dict[str, Any] | None = None) -> Iterator[RowBatch]:
        """All rows, or those behind the batch whose `state` this is."""
        if state is None:
            state = {
                "offset": self._plan.bom_bytes,
                "row": 0,
                "line": 1,
                "columns": [],
                "examples": [],
            }
        self._objects = JsonObjects([*self._plan.columns, *state["columns"]])
        self.assumed_examples = list(state["examples"])
        windows = ByteWindows(self._source, state["offset"])
        try:
            yield from self._batches(windows, state["line"], state["row"])
        finally:
            windows.close()

    @abstractmethod
    def _batches(self, windows: ByteWindows, line: int, row: int) -> Iterator[RowBatch]:
        """The rows from `windows` on, which begin in line `line` behind row `row`."""

    def _batch(
        self,
        numbers: Sequence[int],
        written: Sequence[bytes],
        read: Sequence[Read],
    ) -> RowBatch:
        """The first of these rows, as many as make a batch."""
        cells, faults = self._objects.rows(written, read)
        count = len(cells)
        kept = list(written[:count])
        for place, text in enumerate(kept):
            if len(text) > MAX_ROW_BYTES:
                cells[place], faults[place] = [], length_fault(len(text))
                kept[place] = beginning(text)
        return RowBatch(numbers[:count], cells, faults, kept)

    def _state(self, offset: int, line: int, row: int) -> dict[str, Any]:
        """Of the columns, those that the plan does not know."""
        return {
            "offset": offset,
            "row": row,
            "line": line,
            "columns": self._objects.columns[len(self._plan.columns) :],
            "examples": list(self.assumed_examples),
        }


def length_fault(length: int) -> str:
    """Why a row of so many bytes is refused."""
    return f"is {length:,} bytes long; at most {MAX_ROW_BYTES:,} are taken"


def beginning(text: bytes) -> bytes:
    """What is kept of a row that is too long."""
    return text[:KEPT_BYTES].decode(errors="ignore").encode()
