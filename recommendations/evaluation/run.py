"""Ratings and titles -> how good every algorithm's lists are: splits, makes a world of the training part, judges."""

import datetime as dt
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from django.conf import settings
from numpy.typing import NDArray
from scipy import sparse

from bingeboard.errors import Invalid
from bingeboard.importing import Rejects, Source
from bingeboard.importing.values import UNDATED
from bingeboard.shows.models import Show
from bingeboard.shows.services import import_shows
from bingeboard.users.models import User
from recommendations.engine.arrays import rows_in
from recommendations.engine.config import DEFAULT, EngineConfig
from recommendations.evaluation.judging import Judged, Truth, judge, most_popular
from recommendations.evaluation.metrics import NOTHING
from recommendations.evaluation.reading import LIKED, Ratings, read_ratings, write_part
from recommendations.evaluation.scratch import scratch_database
from recommendations.evaluation.splits import Mask, split
from recommendations.models import Algorithm
from recommendations.pipeline import ranking
from recommendations.pipeline.imports import import_ratings
from recommendations.pipeline.rebuild import STAGES, run_stage
from recommendations.queries.trends import genres_of_titles

Rows = NDArray[np.int64]
# Shows one step of a longer job; the block is given what tells that n more are done.
Step = Callable[[str, int | None], AbstractContextManager[Callable[..., None]]]

POPULAR = "popular"
HYBRID = Algorithm.HYBRID.value
ALGORITHMS = (HYBRID, *(name for name in Algorithm.values if name != HYBRID), POPULAR)
# Ratings name no friends: without any, the lists of friends' acts are empty.
USUAL = tuple(name for name in ALGORITHMS if name != Algorithm.SOCIAL.value)
# How long a list is; MRR looks at all of it.
LENGTH = 100
DIAL = (0.0, 0.25, 0.5, 0.75, 1.0)
# What lists of ratings alone do not read: who is alike, which titles are alike, and the lists kept for serving.
NOT_NEEDED = ("signals", "similarity", "clusters", "candidates")


@dataclass(frozen=True)
class Plan:
    """
    What is to be measured.

    viewers   judge only so many, drawn by chance; None: all who liked something that was held out
    dial      also make the blend's lists at each of DIAL
    """

    ratings: Path
    shows: Path
    split: str = "per-user"
    holdout: float = 0.2
    algorithms: Sequence[str] = USUAL
    seed: int = 0
    viewers: int | None = None
    dial: bool = False
    config: EngineConfig = DEFAULT


@dataclass(frozen=True)
class Result:
    """
    What was found.

    viewers      the ids of those who were judged; n_known how many titles the engine knew of each
    algorithms   name -> what its lists are worth
    dial         diversity -> what the blend's lists at it are worth
    lists        name -> each viewer's list, keys of titles, best first
    data         what was split, in numbers and checksums
    clock        the moment for which lists were made
    provider     who turned text into vectors
    seconds      how long each step took
    """

    plan: Plan
    viewers: list[str]
    n_known: Rows
    algorithms: Mapping[str, Judged]
    dial: Mapping[float, Judged]
    lists: Mapping[str, list[list[int]]]
    data: Mapping[str, Any]
    clock: dt.datetime
    provider: str
    seconds: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Lists:
    """What the engine made of the training part: lists of titles' keys by name and by dial, and the titles' genres."""

    by_algorithm: Mapping[str, list[list[int]]]
    by_dial: Mapping[float, list[list[int]]]
    show_ids: Rows
    genres: sparse.csr_matrix
    titles_left_out: int
    ratings_left_out: int


@dataclass
class _Watch:
    """Shows steps to whoever watches, and notes how long each took."""

    step: Step
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def __call__(self, title: str, total: int | None = None) -> Iterator[Callable[..., None]]:
        began = time.perf_counter()
        with self.step(title, total) as advance:
            yield advance
        self.seconds[title] = round(time.perf_counter() - began, 2)


def evaluate(
    *, plan: Plan, now: dt.datetime, step: Step, check: Callable[[Mapping[str, Any]], None] | None = None
) -> Result:
    """
    Measure every algorithm of a plan.

    check   is told what was split (see Result.data) before the work begins, and may refuse it

    Raises Invalid where the ratings leave nothing to be measured by.
    """
    watch = _Watch(step)
    with watch("reading ratings"):
        ratings = read_ratings(path=plan.ratings, now=now)
        held = split(plan.split, viewer=ratings.viewer, seconds=ratings.seconds, holdout=plan.holdout, seed=plan.seed)
    judged = _judged_viewers(ratings, held, plan)
    data = _described(ratings, held)
    if check is not None:
        check(data)
    clock = clock_of(ratings, held, now=now)
    with TemporaryDirectory(prefix="bingeboard-split-") as folder:
        train = Path(folder) / "train.csv"
        write_part(ratings=ratings, part=~held, path=train)
        made = make_lists(
            train=train,
            shows=plan.shows,
            viewers=[ratings.viewers[row] for row in judged],
            algorithms=[name for name in plan.algorithms if name != POPULAR],
            dial=DIAL if plan.dial else (),
            clock=clock,
            config=plan.config,
            watch=watch,
        )
    with watch("judging"):
        titles = np.union1d(made.show_ids, ratings.show_id)
        truth = _truth(ratings, held, judged, titles, made)
        lists = dict(made.by_algorithm)
        if POPULAR in plan.algorithms:
            lists[POPULAR] = [
                titles[row[row != NOTHING]].tolist() for row in most_popular(truth.knowing, truth.known, k=LENGTH)
            ]
        algorithms = {name: judge(_as_rows(lists[name], titles), truth, seed=plan.seed) for name in plan.algorithms}
        dial = {at: judge(_as_rows(found, titles), truth, seed=plan.seed) for at, found in made.by_dial.items()}
    return Result(
        plan=plan,
        viewers=[ratings.viewers[row] for row in judged],
        n_known=truth.n_known,
        algorithms=algorithms,
        dial=dial,
        lists=lists,
        data={
            **data,
            "titles": len(made.show_ids),
            "wanted": int(truth.n_wanted.sum()),
            "train_ratings_left_out": made.ratings_left_out,
            "titles_left_out": made.titles_left_out,
        },
        provider=settings.EMBEDDING_PROVIDER,
        clock=clock,
        seconds=watch.seconds,
    )


def make_lists(
    *,
    train: Path,
    shows: Path,
    viewers: Sequence[str],
    algorithms: Sequence[str],
    dial: Sequence[float],
    clock: dt.datetime,
    config: EngineConfig,
    watch: Step,
) -> Lists:
    """
    Make lists of what a file of ratings tells, in a database of its own that is gone afterwards.

    All that the engine gets to see is named here: nothing of what is held out can reach it.

    train     ratings, as `import_ratings` reads them
    viewers   whose lists; those whom the ratings do not name are new to the engine
    clock     the moment for which they are made, not before the newest rating
    """
    with scratch(watch):
        left_out = make_world(
            train=train, shows=shows, viewers=viewers, clock=clock, config=config, watch=watch, stages=needed_stages()
        )
        by_algorithm = {}
        for name in algorithms:
            with watch(f"lists: {name}", len(viewers)) as advance:
                by_algorithm[name] = _lists(viewers, name, clock, config, None, advance)
        by_dial = {}
        for at in dial:
            with watch(f"lists: diversity {at:g}", len(viewers)) as advance:
                by_dial[at] = _lists(viewers, HYBRID, clock, config, at, advance)
        show_ids = np.array(sorted(Show.objects.values_list("pk", flat=True)), dtype=np.int64)
        _, genres = genres_of_titles(show_ids=show_ids)
    return Lists(by_algorithm, by_dial, show_ids, genres, *left_out)


@contextmanager
def scratch(watch: Step) -> Iterator[None]:
    """Work on an empty database of our own within the block; making it is a step that may be watched."""
    with ExitStack() as stack:
        with watch("making a database", None):
            stack.enter_context(scratch_database())
        yield


def make_world(
    *,
    train: Path,
    shows: Path,
    viewers: Sequence[str],
    clock: dt.datetime,
    config: EngineConfig,
    watch: Step,
    stages: Sequence[str],
) -> tuple[int, int]:
    """
    Fill the database with titles, ratings and what the named stages derive; returns how many of both were left out.

    Raises Invalid where not one title, or not one rating, can be taken in.
    """
    with watch("importing titles", None), Rejects() as rejects:
        found = import_shows(source=Source(shows), rejects=rejects, now=clock)
        _check_taken_in(shows, found.read, rejects)
        titles_left_out = rejects.count
    with watch("importing ratings", None), Rejects() as rejects:
        found = import_ratings(source=Source(train), rejects=rejects, now=clock, config=config)
        _check_taken_in(train, found.read, rejects)
        ratings_left_out = rejects.count
    known = set(User.objects.values_list("pk", flat=True))
    User.objects.bulk_create(
        User(id=viewer, username=viewer, date_joined=clock) for viewer in viewers if viewer not in known
    )
    for stage in STAGES:
        if stage.name in stages:
            with watch(stage.name, None) as advance:
                run_stage(stage=stage, now=clock, progress=advance, config=config)
    return titles_left_out, ratings_left_out


def needed_stages() -> list[str]:
    """Return the stages whose rows lists are made from."""
    return [stage.name for stage in STAGES if stage.name not in NOT_NEEDED]


def _lists(
    viewers: Sequence[str],
    algorithm: str,
    clock: dt.datetime,
    config: EngineConfig,
    diversity: float | None,
    advance: Callable[..., None],
) -> list[list[int]]:
    found = ranking.rank_for_export(
        user_ids=viewers, algorithm=algorithm, limit=LENGTH, now=clock, diversity=diversity, config=config
    )
    lists = {}
    for viewer, show_ids in found:
        lists[viewer] = show_ids
        advance()
    return [lists[viewer] for viewer in viewers]


def _check_taken_in(path: Path, read: int, rejects: Rejects) -> None:
    if rejects.first is not None and rejects.count == read:
        number, reason = rejects.first
        raise Invalid(f"{path.name}: none of its {read:,} lines can be taken in; the first, line {number}: {reason}")


def _judged_viewers(ratings: Ratings, held: Mask, plan: Plan) -> Rows:
    """Return the rows of those who liked something that was held out, or of some of them, ascending."""
    found = np.unique(ratings.viewer[held & (ratings.rating >= LIKED)])
    if len(found) == 0 or held.all():
        raise Invalid(
            f"the split {plan.split} of {plan.ratings} leaves {int(np.count_nonzero(~held)):,} ratings to learn from"
            f" and {len(found)} viewers who liked something that was held out; there is nothing to measure",
            field="split",
        )
    if plan.viewers is None or plan.viewers >= len(found):
        return found
    return np.sort(np.random.default_rng(plan.seed).choice(found, plan.viewers, replace=False))


def clock_of(ratings: Ratings, held: Mask, *, now: dt.datetime) -> dt.datetime:
    """
    Return the moment of the newest training rating: lists are made as they would have been then, whenever that is done.

    Where the ratings tell no time, it is now.
    """
    newest = float(ratings.seconds[~held].max())
    return now if newest <= UNDATED.timestamp() else dt.datetime.fromtimestamp(newest, tz=dt.UTC)


def _truth(ratings: Ratings, held: Mask, judged: Rows, titles: Rows, made: Lists) -> Truth:
    title = rows_in(titles, ratings.show_id)
    place = rows_in(judged, ratings.viewer)
    liked = ratings.rating >= LIKED

    def table(chosen: Mask) -> sparse.csr_matrix:
        chosen = chosen & (place >= 0)
        found = sparse.csr_matrix(
            (np.ones(np.count_nonzero(chosen)), (place[chosen], title[chosen])), shape=(len(judged), len(titles))
        )
        found.sum_duplicates()
        return found

    pairs = np.unique(ratings.viewer[~held] * len(titles) + title[~held])
    told = made.genres.tocoo()
    genres = sparse.csr_matrix(
        (told.data, (rows_in(titles, made.show_ids)[told.row], told.col)), shape=(len(titles), made.genres.shape[1])
    )
    return Truth(
        wanted=table(held & liked),
        known=table(~held),
        liked=table(~held & liked),
        knowing=np.bincount(pairs % len(titles), minlength=len(titles)).astype(np.float64),
        n_knowers=len(np.unique(ratings.viewer[~held])),
        genres=genres,
    )


def _as_rows(lists: list[list[int]], titles: Rows) -> Rows:
    table = np.full((len(lists), LENGTH), NOTHING, dtype=np.int64)
    for place, show_ids in enumerate(lists):
        first = show_ids[:LENGTH]
        table[place, : len(first)] = rows_in(titles, np.array(first, dtype=np.int64))
    return table


def _described(ratings: Ratings, held: Mask) -> dict[str, Any]:
    return {
        "ratings": len(ratings),
        "viewers": len(ratings.viewers),
        "train": int(np.count_nonzero(~held)),
        "test": int(np.count_nonzero(held)),
        "skipped_lines": ratings.skipped,
        "first_skipped": ratings.first_skipped,
        "fingerprint": ratings.fingerprint(),
        "test_fingerprint": ratings.fingerprint(held),
    }
