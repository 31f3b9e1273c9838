"""What the readers of text have in common: their windows, and what an assumed encoding affects."""

from collections.abc import Iterable
from itertools import chain

from tables.plan import TablePlan
from tables.readers.text_windows import BATCH_BYTES, EXAMPLES, TextOfBytes
from tables.rows import Cell
from tables.source import ByteSource
from tables.text.encodings import affected_values


class TextTable:
    """The beginning of a `TableReader` of a text file. A batch is the whole rows of a window."""

    def __init__(
        self,
        source: ByteSource,
        plan: TablePlan,
        fallback: str | None = None,
        *,
        batch_bytes: int = BATCH_BYTES,
    ) -> None:
        """`fallback` is the encoding to assume where the text is not UTF-8; None: none is.

        A batch is looked for in `batch_bytes` first, then in more."""
        self._batch_bytes = batch_bytes
        self._source = source
        self._plan = plan
        self._bytes = TextOfBytes(plan.encoding, fallback)
        self.assumed_examples: list[str] = []
        """Up to three values so far that an assumed encoding decides about."""

    def _note_examples(self, rows: Iterable[Iterable[Cell]]) -> None:
        """Keeps the first texts that the assumed encoding decides about."""
        if self._plan.encoding_assumed and len(self.assumed_examples) < EXAMPLES:
            texts = (cell for cell in chain.from_iterable(rows) if isinstance(cell, str))
            self.assumed_examples = affected_values(
                chain(self.assumed_examples, texts), most=EXAMPLES
            )
