"""What can be watched and where: titles, services, which service has which title, and watchlists."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils import timezone as clock


class ContentKind(models.TextChoices):
    """What an event or a title is about; shows themselves are films or series."""

    MOVIE = "movie", "Film"
    TV = "tv", "Series"
    EPISODE = "episode", "Episode"
    TRAILER = "trailer", "Trailer"


def _words(help_text: str) -> "ArrayField[list[str], list[str]]":
    return ArrayField(models.CharField(max_length=300), default=list, blank=True, db_default=[], help_text=help_text)


class Show(models.Model):
    """A film or a series, with the facts that features are made from."""

    # Not identity-generated alone: imports bring their own ids, so the key stays writable.
    id = models.BigAutoField(primary_key=True)
    tmdb_id = models.IntegerField(null=True, blank=True)
    imdb_id = models.CharField(max_length=16, null=True, blank=True)
    content_type = models.CharField(
        max_length=8,
        choices=[(k.value, k.label) for k in (ContentKind.MOVIE, ContentKind.TV)],
        default="movie",
    )
    title = models.CharField(max_length=500)
    overview = models.TextField(blank=True, default="", db_default="")
    release_year = models.SmallIntegerField(null=True, blank=True)
    release_date = models.DateField(null=True, blank=True)
    runtime_minutes = models.PositiveSmallIntegerField(null=True, blank=True)
    poster_path = models.CharField(max_length=300, null=True, blank=True)
    popularity = models.FloatField(null=True, blank=True, help_text="Any scale; only the order counts")
    vote_average = models.FloatField(
        null=True, blank=True, validators=[MinValueValidator(0), MaxValueValidator(10)], help_text="0 to 10"
    )
    vote_count = models.PositiveIntegerField(null=True, blank=True)
    genres = _words("Most characteristic first")
    cast = _words("In billing order")
    directors = _words("For series: the creators")
    keywords = _words("What it is about, in words other titles could share")
    moods = _words("How it feels")
    themes = _words("What it is really about")
    user_tags = _words("What viewers called it, as imported with the title")
    is_active = models.BooleanField(default=True, db_default=True, help_text="Off: never recommended")
    created_at = models.DateTimeField(default=clock.now, db_default=Now(), editable=False)
    updated_at = models.DateTimeField(auto_now=True, db_default=Now())

    class Meta:
        db_table = "shows"
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["content_type", "tmdb_id"], name="shows_tmdb_id_unique"),
            models.CheckConstraint(condition=~Q(title=""), name="shows_title_not_empty"),
            models.CheckConstraint(condition=Q(content_type__in=["movie", "tv"]), name="shows_content_type_known"),
            models.CheckConstraint(
                condition=Q(vote_average__isnull=True) | Q(vote_average__range=(0, 10)),
                name="shows_vote_average_0_to_10",
            ),
            models.CheckConstraint(
                condition=Q(release_year__isnull=True) | Q(release_year__range=(1850, 2200)),
                name="shows_release_year_plausible",
            ),
        ]
        indexes = [
            GinIndex(fields=["genres"], name="idx_shows_genres"),
            models.Index(fields=["release_year"], name="idx_shows_year"),
            models.Index(F("popularity").desc(nulls_last=True), "id", name="idx_shows_popularity"),
            GinIndex(fields=["title"], opclasses=["gin_trgm_ops"], name="idx_shows_title_trgm"),
        ]

    def __str__(self) -> str:
        return f"{self.title} ({self.release_year})" if self.release_year else self.title


class Platform(models.Model):
    """A streaming service. `slug` is what events and preferences call it ('netflix')."""

    slug = models.SlugField(max_length=64, unique=True)
    name = models.CharField(max_length=120)
    is_active = models.BooleanField(default=True, db_default=True)

    class Meta:
        db_table = "platforms"
        ordering = ["name", "id"]

    def __str__(self) -> str:
        return self.name


class ShowPlatform(models.Model):
    """That a service has a title, in a region, for a while. Region '' means everywhere."""

    show = models.ForeignKey(Show, on_delete=models.CASCADE, related_name="availability")
    platform = models.ForeignKey(Platform, on_delete=models.CASCADE, related_name="availability")
    region = models.CharField(
        max_length=2, blank=True, default="", db_default="", help_text="ISO 3166, '' = everywhere"
    )
    valid_from = models.DateField(null=True, blank=True)
    valid_until = models.DateField(null=True, blank=True, help_text="The last day it can be watched there")
    source = models.CharField(max_length=32, default="import", db_default="import")

    class Meta:
        db_table = "show_platforms"
        ordering = ["show_id", "platform_id", "region"]
        constraints = [
            models.UniqueConstraint(fields=["show", "platform", "region"], name="show_platforms_unique"),
            models.CheckConstraint(
                condition=Q(valid_from__isnull=True)
                | Q(valid_until__isnull=True)
                | Q(valid_until__gte=F("valid_from")),
                name="show_platforms_dates_in_order",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.show_id} on {self.platform_id}"


class Watchlist(models.Model):
    """A title that a viewer means to watch."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="watchlist")
    show = models.ForeignKey(Show, on_delete=models.CASCADE, related_name="+")
    added_at = models.DateTimeField(default=clock.now, db_default=Now())

    class Meta:
        db_table = "watchlists"
        ordering = ["-added_at", "id"]
        constraints = [models.UniqueConstraint(fields=["user", "show"], name="watchlists_unique")]

    def __str__(self) -> str:
        return f"{self.user_id} wants {self.show_id}"


class ShowTag(models.Model):
    """A word that a viewer put on a title."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    show = models.ForeignKey(Show, on_delete=models.CASCADE, related_name="tags")
    tag = models.CharField(max_length=200)
    created_at = models.DateTimeField(default=clock.now, db_default=Now())

    class Meta:
        db_table = "show_tags"
        ordering = ["show_id", "tag", "id"]
        constraints = [models.UniqueConstraint(fields=["user", "show", "tag"], name="show_tags_unique")]

    def __str__(self) -> str:
        return self.tag
