"""Either browser that a machine has, steered alike: tests of pages that must work in both."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol

import pytest

from tests.support import browser, firefox

CHROMIUM, FIREFOX = "chromium", "firefox"


class Page(Protocol):
    """A page of a running browser."""

    def open(self, address: str) -> None:
        """Loads a page."""

    def value_of(self, expression: str) -> Any:
        """What a JavaScript expression is, as JSON has it. Raises `BrowserFailed`."""

    def run(self, script: str) -> None:
        """Runs a script in the page, whatever its policy."""

    def tap(self, *keys: str) -> None:
        """Keys go down and up, one after the other: characters, or names as `Enter`."""

    def give_file(self, selector: str, path: Path) -> None:
        """Puts a file in an `<input type=file>`."""

    def resize(self, width: int, height: int = 900) -> None:
        """The page's size in pixels."""

    def picture(self, path: Path) -> None:
        """Writes what is seen, as PNG."""

    def close(self) -> None:
        """Ends the browser as its user does: what pages keep is on disk then."""


Start = Callable[[Path, Path], AbstractContextManager[Page]]
"""Starts a browser that keeps all its files in the first folder, and downloads to the second."""


def starter_of(name: str) -> Start:
    """How one of the two is started; skips the test where this machine has none."""
    path = browser.browser_path() if name == CHROMIUM else firefox.firefox_path()
    if path is None:
        pytest.skip(f"no {name} on this machine")
    start = browser.started if name == CHROMIUM else firefox.started_firefox
    return lambda folder, downloads: start(path, folder, downloads)
