"""Sparse rows times a dense matrix, with numpy alone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Integers = npt.NDArray[np.int64]

GATHER_FLOATS = 4_000_000  # the most numbers in one gather: 16 MB


@dataclass(frozen=True, slots=True)
class SparseRows:
    """Rows of a sparse matrix: row i holds `values[offsets[i]:offsets[i+1]]` at `columns[...]`."""

    offsets: Integers
    columns: Integers
    values: Floats

    @classmethod
    def of(cls, rows: Iterable[tuple[Sequence[int], Sequence[float]]]) -> SparseRows:
        """From (columns, values) of each row."""
        offsets, columns, values = [0], list[int](), list[float]()
        for row_columns, row_values in rows:
            columns.extend(row_columns)
            values.extend(row_values)
            offsets.append(len(columns))
        return cls(
            np.asarray(offsets, np.int64),
            np.asarray(columns, np.int64),
            np.asarray(values, np.float32),
        )

    def times(self, dense: Floats, *, gather: int = GATHER_FLOATS) -> Floats:
        """The product with a dense (columns x width) matrix.

        :param gather: the most numbers gathered at once, which bounds the memory.
        """
        rows, width = len(self.offsets) - 1, dense.shape[1]
        product = np.zeros((rows, width), np.float32)
        most = max(1, gather // max(1, width))
        first = 0
        while first < rows:
            # At least one row each time, however long it is.
            until = int(np.searchsorted(self.offsets, self.offsets[first] + most, side="right")) - 1
            until = min(rows, max(first + 1, until))
            begin, end = self.offsets[first], self.offsets[until]
            if end > begin:
                gathered = dense[self.columns[begin:end]] * self.values[begin:end, None]
                starts = self.offsets[first:until] - begin
                filled = np.diff(self.offsets[first : until + 1]) > 0
                # reduceat would give an empty row its neighbour's first value.
                product[first:until][filled] = np.add.reduceat(gathered, starts[filled], axis=0)
            first = until
        return product
