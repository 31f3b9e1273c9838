"""What all verbs have alike: options, help in sections, and errors that become exit statuses."""

import inspect
from collections.abc import Callable, Sequence
from functools import update_wrapper
from pathlib import Path
from typing import Any, TypeVar

import click

from dropcoder.errors import CommandError, ExitStatus, UsageError
from dropcoder.terminal.screen import Screen

COMMAND = "dropcoder"
JSON_OPTION = "--json"
TOPIC = "anzsco"
Verb = TypeVar("Verb", bound=Callable[..., Any])


class Sectioned(click.Group):
    """A group whose help lists its verbs in sections, in the order in which they are used."""

    def __init__(
        self, *args: Any, sections: Sequence[tuple[str, Sequence[click.Command]]], **options: Any
    ) -> None:
        super().__init__(*args, **options)
        self._sections = sections
        for _, verbs in sections:
            for verb in verbs:
                self.add_command(verb)

    def format_commands(self, _: click.Context, formatter: click.HelpFormatter) -> None:
        """The sections instead of one list."""
        for name, verbs in self._sections:
            with formatter.section(name):
                formatter.write_dl([(v.name or "", v.get_short_help_str(70)) for v in verbs])


def verb(
    example: str, name: str | None = None
) -> Callable[[Callable[..., int | None]], click.Command]:
    """A verb: its docstring is its help, with `example` below it.

    The function gets a `Screen` first, and gives the exit status, or None where it is done. A
    `CommandError` that it raises is told, and its status is the command's.
    """

    def made(function: Callable[..., int | None]) -> click.Command:
        def run(as_json: bool, **asked: Any) -> int:
            screen = Screen(as_json=as_json)
            try:
                return function(screen, **asked) or ExitStatus.DONE
            except CommandError as error:
                screen.error(error)
                return error.status
            except OSError as error:
                if error.filename is None:
                    raise
                told = CommandError(
                    f"{error.filename}: {error.strerror}.", next_step="Mend that, or name another."
                )
                screen.error(told)
                return told.status

        update_wrapper(run, function)
        described = inspect.getdoc(function) or ""
        command = click.command(
            name=name or function.__name__,
            help=described,
            epilog=f"\b\nExample:\n{_indented(example)}",
        )
        as_json = click.option(
            JSON_OPTION, "as_json", is_flag=True, help="Print one JSON document, for programs."
        )
        return command(as_json(run))

    return made


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.splitlines())


def topic_option(help: str) -> Callable[[Verb], Verb]:  # noqa: A002  click's word
    """`--topic`."""
    return click.option("--topic", default=TOPIC, show_default=True, help=help)


def force_option(function: Verb) -> Verb:
    """`--force`."""
    help = "Replace what an earlier run left in the folder."  # noqa: A001
    return click.option("--force", is_flag=True, help=help)(function)


def table_options(function: Verb) -> Verb:
    """What may be said of a table, as with a drop (docs/formats.md); see `said_of_table`."""
    options = (
        click.option(
            "--columns",
            metavar="FIELD=NAME[;…]",
            help="Columns that the model's fields are read from, e.g. 'occp_text=Job title + "
            "Industry'. Usual names are found without; columns.yaml beside the file counts too.",
        ),
        click.option("--sheet", help="The sheet of a workbook."),
        click.option("--encoding", help="Of text that is no UTF-8, e.g. cp1252."),
        click.option(
            "--strict", is_flag=True, help="Reject the file for one row that is refused or cut."
        ),
        click.option(
            "--max-refused-share",
            metavar="SHARE",
            help="Rows that may be unreadable, e.g. 5%; with more the file is rejected.",
        ),
    )
    for option in reversed(options):
        function = option(function)
    return function


def said_of_table(
    *,
    columns: str | None,
    sheet: str | None,
    encoding: str | None,
    strict: bool,
    max_refused_share: str | None,
) -> dict[str, str]:
    """What `table_options` were given, by the names that an object's metadata has for them."""
    said = {
        "columns": columns,
        "sheet": sheet,
        "encoding": encoding,
        "strict": "true" if strict else None,
        "maxRefusedShare": max_refused_share,
    }
    return {name: value for name, value in said.items() if value is not None}


def check_files(*files: Path, next_step: str = "Name a file with a table.") -> None:
    """Raises `UsageError` where a file to be read is none."""
    for file in files:
        if not file.is_file():
            what = "is a folder" if file.is_dir() else "is not there"
            raise UsageError(f"{file} {what}.", next_step=next_step)
