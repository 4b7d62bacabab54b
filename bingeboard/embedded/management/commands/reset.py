"""Delete a home: its embedded servers' data, secrets and artefacts."""

import contextlib
import sys
from argparse import ArgumentParser
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
        if home.path != Home.beside_manage().resolve() and not home.is_ours:
            raise Invalid(f"{home.path} does not look like a home of ours; delete it by hand if it is to go")
        if not options["yes"] and not _agreed(home):
            raise Invalid("nothing was deleted; answer yes, or add --yes")
        if not _delete(home):
            raise Invalid(f"servers of {home.path} are in use; end `make demo` or the command that uses them first")
        self.say(f"deleted {home.path}")


def _agreed(home: Home) -> bool:
    try:
        return input(f"Delete {home.path} and all data in it? Type yes: ").strip() == "yes"
    except EOFError:
        sys.stdout.write("\n")
        return False


def _delete(home: Home) -> bool:
    """Delete a home that nobody uses, nor starts to use meanwhile; False where somebody does."""
    with contextlib.ExitStack() as held:
        for name in ("start.lock", "users.lock", "demo.lock"):
            file = home.try_lock(name)
            if file is None:
                return False
            held.enter_context(file)
        home.delete()
    return True
