"""The columns of a merged table: what each row ended as, by whom, and when."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from tables.coded.code_columns import TEXT, AddedColumns, CodeCell
from tables.coded.coded_rows import CodedRows

_KINDS: Final[dict[str, str]] = dict.fromkeys(
    ("final_code", "final_label", "final_by", "final_at", "note"), TEXT
)
MODEL = "model"
"""Who gave the code of a row that no person has decided on."""


DICTIONARY = "dictionary"
"""The same of a row whose text the topic's dictionary had when the file was coded."""


class FinalAnswer(NamedTuple):
    """What a row ended as. `by` alone says that it has surely no code: it can't be coded."""

    code: str | None = None
    label: str | None = None
    by: str | None = None
    at: str | None = None
    note: str | None = None


UNDECIDED: Final = FinalAnswer()


@dataclass(slots=True)
class FinalRows(CodedRows):
    """Coded rows, and what people have made of them."""

    finals: list[FinalAnswer] = field(default_factory=list)
    """One for each row."""


class FinalColumns(AddedColumns):
    """They stand behind the columns of codes, which stay as they are."""

    def __init__(self, topic: str, columns: Sequence[str]) -> None:
        """`columns` are those of the table with its codes."""
        super().__init__(topic, columns, _KINDS, status="note", line="final_line")

    def values(self, coded: CodedRows) -> list[tuple[CodeCell, ...]]:
        """The cells of each row; None where there is nothing. The rows must be `FinalRows`."""
        if not isinstance(coded, FinalRows):
            raise TypeError("these rows have no final answers")
        return [tuple(cell or None for cell in answer) for answer in coded.finals]
