"""Servers for a test run: in a folder of their own that goes with them, quick to start, not meant to survive."""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from bingeboard.embedded.home import Home
from bingeboard.embedded.servers import ensure_servers


def start_for_tests() -> Callable[[], None]:
    """
    Start what DATABASE_URL and REDIS_URL do not name already, point the environment at it, and return what ends it.

    Call it once, in the process that leads the run; its children inherit the environment.
    """
    folder = Path(tempfile.mkdtemp(prefix="bingeboard-tests-"))
    # PostgreSQL may have to run as another user, who must get through.
    folder.chmod(0o711)
    stack = contextlib.ExitStack()
    stack.callback(shutil.rmtree, folder, ignore_errors=True)
    try:
        servers = stack.enter_context(ensure_servers(Home(folder), durable=False))
    except BaseException:
        stack.close()
        raise
    new = {"DATABASE_URL": servers.database_url, "REDIS_URL": servers.redis_url, "BINGEBOARD_HOME": str(folder)}
    before = {name: os.environ.get(name) for name in new}
    os.environ.update(new)

    def stop() -> None:
        stack.close()
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value

    return stop
