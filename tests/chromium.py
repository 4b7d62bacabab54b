"""Debian's Chromium without a window, spoken to over its own pipe: no driver needs to be installed."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from typing import Any

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome")
# None of these reaches for anything but the page that is asked for.
OPTIONS = (
    "--headless=new", "--remote-debugging-pipe", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-quic",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
    "--no-proxy-server", "--window-size=1300,900",
)  # fmt: skip
SECONDS = 60.0
# The browser reads its orders from descriptor 3 and answers on 4; first out of each other's way.
LAUNCH = """import fcntl, os, sys
orders, answers = (fcntl.fcntl(int(fd), fcntl.F_DUPFD, 10) for fd in sys.argv[1:3])
os.dup2(orders, 3)
os.dup2(answers, 4)
os.execv(sys.argv[3], sys.argv[3:])
"""


class Chromium:
    """One page of one browser."""

    def __init__(self) -> None:
        program = next((path for name in NAMES if (path := shutil.which(name))), None)
        if program is None:
            pytest.skip(f"no browser here: none of {', '.join(NAMES)} is installed")
        self._folder = tempfile.mkdtemp(prefix="bingeboard-chromium-")
        ours_out, theirs_in = os.pipe()
        theirs_out, ours_in = os.pipe()
        self._process = subprocess.Popen(
            [
                sys.executable,
                "-c",
                LAUNCH,
                str(theirs_out),
                str(theirs_in),
                program,
                *OPTIONS,
                f"--user-data-dir={self._folder}",
            ],
            pass_fds=(theirs_out, theirs_in),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        os.close(theirs_out)
        os.close(theirs_in)
        self._in, self._out = os.fdopen(ours_in, "wb", 0), os.fdopen(ours_out, "rb", 0)
        self._rest, self._number = b"", 0
        self._session: str | None = None
        self.said: list[str] = []
        pages = self._order("Target.getTargets")["targetInfos"]
        target = next(page["targetId"] for page in pages if page["type"] == "page")
        self._session = self._order("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self._order(f"{domain}.enable")

    def open(self, address: str) -> None:
        """Load a page, and wait until its scripts have run."""
        self._order("Page.navigate", url=address)
        self.until(f"location.href.startsWith({json.dumps(address)}) && document.readyState === 'complete'")

    def run(self, script: str) -> Any:
        """Return the value of an expression in the page."""
        answer = self._order("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def until(self, holds: str) -> Any:
        """Wait until an expression holds in the page, and return its value."""
        deadline = time.monotonic() + SECONDS
        while True:
            try:
                value = self.run(holds)
            except (AssertionError, RuntimeError):  # a page that is being left has no answer
                value = None
            if value:
                return value
            assert time.monotonic() < deadline, f"waited {SECONDS:.0f} s in vain for {holds}"
            time.sleep(0.05)

    def press(self, key: str, code: int) -> None:
        """Press a key."""
        for kind in ("keyDown", "keyUp"):
            text = {"text": "\r"} if key == "Enter" and kind == "keyDown" else {}
            self._order("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code, **text)

    def set_width(self, width: int) -> None:
        """Make the window as wide as this."""
        self._order("Emulation.setDeviceMetricsOverride", width=width, height=844, deviceScaleFactor=1, mobile=False)

    def set_scripts(self, allowed: bool) -> None:
        """Let pages run scripts, or not."""
        self._order("Emulation.setScriptExecutionDisabled", value=not allowed)

    def close(self) -> None:
        """End the browser and leave nothing of it."""
        self._in.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._out.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _order(self, method: str, **params: Any) -> Any:
        self._number += 1
        order: dict[str, Any] = {"id": self._number, "method": method, "params": params}
        if self._session is not None:
            order["sessionId"] = self._session
        self._in.write(json.dumps(order).encode() + b"\0")
        while (answer := self._read()).get("id") != self._number:
            self._note(answer)
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']}")
        return answer["result"]

    def _read(self) -> Any:
        while b"\0" not in self._rest:
            more = os.read(self._out.fileno(), 1 << 16)
            assert more, "the browser has ended"
            self._rest += more
        message, _, self._rest = self._rest.partition(b"\0")
        return json.loads(message)

    def _note(self, event: Any) -> None:
        """Keep what the page complained about."""
        params = event.get("params", {})
        if event.get("method") == "Log.entryAdded" and params["entry"]["level"] == "error":
            self.said.append(params["entry"]["text"])
        if event.get("method") == "Runtime.exceptionThrown":
            self.said.append(str(params["exceptionDetails"]))
