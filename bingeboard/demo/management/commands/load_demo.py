"""Load the demo catalogue with its made-up viewers."""

from argparse import ArgumentParser
from typing import Any

from django.utils import timezone

from bingeboard.commands import Command as BaseCommand
from bingeboard.commands import add_dry_run
from bingeboard.demo.generator import NAMED, NEWCOMERS
from bingeboard.demo.loader import N_VIEWERS, SEED, load
from bingeboard.errors import Invalid


class Command(BaseCommand):
    help = "Load 360 well-known titles and made-up viewers with a year of history; running it again adds nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--viewers", type=int, default=N_VIEWERS, metavar="N", help=f"default: {N_VIEWERS}")
        parser.add_argument("--seed", type=int, default=SEED, metavar="N", help="another seed, another world")
        parser.add_argument("--force", action="store_true", help="also into a database that holds other titles")
        add_dry_run(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        least = len(NAMED) + len(NEWCOMERS)
        if not least <= options["viewers"] <= 100_000:
            raise Invalid(f"--viewers is a number from {least} to 100000, got {options['viewers']}")
        if options["seed"] < 0:
            raise Invalid(f"--seed is 0 or more, got {options['seed']}")
        with self.progress() as bars:
            tasks: dict[str, Any] = {}

            def tell(what: str, done: int, total: int) -> None:
                if what not in tasks:
                    tasks[what] = bars.add_task(what, total=total)
                bars.update(tasks[what], completed=done)

            loaded = load(
                now=timezone.now(),
                n_viewers=options["viewers"],
                seed=options["seed"],
                force=options["force"],
                dry_run=options["dry_run"],
                progress=tell,
            )
        would = "would load" if options["dry_run"] else "demo:"
        self.say(
            f"{would} {loaded.titles} titles, {loaded.viewers} viewers, {loaded.events} events"
            f" ({loaded.new_events} new), {loaded.friendships} friendships"
        )
