"""Events, features and vectors -> the engine's model artefact: what scoring reads, fitted and published at once."""

import datetime as dt
import time

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from recommendations.engine import followers
from recommendations.engine.arrays import rows_in
from recommendations.engine.blending import Catalogue, from_history
from recommendations.engine.calibration import Order
from recommendations.engine.config import DEFAULT, EngineConfig
from recommendations.engine.likes import Likes, liking
from recommendations.engine.model import fit_model
from recommendations.engine.traits import likeness, traits
from recommendations.engine.weighting import half_life_decay
from recommendations.models import ModelArtifact
from recommendations.pipeline import artifacts, shares
from recommendations.pipeline.profiles import profiled, type_names
from recommendations.queries.catalogue import ShowFacts, load_embeddings, load_feature_matrix, load_show_facts
from recommendations.queries.events import EventArrays, load_events, to_day

KIND = "engine"
# date.toordinal() of 1970-01-01.
EPOCH_ORDINAL = 719_163


def knots(config: EngineConfig) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the curve from what was said on average to how much it counts as liked."""
    c = config.collaborative
    return (
        np.array([0.0, c.said_weakly, c.said_mildly, c.said_clearly, 1.0]),
        np.array([0.0, c.liked_weakly, c.liked_mildly, c.liked_clearly, c.liked_fully]),
    )


def likes(*, events: EventArrays, show_ids: NDArray[np.int64], config: EngineConfig = DEFAULT) -> Likes:
    """Return what the acts on each title amount to, for each viewer; titles not in show_ids are left out."""
    row = rows_in(show_ids, events.show_id)
    use = np.flatnonzero((row >= 0) & (events.evidence > 0))
    key, place = np.unique(events.user[use] * len(show_ids) + row[use], return_inverse=True)
    evidence = np.bincount(place, weights=events.evidence[use], minlength=len(key)).astype(np.float64)
    signed = np.bincount(place, weights=events.signed[use], minlength=len(key)).astype(np.float64)
    day = np.full(len(key), -np.inf)
    np.maximum.at(day, place, events.day[use])
    n = max(len(show_ids), 1)
    return Likes(user=key // n, row=key % n, liked=liking(signed, evidence, knots(config)), day=day)


def rebuild(*, now: dt.datetime, as_of: dt.datetime, config: EngineConfig = DEFAULT) -> ModelArtifact:
    """
    Fit the item-item model and publish it with the catalogue's arrays as the engine's live artefact.

    as_of   the behavioural present: popularity fades back from it.
    """
    started = time.perf_counter()
    facts = load_show_facts(today=now.date())
    features = load_feature_matrix()
    events = load_events(departed=True, config=config)
    found = likes(events=events, show_ids=facts.show_ids, config=config)
    of_titles = traits(features.strengths, features.types, _year(facts), config.traits)
    fitted = fit_model(found, n_titles=len(facts.show_ids), traits=of_titles, config=config)
    strengths = profiled(features, config).astype(np.float32)
    alike = likeness(strengths, features.types, config.traits)
    next_liked = followers.fit(
        found, n_titles=len(facts), threshold=config.collaborative.like_threshold, config=config.followers
    )
    learned = from_history(found, catalogue=Catalogue(of_titles, strengths, alike), order=fitted.order, config=config)
    return artifacts.publish(
        kind=KIND,
        arrays={
            "show_ids": facts.show_ids,
            "active": facts.is_active,
            "items": fitted.items,
            "item_item": fitted.model.weights,
            "bridge": fitted.model.bridge,
            "outside": fitted.outside,
            "outside_data": fitted.outside_traits.data,
            "outside_indices": fitted.outside_traits.indices.astype(np.int32),
            "outside_indptr": fitted.outside_traits.indptr.astype(np.int64),
            "strengths_data": strengths.data,
            "strengths_indices": strengths.indices.astype(np.int32),
            "strengths_indptr": strengths.indptr.astype(np.int64),
            "likeness_data": alike.data,
            "vectors": _aligned_vectors(facts.show_ids),
            "followers": next_liked.titles,
            "followers_rate": next_liked.rate,
            "followers_lift": next_liked.lift,
            "popularity": popularity(found, facts, as_of=as_of, config=config),
            "fame": fame(found, len(facts)),
            "release_day": facts.release_ordinal - EPOCH_ORDINAL,
            "available_indices": facts.on_platform.indices.astype(np.int32),
            "available_indptr": facts.on_platform.indptr.astype(np.int64),
        },
        document={
            "features": list(zip(type_names(features), features.values, strict=True)),
            "platforms": facts.platforms,
            "fade": _fade(fitted.order, config),
            **shares.document(learned.blend),
        },
        parameters={
            "ridge": config.collaborative.ridge,
            "exponent": fitted.order.exponent,
            "share": fitted.order.share,
        },
        data_window=_window(events),
        fit_report={
            "titles": len(facts),
            "modelled_titles": len(fitted.items),
            "titles_by_traits": len(fitted.outside),
            "viewers": len(events.users),
            "likes": int(np.count_nonzero(found.liked)),
            "asked": fitted.order.viewers,
            "gain": round(fitted.order.gain, 4),
            **_evaluation(fitted.order),
            "shares": shares.report(learned),
            "seconds": round(time.perf_counter() - started, 2),
        },
        now=now,
    )


def popularity(found: Likes, facts: ShowFacts, *, as_of: dt.datetime, config: EngineConfig) -> NDArray[np.float64]:
    """
    Return the share of titles that are less liked of late than each, in [0, 1]; equals share their mean rank.

    What nobody has liked yet is ordered by the catalogue's own popularity, below everything that somebody has.
    """
    age = np.maximum(to_day(as_of) - found.day, 0.0)
    fade = half_life_decay(age, config.collaborative.popularity_half_life)
    liked = np.bincount(found.row, weights=(found.liked > 0) * fade, minlength=len(facts))
    order = np.lexsort((np.nan_to_num(facts.popularity, nan=-1.0), liked))
    known = np.empty(len(facts), dtype=np.int64)
    changes = np.r_[
        True,
        (np.diff(liked[order]) != 0) | (np.diff(np.nan_to_num(facts.popularity, nan=-1.0)[order]) != 0),
    ][: len(facts)]
    known[order] = np.cumsum(changes)
    return (stats.rankdata(known) - 1) / max(len(facts) - 1, 1)


def fame(found: Likes, n_titles: int) -> NDArray[np.float64]:
    """Return ln(1 + viewers who ever liked it) of each title, as a share of the most liked one's: in [0, 1]."""
    likers = np.log1p(np.bincount(found.row[found.liked > 0], minlength=n_titles))
    return likers / max(float(likers.max(initial=0.0)), 1.0)


def _year(facts: ShowFacts) -> NDArray[np.float64]:
    """Return each title's year of release, NaN where not known."""
    years = np.full(len(facts), np.nan)
    known = ~np.isnan(facts.release_ordinal)
    days = (facts.release_ordinal[known] - EPOCH_ORDINAL).astype("datetime64[D]")
    years[known] = days.astype("datetime64[Y]").astype(np.int64) + 1970
    return years


def _fade(order: Order, config: EngineConfig) -> float:
    """Return the fitted exponent in units of the config's, by which an experiment may still change it."""
    usual = config.collaborative.recency_exponent
    return order.exponent / usual if usual > 0 else 1.0


def _evaluation(order: Order) -> dict[str, float]:
    """Return how good small models of this setting were at what viewers did last, which they had not seen."""
    if order.viewers == 0:
        return {}
    quality, error = order.quality
    return {"held_out_ndcg": round(quality, 4), "held_out_ndcg_error": round(error, 4)}


def _aligned_vectors(show_ids: NDArray[np.int64]) -> NDArray[np.float32]:
    """Return each title's hybrid vector, a row of zeros where it has none."""
    embedded, vectors = load_embeddings(kind="hybrid")
    aligned = np.zeros((len(show_ids), vectors.shape[1] if vectors.ndim == 2 else 0), np.float32)
    row = rows_in(show_ids, embedded)
    aligned[row[row >= 0]] = vectors[row >= 0]
    return aligned


def _window(events: EventArrays) -> dict[str, object]:
    if len(events) == 0:
        return {"events": 0}
    first, last = (dt.datetime.fromtimestamp(day * 86_400, tz=dt.UTC) for day in (events.day.min(), events.day.max()))
    return {"events": len(events), "first": first.isoformat(), "last": last.isoformat()}
