"""Standard output and standard error of one command.

Results go to standard output: lines for people, or with `--json` one JSON document, of a verb that
never ends a line for each result. Progress, notes and errors go to standard error; a progress bar
is drawn there on a terminal alone.
"""

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as ProgressBar
from rich.text import Text

from dropcoder.errors import CommandError
from dropcoder.terminal.text import harmless, one_line, text_width

SHOWN_ROWS = 5  # of those that a file is rejected for; ours

Advance = Callable[[int], None]
"""Says that so much more is done."""
Progress = Callable[[str, int | None], AbstractContextManager[Advance]]
"""Shows how far a step is, by its name and what there is to do, None: that is not known."""


class Screen:
    """Where a command writes."""

    def __init__(self, *, as_json: bool = False) -> None:
        self.as_json = as_json
        self._notes = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)

    def say(self, text: str = "") -> None:
        """A line of the result, for people."""
        if not self.as_json:
            sys.stdout.write(harmless(text) + "\n")
            sys.stdout.flush()

    def document(self, content: Any) -> None:
        """The result, for programs."""
        if self.as_json:
            json.dump(content, sys.stdout, ensure_ascii=False, indent=2)
            sys.stdout.write("\n")
            sys.stdout.flush()

    def line(self, content: Any) -> None:
        """One of many results, for programs: a line of JSON."""
        if self.as_json:
            sys.stdout.write(json.dumps(content, ensure_ascii=False) + "\n")
            sys.stdout.flush()

    def facts(self, facts: Mapping[str, str]) -> None:
        """Names with what is to be said of each, one below the other; several lines are indented.

        What has nothing to be said is left out."""
        wide = max(map(len, facts), default=0)
        for name, text in facts.items():
            if text:
                first, *others = text.split("\n")
                self.say(f"{name:<{wide}}  {first}")
                for line in others:
                    self.say(f"{'':<{wide}}  {line}")

    def table(self, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Columns as wide as they need, measured as a terminal measures."""
        shown = [heads, *([one_line(cell) for cell in row] for row in rows)]
        widths = [max(map(text_width, column)) for column in zip(*shown, strict=True)]
        for row in shown:
            padded = (c + " " * (w - text_width(c)) for c, w in zip(row, widths, strict=True))
            self.say("  ".join(padded).rstrip())

    def note(self, text: str) -> None:
        """A line beside the result."""
        self._notes.print(Text(harmless(text)))

    def error(self, error: CommandError) -> None:
        """Why the command stopped, and what to do."""
        self.refusal(error)
        self.failure(error)

    def failure(self, error: CommandError) -> None:
        """The same for programs alone."""
        self.document(
            {
                "error": str(error),
                "nextStep": error.next_step,
                "exitStatus": int(error.status),
                "rows": [{"number": number, "fault": fault} for number, fault in error.rows],
            }
        )

    def refusal(self, error: CommandError) -> None:
        """The same for people alone, of one of several things that a command does."""
        for number, reason in error.rows[:SHOWN_ROWS]:
            self.note(f"  | {number:,}: {one_line(reason)}")
        self._notes.print(
            Text("Failed: ", "bold red").append(Text(one_line(str(error)), "not bold"))
        )
        if error.next_step:
            self._notes.print(Text("Next: ", "bold").append(Text(harmless(error.next_step))))

    @contextmanager
    def progress(self, name: str, total: int | None) -> Iterator[Advance]:
        """A bar for as long as the context lasts; `total` in the caller's unit, None: unknown."""
        with ProgressBar(
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TextColumn("{task.percentage:>3.0f} %" if total else ""),
            TimeElapsedColumn(),
            console=self._notes,
            transient=True,
            disable=not self._notes.is_terminal,
        ) as bar:
            task = bar.add_task(harmless(name), total=total)
            yield lambda more: bar.advance(task, more)

    @contextmanager
    def live(self) -> Iterator[Callable[[str, str], None]]:
        """A line that is kept up to date; in a log, a line for each change of the second text.

        The first text is what is going on right now, with the time so far, say."""
        told = ""
        if self._notes.is_terminal:
            with self._notes.status("") as status:
                yield lambda now, _: status.update(Text(one_line(now)))
            return

        def tell(_now: str, news: str) -> None:
            nonlocal told
            if news != told:
                told = news
                self.note(f"  {one_line(news)}")

        yield tell
