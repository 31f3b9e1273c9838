"""What is wrong with a table, in words for the person whose file it is."""


class TableRefused(Exception):
    """The table can't be coded as it is.

    `reason` says what is wrong, with the file's row or line where there is one; `next_step` says
    what to do, with the exact line to write where there is one. Neither quotes more than a few
    names of the file.
    """

    def __init__(
        self,
        reason: str,
        next_step: str,
        *,
        rows: tuple[tuple[int, str], ...] = (),
        row_count: int = 0,
        rows_in_all: int | None = None,
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.next_step = next_step
        self.rows = rows
        """The first hundred rows that are the reason: number and what is wrong with each."""
        self.row_count = row_count
        """How many such rows there are."""
        self.rows_in_all = rows_in_all
        """The table's rows; None where they were not counted."""


class EncodingAssumed(Exception):
    """A byte further on is not UTF-8: the table has to be read again from its beginning.

    `encoding` is the one to read it with."""

    def __init__(self, encoding: str) -> None:
        super().__init__(encoding)
        self.encoding = encoding


class PlanChanged(Exception):
    """The state was kept while the table was read by another plan, with other columns, say.

    What was made until then does not belong to what follows."""


class RowsDisagree(Exception):
    """What came out of the service is not the rows that went in, in their order; says where."""
