"""Delete a home: its embedded servers' data, secrets and artefacts."""

import fcntl
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from bingeboard.commands import Command as BaseCommand
from bingeboard.embedded.home import Home
from bingeboard.errors import Invalid


class Command(BaseCommand):
    help = "Delete the home (BINGEBOARD_HOME, default .demo) with all embedded data, secrets and models in it."
    requires_system_checks = []
    requires_migrations_checks = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--yes", action="store_true", help="do not ask")

    def handle(self, *args: Any, **options: Any) -> None:
        home = Home.default()
        if not home.path.exists():
            self.say(f"{home.path} is not there; nothing to delete")
            return
        if not home.is_ours or home.path in (Path.home(), Path("/")):
            raise Invalid(f"{home.path} does not look like a home of ours; delete it by hand if it is to go")
        if not options["yes"] and input(f"Delete {home.path} and all data in it? Type yes: ").strip() != "yes":
            raise Invalid("nothing was deleted")
        try:
            with home.locked("users.lock", wait=False) as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                home.delete()
        except BlockingIOError:
            raise Invalid(
                f"servers of {home.path} are in use; stop `make demo` or the command that uses them"
            ) from None
        self.say(f"deleted {home.path}")
