"""One Celery task a stage, and the small ones around a viewer: arguments in, one pipeline call, a small result out."""

import logging
from typing import Any

from celery import shared_task
from django.db import InterfaceError, OperationalError
from django.utils import timezone

from bingeboard.errors import Stale
from bingeboard.signin import services as signin
from recommendations.pipeline import rebuild, retention, sweep

logger = logging.getLogger(__name__)
# What heals by itself is tried again; a ValueError fails loudly and at once.
PATIENT: dict[str, Any] = {
    "autoretry_for": (OperationalError, InterfaceError),
    "retry_backoff": True,
    "max_retries": 5,
    "acks_late": True,
}


@shared_task(name="recommendations.run_stage", **PATIENT)
def run_stage(*, stage: str) -> str:
    """Run one stage of the pipeline for everybody; repeating it changes nothing."""
    try:
        done = rebuild.run_stage(stage=rebuild.stages_between(stage, stage)[0], now=timezone.now())
    except Stale as busy:
        logger.info("%s", busy)
        return "busy"
    logger.info("stage %s: %s in %.1f s", stage, done.result, done.seconds)
    return str(done.result)


@shared_task(name="recommendations.refresh_viewer", **PATIENT)
def refresh_viewer(*, user_id: str) -> int:
    """Make one viewer's candidates anew where they are out of date; repeating it changes nothing."""
    return sweep.refresh_one(user_id=user_id, now=timezone.now())


@shared_task(name="recommendations.sweep", **PATIENT)
def sweep_stale() -> int:
    """Refresh the viewers whose candidates are out of date, whoever forgot to say so."""
    return sweep.refresh_stale(now=timezone.now())


@shared_task(name="recommendations.purge", **PATIENT)
def purge() -> int:
    """Delete expired candidates and served lists, in small batches."""
    return sweep.purge(now=timezone.now())


@shared_task(name="recommendations.retire", **PATIENT)
def retire() -> int:
    """Let acts, feedback and sessions leave that are past their time; what acts amounted to stays."""
    now = timezone.now()
    return retention.retire_events(now=now) + retention.purge_feedback(now=now) + signin.purge(now=now)
