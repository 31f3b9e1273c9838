"""`python -m erasure <drop id>`: erases a drop in the account and region of the shell."""

import argparse
import sys

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from dropcoder.terminal.text import one_line
from erasure.deployment import Clients
from erasure.erase import Kept, erase_drop
from erasure.errors import EraseError
from localcloud.console import Console
from shared.aws_errors import code_of

YES = ("y", "yes")
INTERRUPTED = 130  # what shells say of a command that Ctrl-C ended


def main(arguments: list[str] | None = None) -> int:
    """The exit status: 0 erased; 1 to be run again; else that of the error (`erasure.errors`)."""
    console = Console(sys.stdout)
    asked = _parser().parse_args(arguments)

    def confirm(kept: Kept) -> bool:
        _show(kept, console)
        return asked.yes or _agrees(console)

    try:
        clients = Clients.of(boto3.Session())
        kept = erase_drop(
            clients, asked.drop_id, confirm=confirm, stack=asked.stack, below=asked.key
        )
    except EraseError as error:
        return _failed(console, str(error), error.next_step, error.exit_status)
    except ClientError as error:
        return _failed(
            console,
            f"AWS refused {error.operation_name}: {code_of(error)}.",
            "Mend that (docs/privacy.md has the policy that this needs), and run it again.",
        )
    except BotoCoreError as error:  # no credentials, no region, no connection
        return _failed(console, str(error), "Mend that, and run it again.")
    except KeyboardInterrupt:
        return _failed(console, "Interrupted.", "Run it again: it goes on.", INTERRUPTED)
    console.say(f"Erased drop {kept.drop_id}.")
    console.say("What remains, and until when:")
    for each in kept.remains:
        console.say(f"  {each.line()}")
    return 0


def _show(kept: Kept, console: Console) -> None:
    where, items = kept.deployment, kept.items
    console.say(f"Stack {where.stack} of account {where.account} in {where.region}")
    key = kept.key or "(its key is not known any more)"
    console.say(one_line(f"Drop  {kept.drop_id}  {key}"))
    for bucket, (count, size) in kept.places().items():
        console.say(f"  {bucket}: {count:,} versions and markers, {size:,} bytes")
    if kept.uploads:
        console.say(f"  unfinished uploads: {len(kept.uploads):,}")
    console.say(f"  {where.ledger}: {items.count:,} items")
    if items.shared:
        console.say("  It shared an operation; what the other drops have of it stays.")
    if kept.ended.may_be_redriven:
        console.say(
            "  Its execution failed, with other drops in it. Once this one is erased, that "
            "execution can't be redriven: the others have to be dropped again."
        )


def _agrees(console: Console) -> bool:
    if not sys.stdin.isatty():
        console.say("Nobody can be asked here; YES=1 (--yes) erases without asking.")
        return False
    try:
        return input("Erase it for good? [y/N] ").strip().lower() in YES
    except EOFError:  # Ctrl-D
        return False


def _failed(console: Console, message: str, next_step: str, status: int = 1) -> int:
    console.say(one_line(f"Failed: {message}"))
    if next_step:
        console.say(f"Next: {next_step}")
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m erasure", description=__doc__)
    parser.add_argument("drop_id", help="32 hex digits, from the notification or the results")
    parser.add_argument("--stack", default="", help="where the region has several Pipelines")
    parser.add_argument(
        "--key", default="", help="how its key begins: a shorter search, once the ledger forgot it"
    )
    parser.add_argument("--yes", action="store_true", help="erase without asking")
    return parser


if __name__ == "__main__":
    sys.exit(main())
