"""`dropcoder code`: a table coded on this machine."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dropcoder.commands.verbs import (
    check_files,
    force_option,
    said_of_table,
    table_options,
    topic_option,
    verb,
)
from dropcoder.terminal.screen import Screen
from dropcoder.terminal.text import one_line

if TYPE_CHECKING:
    from dropcoder.local_coding.coded_file import CodedFile

EXAMPLE = """\
dropcoder code survey.xlsx
dropcoder code survey.xlsx --dictionary anzsco-dictionary
dropcoder code answers.csv --columns 'occp_text=Job title; tasks_text=Duties' -o coded"""
FORMATS = ("csv", "xlsx", "parquet", "jsonl", "json")


@verb(EXAMPLE)
@click.argument("file", type=click.Path(path_type=Path))
@topic_option("A topic that is shipped, or the folder of one of your own.")
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Folder for the results.  [default: <FILE's name>-coded, beside FILE]",
)
@click.option(
    "--also",
    multiple=True,
    type=click.Choice(FORMATS),
    help="A format for the table beside its own; may be given several times.",
)
@click.option(
    "--model",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Folder of a trained model, instead of the topic's.",
)
@click.option(
    "--dictionary",
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="Texts that people have decided on, looked up first: a folder that `dictionary` fills, or "
    "the file of one version.",
)
@force_option
@table_options
def code(
    screen: Screen,
    *,
    file: Path,
    topic: str,
    out: Path | None,
    also: tuple[str, ...],
    model: Path | None,
    dictionary: Path | None,
    force: bool,
    **said: Any,
) -> None:
    """Code FILE here, without any cloud.

    The table comes back in its own format with the codes in columns behind its own, and with a
    report: results.csv (or .xlsx, .parquet, .jsonl, .json), report.html and report.json, in a
    folder beside FILE; and with review.html, where rows are left for people. Nothing is sent
    anywhere. Rows are read, coded, joined and reported as by a deployed Pipeline with the shipped
    coding service.

    The first time, the coder is trained on the topic (a minute or two, for the shipped one), and
    kept.
    """
    from dropcoder.local_coding.coded_file import FILES, code_file  # noqa: PLC0415  numpy takes time
    from dropcoder.local_coding.dictionary_folder import dictionary_for  # noqa: PLC0415
    from dropcoder.local_coding.models import TopicFolder, model_in, model_of  # noqa: PLC0415
    from dropcoder.local_coding.result_folder import checked_folder, name_of  # noqa: PLC0415
    from dropcoder.local_coding.table_options import options_for  # noqa: PLC0415
    from tables.plan import TableFormat  # noqa: PLC0415

    began = time.monotonic()
    usual = file.with_name(f"{name_of(file.name)}-coded")
    check_files(file)
    folder = checked_folder(out or usual, replace=force, writes=FILES, reads=[file])
    if model is None:
        trained = model_of(TopicFolder.named(topic), lambda text: screen.progress(text, None))
    else:
        trained = model_in(model)
    options = options_for(file, trained.card.input_format, said_of_table(**said))
    done = code_file(
        file,
        options,
        trained,
        folder,
        progress=screen.progress,
        also=tuple(map(TableFormat, also)),
        dictionary=None if dictionary is None else dictionary_for(dictionary, trained),
    )
    _tell(screen, done, folder, time.monotonic() - began)


def _tell(screen: Screen, done: "CodedFile", folder: Path, seconds: float) -> None:
    from dropcoder.local_coding.result_folder import from_here  # noqa: PLC0415
    from tables.report.files import PAGE, REPORT, REVIEW  # noqa: PLC0415

    said = ", ".join(f"{count:,} {status}" for status, count in done.rows.items() if count)
    screen.say(f"{sum(done.rows.values()):,} rows: {said}; {seconds:.1f} s")
    for table in done.tables:
        screen.say(one_line(f"Table:  {from_here(table)}"))
    screen.say(one_line(f"Report: {from_here(folder / PAGE)}"))
    if done.has_review:
        screen.say(one_line(f"Review: {from_here(folder / REVIEW)}"))
    for form, why in done.left_out.items():
        screen.note(f"Not written as {form}: {why}")
    for form, count in done.cut_cells.items():
        screen.note(f"Cut as {form}: {count:,} texts are longer than a cell may be.")
    screen.document(
        {
            "rows": done.rows,
            "tables": [str(each) for each in done.tables],
            "page": str(folder / PAGE),
            "report": str(folder / REPORT),
            "review": str(folder / REVIEW) if done.has_review else None,
            "leftOut": done.left_out,
            "cutCells": done.cut_cells,
            "seconds": round(seconds, 2),
        }
    )
