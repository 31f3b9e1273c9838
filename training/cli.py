"""The coder's commands."""

import argparse
import contextlib
import shlex
import time
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import BinaryIO, TextIO

from coding_service.coder.code_lines import RecordLineFault
from coding_service.coder.errors import CoderError, RecordError
from coding_service.coder.model import BATCH_RECORDS, TrainedModel
from protocol.records import MAX_LINE_BYTES, RECORD_ID, RecordForm
from training.errors import WorseModel
from training.import_options import add_import
from training.progress import telling

ONE_FORM = "Write every line as the service takes it"
ADD_WEIGHT = 1
"""More makes a model surer, not better (docs/coder.md)."""
MOST_WEIGHT = 100
BAD_INPUT = 1  # exit status: a message says what to mend
WORSE = 3  # exit status: the model is worse than the one before, and was not kept
INTERRUPTED = 130  # exit status after Ctrl-C, as shells have it


def main(arguments: Sequence[str], *, stdin: BinaryIO, stdout: TextIO, stderr: TextIO) -> int:
    """Run one command.

    Returns the exit status: 0, `BAD_INPUT` or `WORSE` with a message on `stderr`, or `INTERRUPTED`.
    """
    options = _options(arguments)
    try:
        match options.command:
            case "train":
                _train(options, stdout, stderr)
            case "evaluate":
                with telling("evaluating", stderr):
                    _evaluate(options, arguments, stdout)
            case "import":
                with telling("importing", stderr):
                    _import(options, stdout)
            case "publish":
                _publish(options, stdout)
            case _:
                _code(options.model, options.file, stdin, stdout)
    except CoderError as error:
        stderr.write(f"{error}\n")
        return WORSE if isinstance(error, WorseModel) else BAD_INPUT
    except OSError as error:
        if error.filename is None:
            raise
        stderr.write(f"{error.filename}: {error.strerror}. Name another place.\n")
        return BAD_INPUT
    except KeyboardInterrupt:
        return INTERRUPTED
    return 0


def _train(options: argparse.Namespace, stdout: TextIO, stderr: TextIO) -> None:
    # Imported here: coding needs neither scikit-learn nor PyYAML, and starts much sooner without.
    if options.add:
        from training.reviews.train_with_reviews import run_train_with_reviews  # noqa: PLC0415

        run_train_with_reviews(options, stdout, stderr)
    else:
        _train_alone(options.topic, options.out, stdout, stderr)


def _train_alone(folder: Path, out: Path, stdout: TextIO, stderr: TextIO) -> None:
    from training.fit.train import train_into  # noqa: PLC0415
    from training.topic.files import read_topic  # noqa: PLC0415
    from training.topic.warnings import warnings_about  # noqa: PLC0415

    began = time.perf_counter()
    topic = read_topic(folder)
    stdout.writelines(f"warning: {each}\n" for each in warnings_about(topic, folder))
    stdout.flush()
    codes = len(topic.hierarchy.leaves)
    with telling(f"training on {len(topic.examples):,} examples of {codes:,} codes", stderr):
        directory, replaced = train_into(topic, out)
    stdout.write(
        f"{directory}: {len(topic.examples)} examples, {len(topic.hierarchy.leaves)} codes, "
        f"{time.perf_counter() - began:.1f} s\n"
    )
    stdout.writelines(
        f"removed model {each}: of version {topic.settings.version} too, or of an older coder\n"
        for each in replaced
    )


def _evaluate(options: argparse.Namespace, arguments: Sequence[str], stdout: TextIO) -> None:
    from training.evaluate.evaluate_command import run_evaluate  # noqa: PLC0415

    run_evaluate(options, shlex.join(["python", "-m", "training", *arguments]), stdout)


def _import(options: argparse.Namespace, stdout: TextIO) -> None:
    from training.topic.import_command import run_import  # noqa: PLC0415

    run_import(options, stdout)


def _publish(options: argparse.Namespace, stdout: TextIO) -> None:
    # The one command that knows of AWS, so that all others do without it.
    from training.publish import publish, s3_client  # noqa: PLC0415

    client = s3_client(options.endpoint_url)
    stdout.write(publish(options.model, options.bucket, s3=client).report())


def _code(directory: Path, file: str, stdin: BinaryIO, stdout: TextIO) -> None:
    model = TrainedModel.load(directory)
    form = RecordForm(tuple(model.card.input_format))
    with contextlib.ExitStack() as files:
        source, lines = "standard input", stdin
        if file != "-":
            try:
                source, lines = file, files.enter_context(Path(file).open("rb"))
            except OSError as error:
                raise RecordError(
                    file, 0, error.strerror or "cannot be read", "Name a JSONL file"
                ) from error
        before = 0
        while batch := list(islice(_lines(lines), BATCH_RECORDS)):
            try:
                coded = model.coded_lines(b"".join(batch), form)
            except RecordLineFault as error:
                number = before + error.line
                raise RecordError(source, number, str(error.fault), ONE_FORM) from error
            before += coded.records
            stdout.write(coded.output.decode())


def _lines(file: BinaryIO) -> Iterator[bytes]:
    """A line that is too long for a record comes in pieces, the first of which is refused."""
    return iter(lambda: file.readline(MAX_LINE_BYTES + 2), b"")


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.command == "train" and not options.add and (lone := _without_add(options)):
        parser.error(f"{lone} goes with --add")
    if options.command == "train" and options.add_weight is None:
        options.add_weight = ADD_WEIGHT
    return options


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m training", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    _add_train(commands.add_parser("train", help="train a topic folder into a directory of models"))
    evaluate = commands.add_parser(
        "evaluate", help="measure a topic's latest model on its evaluation file"
    )
    evaluate.add_argument("topic", type=Path, metavar="TOPIC_DIR")
    evaluate.add_argument("--models", type=Path, required=True, metavar="DIR")
    evaluate.add_argument(
        "--records", type=Path, metavar="FILE", help="another evaluation file of the topic"
    )
    evaluate.add_argument("--plot", type=Path, metavar="SVG", help="draw its curves as well")
    evaluate.add_argument(
        "--page", type=Path, metavar="HTML", help="all of it on one page to look at"
    )
    evaluate.add_argument("--json", type=Path, metavar="FILE", help="all figures, for programs")
    evaluate.add_argument(
        "--compare",
        type=Path,
        metavar="BEFORE",
        help="the --json of an earlier evaluation, or the directory of another model",
    )
    add_import(
        commands.add_parser(
            "import", help="make a topic folder from tables: CSV, Excel, official workbooks"
        )
    )
    _add_publish(
        commands.add_parser(
            "publish",
            help="give a trained model to a deployed CodingService; needs AWS credentials",
            description="Uploads a model to the bucket of a deployed CodingService, which offers it"
            " within a minute. Credentials, region and endpoint are taken from the environment, as"
            " the aws command takes them. A model is listed once it is whole, and never replaced;"
            " its version must be above all that are published of its topic.",
        )
    )
    code = commands.add_parser(
        "code", help=f"code JSONL records ({RECORD_ID} optional), one output line each"
    )
    code.add_argument("--model", type=Path, required=True, metavar="DIR")
    code.add_argument(
        "file", nargs="?", default="-", metavar="FILE", help="a JSONL file, or - for stdin"
    )
    return parser


def _add_train(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("topic", type=Path, metavar="TOPIC_DIR")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR")
    parser.add_argument(
        "--add",
        type=Path,
        nargs="+",
        metavar="REVIEWED",
        help="files that review pages have exported: what people decided joins the examples, as a"
        " new version of the model, which is kept only where it is not worse on a sample",
    )
    parser.add_argument(
        "--add-weight",
        type=_weight,
        metavar="TIMES",
        help=f"as how many examples each of their texts counts (default {ADD_WEIGHT})",
    )
    parser.add_argument(
        "--sample",
        type=Path,
        metavar="FILE",
        help="what both models are measured on, and nothing of which is learned; the topic's"
        " evaluation file unless another is named",
    )
    parser.add_argument("--force", action="store_true", help="keep the model though it is worse")
    parser.add_argument(
        "--bucket", help="publish it then, as the command publish does; needs AWS credentials"
    )
    parser.add_argument(
        "--endpoint-url", metavar="URL", help="another S3 than that of the environment"
    )


def _weight(text: str) -> int:
    weight = int(text)
    if not 1 <= weight <= MOST_WEIGHT:
        raise argparse.ArgumentTypeError(f"is from 1 to {MOST_WEIGHT}")
    return weight


def _without_add(options: argparse.Namespace) -> str | None:
    """An option that means nothing where no decisions are added."""
    given = {
        "--add-weight": options.add_weight,
        "--sample": options.sample,
        "--force": options.force,
        "--bucket": options.bucket,
        "--endpoint-url": options.endpoint_url,
    }
    return next((name for name, value in given.items() if value), None)


def _add_publish(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "model", type=Path, metavar="MODEL_DIR", help="as train names it: DIR/<topic>/<modelId>"
    )
    parser.add_argument(
        "--bucket", required=True, help="the output ModelsBucketName of the CodingService stack"
    )
    parser.add_argument(
        "--endpoint-url", metavar="URL", help="another S3 than that of the environment"
    )
