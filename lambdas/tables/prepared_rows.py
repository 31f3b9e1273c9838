"""Whether a table that was read to its end is fit to be coded, by what became of its rows."""

from tables.errors import TableRefused
from tables.mapping.columns import MAX_COLUMNS
from tables.mapping.names import listed
from tables.plan import TableFormat, TableOptions, TablePlan

ROWS_TOLD = 3  # in one message; ours
REASON_CHARACTERS = 60  # of each of them there; ours
HOPELESS_ROWS = 100_000  # refused ones; ours
HOPELESS_SHARE = 0.5  # of the rows so far; ours
MAP_OTHERS = (
    "Check that these are the columns with the texts; map others with --metadata columns='…'."
)


def refuse_unfit(plan: TablePlan, options: TableOptions) -> None:
    """Raises `TableRefused` for a table without rows or texts, with more refused rows than
    `options` allow, or which is strict and has any that would be refused or shortened.
    """
    counts = plan.counts
    if not counts.rows:
        raise TableRefused(
            "The table has a header and no rows below it.",
            "Check that it was saved with its rows, and drop it again.",
        )
    if options.strict and counts.refused + counts.shortened:
        raise _strict(plan)
    if counts.refused > options.max_refused_share * counts.rows:
        those = (
            "The only row" if counts.rows == 1 else f"{counts.refused:,} of {counts.rows:,} rows"
        )
        raise TableRefused(
            f"{those} can't be read: {_told(plan)}",
            f"Mend them, or allow more than {options.max_refused_share:.0%} with maxRefusedShare: "
            "they are then left out.",
            rows=plan.refusals,
            row_count=counts.refused,
            rows_in_all=counts.rows,
        )
    if not counts.sent + counts.known:
        raise _nothing(plan)


def refuse_hopeless(
    rows: int, refused: int, first: tuple[tuple[int, str], ...], options: TableOptions
) -> None:
    """Raises `TableRefused` where so many of the rows so far are refused that nobody waits for the
    others: a refused row takes as long to tell as many good ones to read."""
    if refused > HOPELESS_ROWS and refused > rows * max(HOPELESS_SHARE, options.max_refused_share):
        raise TableRefused(
            f"{refused:,} of the first {rows:,} rows can't be read: "
            f"number {first[0][0]:,} {_cut(first[0][1])}.",
            "Check that the file is what its format says, mend it, and drop it again.",
            rows=first,
            row_count=refused,
        )


def too_wide(number: int, width: int, form: TableFormat) -> TableRefused:
    """The refusal for a row with more cells than a table may have columns."""
    return TableRefused(
        f"The row in line {number:,} has {width:,} cells; at most {MAX_COLUMNS:,} are taken."
        if form is TableFormat.CSV
        else f"Row {number:,} has {width:,} cells; at most {MAX_COLUMNS:,} are taken.",
        "Keep the columns that are needed, and drop the file again.",
    )


def _strict(plan: TablePlan) -> TableRefused:
    counts = plan.counts
    shortened = tuple(
        (number, f"has more than {plan.max_text_characters} characters of text")
        for number in plan.shortened_rows
    )
    parts = [f"{counts.refused:,} can't be read: {_told(plan)}"] if counts.refused else []
    if shortened:
        first = f"{_row(plan.format)} {shortened[0][0]:,}"
        parts.append(f"{counts.shortened:,} would be shortened, first {first}")
    return TableRefused(
        f"The table is to be taken whole (strict), and of its {counts.rows:,} rows "
        f"{'; '.join(parts)}",
        "Mend these rows, or drop it without strict: they are then left out, or cut.",
        rows=tuple(sorted((*plan.refusals, *shortened))[: max(len(plan.refusals), 100)]),
        row_count=counts.refused + counts.shortened,
        rows_in_all=counts.rows,
    )


def _nothing(plan: TablePlan) -> TableRefused:
    counts = plan.counts
    rows = "The only row has no" if counts.rows == 1 else f"None of the {counts.rows:,} rows has a"
    read = [plan.columns[place] for places in plan.mapping.fields.values() for place in places]
    where = f" in {listed(read, room=120)}" if read else ""
    return TableRefused(f"{rows} text to code{where}.", MAP_OTHERS, rows_in_all=counts.rows)


def _told(plan: TablePlan) -> str:
    """The first refused rows with their reasons."""
    row = _row(plan.format)
    texts = [f"{row} {number:,} {_cut(why)}" for number, why in plan.refusals[:ROWS_TOLD]]
    return "; ".join(texts) + ("; …" if plan.counts.refused > len(texts) else ".")


def _cut(reason: str) -> str:
    return reason if len(reason) <= REASON_CHARACTERS else reason[:REASON_CHARACTERS] + "…"


def _row(form: TableFormat) -> str:
    """What a row's number counts."""
    return "line" if form in (TableFormat.CSV, TableFormat.JSON_LINES) else "row"
