"""A headless Firefox that a test steers by WebDriver BiDi, over a port of this machine.

Firefox speaks it by itself: no driver stands between. Every host is behind a proxy that is a closed
port of this machine, so nothing is reached. https://w3c.github.io/webdriver-bidi/
"""

import json
import os
import shutil
import signal
import subprocess
import time
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from tests.support.browser import ANSWER_SECONDS, BrowserFailed
from tests.support.eventually import eventually

NAMES = ("firefox-esr", "firefox")
KEYS = {  # WebDriver, "Keyboard actions": keys that are no characters
    "Enter": "\ue007",
    "Escape": "\ue00c",
    "ArrowUp": "\ue013",
    "ArrowDown": "\ue015",
    "End": "\ue010",
}
PREFERENCES = {
    "browser.shell.checkDefaultBrowser": False,
    "browser.startup.page": 0,
    "browser.download.folderList": 2,  # the folder below
    "browser.download.useDownloadDir": True,
    "browser.download.always_ask_before_handling_new_types": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "toolkit.telemetry.enabled": False,
    "app.normandy.enabled": False,
    "app.update.enabled": False,
    "extensions.update.enabled": False,
    "browser.safebrowsing.malware.enabled": False,
    "browser.safebrowsing.phishing.enabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "network.proxy.type": 1,
    "network.proxy.http": "127.0.0.1",
    "network.proxy.http_port": 9,
    "network.proxy.ssl": "127.0.0.1",
    "network.proxy.ssl_port": 9,
}
_PORT_FILE = "WebDriverBiDiServer.json"


@dataclass(slots=True)
class Firefox:
    """A page of a running Firefox."""

    _connection: ClientConnection
    _context: str = ""
    _number: int = 0

    def send(self, method: str, **parameters: Any) -> dict[str, Any]:
        """What a command of the protocol answers. Raises `BrowserFailed`."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        self._connection.send(json.dumps(message))
        while True:
            answer = json.loads(self._connection.recv(timeout=ANSWER_SECONDS))
            if answer.get("id") == self._number:
                break
        if answer["type"] == "error":
            raise BrowserFailed(f"{method}: {answer['message']}")
        result: dict[str, Any] = answer["result"]
        return result

    def attach(self) -> None:
        """Commands go to a page from now on."""
        self.send("session.new", capabilities={})
        self._context = self.send("browsingContext.getTree")["contexts"][0]["context"]

    def open(self, address: str) -> None:
        """Loads a page."""
        self.send("browsingContext.navigate", context=self._context, url=address, wait="complete")

    def value_of(self, expression: str) -> Any:
        """What a JavaScript expression is, as JSON has it. Raises `BrowserFailed`."""
        answer = self.send(
            "script.evaluate",
            expression=f"(async () => JSON.stringify(await ({expression}) ?? null))()",
            target={"context": self._context},
            awaitPromise=True,
        )
        if answer["type"] == "exception":
            raise BrowserFailed(answer["exceptionDetails"]["text"])
        return json.loads(answer["result"]["value"])

    def run(self, script: str) -> None:
        """Runs a script in the page, whatever its policy."""
        self.send(
            "script.evaluate",
            expression=f"{script}\n;null",
            target={"context": self._context},
            awaitPromise=False,
        )

    def tap(self, *keys: str) -> None:
        """Keys go down and up, one after the other: characters, or names as `Enter`."""
        values = [KEYS.get(key, key) for key in keys]
        actions = [
            {"type": kind, "value": each} for each in values for kind in ("keyDown", "keyUp")
        ]
        source = {"type": "key", "id": "keyboard", "actions": actions}
        self.send("input.performActions", context=self._context, actions=[source])

    def give_file(self, selector: str, path: Path) -> None:
        """Puts a file in an `<input type=file>`."""
        (element,) = self.send(
            "browsingContext.locateNodes",
            context=self._context,
            locator={"type": "css", "value": selector},
        )["nodes"]
        reference = {"sharedId": element["sharedId"]}
        self.send("input.setFiles", context=self._context, element=reference, files=[str(path)])

    def resize(self, width: int, height: int = 900) -> None:
        """The page's size in pixels."""
        viewport = {"width": width, "height": height}
        self.send("browsingContext.setViewport", context=self._context, viewport=viewport)

    def picture(self, path: Path) -> None:
        """Writes what is seen, as PNG."""
        answer = self.send("browsingContext.captureScreenshot", context=self._context)
        path.write_bytes(b64decode(answer["data"]))

    def close(self) -> None:
        """Ends the browser as its user does: what pages keep is on disk then."""
        with suppress(ConnectionClosed):
            self.send("browser.close")


def firefox_path() -> str | None:
    """The Firefox of this machine; None where there is none."""
    return next(filter(None, map(shutil.which, NAMES)), None)


@contextmanager
def started_firefox(path: str, folder: Path, downloads: Path) -> Iterator[Firefox]:
    """A Firefox that keeps all its files in `folder`, and ends with the block."""
    profile = folder / "profile"
    profile.mkdir(parents=True, exist_ok=True)
    (profile / _PORT_FILE).unlink(missing_ok=True)
    wanted = PREFERENCES | {"browser.download.dir": str(downloads)}
    lines = [f"user_pref({json.dumps(k)}, {json.dumps(v)});" for k, v in wanted.items()]
    (profile / "user.js").write_text("\n".join(lines), "utf-8")
    private = {
        name: str(folder) for name in ("HOME", "TMPDIR", "XDG_CONFIG_HOME", "XDG_CACHE_HOME")
    }
    arguments = [
        "--headless",
        "--no-remote",
        "--remote-debugging-port=0",
        "--profile",
        str(profile),
    ]
    with (folder / "firefox.log").open("wb") as log:
        process = subprocess.Popen(
            [path, *arguments],
            env={"PATH": os.environ["PATH"], "LANG": "C.UTF-8", **private},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        where = eventually(lambda: _said(profile / _PORT_FILE)) or {}
        address = f"ws://{where['ws_host']}:{where['ws_port']}/session"
        with connect(address, max_size=None, proxy=None, open_timeout=ANSWER_SECONDS) as connection:
            firefox = Firefox(connection)
            firefox.attach()
            yield firefox
            firefox.close()
        process.wait(ANSWER_SECONDS)
    finally:
        _end(process)


def _said(path: Path) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return found


def _end(process: "subprocess.Popen[bytes]") -> None:
    """Ends the process and its children: the group that it leads."""
    deadline = time.monotonic() + ANSWER_SECONDS
    while time.monotonic() < deadline:
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            break
        with suppress(subprocess.TimeoutExpired):
            process.wait(1)
            break
    process.wait()
