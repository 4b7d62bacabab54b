"""Run the pipeline's stages in the foreground, from a named one on."""

from argparse import ArgumentParser, RawDescriptionHelpFormatter
from functools import partial
from typing import Any

from django.utils import timezone

from bingeboard.commands import Command as BaseCommand
from bingeboard.errors import Invalid
from bingeboard.users.models import User
from recommendations.pipeline.rebuild import NAMES, STAGES, Done, Stage, run_stage, stages_between

WIDTH = max(len(stage.name) for stage in STAGES)


class Command(BaseCommand):
    help = "Make everything that is derived anew: features, vectors, profiles, neighbours, trends, candidates."

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> Any:
        epilog = "stages, in order:\n" + "\n".join(f"  {s.name:<{WIDTH}}  {s.title}" for s in STAGES)
        return super().create_parser(
            prog_name, subcommand, formatter_class=RawDescriptionHelpFormatter, epilog=epilog, **kwargs
        )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--from", dest="first", metavar="STAGE", help=f"start here: {', '.join(NAMES)}")
        parser.add_argument("--until", dest="last", metavar="STAGE", help="end with this one")
        parser.add_argument("--only", metavar="STAGE", help="run this one alone")
        parser.add_argument(
            "--users", nargs="+", metavar="ID", help="only these viewers, and only the stages that are about viewers"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        stages = stages_between(options["first"], options["last"])
        if options["only"] is not None:
            stages = stages_between(options["only"], options["only"])
        if options["users"] is not None:
            stages = tuple(stage for stage in stages if stage.per_viewer)
            self._check_users(options["users"])
        with self.progress() as bars:
            for stage in stages:
                bar = bars.add_task(stage.name, total=None)
                done = run_stage(
                    stage=stage,
                    now=timezone.now(),
                    user_ids=options["users"],
                    progress=partial(bars.advance, bar),
                )
                completed = bars.tasks[bar].completed or 1
                bars.update(bar, total=completed, completed=completed)
                self._report(stage, done)

    def _report(self, stage: Stage, done: Done) -> None:
        self.say(f"{stage.name:<{WIDTH}}  {done.seconds:6.1f} s  {_told(done.result)}")

    def _check_users(self, user_ids: list[str]) -> None:
        known = set(User.objects.filter(pk__in=user_ids).values_list("pk", flat=True))
        missing = [user_id for user_id in user_ids if user_id not in known]
        if missing:
            raise Invalid(f"there is no viewer {missing[0]!r}", field="users")


def _told(result: object) -> str:
    if isinstance(result, dict):
        return ", ".join(f"{name} {count}" for name, count in result.items())
    return str(result) if isinstance(result, int | str) else f"{result}"
