"""Measure how good the lists are on ratings that were held out."""

from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from django.utils import timezone

from bingeboard.commands import Command as BaseCommand
from bingeboard.commands import step
from bingeboard.errors import Invalid
from recommendations.engine.config import DEFAULT, EngineConfig
from recommendations.evaluation.judging import MEANING
from recommendations.evaluation.report import (
    check_folder,
    check_same_split,
    compare,
    print_tables,
    read_earlier,
    write_files,
)
from recommendations.evaluation.run import ALGORITHMS, DIAL, HYBRID, USUAL, Plan, evaluate
from recommendations.evaluation.splits import SPLITS

EPILOG = f"""\
A part of the ratings is held out. Of the others a database is made, beside the configured one and gone
afterwards; every algorithm makes its lists there, by the path that serves them; and the lists are held
against what was held out: a rating of 4 and up is a hit. The configured database is not touched.

splits:
  per-user     each viewer's last share in time, of those with five ratings or more
  temporal     all that came after one moment: as in operation, with viewers who are new
  leave-last   each viewer's last rating
  random       a share of each viewer's ratings by chance; flatters, since the future is known in part

metrics, by full ranking, over viewers who liked something that was held out:
{chr(10).join(f"  {name:<18} {meaning}" for name, meaning in MEANING.items())}

--out DIR gets metrics.csv (every value with its interval), result.json (settings, checksums of the data,
constants, the value of every viewer) and chart.svg (what diversity costs; algorithms by maturity); for it
the hybrid's lists are made at {", ".join(f"{at:g}" for at in DIAL)} of the diversity dial besides.

examples:
  manage.py evaluate --ratings ratings.csv.gz --shows shows.jsonl.gz --out before
  manage.py evaluate --ratings ratings.csv.gz --shows shows.jsonl.gz --set ranking.content_weight=0.1 \\
      --compare before/result.json"""


class Command(BaseCommand):
    """`evaluate --ratings FILE --shows FILE`."""

    help = "Measure how good the lists are: hold out ratings, learn from the others, compare algorithms."

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> Any:
        kwargs.update(formatter_class=RawDescriptionHelpFormatter, epilog=EPILOG)
        return super().create_parser(prog_name, subcommand, **kwargs)

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--ratings", metavar="FILE", type=Path, required=True, help="as import_ratings reads them")
        parser.add_argument("--shows", metavar="FILE", type=Path, required=True, help="as import_shows reads them")
        parser.add_argument(
            "--split", metavar="NAME", default="per-user", help=f"{', '.join(SPLITS)} (default: per-user)"
        )
        parser.add_argument("--holdout", metavar="SHARE", default="0.2", help="how much is held out (default: 0.2)")
        parser.add_argument(
            "--algorithms",
            metavar="NAME",
            nargs="+",
            default=list(USUAL),
            help=f"some of {', '.join(ALGORITHMS)} (default: all but social, which needs friends)",
        )
        parser.add_argument(
            "--viewers", metavar="N", help="judge only so many viewers, drawn by chance; all are learned from"
        )
        parser.add_argument("--seed", metavar="N", default="0", help="for what is drawn by chance (default: 0)")
        parser.add_argument(
            "--set",
            metavar="NAME=VALUE",
            action="append",
            default=[],
            dest="overrides",
            help="an engine constant for this run, e.g. ranking.content_weight=0.1; may be repeated",
        )
        parser.add_argument("--out", metavar="DIR", type=Path, help="write metrics.csv, result.json and chart.svg here")
        parser.add_argument(
            "--compare",
            metavar="EARLIER.json",
            type=Path,
            help="an earlier result.json of the same split: says whether what differs is more than chance",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        # What can be wrong is refused before the work, not after it.
        plan = Plan(
            ratings=_file(options["ratings"], "ratings"),
            shows=_file(options["shows"], "shows"),
            split=_one_of(options["split"], SPLITS, "split"),
            holdout=_share(options["holdout"]),
            algorithms=[_one_of(name, ALGORITHMS, "algorithms") for name in dict.fromkeys(options["algorithms"])],
            seed=_whole(options["seed"], "seed", low=0),
            viewers=None if options["viewers"] is None else _whole(options["viewers"], "viewers", low=1),
            dial=options["out"] is not None and HYBRID in options["algorithms"],
            config=_configured(options["overrides"]),
        )
        earlier = None if options["compare"] is None else read_earlier(options["compare"])
        folder = None if options["out"] is None else check_folder(options["out"])
        with self.progress() as bars:

            def shown(title: str, total: int | None) -> Any:
                self.go_on()
                return step(bars, title, total)

            result = evaluate(
                plan=plan,
                now=timezone.now(),
                step=shown,
                check=None if earlier is None else partial(check_same_split, earlier=earlier),
            )
        compared = None if earlier is None else compare(result, earlier)
        print_tables(result, compared, self.stdout)
        if folder is not None:
            write_files(result, compared, folder)
            self.say(f"{folder}: metrics.csv, result.json, chart.svg")


def _file(path: Path, option: str) -> Path:
    if not path.is_file():
        raise Invalid(f"--{option}: there is no file {path}", field=option)
    return path


def _one_of(given: str, known: Sequence[str] | dict[str, Any], option: str) -> str:
    if given not in known:
        raise Invalid(f"--{option} must be one of {', '.join(known)}, got {given!r}", field=option)
    return given


def _share(given: str) -> float:
    try:
        found = float(given)
    except ValueError:
        found = -1.0
    if not 0 < found < 1:
        raise Invalid(f"--holdout must be a number between 0 and 1, got {given!r}", field="holdout")
    return found


def _whole(given: str, option: str, *, low: int) -> int:
    if not (given.isascii() and given.isdigit() and low <= int(given) < 2**32):
        raise Invalid(f"--{option} must be a whole number from {low} on, got {given!r}", field=option)
    return int(given)


def _configured(given: Sequence[str]) -> EngineConfig:
    overrides: dict[str, Any] = {}
    for entry in given:
        name, sign, value = entry.partition("=")
        if not sign:
            raise Invalid(f"--set wants NAME=VALUE, got {entry!r}", field="set")
        overrides[name.strip()] = _value(value.strip())
    try:
        return DEFAULT.with_overrides(overrides)
    except ValueError as error:
        raise Invalid(f"--set {error}", field="set") from None


def _value(given: str) -> Any:
    """Return a number, true or false, or the text as it is: the config says what is wrong with it."""
    if given in ("true", "false"):
        return given == "true"
    for kind in (int, float):
        try:
            return kind(given)
        except ValueError:
            continue
    return given
