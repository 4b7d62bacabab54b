#!/usr/bin/env python
"""
Django's command entry. A command that needs servers and is told of none gets the embedded ones of its home.

They are joined where they run already, else started, and what was started is ended with the command.
"""

import os
import signal
import sys

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
        return complain(f"this is Python {sys.version.split()[0]}; BingeBoard needs 3.11 or newer (run `make setup`)")
    # A supervisor's SIGTERM ends a command as Ctrl-C does: with everything put away.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        from django.core.management import execute_from_command_line

        from bingeboard.embedded.home import Home, ensure_servers
        from bingeboard.embedded.processes import ServerError
    except ImportError as error:
        return complain(f"{error}; run `make setup`, then use .venv/bin/python")
    if not needs_servers(sys.argv[1:]):
        return run(execute_from_command_line)
    home = Home.default()
    try:
        with ensure_servers(home) as servers:
            os.environ["DATABASE_URL"], os.environ["REDIS_URL"] = servers.database_url, servers.redis_url
            if home.is_ours:
                os.environ.setdefault("BINGEBOARD_SECRET_KEY", home.secret("django"))
            return run(execute_from_command_line)
    except ServerError as error:
        if sys.argv[1] == "doctor":
            os.environ["BINGEBOARD_SERVER_ERROR"] = str(error)
            return run(execute_from_command_line)
        return complain(f"{error} (`python manage.py doctor` says more)")
    except KeyboardInterrupt:
        return 130


def run(execute) -> int:  # type: ignore[no-untyped-def]
    """Run Django's command line; Ctrl-C is an answer, not an accident."""
    try:
        execute(sys.argv)
    except KeyboardInterrupt:
        sys.stderr.write("stopped\n")
        return 130
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 0 if end.code is None else complain(str(end.code))
    return 0


def complain(message: str) -> int:
    """Write one line to stderr; returns the exit code of a failure."""
    sys.stderr.write(f"manage.py: {message}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
