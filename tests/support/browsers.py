"""Any browser that a machine has, steered alike: tests of pages that must work in all."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol

import pytest

from tests.support import browser, firefox, webkit

CHROMIUM, FIREFOX, WEBKIT = "chromium", "firefox", "webkit"


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


_STARTED: Mapping[str, tuple[Callable[[], str | None], Callable[..., Any]]] = {
    CHROMIUM: (browser.browser_path, browser.started),
    FIREFOX: (firefox.firefox_path, firefox.started_firefox),
    WEBKIT: (webkit.webkit_path, webkit.started_webkit),
}


def starter_of(name: str) -> Start:
    """How one of them is started; skips the test where this machine has none."""
    path_of, start = _STARTED[name]
    path = path_of()
    if path is None:
        pytest.skip(f"no {name} on this machine")
    return lambda folder, downloads: start(path, folder, downloads)
