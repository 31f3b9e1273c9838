"""`dropcoder plan`: what a file is, and what dropping it would take."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dropcoder.commands.verbs import (
    check_files,
    said_of_table,
    table_options,
    topic_option,
    verb,
)
from dropcoder.terminal.screen import Screen
from dropcoder.terminal.text import one_line
from tables.report.thresholds import ROWS_AN_HOUR

if TYPE_CHECKING:
    from dropcoder.estimates.estimate import Estimate, SmallBatches
    from dropcoder.estimates.file_plan import FilePlan

EXAMPLE = """\
dropcoder plan survey.xlsx
dropcoder plan answers.csv --columns 'occp_text=Job title'"""
SHOWN_COLUMNS = 12
SHOWN_REFUSALS = 3
TEXT_FORMATS = {"csv": "CSV", "jsonl": "JSON Lines", "json": "JSON", "xlsx": "Excel workbook"}


@verb(EXAMPLE)
@click.argument("file", type=click.Path(path_type=Path))
@topic_option("A topic that is shipped, or the folder of one of your own.")
@click.option(
    "--model", type=click.Path(path_type=Path), metavar="DIR",
    help="Folder of the trained model whose fields and coverage count.",
)  # fmt: skip
@table_options
def plan(screen: Screen, *, file: Path, topic: str, model: Path | None, **said: Any) -> None:
    """Say what would happen if FILE was dropped. Sends nothing.

    FILE is read to its end, as for coding: its format, encoding and columns, its rows, distinct,
    blank and long texts; then what a drop of it takes: operations and calls of the service (calls
    of small batches too), days of its quota, AWS's price, and the hours of people for what gets no
    code.
    """
    from dropcoder.estimates.file_plan import plan_file  # noqa: PLC0415
    from dropcoder.local_coding.models import TopicFolder, card_in  # noqa: PLC0415  numpy takes time
    from dropcoder.local_coding.table_options import options_for  # noqa: PLC0415

    check_files(file)
    if model is None:
        folder = TopicFolder.named(topic)
        card, fields = folder.kept_card(), tuple(folder.settings.fields)
    else:
        card = card_in(model)
        fields = card.input_format
    options = options_for(file, fields, said_of_table(**said))
    coverage = None if card is None else card.metrics.get("heldOutCoverage")
    planned = plan_file(file, options, coverage=coverage, progress=screen.progress)
    screen.facts(_facts(planned))
    screen.document(planned.to_json())


def _facts(planned: "FilePlan") -> dict[str, str]:
    rows, takes, most = planned.rows, planned.takes, planned.read_as["maxTextCharacters"]
    return {
        "File": one_line(planned.file.name),
        "Format": _format(planned),
        "Encoding": _encoding(planned.read_as),
        "Columns": _columns(planned.columns),
        "Read from": _mapping(planned.read_as),
        "Rows": f"{rows.rows:,}: {rows.sent:,} with text, {rows.blank:,} blank, {rows.refused:,} "
        f"can't be read{_refusals(planned)}",
        "Long texts": f"{rows.shortened:,} with more than {most} characters, which are cut",
        "Distinct": f"{planned.distinct_texts:,} texts",
        "Operations": f"{takes.operations:,}, for {rows.records:,} records, "
        f"{planned.sent_bytes:,} bytes",
        "Calls": _calls(takes),
        "In batches": _small_batches(planned.small_batches),
        "AWS": f"${takes.least.dollars:.4f} to ${takes.most.dollars:.4f}, without what the "
        "coding service itself charges",
        "Review": _review(takes),
    }  # fmt: skip


def _format(planned: "FilePlan") -> str:
    said = planned.read_as
    form = TEXT_FORMATS.get(said["format"], "Parquet")
    parts = ["packed"] if planned.is_packed else []
    if said["separator"] is not None:
        separator = "tab" if said["separator"] in ("\t", "␉") else f"“{said['separator']}”"
        parts.append(f"separated by {separator}")
    if said["sheet"]:
        parts.append(f"sheet “{said['sheet']}”")
    if said["headerRow"]:
        parts.append(f"header in row {said['headerRow']:,}")
    if said["asItIs"]:
        parts.append("as the service takes it")
    return ", ".join([form, *parts])


def _encoding(said: dict[str, Any]) -> str:
    if said["encoding"] is None:
        return ""
    if not said["encodingAssumed"]:
        return str(said["encoding"])
    examples = "; ".join(said["examples"])
    return one_line(f"{said['encoding']}, assumed, as it is no UTF-8; see: {examples}")


def _columns(columns: tuple[str, ...]) -> str:
    shown = ", ".join(one_line(name) or "(no name)" for name in columns[:SHOWN_COLUMNS])
    more = f" and {len(columns) - SHOWN_COLUMNS:,} more" if len(columns) > SHOWN_COLUMNS else ""
    return f"{len(columns):,}: {shown}{more}"


def _mapping(said: dict[str, Any]) -> str:
    lines = [
        f"{each['field']}: {' + '.join(each['columns']) or 'no column'}" for each in said["fields"]
    ]
    lines.append(f"recordId: {said['recordId'] or 'no column; the number of the row'}")
    return "\n".join(map(one_line, lines))


def _refusals(planned: "FilePlan") -> str:
    shown = [f"\n{number:,}: {one_line(why)}" for number, why in planned.refusals[:SHOWN_REFUSALS]]
    return "".join(shown)


def _calls(takes: "Estimate") -> str:
    from dropcoder.estimates.estimate import LIMITS  # noqa: PLC0415

    return (
        f"{takes.least.calls:,} if the service takes a minute, {takes.most.calls:,} if it takes a "
        f"day,\nof {LIMITS.requests_per_day:,} a day and {LIMITS.requests_per_second:g} a second: "
        f"{_days(takes.least.days, takes.most.days)}"
    )


def _small_batches(takes: "SmallBatches") -> str:
    from dropcoder.estimates.estimate import LIMITS  # noqa: PLC0415

    days = f"{takes.days:,.1f} days of calls" if takes.days > 1 else f"{takes.days:.2%} of them"
    calls = "call" if takes.calls == 1 else "calls"
    return (
        f"{takes.calls:,} {calls} for {takes.texts:,} texts with the engine coding-service-small,\n"
        f"of {LIMITS.service_public_requests_per_day:,} a day that the public has: {days}"
    )


def _days(least: float, most: float) -> str:
    if most < 1:
        return f"{least:.2%} to {most:.2%} of a day's calls"
    return f"{least:,.1f} to {most:,.1f} days of calls"


def _review(takes: "Estimate") -> str:
    if takes.coverage is None:
        known = "at most; how many get a code is known once the model is trained (dropcoder code)"
    else:
        known = f"as {takes.coverage:.0%} of texts get a code (measured when it was trained)"
    once = f"{takes.texts_left:,}, {takes.hours_of_distinct_texts:,.1f} hours"
    return (
        f"{takes.rows_left:,} rows, {takes.hours:,.1f} hours at {ROWS_AN_HOUR} an hour; each "
        f"distinct text once: {once}\n{known}"
    )
