"""Chromium without a window, driven over a pipe: it opens pages, clicks as a person does, and says where it is.

The DevTools protocol over ``--remote-debugging-pipe``: one JSON object, then a zero byte, on the descriptors 3 and 4.
A click is sent as that of a mouse, because a browser lets a person do what it refuses to a script.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tests.support.tools import require

__all__ = ["Browser", "browser"]

_SECONDS = 60

#: A shell cannot do it: for some, descriptors have one digit.
_BECOME = """
import fcntl, os, sys
ends = [fcntl.fcntl(int(end), fcntl.F_DUPFD, 10) for end in sys.argv[1:3]]
os.dup2(ends[0], 3)
os.dup2(ends[1], 4)
os.execv(sys.argv[3], sys.argv[3:])
"""


class Browser:
    """One page of a Chromium."""

    def __init__(self, to: int, back: int, downloads: Path) -> None:
        self.downloads = downloads
        self._to, self._back = to, back
        self._read = b""
        self._number = 0
        self._session = ""
        self._events: list[dict[str, Any]] = []
        self._frame, self._loader = "", ""
        (page,) = (t for t in self._ask("Target.getTargets")["targetInfos"] if t["type"] == "page")
        given = {"targetId": page["targetId"], "flatten": True}
        self._session = str(self._ask("Target.attachToTarget", **given)["sessionId"])
        self._ask("Page.enable")
        self._ask("Page.setLifecycleEventsEnabled", enabled=True)
        allow = {"behavior": "allow", "downloadPath": str(downloads)}
        self._ask("Page.setDownloadBehavior", **allow)

    def open(self, url: str) -> None:
        """Open a page and wait until all of it is there, and what it refers to has been tried."""
        self.begin(url)
        mine = self._loader
        self._until_loaded(lambda loader: loader == mine)

    def begin(self, url: str) -> None:
        """Begin to open a page, which may lead elsewhere before all of it is there."""
        going = self._ask("Page.navigate", url=url)
        assert "errorText" not in going, going
        self._frame, self._loader = going["frameId"], going["loaderId"]

    def arrive(self) -> None:
        """Wait until all of the page is there that the last click led to."""
        was = self._loader
        self._until_loaded(lambda loader: loader != was)

    def _until_loaded(self, awaited: Callable[[str], bool]) -> None:
        """Wait for an event that names its page: that of the page before may still be in the pipe."""
        deadline = time.monotonic() + _SECONDS
        while True:
            for told in self._events:
                if told.get("name") != "load" or told["frameId"] != self._frame:
                    continue
                if awaited(told["loaderId"]):
                    self._loader = told["loaderId"]
                    return
            self._events.clear()
            self._next(deadline)

    @property
    def url(self) -> str:
        """Where it is now."""
        history = self._ask("Page.getNavigationHistory")
        return str(history["entries"][history["currentIndex"]]["url"])

    def click(self, selector: str) -> None:
        """Click on the first element that fits, in the middle of its first line."""
        root = self._ask("DOM.getDocument")["root"]["nodeId"]
        node = self._ask("DOM.querySelector", nodeId=root, selector=selector)["nodeId"]
        assert node, f"nothing here is {selector}"
        self._ask("DOM.scrollIntoViewIfNeeded", nodeId=node)
        left, top, right, _, _, bottom, *_ = self._ask("DOM.getContentQuads", nodeId=node)["quads"][
            0
        ]
        self._events.clear()
        where = {"x": (left + right) / 2, "y": (top + bottom) / 2, "button": "left"}
        for kind in ("mousePressed", "mouseReleased"):
            self._ask("Input.dispatchMouseEvent", type=kind, clickCount=1, **where)

    def _ask(self, method: str, **parameters: Any) -> dict[str, Any]:
        self._number += 1
        request = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            request["sessionId"] = self._session
        os.write(self._to, json.dumps(request).encode() + b"\0")
        deadline = time.monotonic() + _SECONDS
        while True:
            answer = self._next(deadline)
            if answer.get("id") == self._number:
                assert "error" not in answer, f"{method}: {answer['error']}"
                return dict(answer["result"])

    def _next(self, deadline: float) -> dict[str, Any]:
        """The next thing that it says."""
        while b"\0" not in self._read:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self._back], [], [], left)[0]:
                raise TimeoutError("the browser says nothing more")
            piece = os.read(self._back, 1 << 16)
            assert piece, "the browser is gone"
            self._read += piece
        text, _, self._read = self._read.partition(b"\0")
        said: dict[str, Any] = json.loads(text)
        if said.get("method") == "Page.lifecycleEvent":
            self._events.append(said["params"])
        return said


@contextlib.contextmanager
def browser(place: Path) -> Iterator[Browser]:
    """Start one with a profile of its own; it ends with the block."""
    program = require("chromium")
    downloads = place / "downloads"
    downloads.mkdir()
    ours, theirs = os.pipe(), os.pipe()
    argv = [
        *(str(program), "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"),
        *("--no-first-run", "--disable-background-networking", "--disable-component-update"),
        *(f"--user-data-dir={place / 'profile'}", "--remote-debugging-pipe", "about:blank"),
    ]
    # the descriptors 3 and 4 are what it reads and writes
    become = [sys.executable, "-c", _BECOME, str(ours[0]), str(theirs[1]), *argv]
    process = subprocess.Popen(
        become,
        pass_fds=(ours[0], theirs[1]),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(ours[0])
    os.close(theirs[1])
    try:
        yield Browser(ours[1], theirs[0], downloads)
    finally:
        os.close(ours[1])
        os.close(theirs[0])
        process.terminate()
        process.wait(30)
