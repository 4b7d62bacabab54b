#!/usr/bin/env python
"""
Django's command entry. A command that needs servers and is told of none gets the embedded ones of its home.

They are joined where they run already, else started, and what was started is ended with the command.
"""

# So that an older Python gets as far as being told that it is one.
from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

# Commands that touch neither database nor broker.
NEED_NO_SERVERS = {
    "help",
    "version",
    "reset",
    "startapp",
    "startproject",
    "diffsettings",
    "collectstatic",
    "findstatic",
    "makemessages",
    "compilemessages",
    "export_schema",
}


def needs_servers(arguments: list[str]) -> bool:
    """Return whether a command line is of a command that talks to a server."""
    if not arguments or arguments[0].startswith("-") or arguments[0] in NEED_NO_SERVERS:
        return False
    return not any(argument in ("-h", "--help", "--version") for argument in arguments)


def main() -> int:
    """Run one command; returns its exit code."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bingeboard.settings")
    if sys.version_info < (3, 11):  # noqa: UP036 - said to whoever comes with an older one
        return complain("this is Python %d.%d; BingeBoard needs 3.11 or newer: run `make setup`" % sys.version_info[:2])  # noqa: UP031
    interruptible()
    try:
        import django  # noqa: F401
        import environ

        import bingeboard.embedded.servers  # noqa: F401
    except ImportError as error:
        return complain(f"{error}; run `make setup`, then use .venv/bin/python")
    # The same file that the settings read: an address in it is an address given.
    environ.Env.read_env(Path(__file__).resolve().parent / ".env")
    try:
        return run_with_servers() if needs_servers(sys.argv[1:]) else run()
    except KeyboardInterrupt:
        return 130


def interruptible() -> None:
    """Let SIGTERM and a closed terminal end a command as Ctrl-C does: with everything put away."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        # nohup ignores the latter, and means it.
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler)


def run_with_servers() -> int:
    """Run Django's command line with the addresses of servers that run for as long as it does."""
    from bingeboard.embedded.home import Home
    from bingeboard.embedded.processes import ServerError
    from bingeboard.embedded.servers import ensure_servers

    home = Home.default()
    try:
        with ensure_servers(home) as servers:
            os.environ.update(DATABASE_URL=servers.database_url, REDIS_URL=servers.redis_url)
            if home.is_ours:
                os.environ.setdefault("BINGEBOARD_SECRET_KEY", home.secret("django"))
            return run()
    except (ServerError, OSError) as error:
        if sys.argv[1] != "doctor":
            return complain(f"{error} (`python manage.py doctor` says more)")
        os.environ["BINGEBOARD_SERVER_ERROR"] = str(error)
    return run()


def run() -> int:
    """Run Django's command line; whatever goes wrong is one line, unless --traceback asks for the story."""
    from django.core.management import execute_from_command_line

    try:
        execute_from_command_line(sys.argv)
    except KeyboardInterrupt:
        return 130
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 0 if end.code is None else complain(str(end.code))
    except Exception as error:
        if "--traceback" in sys.argv:
            raise
        first = (str(error).strip().splitlines() or [""])[0]
        return complain(f"{type(error).__name__}: {first} (`python manage.py doctor` may say more)")
    return 0


def complain(message: str) -> int:
    """Write one line to stderr; returns the exit code of a failure."""
    sys.stderr.write(f"manage.py: {message}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
