"""
Every number we chose, each with its unit, its sensible range and the reason.

Nothing else in the engine carries a bare number of taste. An experiment changes one by name
(`{"ranking.popularity_boost": 0.05}`) through `EngineConfig.with_overrides`, never by editing code.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any


def number(default: float, *, unit: str, low: float, high: float, why: str, yardstick: bool = False) -> Any:
    """
    Return a dataclass field that knows its unit, its inclusive range and its reason.

    yardstick   experiments are measured by it, so none may change it
    """
    return field(default=default, metadata={"unit": unit, "low": low, "high": high, "why": why, "yardstick": yardstick})


def switch(default: bool, *, why: str) -> Any:
    """Return a dataclass field that is on or off, and knows its reason."""
    return field(default=default, metadata={"unit": "on/off", "why": why})


@dataclass(frozen=True)
class EventWeights:
    """What one act says: engagement e in [0, 1] (0.5 is neutral) and evidence weight w."""

    view_engagement: float = number(0.55, unit="e", low=0, high=1, why="a look at the page is barely a hint")
    view_weight: float = number(0.1, unit="w", low=0, high=10, why="many looks should not outweigh one play")
    click_engagement: float = number(0.60, unit="e", low=0, high=1, why="curiosity, not liking")
    click_weight: float = number(0.2, unit="w", low=0, high=10, why="twice a view")
    play_engagement: float = number(0.60, unit="e", low=0, high=1, why="a start may still be regretted")
    play_weight: float = number(0.3, unit="w", low=0, high=10, why="a start costs more than a click")
    pause_engagement: float = number(
        0.50, unit="e", low=0, high=1, why="people pause what they love and what bores them"
    )
    pause_weight: float = number(0.0, unit="w", low=0, high=10, why="says nothing")
    skip_engagement: float = number(0.35, unit="e", low=0, high=1, why="mild: wrong moment or wrong title")
    skip_weight: float = number(0.3, unit="w", low=0, high=10, why="as weak as a play")
    like_engagement: float = number(1.0, unit="e", low=0, high=1, why="said out loud")
    like_weight: float = number(3.0, unit="w", low=0, high=10, why="explicit outweighs implicit")
    dislike_engagement: float = number(0.0, unit="e", low=0, high=1, why="said out loud")
    dislike_weight: float = number(3.0, unit="w", low=0, high=10, why="explicit outweighs implicit")
    share_engagement: float = number(0.85, unit="e", low=0, high=1, why="people share what they mock, too")
    share_weight: float = number(1.5, unit="w", low=0, high=10, why="half a like")
    add_to_list_engagement: float = number(0.80, unit="e", low=0, high=1, why="means to watch it")
    add_to_list_weight: float = number(1.0, unit="w", low=0, high=10, why="intent is not liking")
    remove_from_list_engagement: float = number(0.30, unit="e", low=0, high=1, why="changed their mind, or watched it")
    remove_from_list_weight: float = number(0.7, unit="w", low=0, high=10, why="weaker than adding")
    complete_engagement: float = number(0.95, unit="e", low=0, high=1, why="stayed to the end")
    complete_weight: float = number(2.0, unit="w", low=0, high=10, why="hours of attention, unsaid")
    abandon_engagement: float = number(0.15, unit="e", low=0, high=1, why="left at once; see abandon_per_progress")
    abandon_per_progress: float = number(
        0.70, unit="e per progress 0-1", low=0, high=0.85, why="left near the end is almost finished"
    )
    abandon_unknown_progress: float = number(0.2, unit="progress", low=0, high=1, why="most who leave leave early")
    abandon_weight: float = number(1.5, unit="w", low=0, high=10, why="attention withdrawn")
    rating_low: float = number(0.5, unit="stars", low=0, high=1, why="the lowest rating that imports carry")
    rating_high: float = number(5.0, unit="stars", low=1, high=10, why="the highest rating that imports carry")
    rating_like: float = number(4.0, unit="stars", low=1, high=10, why="what most people call liking")
    rating_dislike: float = number(2.0, unit="stars", low=0, high=10, why="what most people call disliking")


@dataclass(frozen=True)
class Features:
    """How facts become feature strengths."""

    cast_billed: int = number(6, unit="people", low=1, high=20, why="beyond the sixth name few viewers choose by it")
    cast_exponent: float = number(0.5, unit="exponent", low=0, high=2, why="weight falls with billing, 1/sqrt(order)")
    keywords_kept: int = number(12, unit="keywords", low=1, high=60, why="the first ones are the telling ones")
    genre_exponent: float = number(0.25, unit="exponent", low=0, high=2, why="the first genre is a little more telling")
    tag_confidence: float = number(
        0.6, unit="confidence", low=0, high=1, why="one viewer's word; more viewers, more sure"
    )
    inferred_confidence: float = number(
        0.5, unit="confidence", low=0, high=1, why="moods and themes guessed from text are often wrong"
    )
    tags_kept: int = number(12, unit="tags", low=0, high=60, why="the ones most viewers agree on")
    phrase_evidence: float = number(1.0, unit="evidence", low=0, high=10, why="a keyword or a tag is a judgement")
    text_evidence: float = number(
        0.5, unit="evidence", low=0, high=10, why="a word in a synopsis may be there by chance: it takes two"
    )
    inferred_threshold: float = number(
        1.0, unit="evidence", low=0, high=10, why="a keyword, two words of the text, or a genre that says it"
    )
    moods_inferred: int = number(3, unit="moods", low=0, high=10, why="more would blur")
    themes_inferred: int = number(3, unit="themes", low=0, high=10, why="more would blur")
    min_titles_in_profile: int = number(
        2, unit="titles", low=1, high=50, why="a feature of one title says nothing about another"
    )
    rare_share: float = number(
        0.0005, unit="share", low=0, high=0.1, why="five titles in ten thousand: bounds what is kept a viewer"
    )


@dataclass(frozen=True)
class Embeddings:
    """How titles become vectors."""

    width: int = number(
        1536, unit="dimensions", low=1536, high=1536, why="the column's width; shorter vectors are padded"
    )
    metadata_width: int = number(
        256, unit="dimensions", low=16, high=1536, why="singular values beyond are noise at 10,000 titles"
    )
    metadata_seed: int = number(20260923, unit="seed", low=0, high=2**31 - 1, why="a rerun gives the same vectors")
    metadata_rounds: int = number(
        3, unit="rounds", low=0, high=20, why="measured: more swap 1 neighbour in 16 each, for .3 s"
    )
    metadata_oversampling: int = number(24, unit="dimensions", low=0, high=256, why="steadies the last dimensions")
    metadata_share: float = number(0.5, unit="share", low=0, high=1, why="hybrid: text and facts count the same")
    batch: int = number(32, unit="texts", low=1, high=2048, why="measured: larger batches pad more than they save")
    max_tokens: int = number(128, unit="tokens", low=16, high=512, why="a synopsis; cost grows with length")
    openai_batch: int = number(256, unit="texts", low=1, high=2048, why="under the API's limits with long synopses")
    openai_letters: int = number(
        250_000, unit="letters", low=10_000, high=1_000_000, why="300,000 tokens a request; a token is a letter or more"
    )
    openai_text: int = number(6_000, unit="letters", low=100, high=8_000, why="the API refuses texts over 8,191 tokens")
    openai_tries: int = number(6, unit="tries", low=1, high=20, why="about a minute of patience")
    openai_backoff: float = number(
        1.0, unit="s", low=0.0, high=60, why="doubles each try, unless the server says how long"
    )
    openai_longest_wait: float = number(
        60.0, unit="s", low=0, high=3600, why="a server that asks for more is asked again later"
    )
    openai_timeout: float = number(60.0, unit="s", low=0.01, high=600, why="a batch of 256 long texts")
    hnsw_m: int = number(16, unit="links", low=2, high=100, why="pgvector's default")
    hnsw_ef_construction: int = number(
        40,
        unit="candidates",
        low=4,
        high=1000,
        why="measured: built in two thirds of the time of 64, recall .992 to .998",
    )
    hnsw_ef_search: int = number(
        200, unit="candidates", low=1, high=1000, why="measured: recall@20 .992, @50 .990 of one kind among three; 6 ms"
    )
    ivfflat_probes: int = number(10, unit="lists", low=1, high=1000, why="a tenth of the seed's hundred lists")
    ivfflat_rows_per_list: int = number(
        1000, unit="rows", low=10, high=100_000, why="pgvector's advice up to a million"
    )
    max_scan_rows: int = number(
        40_000, unit="rows", low=1, high=10_000_000, why="how far a filtered index scan goes on before it gives up"
    )
    exact_below: int = number(
        1_000,
        unit="rows",
        low=0,
        high=1_000_000,
        why="measured: 12 ms to compare so many one by one, and nothing missed",
    )
    reindex_above: int = number(
        1000,
        unit="rows",
        low=1,
        high=1_000_000,
        why="a living index takes 8 ms a row; one over 29,000 is rebuilt in 15 s",
    )
    texts_per_commit: int = number(256, unit="texts", low=1, high=100_000, why="what a killed run does twice: seconds")


@dataclass(frozen=True)
class Intake:
    """What is accepted from clients."""

    batch: int = number(500, unit="events", low=1, high=10000, why="one round trip, well under a second")
    future: float = number(24, unit="hours", low=0, high=240, why="clocks may be off, by a day at the most")
    retention: float = number(730, unit="days", low=1, high=36500, why="older acts would leave at once")
    context_bytes: int = number(4096, unit="bytes", low=64, high=65536, why="circumstances, not documents")
    context_depth: int = number(3, unit="levels", low=1, high=32, why="deep enough for lists in objects in the object")
    session_letters: int = number(128, unit="letters", low=8, high=128, why="the column's width")
    platform_letters: int = number(64, unit="letters", low=8, high=64, why="the column's width")
    taste_changes: int = number(100, unit="changes", low=1, high=1000, why="a page of switches, sent at once")
    taste_exclusions: int = number(
        1000, unit="exclusions", low=10, high=100_000, why="each is looked at for every act: bounds a recomputation"
    )
    retired_at_once: int = number(
        2000, unit="rows", low=10, high=100_000, why="a batch that leaves holds its locks for some tens of milliseconds"
    )
    folded_at_once: int = number(
        20, unit="events", low=0, high=10000, why="a few acts are derived from as they come; many by who reads next"
    )


@dataclass(frozen=True)
class Attention:
    """How far viewers get, compared with others in titles of similar length."""

    similar: float = number(20.0, unit="minutes", low=1, high=240, why="an episode, a long one, a film: apart")
    bins: int = number(10, unit="lengths", low=1, high=100, why="beyond three hours all are alike")
    steps: int = number(20, unit="steps", low=2, high=1000, why="clients report every twentieth or so")
    plays: int = number(200, unit="plays", low=1, high=10**6, why="of fewer, a share is off by more than .07")


@dataclass(frozen=True)
class Profiles:
    """How acts become affinities."""

    prior: float = number(3.0, unit="evidence", low=0.1, high=100, why="k: one like alone moves an affinity half-way")
    decay_rate: float = number(0.1, unit="per week", low=0, high=5, why="a half-life of seven weeks")
    archive_after: float = number(
        30,
        unit="days",
        low=1,
        high=3650,
        why="no event for this long: the data is an archive, its newest event is its present",
    )


@dataclass(frozen=True)
class Similarity:
    """How alike titles are."""

    neighbours: int = number(50, unit="titles", low=1, high=500, why="twice what any page shows")
    min_score: float = number(0.05, unit="score", low=0, high=1, why="below is chance")
    decay_floor: float = number(0.1, unit="share", low=0, high=1, why="an old favourite still links two titles")
    behavior_shrinkage: float = number(
        10.0, unit="viewers", low=0, high=1000, why="ten shared viewers are believed half, a hundred nine tenths"
    )
    behavior_min_viewers: int = number(
        2, unit="viewers", low=1, high=100, why="one viewer's evening is no pattern, and would show what they watched"
    )
    block_rows: int = number(512, unit="titles", low=1, high=65536, why="memory is block x titles x 4 bytes")


@dataclass(frozen=True)
class Clusters:
    """How viewers are grouped."""

    taste_dimensions: int = number(32, unit="dimensions", low=2, high=512, why="taste vectors reduced before k-means")
    company: float = number(
        2.0, unit="viewers", low=0.5, high=1000, why="sqrt(n / company) groups: few and large enough for a prior"
    )
    max_clusters: int = number(32, unit="clusters", low=1, high=1000, why="more could not be told apart")
    iterations: int = number(60, unit="rounds", low=1, high=1000, why="converges in about ten from these seeds")
    batch: int = number(16384, unit="viewers", low=16, high=10**6, why="up to here every round sees everybody")
    min_events: int = number(5, unit="events", low=1, high=1000, why="less says nothing about habits")
    habit_prior: float = number(
        5.0, unit="events", low=0, high=1000, why="a share of few acts is drawn to everybody's share"
    )
    longest_session: float = number(
        720, unit="minutes", low=10, high=10080, why="nobody watches for longer: a session like that is an import"
    )
    devices: int = number(6, unit="devices", low=0, high=50, why="the common ones; the rest are spelling")
    seed: int = number(20260923, unit="seed", low=0, high=2**31 - 1, why="a rerun gives the same groups")


@dataclass(frozen=True)
class Trending:
    """How surprise is measured."""

    min_viewers: int = number(5, unit="viewers", low=1, high=1000, why="fewer is chance")
    min_friends: int = number(2, unit="friends", low=1, high=50, why="one friend is not a trend, and would be named")
    min_engagement: float = number(0.5, unit="e", low=0, high=1, why="to finish a title and hate it is no vote for it")
    slow_factor: float = number(
        8.0, unit="windows", low=2, high=100, why="what is usual is learned over this many windows"
    )
    horizon: float = number(
        4.0, unit="slow windows", low=1, high=20, why="older acts would add less than a fiftieth to what is usual"
    )
    background: float = number(
        50.0, unit="viewers", low=0, high=10**6, why="until this many have been seen, traffic is taken to be steady"
    )
    busiest: float = number(
        3.0, unit="times", low=1, high=100, why="a Saturday may be this busy; more is a start, and news"
    )
    half_score: float = number(3.0, unit="z", low=0.1, high=100, why="three standard deviations are news: score a half")
    kept: int = number(100, unit="titles", low=1, high=1000, why="per window and segment")
    smoothing: float = number(1.0, unit="viewers", low=0.01, high=100, why="the + 1 of the variance")
    lifetime: float = number(24.0, unit="hours", low=1, high=720, why="at most; an entry never outlives its window")


@dataclass(frozen=True)
class Collaborative:
    """The item-item model."""

    ridge: float = number(
        200.0, unit="lambda", low=1, high=100000, why="best of 100 to 1000 by cross-validation over time"
    )
    trait_weight: float = number(
        0.9, unit="weight", low=0, high=20, why="what a title is like, beside who liked it; best of .5 to 1 over time"
    )
    dense_items: int = number(
        20000, unit="titles", low=100, high=40000, why="1.6 GB; the less watched beyond are reached by their traits"
    )
    like_threshold: float = number(0.8, unit="liked", low=0, high=2, why="a completed or well-rated title")
    recency_exponent: float = number(
        0.5, unit="exponent", low=0, high=3, why="history fades as (1 + steps)^-exponent, unless the data say otherwise"
    )
    said_weakly: float = number(0.11, unit="signal", low=0, high=1, why="three stars: the curve's first knot")
    liked_weakly: float = number(0.3, unit="liked", low=0, high=2, why="what three stars count")
    said_mildly: float = number(0.33, unit="signal", low=0, high=1, why="three and a half stars")
    liked_mildly: float = number(0.5, unit="liked", low=0, high=2, why="what three and a half stars count")
    said_clearly: float = number(0.80, unit="signal", low=0, high=1, why="four stars, or watched to the end")
    liked_clearly: float = number(1.0, unit="liked", low=0, high=2, why="the unit of liking")
    liked_fully: float = number(1.2, unit="liked", low=0, high=2, why="five stars")
    popularity_half_life: float = number(
        180, unit="days", low=1, high=3650, why="last season's hits are not this season's"
    )
    history: int = number(
        500, unit="titles", low=10, high=10000, why="a viewer's latest titles; older ones weigh next to nothing"
    )


@dataclass(frozen=True)
class Traits:
    """What titles are like, in the item-item model: how much a feature counts by its type."""

    genre: float = number(0.3, unit="weight", low=0, high=10, why="nearly every viewer likes every genre")
    cast: float = number(2.4, unit="weight", low=0, high=10, why="people are followed")
    director: float = number(2.4, unit="weight", low=0, high=10, why="as the cast")
    keyword: float = number(3.8, unit="weight", low=0, high=10, why="many, and each of them telling")
    mood: float = number(0.5, unit="weight", low=0, high=10, why="guessed from words that are in it already")
    theme: float = number(0.5, unit="weight", low=0, high=10, why="as the mood")
    period: float = number(0.33, unit="weight", low=0, high=10, why="five years of release: people watch their time")
    min_titles: int = number(5, unit="titles", low=2, high=100, why="what fewer share tells nothing of the others")
    kept: int = number(2000, unit="traits", low=10, high=20000, why="4000 are not better, and take twice the time")


@dataclass(frozen=True)
class Sequence:
    """What comes after what."""

    share: float = number(
        0.5, unit="share", low=0, high=5, why="beside who-watched-also-watched, unless the data say otherwise"
    )
    ridge: float = number(50.0, unit="lambda", low=1, high=100000, why="best of 20 to 200 over time")
    titles: int = number(
        3000, unit="titles", low=10, high=10000, why="the most liked; rarer ones have no order to learn"
    )
    cuts: int = number(8, unit="cuts", low=1, high=50, why="a history tells several stories; more cuts repeat them")
    first_cut: float = number(0.2, unit="share", low=0, high=1, why="of the history: before it little is known")
    last_cut: float = number(0.95, unit="share", low=0, high=1, why="of the history: after it little is to be learned")
    horizon: int = number(50, unit="titles", low=1, high=1000, why="what comes later has other reasons")
    future_exponent: float = number(0.3, unit="exponent", low=0, high=3, why="what comes soon counts most")
    viewers: int = number(5_000, unit="viewers", low=10, high=10**6, why="more teach the common orders no better")


@dataclass(frozen=True)
class Followers:
    """What viewers go on to like after a title."""

    titles: int = number(
        3000, unit="titles", low=10, high=10000, why="the most liked: 36 MB; the others follow nothing"
    )
    viewers: int = number(3000, unit="viewers", low=10, high=10**6, why="two seconds; more tell the same")
    history: int = number(200, unit="titles", low=2, high=500, why="the latest; pairs grow with the square")
    exponent: float = number(0.5, unit="exponent", low=0, high=3, why="what comes soon counts most; measured")
    backward: float = number(
        0.5,
        unit="share",
        low=0,
        high=1,
        why="what was liked before tells too; measured for one and three known titles",
    )
    prior: float = number(
        20.0, unit="viewers", low=0.1, high=10000, why="until so many liked the first, what comes after any title leads"
    )


@dataclass(frozen=True)
class Calibration:
    """How the data are asked how much order in time means in them."""

    titles: int = number(2000, unit="titles", low=10, high=10000, why="the most liked: a second's work")
    viewers: int = number(1000, unit="viewers", low=10, high=10000, why="a standard error of .004")
    min_viewers: int = number(50, unit="viewers", low=2, high=10000, why="fewer can not tell anything from chance")
    held_out: float = number(0.2, unit="share", low=0.01, high=0.5, why="the latest fifth, as lists are judged")
    shortest: int = number(5, unit="titles", low=2, high=100, why="less has no fifth")
    surely: float = number(
        2.0, unit="standard errors", low=0, high=5, why="measured: at one, the best of thirty is often better by chance"
    )
    ranked: int = number(10, unit="titles", low=1, high=100, why="what a first page shows")


@dataclass(frozen=True)
class Blending:
    """How the parts' shares in the blend are learned, by how much is known of a viewer."""

    few: int = number(3, unit="titles", low=1, high=9, why="stands for viewers of whom 1 to 9 liked titles are known")
    some: int = number(30, unit="titles", low=10, high=99, why="stands for 10 to 99")
    many: int = number(300, unit="titles", low=100, high=10_000, why="stands for 100 and more")
    surely: float = number(
        2.0, unit="standard errors", low=0, high=5, why="a share that was tuned on years is not given up by chance"
    )
    min_viewers: int = number(50, unit="viewers", low=2, high=10000, why="fewer can not tell anything from chance")
    min_answers: int = number(
        200, unit="positive answers", low=10, high=10**6, why="by band: four shares, ten times told and more"
    )
    prior_answers: float = number(
        500,
        unit="shown titles",
        low=1,
        high=10**6,
        why="what was believed before counts as much as so many shown titles",
    )
    clip: float = number(
        20.0, unit="times", low=1, high=1000, why="a title drawn once in a hundred may not outvote a page of others"
    )
    held_out: float = number(0.2, unit="share", low=0.05, high=0.5, why="the latest fifth decides whether it is better")
    lists: int = number(20_000, unit="lists", low=100, high=10**6, why="the latest; some seconds to read")
    places: int = number(40, unit="places", low=5, high=500, why="two pages: what lies below was hardly looked at")


@dataclass(frozen=True)
class Candidates:
    """Who is proposed."""

    collaborative: int = number(20, unit="titles", low=10, high=500, why="to compare; lists of it alone are made anew")
    content_based: int = number(20, unit="titles", low=10, high=500, why="as for collaborative")
    trending: int = number(10, unit="titles", low=5, high=500, why="few titles trend at once")
    social: int = number(10, unit="titles", low=5, high=500, why="few friends, few titles")
    hybrid: int = number(100, unit="titles", low=10, high=500, why="what pages are cut from")
    lifetime: float = number(24.0, unit="hours", low=1, high=24 * 30, why="the seed's default")
    profile_share: float = number(
        0.3, unit="share", low=0, high=1, why="content: the profile against likeness to each title liked; measured"
    )
    trend_floor: float = number(0.5, unit="score", low=0, high=1, why="what is merely popular ranks below what rises")
    tidied: float = number(
        0.05, unit="share", low=0.01, high=1, why="of the table: so much replaced, its room is made usable again"
    )
    viewers_at_once: int = number(64, unit="viewers", low=1, high=4096, why="memory is viewers x titles x 40 bytes")


@dataclass(frozen=True)
class Ranking:
    """How candidates become a list."""

    collaborative_weight: float = number(1.0, unit="weight", low=0, high=10, why="the most accurate part alone")
    content_weight: float = number(0.25, unit="weight", low=0, high=10, why="best of .05 to .3 over time")
    trending_weight: float = number(0.03, unit="weight", low=0, high=10, why="a hint of what is going on")
    popular_weight: float = number(
        1.0, unit="weight", low=0, high=10, why="what to show somebody of whom nothing is known"
    )
    maturity: float = number(
        1.5, unit="titles", low=0.1, high=100, why="with this many known titles taste and popularity weigh the same"
    )
    popularity_boost: float = number(0.01, unit="score", low=0, high=0.5, why="bounded: taste decides, fame tips")
    recency_boost: float = number(0.03, unit="score", low=0, high=0.5, why="new titles get a chance")
    recency_half_life: float = number(
        180, unit="days", low=1, high=3650, why="half a year after release the bonus is halved"
    )
    availability_boost: float = number(
        0.15, unit="score", low=0, high=0.5, why="what can be watched tonight comes first"
    )
    stated_weight: float = number(
        0.4, unit="score", low=0, high=1, why="what viewers say of a feature outweighs what the engine thinks of one"
    )
    social_boost: float = number(0.10, unit="score", low=0, high=0.5, why="friends tip, they do not decide")
    diversity: float = number(0.2, unit="0-1", low=0, high=1, why="the server's own balance of closeness and variety")
    diversity_strength: float = number(
        0.25, unit="score", low=0, high=2, why="the penalty of a twin with the dial at 1"
    )
    calibration_strength: float = number(
        1.6, unit="score", low=0, high=5, why="with the dial at 1, the divergence of genres falls by a quarter for 2 %"
    )
    calibrated_places: int = number(40, unit="places", low=0, high=500, why="two pages: few look at a third")
    reasons: int = number(4, unit="reasons", low=1, high=10, why="more is noise")
    least_reason: float = number(
        0.01, unit="score", low=0, high=0.5, why="what adds less moves no title, and is kept a hundred times a viewer"
    )
    reason_titles: int = number(2, unit="titles", low=1, high=5, why="named in one reason")


@dataclass(frozen=True)
class Exploration:
    """Which places of a served list are drawn by chance."""

    every: int = number(10, unit="places", low=0, high=1000, why="a tenth of the page; 0 explores nowhere")
    first: int = number(4, unit="place", low=1, high=1000, why="the first three are what the viewer came for")
    temperature: float = number(
        0.05,
        unit="score",
        low=0.001,
        high=10,
        why="costs .0009 of an NDCG of .1445, measured; draws the sixth best as a rule",
    )


@dataclass(frozen=True)
class Rests:
    """What comes last for a while, after a viewer dismissed its like or let it pass again and again."""

    full: float = number(
        1.5, unit="score", low=0, high=1.5, why="more than base and boosts together: what rests comes after the rest"
    )
    days: float = number(90, unit="days", low=1, high=365, why="a season; tastes return")
    neighbours: int = number(
        20, unit="titles", low=0, high=50, why="a dismissed title's most alike, in each respect: what its page shows"
    )
    shared: int = number(3, unit="titles", low=2, high=50, why="two dismissed titles of one director are chance")
    lift: float = number(
        1.5, unit="times", low=1, high=100, why="half of what is dismissed is drama because half of all is"
    )
    dismissals: int = number(100, unit="titles", low=1, high=1000, why="the latest; bounds what a list costs to make")
    shown: float = number(
        0.04, unit="score", low=0, high=0.5, why="an impression not followed up; three of them outweigh being new"
    )
    shown_half_life: float = number(2, unit="days", low=0.1, high=90, why="not tonight is not never")
    shown_limit: int = number(5, unit="impressions", low=2, high=100, why="seen so often and let pass: it was seen")
    shown_days: float = number(
        7, unit="days", low=1, high=90, why="the week in which impressions count, and how long the rest lasts"
    )


@dataclass(frozen=True)
class Social:
    """What a friend's act counts."""

    half_life: float = number(14, unit="days", low=1, high=365, why="last month's tip is stale")
    watched: float = number(0.5, unit="strength", low=0, high=1, why="finished it")
    liked: float = number(0.8, unit="strength", low=0, high=1, why="said so")
    shared: float = number(0.7, unit="strength", low=0, high=1, why="told somebody")
    rated: float = number(0.6, unit="strength", low=0, high=1, why="took the trouble")
    recommended: float = number(1.0, unit="strength", low=0, high=1, why="told you")
    tie_floor: float = number(0.2, unit="strength", low=0, high=1, why="a friend with other tastes is still a friend")


@dataclass(frozen=True)
class Platforms:
    """What use of a service says."""

    half_life: float = number(60, unit="days", low=1, high=3650, why="subscriptions change with the season")


@dataclass(frozen=True)
class Serving:
    """How lists are kept and read."""

    retention: float = number(
        24 * 30, unit="hours", low=1, high=24 * 365, why="completions are attributed for thirty days"
    )
    kept: int = number(100, unit="titles", low=10, high=500, why="five pages of twenty")
    impressions_kept: float = number(
        30, unit="days", low=7, high=3650, why="a title shown in vain rests for a week; reports look back a month"
    )


@dataclass(frozen=True)
class Subscriptions:
    """How lists are sent whenever they change."""

    every: float = number(0.25, unit="s", low=0.01, high=60, why="one look at all who listen; sooner nobody would see")
    checked: float = number(
        30.0, unit="s", low=0.1, high=3600, why="tokens that were revoked and titles taken out are noticed by then"
    )
    of_a_viewer: int = number(10, unit="subscriptions", low=1, high=1000, why="as many screens as a family has")
    of_a_process: int = number(1000, unit="subscriptions", low=1, high=10**5, why="4 ms to look at all of them")
    of_a_connection: int = number(5, unit="subscriptions", low=1, high=100, why="one page shows no more lists")
    hello: float = number(10.0, unit="s", low=0.1, high=60, why="who does not say who they are by then is no client")


@dataclass(frozen=True)
class Attribution:
    """How long after a list was served an answer still counts as its doing."""

    click: float = number(
        24, unit="hours", low=1, high=24 * 30, why="a list of yesterday is not looked at", yardstick=True
    )
    start: float = number(7, unit="days", low=1, high=90, why="kept in mind for the weekend", yardstick=True)
    completion: float = number(
        30, unit="days", low=1, high=365, why="a series takes weeks; lists are kept as long", yardstick=True
    )


@dataclass(frozen=True)
class ViewingContext:
    """How a moment moves a list."""

    boost: float = number(0.10, unit="score", low=0, high=0.5, why="habits tip, taste decides")
    full_lift: float = number(3.0, unit="times", low=1.1, high=100, why="three times as often as usual counts in full")
    own_prior: float = number(
        15.0, unit="evidence", low=0.1, high=1000, why="until about seven finished titles everybody's habits lead"
    )
    everybody_prior: float = number(
        200.0, unit="evidence", low=0.1, high=10**6, why="a hundred finished titles, before a device means anything"
    )
    acts: int = number(
        50_000, unit="acts", low=100, high=10**7, why="the latest, to learn everybody's habits from: half a second"
    )
    short: float = number(45, unit="minutes", low=5, high=240, why="an episode")
    long: float = number(110, unit="minutes", low=30, high=600, why="more than an evening's film")
    too_long: float = number(0.30, unit="score", low=0, high=1, why="what can not be finished comes after what can")
    full_overrun: float = number(
        0.5, unit="share", low=0.01, high=10, why="half as long again as there is time for is hopeless"
    )
    mood: float = number(0.15, unit="score", low=0, high=1, why="asked for by name: as much as being at hand")


@dataclass(frozen=True)
class Home:
    """How a home page is cut from a ranking."""

    pool: int = number(
        240, unit="titles", low=50, high=2000, why="eight rows of twenty, and half as many again, so that genres differ"
    )
    least: int = number(4, unit="titles", low=1, high=20, why="fewer look like a mistake, not like a row")
    because: int = number(3, unit="rows", low=0, high=20, why="more would make the page a mirror")
    begun: float = number(60, unit="days", low=1, high=365, why="what was left for longer was left for good")
    new: float = number(365, unit="days", low=1, high=3650, why="this year's")


@dataclass(frozen=True)
class Group:
    """How several viewers are served at once."""

    misery: float = number(
        0.5,
        unit="share",
        low=0,
        high=1,
        why="nobody should suffer, nor one decide: half average, half the least pleased",
    )
    members: int = number(10, unit="viewers", low=2, high=100, why="a large sofa")
    shown_days: float = number(98, unit="days", low=1, high=365, why="seven half-lives: as long as signals count")


@dataclass(frozen=True)
class Search:
    """How titles are found by meaning, words and names together."""

    depth: int = number(200, unit="titles", low=20, high=2000, why="each way of looking finds so many; ten pages")
    fusion: float = number(
        60.0, unit="ranks", low=1, high=1000, why="Cormack et al., SIGIR 2009: beyond it ranks hardly differ"
    )
    meaning_weight: float = number(1.0, unit="weight", low=0, high=10, why="the measure of the others")
    words_weight: float = number(
        1.5, unit="weight", low=0, high=10, why="a word that stands there is a better hint than a likeness"
    )
    name_weight: float = number(
        4.0, unit="weight", low=0, high=10, why="who types a name means it: above all the others together"
    )
    part_weight: float = number(0.25, unit="weight", low=0, high=10, why="likeness to a name is the weakest hint")
    meaning_floor: float = number(
        0.25, unit="cosine", low=0, high=1, why="four standard deviations of two texts that share nothing"
    )
    name_floor: float = number(
        0.2, unit="similarity", low=0.05, high=1, why="a slip in a word of four letters leaves as much in common"
    )
    part_floor: float = number(
        0.4, unit="similarity", low=0.05, high=1, why="as name_floor, for a name of which only a part was typed"
    )
    names: int = number(400, unit="titles", low=20, high=5000, why="whose spelling is compared letter by letter: 5 ms")
    letters_a_slip: int = number(
        6, unit="letters", low=2, high=100, why="one slip in a short name, one more every six letters"
    )
    alike_floor: float = number(
        0.45, unit="similarity", low=0.05, high=1, why="half of a name: less is like everything"
    )
    longest: int = number(200, unit="letters", low=10, high=1000, why="a long sentence; no title of ours is longer")
    vectors_kept: int = number(2048, unit="queries", low=0, high=10**6, why="12 MB a process; most queries are few")


@dataclass(frozen=True)
class EngineConfig:
    """All of it, a section a concern; frozen, so a list is made with one set of numbers."""

    events: EventWeights = field(default_factory=EventWeights)
    features: Features = field(default_factory=Features)
    embeddings: Embeddings = field(default_factory=Embeddings)
    intake: Intake = field(default_factory=Intake)
    attention: Attention = field(default_factory=Attention)
    profiles: Profiles = field(default_factory=Profiles)
    similarity: Similarity = field(default_factory=Similarity)
    clusters: Clusters = field(default_factory=Clusters)
    trending: Trending = field(default_factory=Trending)
    collaborative: Collaborative = field(default_factory=Collaborative)
    traits: Traits = field(default_factory=Traits)
    sequence: Sequence = field(default_factory=Sequence)
    followers: Followers = field(default_factory=Followers)
    calibration: Calibration = field(default_factory=Calibration)
    blending: Blending = field(default_factory=Blending)
    candidates: Candidates = field(default_factory=Candidates)
    ranking: Ranking = field(default_factory=Ranking)
    exploration: Exploration = field(default_factory=Exploration)
    rests: Rests = field(default_factory=Rests)
    social: Social = field(default_factory=Social)
    platforms: Platforms = field(default_factory=Platforms)
    serving: Serving = field(default_factory=Serving)
    subscriptions: Subscriptions = field(default_factory=Subscriptions)
    attribution: Attribution = field(default_factory=Attribution)
    search: Search = field(default_factory=Search)
    home: Home = field(default_factory=Home)
    group: Group = field(default_factory=Group)
    context: ViewingContext = field(default_factory=ViewingContext)

    def with_overrides(self, overrides: Mapping[str, Any]) -> EngineConfig:
        """
        Return a copy with the named numbers changed.

        overrides   {"section.name": value}; a value is a number within the field's range, or on/off.

        Raises ValueError naming the entry: unknown name, wrong type, outside its range.
        """
        changed: dict[str, dict[str, Any]] = {}
        for name, value in overrides.items():
            section, key, meta, default = _find(self, name)
            changed.setdefault(section, {})[key] = _checked(name, value, meta, default)
        sections = {s: dataclasses.replace(getattr(self, s), **values) for s, values in changed.items()}
        return dataclasses.replace(self, **sections)


def _find(config: EngineConfig, name: str) -> tuple[str, str, Mapping[str, Any], Any]:
    section, _, key = name.partition(".")
    known = {f.name for f in fields(config)}
    if section in known:
        for f in fields(getattr(config, section)):
            if f.name == key:
                return section, key, f.metadata, f.default
    raise ValueError(f"there is no engine constant {name!r}; they are listed in recommendations/engine/config.py")


def _checked(name: str, value: Any, meta: Mapping[str, Any], default: Any) -> Any:
    if meta.get("yardstick"):
        raise ValueError(f"{name} is what experiments are measured by; none may change it")
    if isinstance(default, bool):
        if not isinstance(value, bool):
            raise ValueError(f"{name} is on or off: true or false, got {value!r}")
        return value
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"{name} is a number in [{meta['low']}, {meta['high']}], got {value!r}")
    if isinstance(default, int) and value != int(value):
        raise ValueError(f"{name} is a whole number in [{meta['low']}, {meta['high']}], got {value!r}")
    if not meta["low"] <= value <= meta["high"]:
        raise ValueError(f"{name} must be in [{meta['low']}, {meta['high']}] ({meta['unit']}), got {value!r}")
    return int(value) if isinstance(default, int) else float(value)


DEFAULT = EngineConfig()


def describe() -> list[tuple[str, Any, str, Any, Any, str]]:
    """Return every constant as (name, default, unit, low, high, why), in order."""
    return [
        (
            f"{s.name}.{f.name}",
            f.default,
            f.metadata["unit"],
            f.metadata.get("low"),
            f.metadata.get("high"),
            f.metadata["why"],
        )
        for s in fields(DEFAULT)
        for f in fields(getattr(DEFAULT, s.name))
    ]
