"""What people do: user_behavior_events, user_context."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils import timezone as clock

from recommendations.models.fields import ContextType, EventType, LongGinIndex, LongIndex, between, one_of

CONTENT_TYPES = [("movie", "Film"), ("tv", "Series"), ("episode", "Episode"), ("trailer", "Trailer")]


class UserBehaviorEvent(models.Model):
    """One act of one viewer, kept as it was told; its (viewer, event id) counts once."""

    event_id = models.UUIDField(default=uuid.uuid4, help_text="Made by the client, unique for the viewer")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, db_index=False, related_name="+")
    session_id = models.CharField(max_length=128)
    event_type = models.CharField(max_length=20, choices=EventType)
    content = models.ForeignKey(
        "shows.Show", on_delete=models.CASCADE, null=True, blank=True, db_index=False, related_name="+"
    )
    content_type = models.CharField(max_length=10, choices=CONTENT_TYPES)
    platform_source = models.CharField(max_length=64, null=True, blank=True)
    context = models.JSONField(null=True, blank=True)
    engagement_score = models.FloatField(default=0, db_default=0, help_text="0 to 1; 0.5 says nothing either way")
    created_at = models.DateTimeField(default=clock.now, db_default=Now(), help_text="When it happened")
    received_at = models.DateTimeField(default=clock.now, db_default=Now(), help_text="When it arrived")

    class Meta:
        db_table = "user_behavior_events"
        ordering = ["-created_at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["user", "event_id"], name="user_behavior_events_once"),
            between("engagement_score", 0, 1, "user_behavior_engagement_0_to_1"),
            one_of("event_type", EventType, "user_behavior_event_type_known"),
            models.CheckConstraint(
                condition=models.Q(content_type__in=[k for k, _ in CONTENT_TYPES]),
                name="user_behavior_content_type_known",
            ),
        ]
        indexes = [
            LongIndex(fields=["user"], name="idx_user_behavior_user_id"),
            LongIndex(fields=["event_type"], name="idx_user_behavior_event_type"),
            LongIndex(fields=["content", "content_type"], name="idx_user_behavior_content"),
            LongIndex(fields=["created_at"], name="idx_user_behavior_created_at"),
            LongIndex("user", "content", models.F("created_at").desc(), name="idx_user_behavior_user_content_time"),
            LongGinIndex(fields=["context"], name="idx_user_behavior_context_gin"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.event_type} {self.content_id}"


class UserContext(models.Model):
    """How often a viewer watches in which circumstances, in the viewer's own timezone."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, db_index=False, related_name="+")
    context_type = models.CharField(max_length=20, choices=ContextType)
    context_value = models.CharField(max_length=64)
    frequency = models.IntegerField(default=1, db_default=1)
    last_seen = models.DateTimeField(default=clock.now, db_default=Now())

    class Meta:
        db_table = "user_context"
        ordering = ["user_id", "context_type", "-frequency", "context_value"]
        constraints = [
            models.UniqueConstraint(fields=["user", "context_type", "context_value"], name="user_context_unique"),
            models.CheckConstraint(condition=models.Q(frequency__gte=0), name="user_context_frequency_positive"),
            one_of("context_type", ContextType, "user_context_type_known"),
        ]
        indexes = [LongIndex(fields=["user"], name="idx_user_context_user")]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.context_type} {self.context_value} x{self.frequency}"
