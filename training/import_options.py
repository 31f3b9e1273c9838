"""The options of `training import`; what it does is `training.topic.import_command`."""

import argparse
from pathlib import Path

CODES, TITLES, TASKS, EXAMPLES = "codes", "titles", "tasks", "examples"
MEANINGS = {
    CODES: "codes and labels",
    TITLES: "codes and titles, one file or several",
    TASKS: "codes and task statements, one file or several",
    EXAMPLES: "coded records: a code and the text fields in columns of their own",
}


def add_import(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument(
        "--preset",
        metavar="NAME",
        help="the tables are a classification's official files, as they are downloaded: "
        "anzsco2022, osca2024, isco08 or soc2018 (with O*NET)",
    )
    for table, meaning in MEANINGS.items():
        many = table in (TITLES, TASKS)
        group = parser.add_argument_group(f"--{table}")
        group.add_argument(
            f"--{table}", type=Path, metavar="FILE", help=meaning, nargs="+" if many else None
        )
        group.add_argument(f"--{table}-sheet", metavar="NAME", help="of a workbook")
        group.add_argument(
            f"--{table}-header", type=int, metavar="ROW", help="the number of the header's row"
        )
        group.add_argument(
            f"--{table}-code",
            action="append",
            metavar="COLUMN",
            help="the column of codes, by name or as #1; once for each where levels have their own",
        )
        if table != EXAMPLES:
            group.add_argument(
                f"--{table}-text", metavar="COLUMN", help="the column of texts, by name or as #2"
            )
    parser.add_argument(
        "--columns",
        metavar="MAPPING",
        help='of --examples: which columns are which text field, as in "job=Job title; '
        'industry=Industry + Division"; the first field counts most',
    )
    parser.add_argument(
        "--examples-label", metavar="COLUMN", help="labels, where there is no table of codes"
    )
    parser.add_argument("--name", help="the topic's uriName; that of --preset where there is one")
    parser.add_argument(
        "--levels", type=_levels, help="characters of a code at each level, e.g. 2,3,5,6"
    )
    parser.add_argument("--threshold", type=float, help="least confidence asserted (0.75)")
    parser.add_argument(
        "--fields",
        default="occp_text,tasks_text",
        type=lambda text: text.split(","),
        metavar="TITLE,TASKS",
        help="names of the text fields for titles and tasks (occp_text,tasks_text)",
    )
    parser.add_argument(
        "--skip-unknown",
        action="store_true",
        help="pass rows over whose code is not in the table of codes",
    )
    parser.add_argument("--seed", type=int, default=7, help="of what is held out")
    parser.add_argument("--out", type=Path, required=True, metavar="TOPIC_DIR")


def _levels(text: str) -> list[int]:
    try:
        return [int(each) for each in text.split(",")]
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not numbers with commas between") from None
