"""WebKit's own browser, on a screen that nobody sees, steered over a port of this machine.

Debian's `webkit2gtk-driver` has driver and browser, `xvfb` the screen. Every host is behind a proxy
that is a closed port of this machine, so nothing is reached. What pages keep lasts as long as the
browser: a steered one keeps nothing on disk. https://www.w3.org/TR/webdriver2/
"""

import json
import os
import shutil
import signal
import socket
import subprocess
from base64 import b64decode
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, Final

from tests.support.browser import ANSWER_SECONDS, BrowserFailed
from tests.support.eventually import eventually
from tests.support.firefox import KEYS

DRIVER, SCREEN = "WebKitWebDriver", "Xvfb"
BROWSERS = "*/webkit2gtk-4.*/MiniBrowser"
"""Below the folder of libraries; as Debian installs it."""
ELEMENT: Final = "element-6066-11e4-a52e-4f735466cecf"  # WebDriver, "Web element identifier"
CLOSED = "127.0.0.1:9"
VALUE = """
const done = arguments[arguments.length - 1];
(async () => JSON.stringify(await (%s) ?? null))().then(
  (value) => done({value}), (error) => done({error: String(error)}));
"""


@dataclass(slots=True)
class WebKit:
    """A page of a running browser."""

    _port: int
    _session: str = ""

    def send(self, method: str, path: str, **parameters: Any) -> Any:
        """What a command of the protocol answers. Raises `BrowserFailed`."""
        connection = HTTPConnection("127.0.0.1", self._port, timeout=ANSWER_SECONDS)
        try:
            body = None if method in ("GET", "DELETE") else json.dumps(parameters)
            connection.request(method, path, body, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            value = json.loads(answer.read())["value"]
        finally:
            connection.close()
        if answer.status != 200:
            raise BrowserFailed(f"{path}: {value['error']}: {value['message']}")
        return value

    def attach(self, path: str) -> None:
        """Starts the browser; commands go to its page from now on."""
        wanted = {
            "webkitgtk:browserOptions": {"binary": path, "args": ["--automation"]},
            "proxy": {"proxyType": "manual", "httpProxy": CLOSED, "sslProxy": CLOSED},
        }
        new = self.send("POST", "/session", capabilities={"alwaysMatch": wanted})
        self._session = f"/session/{new['sessionId']}"

    def open(self, address: str) -> None:
        """Loads a page."""
        self._post("url", url=address)

    def value_of(self, expression: str) -> Any:
        """What a JavaScript expression is, as JSON has it. Raises `BrowserFailed`."""
        answer = self._post("execute/async", script=VALUE % expression, args=[])
        if "error" in answer:
            raise BrowserFailed(answer["error"])
        return json.loads(answer["value"])

    def run(self, script: str) -> None:
        """Runs a script in the page, whatever its policy."""
        self._post("execute/sync", script=f"{script}\n;return null", args=[])

    def tap(self, *keys: str) -> None:
        """Keys go down and up, one after the other: characters, or names as `Enter`."""
        values = [KEYS.get(key, key) for key in keys]
        actions = [
            {"type": kind, "value": each} for each in values for kind in ("keyDown", "keyUp")
        ]
        self._post("actions", actions=[{"type": "key", "id": "keyboard", "actions": actions}])

    def give_file(self, selector: str, path: Path) -> None:
        """Puts a file in an `<input type=file>`."""
        found = self._post("element", using="css selector", value=selector)
        self._post(f"element/{found[ELEMENT]}/value", text=str(path))

    def resize(self, width: int, height: int = 900) -> None:
        """The page's size in pixels; it stays wide enough for the browser's bar of buttons."""
        inner, outer = self.value_of("[[innerWidth, innerHeight], [outerWidth, outerHeight]]")
        frame = [whole - page for whole, page in zip(outer, inner, strict=True)]
        self._post("window/rect", width=width + frame[0], height=height + frame[1])

    def picture(self, path: Path) -> None:
        """Writes what is seen, as PNG."""
        path.write_bytes(b64decode(self.send("GET", f"{self._session}/screenshot")))

    def close(self) -> None:
        """Ends the browser."""
        if self._session:
            self.send("DELETE", self._session)
            self._session = ""

    def _post(self, command: str, **parameters: Any) -> Any:
        return self.send("POST", f"{self._session}/{command}", **parameters)


def webkit_path() -> str | None:
    """The browser of this machine; None where it, its driver or a screen for it is missing."""
    if not all(map(shutil.which, (DRIVER, SCREEN))):
        return None
    return next((str(each) for each in sorted(Path("/usr/lib").glob(BROWSERS))), None)


@contextmanager
def started_webkit(path: str, folder: Path, downloads: Path) -> Iterator[WebKit]:
    """A browser that keeps all its files in `folder`, and ends with the block."""
    config = folder / "config"
    config.mkdir(parents=True, exist_ok=True)
    (config / "user-dirs.dirs").write_text(f'XDG_DOWNLOAD_DIR="{downloads}"\n', "utf-8")
    names = ("HOME", "TMPDIR", "XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_RUNTIME_DIR")
    private = dict.fromkeys(names, str(folder)) | {"XDG_CONFIG_HOME": str(config)}
    with ExitStack() as held:
        private["DISPLAY"] = held.enter_context(_screen(folder, private))
        port = _free_port()
        arguments = [DRIVER, "--host=127.0.0.1", f"--port={port}"]
        held.enter_context(_running(arguments, folder / "driver.log", private))
        webkit = WebKit(port)
        eventually(lambda: _is_ready(webkit))
        webkit.attach(path)
        yield webkit
        webkit.close()


@contextmanager
def _screen(folder: Path, private: Mapping[str, str]) -> Iterator[str]:
    """The name of a new display, which takes the first number that is free."""
    said, theirs = os.pipe()
    arguments = [SCREEN, "-displayfd", str(theirs), "-screen", "0", "1600x1200x24"]
    with (
        os.fdopen(said, "rb") as answer,
        _running([*arguments, "-nolisten", "tcp"], folder / "screen.log", private, passed=theirs),
    ):
        os.close(theirs)
        yield f":{int(answer.readline())}"


@contextmanager
def _running(
    arguments: list[str], log: Path, private: Mapping[str, str], passed: int | None = None
) -> Iterator[None]:
    """A process, which leads a group of its own, for as long as the context lasts."""
    with log.open("wb") as out:
        process = subprocess.Popen(
            arguments,
            env={"PATH": os.environ["PATH"], "LANG": "C.UTF-8", **private},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
            pass_fds=[] if passed is None else [passed],
        )
    try:
        yield
    finally:
        for sign in (signal.SIGTERM, signal.SIGKILL):  # asked first, a screen leaves no lock behind
            with suppress(ProcessLookupError, subprocess.TimeoutExpired):
                os.killpg(process.pid, sign)
                process.wait(ANSWER_SECONDS)


def _is_ready(webkit: WebKit) -> bool:
    try:
        return bool(webkit.send("GET", "/status")["ready"])
    except OSError:
        return False


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
    return port
