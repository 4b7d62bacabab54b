"""Who is friends with whom, and what friends did that the other may see."""

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Greatest, Least, Now
from django.utils import timezone as clock


class FriendshipStatus(models.TextChoices):
    """Where a friendship stands."""

    REQUESTED = "requested", "Requested"
    ACCEPTED = "accepted", "Accepted"
    DECLINED = "declined", "Declined"


class SignalKind(models.TextChoices):
    """What a friend did."""

    WATCHED = "watched", "Watched"
    LIKED = "liked", "Liked"
    RECOMMENDED = "recommended", "Recommended"
    SHARED = "shared", "Shared"
    RATED = "rated", "Rated"


class Friendship(models.Model):
    """One row a pair, whoever asked: user asked friend."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="friendships_asked")
    friend = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="friendships_received")
    status = models.CharField(
        max_length=10, choices=FriendshipStatus, default=FriendshipStatus.REQUESTED, db_default="requested"
    )
    created_at = models.DateTimeField(default=clock.now, db_default=Now())
    answered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "friendships"
        ordering = ["-created_at", "id"]
        constraints = [
            models.CheckConstraint(condition=~Q(user=F("friend")), name="friendships_not_with_oneself"),
            models.UniqueConstraint(Least("user", "friend"), Greatest("user", "friend"), name="friendships_one_a_pair"),
            models.CheckConstraint(condition=Q(status__in=FriendshipStatus.values), name="friendships_status_known"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} & {self.friend_id} ({self.status})"


class SocialSignal(models.Model):
    """A friend's act that a viewer may see: `friend` did it, `user` is told."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    friend = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    content = models.ForeignKey("shows.Show", on_delete=models.CASCADE, related_name="+")
    signal_type = models.CharField(max_length=16, choices=SignalKind)
    signal_strength = models.FloatField(default=1.0, db_default=1.0)
    metadata = models.JSONField(null=True, blank=True)
    created_at = models.DateTimeField(default=clock.now, db_default=Now())

    class Meta:
        db_table = "social_signals"
        ordering = ["-created_at", "id"]
        constraints = [
            models.CheckConstraint(condition=~Q(user=F("friend")), name="social_signals_not_from_oneself"),
            models.CheckConstraint(condition=Q(signal_strength__range=(0, 1)), name="social_signals_strength_0_to_1"),
            models.CheckConstraint(condition=Q(signal_type__in=SignalKind.values), name="social_signals_type_known"),
            # One act is told once to each friend, however often its event is delivered.
            models.UniqueConstraint(fields=["user", "friend", "content", "signal_type"], name="social_signals_once"),
        ]
        indexes = [
            models.Index(fields=["user"], name="idx_social_signals_user"),
            models.Index(fields=["content"], name="idx_social_signals_content"),
            models.Index(fields=["created_at"], name="idx_social_signals_created"),
            GinIndex(fields=["metadata"], name="idx_social_signals_metadata"),
        ]

    def __str__(self) -> str:
        return f"{self.friend_id} {self.signal_type} {self.content_id}, told to {self.user_id}"
