"""What is shown and what came back: trends, candidates, served lists, feedback, and what is due for each viewer."""

import datetime as dt
import uuid
from typing import Any

from django.conf import settings
from django.db import connection, models, transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone as clock

from recommendations.models.fields import (
    Algorithm,
    FeedbackType,
    LongGinIndex,
    LongIndex,
    TimeWindow,
    TrendType,
    between,
    one_of,
)


class TrendingEntry(models.Model):
    """A title that does better than was to be expected, in one window and scope."""

    content = models.ForeignKey("shows.Show", on_delete=models.CASCADE, db_index=False, related_name="+")
    time_window = models.CharField(max_length=8, choices=TimeWindow)
    trend_type = models.CharField(max_length=16, choices=TrendType)
    trend_score = models.FloatField(help_text="0 to 1 within its window, scope and segment")
    segment = models.JSONField(
        default=dict, db_default={}, blank=True, help_text='{} or e.g. {"genre": "Drama"}, {"user": "7"}'
    )
    viewers = models.PositiveIntegerField(default=0, db_default=0, help_text="Distinct viewers in the window")
    calculated_at = models.DateTimeField(default=clock.now, db_default=Now())
    expires_at = models.DateTimeField()

    class Meta:
        db_table = "trending_cache"
        ordering = ["trend_type", "time_window", "-trend_score", "content_id"]
        verbose_name_plural = "trending entries"
        constraints = [
            models.UniqueConstraint(
                fields=["content", "time_window", "trend_type", "segment"], name="trending_cache_unique"
            ),
            one_of("time_window", TimeWindow, "trending_cache_window_known"),
            one_of("trend_type", TrendType, "trending_cache_type_known"),
            between("trend_score", 0, 1, "trending_cache_score_0_to_1"),
        ]
        indexes = [
            LongIndex(fields=["expires_at"], name="idx_trending_cache_expires"),
            LongIndex("trend_type", F("trend_score").desc(), name="idx_trending_cache_score"),
        ]

    def __str__(self) -> str:
        return f"{self.content_id} {self.trend_type}/{self.time_window}"


class RecommendationCandidate(models.Model):
    """A title proposed for a viewer by one algorithm, with every part of its score and why."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, db_index=False, related_name="+")
    content = models.ForeignKey("shows.Show", on_delete=models.CASCADE, related_name="+")
    algorithm_type = models.CharField(max_length=16, choices=Algorithm)
    base_score = models.FloatField()
    popularity_boost = models.FloatField(default=0, db_default=0)
    recency_boost = models.FloatField(default=0, db_default=0)
    diversity_penalty = models.FloatField(default=0, db_default=0)
    availability_boost = models.FloatField(default=0, db_default=0)
    social_boost = models.FloatField(default=0, db_default=0)
    # Generated, so that the sum holds whoever writes the parts.
    final_score = models.GeneratedField(
        expression=F("base_score")
        + F("popularity_boost")
        + F("recency_boost")
        - F("diversity_penalty")
        + F("availability_boost")
        + F("social_boost"),
        output_field=models.FloatField(),
        db_persist=True,
    )
    explanation = models.JSONField(null=True, blank=True, help_text="Reasons, and what was taken off and why")
    # Beside the explanation, whose every number its index keeps.
    parts = models.JSONField(
        null=True, blank=True, help_text="Of the blend: [algorithm, its score, its share, its rank] for each"
    )
    generated_at = models.DateTimeField(default=clock.now, db_default=Now())
    expires_at = models.DateTimeField(db_default=Now() + dt.timedelta(hours=24))

    class Meta:
        db_table = "recommendation_candidates"
        ordering = ["user_id", "algorithm_type", "-final_score", "content_id"]
        constraints = [
            models.UniqueConstraint(
                fields=["user", "content", "algorithm_type"], name="recommendation_candidates_unique"
            ),
            between("base_score", -1, 1, "rec_candidates_base_in_range"),
            between("popularity_boost", -1, 1, "rec_candidates_popularity_in_range"),
            between("recency_boost", -1, 1, "rec_candidates_recency_in_range"),
            between("diversity_penalty", 0, 2, "rec_candidates_diversity_in_range"),
            between("availability_boost", -1, 1, "rec_candidates_availability_in_range"),
            between("social_boost", -1, 1, "rec_candidates_social_in_range"),
            one_of("algorithm_type", Algorithm, "rec_candidates_algorithm_known"),
        ]
        indexes = [
            LongIndex("user", F("final_score").desc(), name="idx_rec_candidates_user_score"),
            LongIndex(fields=["expires_at"], name="idx_rec_candidates_expires"),
            LongIndex("user", F("final_score").desc(), "expires_at", name="idx_rec_candidates_user_final_score"),
            LongGinIndex(fields=["explanation"], name="idx_rec_candidates_explanation_gin"),
        ]

    def __str__(self) -> str:
        return f"{self.content_id} for {self.user_id} ({self.algorithm_type})"


class ServedList(models.Model):
    """
    A list as it was served, immutable: what was shown where, why, and with what probability.

    items: [{"show": id, "position": 1.., "algorithm", "breakdown": {...}, "reasons": [...], "propensity"}, ...];
    where something was taken off a score, "penalties" says what and why
    """

    request_id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    algorithm = models.CharField(max_length=16, choices=Algorithm)
    experiment_name = models.CharField(max_length=100, blank=True, default="", db_default="")
    variant = models.CharField(max_length=64, blank=True, default="", db_default="")
    model_version = models.CharField(max_length=64, blank=True, default="", db_default="")
    parameters = models.JSONField(default=dict, blank=True, help_text="Filter and context the list was asked with")
    items = models.JSONField(default=list)
    generated_at = models.DateTimeField(help_text="When its candidates were made")
    created_at = models.DateTimeField(default=clock.now, db_default=Now())
    expires_at = models.DateTimeField()

    class Meta:
        db_table = "served_lists"
        ordering = ["-created_at", "request_id"]
        indexes = [
            LongIndex("user", F("created_at").desc(), name="idx_served_lists_user_time"),
            LongIndex(fields=["expires_at"], name="idx_served_lists_expires"),
            LongIndex(fields=["experiment_name", "variant"], name="idx_served_lists_experiment"),
        ]

    def __str__(self) -> str:
        return f"{self.request_id} for {self.user_id}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Keep the list, without reasons that name who was erased while it was made."""
        with transaction.atomic():
            named = {
                friend for item in self.items for r in item.get("reasons", ()) for friend in r.get("friends") or ()
            }
            if named:
                self._leave_out(named - _held(sorted(named)))
            super().save(*args, **kwargs)

    def _leave_out(self, gone: set[str]) -> None:
        for item in self.items if gone else ():
            item["reasons"] = [r for r in item["reasons"] if gone.isdisjoint(r.get("friends") or ())]


def _held(user_ids: list[str]) -> set[str]:
    """Return which of these users there are; until the transaction ends, they stay."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM users WHERE id = ANY(%s) ORDER BY id FOR KEY SHARE", [user_ids])
        return {user_id for (user_id,) in cursor.fetchall()}


class RecommendationFeedback(models.Model):
    """What a viewer did with a recommendation; one per viewer, request, title and kind."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, db_index=False, related_name="+")
    # Candidates live a day; what lasts is the request id of the served list.
    recommendation = models.ForeignKey(
        RecommendationCandidate, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    request_id = models.UUIDField(null=True, blank=True)
    position = models.PositiveIntegerField(null=True, blank=True)
    content = models.ForeignKey("shows.Show", on_delete=models.CASCADE, db_index=False, related_name="+")
    feedback_type = models.CharField(max_length=20, choices=FeedbackType)
    feedback_value = models.FloatField(null=True, blank=True)
    context = models.JSONField(null=True, blank=True)
    created_at = models.DateTimeField(default=clock.now, db_default=Now(), help_text="When it happened")
    received_at = models.DateTimeField(default=clock.now, db_default=Now(), help_text="When it arrived")

    class Meta:
        db_table = "recommendation_feedback"
        ordering = ["-created_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["user", "request_id", "content", "feedback_type"],
                name="recommendation_feedback_once",
                nulls_distinct=False,
            ),
            one_of("feedback_type", FeedbackType, "rec_feedback_type_known"),
        ]
        indexes = [
            LongIndex(fields=["user"], name="idx_rec_feedback_user"),
            LongIndex(fields=["content"], name="idx_rec_feedback_content"),
            LongIndex(fields=["feedback_type"], name="idx_rec_feedback_type"),
            LongIndex(fields=["request_id"], name="idx_rec_feedback_request"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.feedback_type} {self.content_id}"


class ViewerState(models.Model):
    """
    What is due for a viewer: the version of what they did, and the version their candidates know.

    A viewer is stale while behavior_version > candidates_version. Workers claim stale rows with a lease; a lost
    message or a killed worker leaves the row stale, so somebody picks it up again. Acts come in while this row is held,
    so a viewer's ids are handed out in the order they are committed, and profiled_through says which are folded in.
    """

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, primary_key=True, related_name="+")
    behavior_version = models.BigIntegerField(default=0, db_default=0)
    candidates_version = models.BigIntegerField(default=-1, db_default=-1)
    last_event_at = models.DateTimeField(null=True, blank=True)
    refreshed_at = models.DateTimeField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0, db_default=0)
    last_error = models.TextField(blank=True, default="", db_default="")
    profiled_through = models.BigIntegerField(
        default=0, db_default=0, help_text="The newest act (its id) that the profile holds; -1 means work it out anew"
    )
    unprofiled = models.BooleanField(default=False, db_default=False, help_text="Do acts wait to be folded in?")

    class Meta:
        db_table = "viewer_states"
        ordering = ["user_id"]
        indexes = [
            LongIndex(
                fields=["refreshed_at"],
                condition=models.Q(behavior_version__gt=F("candidates_version")),
                name="idx_viewer_states_stale",
            )
        ]

    def __str__(self) -> str:
        return f"{self.user_id} at {self.behavior_version}"


class ModelArtifact(models.Model):
    """A fitted model as files in Django's storage, with what it was fitted on and how to know it is whole."""

    STATES = [
        ("building", "Building"),
        ("ready", "Ready"),
        ("live", "Live"),
        ("retired", "Retired"),
        ("broken", "Broken"),
    ]

    kind = models.CharField(max_length=32, help_text="What it is a model of, e.g. collaborative")
    version = models.CharField(max_length=64)
    state = models.CharField(max_length=10, choices=STATES, default="building")
    parameters = models.JSONField(default=dict, blank=True)
    data_window = models.JSONField(default=dict, blank=True, help_text="First and last event, viewers, titles, events")
    fit_report = models.JSONField(default=dict, blank=True)
    files = models.JSONField(default=dict, blank=True, help_text='{"name": {"path", "sha256", "bytes"}}')
    checksum = models.CharField(max_length=64, blank=True, default="")
    created_at = models.DateTimeField(default=clock.now, db_default=Now())
    promoted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "model_artifacts"
        ordering = ["kind", "-created_at", "id"]
        constraints = [
            models.UniqueConstraint(fields=["kind", "version"], name="model_artifacts_unique"),
            models.UniqueConstraint(fields=["kind"], condition=models.Q(state="live"), name="model_artifacts_one_live"),
            models.CheckConstraint(
                condition=models.Q(state__in=["building", "ready", "live", "retired", "broken"]),
                name="model_artifacts_state_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.version} ({self.state})"
