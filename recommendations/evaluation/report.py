"""What was measured, for people (a table), for spreadsheets (metrics.csv) and for a later comparison (result.json)."""

import csv
import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from bingeboard.errors import Invalid
from bingeboard.importing import check_target, written_whole
from recommendations.engine.config import DEFAULT, EngineConfig, describe
from recommendations.evaluation.chart import draw
from recommendations.evaluation.comparison import Difference, Estimate, paired
from recommendations.evaluation.judging import ACCURACY, METRICS, NDCG, OVERALL, PER_VIEWER, SPREAD, Judged
from recommendations.evaluation.run import Result

FORMAT = "bingeboard-evaluation-1"
# Decimals of the values that are kept.
DIGITS = 6
FILES = ("metrics.csv", "result.json", "chart.svg")
# Wide enough for every column where the output is no terminal.
WIDTH = 120
_HEADINGS = {"GenreSpread@10": "Spread@10", "Miscalibration@20": "Miscal.@20", "Popularity@20": "Popul.@20"}


@dataclass(frozen=True)
class Earlier:
    """An earlier result, as far as it can be compared with: viewers, and NDCG@10 of each by algorithm."""

    path: Path
    viewers: list[str]
    values: Mapping[str, list[float | None]]
    constants: Mapping[str, Any]
    test_fingerprint: str
    train: int


@dataclass(frozen=True)
class Compared:
    """An algorithm now against the same one earlier, and which constants were others then (name, then, now)."""

    differences: Mapping[str, Difference]
    constants: list[tuple[str, Any, Any]]


def constants(config: EngineConfig) -> dict[str, Any]:
    """Return every constant of the engine by its name."""
    return {name: _of(config, name) for name, *_ in describe()}


def changed_constants(config: EngineConfig) -> dict[str, Any]:
    """Return the constants that are not what they are by default."""
    return {name: value for name, value in constants(config).items() if value != _of(DEFAULT, name)}


def read_earlier(path: Path) -> Earlier:
    """Read a result.json; raises Invalid, in one line, for anything else."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        if found["format"] != FORMAT:
            raise Invalid(f"--compare {path} is of format {found['format']!r}, this reads {FORMAT!r}", field="compare")
        return Earlier(
            path=path,
            viewers=list(found["per_viewer"]["viewers"]),
            values={name: values[NDCG] for name, values in found["per_viewer"]["values"].items()},
            constants=found["constants"],
            test_fingerprint=found["data"]["test_fingerprint"],
            train=found["data"]["train"],
        )
    except OSError as error:
        raise Invalid(f"--compare {path} cannot be read: {error.strerror}", field="compare") from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise Invalid(f"--compare {path} is no result.json of an evaluation", field="compare") from None


def check_same_split(data: Mapping[str, Any], earlier: Earlier) -> None:
    """Raise Invalid where other ratings were held out then: their viewers' values can not be paired."""
    if (data["test_fingerprint"], data["train"]) != (earlier.test_fingerprint, earlier.train):
        raise Invalid(
            f"--compare {earlier.path}: other ratings were held out then; compare runs of the same file, --split,"
            " --holdout and (where the split is random) --seed",
            field="compare",
        )


def compare(result: Result, earlier: Earlier) -> Compared:
    """
    Return how much better each algorithm is than it was, over the viewers that both runs judged.

    Raises Invalid where other ratings were held out, or no viewer or algorithm is in both: nothing could be paired.
    """
    check_same_split(result.data, earlier)
    place = {viewer: row for row, viewer in enumerate(earlier.viewers)}
    both = [(row, place[viewer]) for row, viewer in enumerate(result.viewers) if viewer in place]
    names = [name for name in result.algorithms if name in earlier.values]
    if not both or not names:
        raise Invalid(f"--compare {earlier.path}: no viewer and algorithm is in both runs", field="compare")
    now_rows, then_rows = (np.array(rows) for rows in zip(*both, strict=True))
    differences = {}
    for name in names:
        then = np.array(earlier.values[name], dtype=np.float64)[then_rows]
        # As they are kept, or what was rounded off then would pass for a difference in one direction.
        here_now = np.round(result.algorithms[name].values[NDCG], DIGITS)
        differences[name] = paired(here_now[now_rows], then)
    here = _all_constants(result)
    keys = sorted({*here, *earlier.constants})
    others = [
        (key, earlier.constants.get(key), here.get(key)) for key in keys if earlier.constants.get(key) != here.get(key)
    ]
    return Compared(differences, others)


def check_folder(folder: Path) -> Path:
    """Return where the files are to go, made where it is not there yet; raises Invalid where it can not be."""
    if folder.exists() and not folder.is_dir():
        raise Invalid(f"--out {folder} is a file; name a folder", field="out")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Invalid(f"--out {folder} cannot be made: {error.strerror}", field="out") from None
    for name in FILES:
        check_target(folder / name, option="--out")
    return folder


def write_files(result: Result, compared: Compared | None, folder: Path) -> None:
    """Write metrics.csv, result.json and chart.svg into a folder, each whole or not at all."""
    with written_whole(folder / "metrics.csv") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["algorithm", "diversity", "known_titles", "metric", "value", "low", "high", "viewers"])
        writer.writerows(_rows(result))
    with written_whole(folder / "result.json") as file:
        json.dump(_document(result, compared), file, indent=1, allow_nan=False)
        file.write("\n")
    with written_whole(folder / "chart.svg") as file:
        file.write(draw(result))


def print_tables(result: Result, compared: Compared | None, stream: Any) -> None:
    """Print what was measured."""
    plain = Console(file=stream)
    console = plain if plain.is_terminal else Console(file=stream, width=WIDTH)
    data, plan = result.data, result.plan
    console.print(
        f"{data['train']:,} ratings known, {data['test']:,} held out ({plan.split}, {plan.holdout:g}, seed"
        f" {plan.seed}); {len(result.viewers):,} viewers liked {data['wanted']:,} of them."
        f" Clock: {result.clock:%Y-%m-%d}. Intervals: 95 % over viewers.",
        highlight=False,
        soft_wrap=True,
    )
    for count, what, first in (
        (data["skipped_lines"], "lines are no ratings and were passed over", data["first_skipped"]),
        (data["titles_left_out"], "lines of the titles are no titles and were passed over", ""),
        (data["train_ratings_left_out"], "of the ratings known are about titles that are not there", ""),
    ):
        if count:
            console.print(f"{count:,} {what}{'; the first, ' + first if first else ''}", highlight=False)
    console.print(_accuracy(result))
    console.print(_beyond(result))
    console.print(_by_maturity(result))
    if result.dial:
        console.print(_dial(result))
    if compared is not None:
        console.print(_comparison(compared))
        if compared.constants:
            changes = ", ".join(f"{name} {_known(then)} -> {_known(now)}" for name, then, now in compared.constants)
            console.print(f"Constants that were others then: {changes}", highlight=False, soft_wrap=True)
    for name, judged in result.algorithms.items():
        if judged.empty:
            console.print(f"{name}: {judged.empty:,} viewers' lists were empty, and count as 0", highlight=False)
        if judged.wasted:
            console.print(f"{name}: {judged.wasted:,} places held what the viewer knew already", highlight=False)


def _accuracy(result: Result) -> Table:
    others = (metric for metric in ACCURACY if metric != NDCG)
    table = _table("What viewers liked afterwards", "algorithm", f"{NDCG} [95 %]", *others)
    best = max(_value(judged, NDCG) for judged in result.algorithms.values())
    for name, judged in result.algorithms.items():
        estimates = judged.estimates[OVERALL]
        cells = (_short(estimates[metric].value) for metric in ACCURACY if metric != NDCG)
        style = "bold" if _value(judged, NDCG) == best else None
        table.add_row(name, _with_interval(estimates[NDCG]), *cells, style=style)
    return table


def _beyond(result: Result) -> Table:
    shown = [metric for metric in METRICS if metric not in ACCURACY]
    table = _table("What the lists show", "algorithm", *(_HEADINGS.get(metric, metric) for metric in shown))
    for name, judged in result.algorithms.items():
        table.add_row(name, *(_short(_value(judged, metric)) for metric in shown))
    return table


def _by_maturity(result: Result) -> Table:
    groups = _groups(result)
    counts = {g: next(iter(result.algorithms.values())).estimates[g][NDCG].viewers for g in groups}
    table = _table(
        f"{NDCG} by how many titles the engine knows of a viewer",
        "algorithm",
        *(f"{group} ({counts[group]:,} viewers)" for group in groups),
    )
    for name, judged in result.algorithms.items():
        table.add_row(name, *(_with_interval(judged.estimates[group][NDCG]) for group in groups))
    return table


def _dial(result: Result) -> Table:
    table = _table("The diversity dial", "diversity", NDCG, "Spread@10", "Miscal.@20", "Coverage@20")
    for at, judged in result.dial.items():
        estimates = judged.estimates[OVERALL]
        table.add_row(
            f"{at:g}",
            _with_interval(estimates[NDCG]),
            _with_interval(estimates[SPREAD]),
            _with_interval(estimates["Miscalibration@20"]),
            _with_interval(estimates["Coverage@20"]),
        )
    return table


def _comparison(compared: Compared) -> Table:
    table = _table(f"{NDCG} against the earlier run, paired by viewer", "algorithm", "difference [95 %]", "p", "it is")
    for name, d in compared.differences.items():
        interval = f"{d.mean:+.4f} [{d.low:+.4f}, {d.high:+.4f}]"
        table.add_row(name, interval, "-" if math.isnan(d.p_value) else f"{d.p_value:.3g}", d.verdict)
    return table


def _table(title: str, first: str, *others: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold")
    table.add_column(first, no_wrap=True)
    for name in others:
        table.add_column(name, justify="right", no_wrap=True)
    return table


def _rows(result: Result) -> Iterator[tuple[Any, ...]]:
    made: list[tuple[str, Any, Judged]] = [(name, "", judged) for name, judged in result.algorithms.items()]
    made += [("hybrid", at, judged) for at, judged in result.dial.items()]
    for name, at, judged in made:
        for group, estimates in judged.estimates.items():
            for metric, e in estimates.items():
                numbers = (_rounded(number) for number in (e.value, e.low, e.high))
                yield name, at, group, metric, *("" if n is None else n for n in numbers), e.viewers


def _document(result: Result, compared: Compared | None) -> dict[str, Any]:
    plan = result.plan
    return {
        "format": FORMAT,
        "settings": {
            "ratings": str(plan.ratings),
            "shows": str(plan.shows),
            "split": plan.split,
            "holdout": plan.holdout,
            "algorithms": list(plan.algorithms),
            "seed": plan.seed,
            "viewers": plan.viewers,
            "clock": result.clock.isoformat(),
        },
        "data": dict(result.data),
        "changed_constants": changed_constants(plan.config),
        "constants": _all_constants(result),
        "seconds": dict(result.seconds),
        "metrics": {name: _estimates(judged) for name, judged in result.algorithms.items()},
        "diversity": {f"{at:g}": _estimates(judged) for at, judged in result.dial.items()},
        "compared": None
        if compared is None
        else {
            "differences": {
                name: {key: _rounded(value) for key, value in asdict(d).items()} | {"verdict": d.verdict}
                for name, d in compared.differences.items()
            },
            "constants": compared.constants,
        },
        "per_viewer": {
            "viewers": result.viewers,
            "known_titles": result.n_known.tolist(),
            "values": {
                name: {metric: [_rounded(v) for v in judged.values[metric].tolist()] for metric in PER_VIEWER}
                for name, judged in result.algorithms.items()
            },
        },
    }


def _estimates(judged: Judged) -> dict[str, dict[str, dict[str, Any]]]:
    return {
        group: {
            metric: {"value": _rounded(e.value), "low": _rounded(e.low), "high": _rounded(e.high), "viewers": e.viewers}
            for metric, e in estimates.items()
        }
        for group, estimates in judged.estimates.items()
    }


def _groups(result: Result) -> list[str]:
    estimates = next(iter(result.algorithms.values())).estimates
    return [group for group in estimates if group != OVERALL]


def _all_constants(result: Result) -> dict[str, Any]:
    """Return what a list depends on besides the data."""
    return {"EMBEDDING_PROVIDER": result.provider, **constants(result.plan.config)}


def _of(config: EngineConfig, name: str) -> Any:
    section, _, key = name.partition(".")
    return getattr(getattr(config, section), key)


def _value(judged: Judged, metric: str) -> float:
    return judged.estimates[OVERALL][metric].value


def _rounded(number: float) -> float | None:
    """Return a number as it is kept, null where it is not known: JSON has no NaN."""
    return round(number, DIGITS) if math.isfinite(number) else None


def _known(constant: Any) -> str:
    return "unknown" if constant is None else str(constant)


def _short(number: float) -> str:
    if math.isnan(number):
        return "-"
    return f"{number:.2f}" if abs(number) >= 1 else f"{number:.4f}"


def _with_interval(e: Estimate) -> str:
    return "-" if math.isnan(e.value) else f"{e.value:.4f} [{e.low:.3f}, {e.high:.3f}]"
