"""What people like: user_taste_profiles, user_clusters, platform_user_preferences."""

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils import timezone as clock

from recommendations.models.fields import ClusterType, FeatureType, LongIndex, between, one_of


class UserTasteProfile(models.Model):
    """
    How much a viewer likes one feature, as learned and as stated.

    affinity_score and confidence are as of last_updated and hold the sums they came from:
    W = k c/(1-c), S = a (W+k), with k the prior of engine.config. What the viewer stated stands beside them,
    wins, and does not decay.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, db_index=False, related_name="+")
    feature_type = models.CharField(max_length=12, choices=FeatureType)
    feature_value = models.CharField(max_length=300)
    affinity_score = models.FloatField(help_text="-1 dislikes to 1 likes")
    confidence = models.FloatField(default=0.5, db_default=0.5, help_text="0 to below 1: how much was seen")
    last_updated = models.DateTimeField(
        default=clock.now, db_default=Now(), help_text="When the latest act that shaped it happened"
    )
    decay_rate = models.FloatField(default=0.1, db_default=0.1, help_text="Per week")
    stated_affinity = models.FloatField(
        null=True, blank=True, help_text="What the viewer says; wins over what was learned"
    )

    forgotten_at = models.DateTimeField(
        null=True, blank=True, help_text="Acts received up to then say nothing about this feature: the viewer chose so"
    )

    class Meta:
        db_table = "user_taste_profiles"
        ordering = ["user_id", "-affinity_score", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["user", "feature_type", "feature_value"], name="user_taste_profiles_unique"
            ),
            between("affinity_score", -1, 1, "user_taste_affinity_in_range"),
            models.CheckConstraint(
                condition=models.Q(confidence__gte=0, confidence__lt=1), name="user_taste_confidence_in_range"
            ),
            models.CheckConstraint(condition=models.Q(decay_rate__gte=0), name="user_taste_decay_not_negative"),
            models.CheckConstraint(
                condition=models.Q(stated_affinity__isnull=True) | models.Q(stated_affinity__range=(-1, 1)),
                name="user_taste_stated_in_range",
            ),
            one_of("feature_type", FeatureType, "user_taste_feature_type_known"),
        ]
        indexes = [
            LongIndex(fields=["user"], name="idx_taste_profiles_user"),
            LongIndex(fields=["feature_type", "feature_value"], name="idx_taste_profiles_feature"),
            LongIndex("user", models.F("affinity_score").desc(), name="idx_taste_profiles_user_score"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.feature_type} {self.feature_value} {self.affinity_score:+.2f}"


class UserCluster(models.Model):
    """The group a viewer belongs to, one of each kind."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, db_index=False, related_name="+")
    cluster_id = models.CharField(max_length=64)
    cluster_type = models.CharField(max_length=20, choices=ClusterType)
    similarity_score = models.FloatField(default=1.0, db_default=1.0)
    updated_at = models.DateTimeField(default=clock.now, db_default=Now())

    class Meta:
        db_table = "user_clusters"
        ordering = ["cluster_type", "cluster_id", "-similarity_score", "user_id"]
        constraints = [
            models.UniqueConstraint(fields=["user", "cluster_type"], name="user_clusters_one_a_kind"),
            between("similarity_score", -1, 1, "user_clusters_similarity_in_range"),
            one_of("cluster_type", ClusterType, "user_clusters_type_known"),
        ]
        indexes = [
            LongIndex(fields=["user"], name="idx_user_clusters_user"),
            LongIndex(fields=["cluster_id"], name="idx_user_clusters_cluster"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} in {self.cluster_id}"


class PlatformUserPreference(models.Model):
    """Which services a viewer has and likes; half stated, half learned from use."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, db_index=False, related_name="+")
    platform_name = models.CharField(max_length=64, help_text="The platform's slug")
    has_subscription = models.BooleanField(default=False, db_default=False)
    usage_frequency = models.FloatField(default=0, db_default=0, help_text="0 to 1: share of recent watching")
    preference_score = models.FloatField(default=0.5, db_default=0.5)
    is_stated = models.BooleanField(default=False, db_default=False, help_text="Did the viewer say so?")
    last_updated = models.DateTimeField(default=clock.now, db_default=Now())

    class Meta:
        db_table = "platform_user_preferences"
        ordering = ["user_id", "-preference_score", "platform_name"]
        constraints = [
            models.UniqueConstraint(fields=["user", "platform_name"], name="platform_user_preferences_unique"),
            between("usage_frequency", 0, 1, "platform_prefs_usage_0_to_1"),
            between("preference_score", 0, 1, "platform_prefs_preference_0_to_1"),
        ]
        indexes = [LongIndex(fields=["user"], name="idx_platform_prefs_user")]

    def __str__(self) -> str:
        return f"{self.user_id} on {self.platform_name}"


class TasteExclusion(models.Model):
    """A session, a title, or a title in one session that a viewer took out of their taste: it was for the kids."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, db_index=False, related_name="+")
    session_id = models.CharField(max_length=128, null=True, blank=True, help_text="Empty: in every session")
    content = models.ForeignKey(
        "shows.Show", on_delete=models.CASCADE, null=True, blank=True, related_name="+", help_text="Empty: every title"
    )
    created_at = models.DateTimeField(default=clock.now, db_default=Now())

    class Meta:
        db_table = "taste_exclusions"
        ordering = ["user_id", "-created_at", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["user", "session_id", "content"], name="taste_exclusions_once", nulls_distinct=False
            ),
            models.CheckConstraint(
                condition=models.Q(session_id__isnull=False) | models.Q(content__isnull=False),
                name="taste_exclusions_names_something",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} without {self.content_id or 'any title'} in {self.session_id or 'any session'}"


class ViewerCheckpoint(models.Model):
    """
    What a viewer's acts amounted to that have left the events: derived rows are these sums and the acts still there.

    taste      [[feature type, value, evidence, signed evidence, day], ...], sums as engine.profiles defines them
    contexts   [[context type, value, count, when last seen], ...]
    platforms  [[slug, faded use, when last used], ...], use as of that moment
    sessions   [[session id, first act, last act], ...] of sittings of which other acts are still there
    titles     [[show id, evidence, signed evidence, day, dealt with (0 or 1)], ...]
    Days count from 1970-01-01 UTC; moments are ISO 8601.
    """

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, primary_key=True, related_name="+")
    events = models.BigIntegerField(default=0, help_text="How many acts have left")
    through = models.DateTimeField(help_text="When the newest of them happened")
    taste = models.JSONField(default=list)
    contexts = models.JSONField(default=list)
    platforms = models.JSONField(default=list)
    sessions = models.JSONField(default=list, db_default=[])
    titles = models.JSONField(default=list)
    updated_at = models.DateTimeField(default=clock.now, db_default=Now())

    class Meta:
        db_table = "viewer_checkpoints"
        ordering = ["user_id"]
        constraints = [
            models.CheckConstraint(condition=models.Q(events__gte=0), name="viewer_checkpoints_events_positive")
        ]

    def __str__(self) -> str:
        return f"{self.events} acts of {self.user_id} up to {self.through:%Y-%m-%d}"
