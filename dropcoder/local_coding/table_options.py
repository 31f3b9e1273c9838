"""What is said of a file on this machine: in `columns.yaml` beside it, and on the command line."""

from collections.abc import Mapping
from pathlib import Path

from dropcoder.errors import FileRejected, UsageError
from tables.distinct_rows import WINDOW_ROWS
from tables.errors import TableRefused
from tables.mapping.column_options import options_of_file, options_of_metadata
from tables.mapping.columns_file import MAX_FILE_BYTES
from tables.plan import TableOptions

COLUMNS_FILE = "columns.yaml"
COMMAND_LINE = "The command line"


def options_for(file: Path, fields: tuple[str, ...], said: Mapping[str, str]) -> TableOptions:
    """The options of a table for a model with these text fields: what stands nearest counts.

    `said` has what the command line says, by the names that an object's metadata has for it
    (docs/formats.md); it goes before `columns.yaml`. Raises `FileRejected` where that file can't be
    understood, `UsageError` where the command line can't.
    """
    options = TableOptions(fields=fields, distinct_window=WINDOW_ROWS)
    beside = file.parent / COLUMNS_FILE
    if beside.is_file():
        with beside.open("rb") as content:
            read = content.read(MAX_FILE_BYTES + 1)  # more is refused by its reader
        try:
            options = options_of_file(read, options)
        except TableRefused as refused:
            raise FileRejected(
                f"{beside}: {refused.reason}", next_step=on_this_machine(refused.next_step)
            ) from None
    try:
        return options_of_metadata(said, options, where=COMMAND_LINE)
    except TableRefused as refused:
        raise UsageError(refused.reason, next_step=on_this_machine(refused.next_step)) from None


def rejected(file: Path, refused: TableRefused) -> FileRejected:
    """The refusal of a table, in the words of this machine."""
    return FileRejected(
        f"{file}: {refused.reason}",
        next_step=on_this_machine(refused.next_step),
        rows=refused.rows,
    )


def on_this_machine(next_step: str) -> str:
    """Advice for who drops a file with the aws command, as advice for who has the file here."""
    return (
        next_step.replace("--metadata columns=", "--columns ")
        .replace("--metadata encoding=", "--encoding ")
        .replace(", when you drop the file;", ";")
    )
