"""What is being tried on whom: experiment definitions, their variants, and who is in which."""

import secrets

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils import timezone as clock


def new_salt() -> str:
    """Return a fresh salt, so that two experiments split the same viewers independently."""
    return secrets.token_hex(8)


class Experiment(models.Model):
    """The definition: its variants, how viewers are split, and when it runs."""

    name = models.SlugField(max_length=100, unique=True)
    description = models.TextField(blank=True, default="", db_default="")
    salt = models.CharField(max_length=32, default=new_salt, editable=False)
    layer = models.SlugField(
        max_length=64,
        default="default",
        db_default="default",
        help_text="A viewer is in at most one running experiment of a layer",
    )
    traffic = models.FloatField(default=1.0, db_default=1.0, help_text="Share of viewers taken in, 0 to 1")
    is_active = models.BooleanField(default=False, db_default=False)
    start_date = models.DateTimeField(default=clock.now, db_default=Now())
    end_date = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=clock.now, db_default=Now(), editable=False)

    class Meta:
        db_table = "experiments"
        ordering = ["-start_date", "id"]
        constraints = [
            models.CheckConstraint(condition=Q(traffic__range=(0, 1)), name="experiments_traffic_0_to_1"),
            models.CheckConstraint(
                condition=Q(end_date__isnull=True) | Q(end_date__gt=F("start_date")),
                name="experiments_dates_in_order",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class ExperimentVariant(models.Model):
    """One way of doing it: a share of the viewers and the engine constants that differ for them."""

    experiment = models.ForeignKey(Experiment, on_delete=models.CASCADE, related_name="variants")
    name = models.SlugField(max_length=64)
    weight = models.FloatField(default=1.0, db_default=1.0, help_text="Relative share of the viewers")
    algorithm_config = models.JSONField(
        default=dict,
        blank=True,
        help_text='Engine constants by name, e.g. {"ranking.popularity_boost": 0.05}',
    )

    class Meta:
        db_table = "experiment_variants"
        ordering = ["experiment_id", "id"]
        constraints = [
            models.UniqueConstraint(fields=["experiment", "name"], name="experiment_variants_unique"),
            models.CheckConstraint(condition=Q(weight__gt=0), name="experiment_variants_weight_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.experiment_id}: {self.name}"


class RecommendationExperiment(models.Model):
    """Which variant a viewer is in, since when, and with which constants."""

    experiment_name = models.CharField(max_length=100)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    variant = models.CharField(max_length=64)
    algorithm_config = models.JSONField(null=True, blank=True)
    start_date = models.DateTimeField(default=clock.now, db_default=Now())
    end_date = models.DateTimeField(null=True, blank=True)
    is_active = models.BooleanField(default=True, db_default=True)
    first_exposed_at = models.DateTimeField(
        null=True, blank=True, help_text="When a list shaped by it was first served"
    )

    class Meta:
        db_table = "recommendation_experiments"
        ordering = ["experiment_name", "user_id"]
        constraints = [
            models.UniqueConstraint(fields=["experiment_name", "user"], name="rec_experiments_once_a_viewer"),
        ]
        indexes = [models.Index(fields=["is_active", "experiment_name"], name="idx_rec_experiments_active")]

    def __str__(self) -> str:
        return f"{self.user_id} in {self.experiment_name}/{self.variant}"
