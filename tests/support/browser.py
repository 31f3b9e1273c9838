"""A headless Chromium that a test steers through the DevTools protocol, over two pipes.

It opens no port and reaches nothing: every name is unknown to it, and its proxy is a closed port of
this machine. https://chromedevtools.github.io/devtools-protocol/
"""

import fcntl
import json
import os
import select
import shutil
import signal
import time
from base64 import b64decode
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support.eventually import eventually

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
ARGUMENTS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-domain-reliability",
    "--disable-extensions",
    "--disable-sync",
    "--disable-features=OptimizationHints,MediaRouter,DialMediaRouteProvider",
    "--metrics-recording-only",
    "--hide-scrollbars",
    "--proxy-server=http://127.0.0.1:9",
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--remote-debugging-pipe",
)
ANSWER_SECONDS = 30.0  # a busy machine starts the browser in a few
KEYS = {
    "Enter": (13, "\r"),
    "Escape": (27, ""),
    "ArrowUp": (38, ""),
    "ArrowDown": (40, ""),
    "End": (35, ""),
}
"""Keys that are no characters: their Windows virtual key codes, and what they write."""
_COMMANDS, _ANSWERS = 3, 4  # the file descriptors that Chromium reads and writes
_ABOVE_THESE = 10
_END = b"\0"  # of a message


class BrowserFailed(Exception):
    """The browser did not do, or not answer, what it was told."""


@dataclass(slots=True)
class Browser:
    """A page of a running browser, and all that was told of it."""

    process: int
    _commands: int
    _answers: int
    events: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    """Names and parameters of the protocol's events, in order."""
    _session: str | None = None
    _number: int = 0
    _unread: bytes = b""

    def send(self, method: str, **parameters: Any) -> dict[str, Any]:
        """What a command of the protocol answers. Raises `BrowserFailed`."""
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": parameters}
        if self._session is not None:
            message["sessionId"] = self._session
        unsent = json.dumps(message).encode() + _END
        while unsent:
            unsent = unsent[os.write(self._commands, unsent) :]
        answer = self._until(lambda got: got.get("id") == self._number)
        if "error" in answer:
            raise BrowserFailed(f"{method}: {answer['error']['message']}")
        result: dict[str, Any] = answer["result"]
        return result

    def attach(self) -> None:
        """Commands go to a new empty page from now on."""
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        answer = self.send("Target.attachToTarget", targetId=target, flatten=True)
        self._session = answer["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network", "Audits", "Accessibility"):
            self.send(f"{domain}.enable")

    def open(self, address: str) -> None:
        """Loads a page; `events` has what happens from then on."""
        self.events.clear()
        answer = self.send("Page.navigate", url=address)
        if "errorText" in answer:
            raise BrowserFailed(f"{address}: {answer['errorText']}")
        if not any(name == "Page.loadEventFired" for name, _ in self.events):
            self._until(lambda got: got.get("method") == "Page.loadEventFired")

    def value_of(self, expression: str) -> Any:
        """What a JavaScript expression is, as JSON has it. Raises `BrowserFailed`."""
        answer = self.send(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True
        )
        if "exceptionDetails" in answer:
            raise BrowserFailed(answer["exceptionDetails"]["exception"]["description"])
        return answer["result"].get("value")

    def press(self, key: str, code: int, text: str = "") -> None:
        """A key goes down and up. `code` is its Windows virtual key code."""
        names = {"key": key, "code": key, "windowsVirtualKeyCode": code}
        down = {"type": "keyDown", "text": text} if text else {"type": "rawKeyDown"}
        self.send("Input.dispatchKeyEvent", **down, **names)
        self.send("Input.dispatchKeyEvent", type="keyUp", **names)

    def tap(self, *keys: str) -> None:
        """Keys go down and up, one after the other: characters, or names as `Enter`."""
        for key in keys:
            code, text = KEYS.get(key) or (ord(key.upper()), key)
            self.press(key, code, text)

    def run(self, script: str) -> None:
        """Runs a script in the page, whatever its policy."""
        self.value_of(f"{script}\n;null")

    def give_file(self, selector: str, path: Path) -> None:
        """Puts a file in an `<input type=file>`."""
        root = self.send("DOM.getDocument")["root"]["nodeId"]
        node = self.send("DOM.querySelector", nodeId=root, selector=selector)["nodeId"]
        self.send("DOM.setFileInputFiles", nodeId=node, files=[str(path)])

    def picture(self, path: Path) -> None:
        """Writes what is seen, as PNG."""
        path.write_bytes(b64decode(self.send("Page.captureScreenshot")["data"]))

    def close(self) -> None:
        """Ends the browser as its user does: what pages keep is on disk then."""
        self._session = None
        with suppress(BrowserFailed):
            self.send("Browser.close")
        # It answers first, and writes then. It stays to be waited for: `_end` does.
        how = os.WEXITED | os.WNOHANG | os.WNOWAIT
        eventually(lambda: os.waitid(os.P_PID, self.process, how), within=ANSWER_SECONDS)

    def resize(self, width: int, height: int = 900) -> None:
        """The window's size in pixels."""
        self.send(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )

    def prefer(self, scheme: str) -> None:
        """`light` or `dark`."""
        wanted = {"name": "prefers-color-scheme", "value": scheme}
        self.send("Emulation.setEmulatedMedia", media="", features=[wanted])

    def _until(self, is_awaited: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        deadline = time.monotonic() + ANSWER_SECONDS
        while True:
            message, end, rest = self._unread.partition(_END)
            if not end:
                self._read(deadline)
                continue
            self._unread = rest
            got: dict[str, Any] = json.loads(message)
            if "method" in got:
                self.events.append((got["method"], got["params"]))
            if is_awaited(got):
                return got

    def _read(self, deadline: float) -> None:
        left = max(0.0, deadline - time.monotonic())
        if not select.select([self._answers], [], [], left)[0]:
            raise BrowserFailed(f"no answer within {ANSWER_SECONDS:.0f} seconds")
        content = os.read(self._answers, 1 << 20)
        if not content:
            raise BrowserFailed("the browser has ended")
        self._unread += content


def browser_path() -> str | None:
    """The browser of this machine; None where there is none."""
    return next(filter(None, map(shutil.which, NAMES)), None)


@contextmanager
def started(path: str, folder: Path, downloads: Path | None = None) -> Iterator[Browser]:
    """A browser that keeps all its files in `folder`, and ends with the block.

    What pages give to download lies in `downloads`."""
    theirs_in, ours_out = map(_high, os.pipe())
    ours_in, theirs_out = map(_high, os.pipe())
    try:
        process = _spawn(path, folder, theirs_in, theirs_out)
    finally:
        os.close(theirs_in)
        os.close(theirs_out)
    browser = Browser(process, ours_out, ours_in)
    try:
        browser.attach()
        if downloads is not None:
            where = str(downloads)
            browser.send("Page.setDownloadBehavior", behavior="allow", downloadPath=where)
        yield browser
    finally:
        os.close(ours_out)
        os.close(ours_in)
        _end(process)


def _spawn(path: str, folder: Path, commands: int, answers: int) -> int:
    """The process, which leads a group of its own."""
    log = str(folder / "browser.log")
    private = {
        name: str(folder) for name in ("HOME", "TMPDIR", "XDG_CONFIG_HOME", "XDG_CACHE_HOME")
    }
    return os.posix_spawn(
        path,
        [path, *ARGUMENTS, f"--user-data-dir={folder / 'profile'}", "about:blank"],
        {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", **private},
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600),
            (os.POSIX_SPAWN_DUP2, 1, 2),
            (os.POSIX_SPAWN_DUP2, commands, _COMMANDS),
            (os.POSIX_SPAWN_DUP2, answers, _ANSWERS),
        ],
        setpgroup=0,
    )


def _high(descriptor: int) -> int:
    """The same pipe's end, out of the way of the descriptors that Chromium wants."""
    moved = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, _ABOVE_THESE)
    os.close(descriptor)
    return moved


def _end(process: int) -> None:
    """Ends the process and its children: the group that it leads."""
    with suppress(ProcessLookupError):
        os.killpg(process, signal.SIGKILL)
    os.waitpid(process, 0)
