"""Servers for a test run: in a folder of their own that goes with them, quick to start, not meant to survive."""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from bingeboard.embedded.home import Home, ensure_servers


def start_for_tests() -> Callable[[], None]:
    """
    Start what DATABASE_URL and REDIS_URL do not name already, point the environment at it, and return what ends it.

    Call it once, in the process that leads the run; its children inherit the environment.
    """
    folder = Path(tempfile.mkdtemp(prefix="bingeboard-tests-"))
    # PostgreSQL may have to run as another user, who must get through.
    folder.chmod(0o711)
    stack = contextlib.ExitStack()
    servers = stack.enter_context(ensure_servers(Home(folder), durable=False, quiet=True))
    before = {name: os.environ.get(name) for name in ("DATABASE_URL", "REDIS_URL", "BINGEBOARD_HOME")}
    os.environ["DATABASE_URL"], os.environ["REDIS_URL"] = servers.database_url, servers.redis_url
    os.environ["BINGEBOARD_HOME"] = str(folder)

    def stop() -> None:
        stack.close()
        shutil.rmtree(folder, ignore_errors=True)
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value

    return stop
