"""The catalogue: titles with where they can be watched, services, watchlists and viewers' tags."""

from typing import Any

from django.contrib import admin
from django.contrib.postgres.fields import ArrayField
from django.db import connection
from django.db.models import Exists, F, Field, ForeignKey, OuterRef, Q, QuerySet
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils import timezone
from unfold.admin import TabularInline
from unfold.contrib.filters.admin import (
    AutocompleteSelectFilter,
    ChoicesDropdownFilter,
    DropdownFilter,
    RangeNumericFilter,
)
from unfold.decorators import display

from bingeboard.admin.base import TITLE_LOOKUPS, VIEWER_LOOKUPS, BaseAdmin
from bingeboard.admin.display import linked, number
from bingeboard.admin.forms import ChangedRowsFormSet, LinesField
from bingeboard.shows.models import Platform, Show, ShowPlatform, ShowTag, Watchlist

ROWS_IN_PAGE = 20
# Imports take back what imports brought, and leave alone what people entered.
BY_HAND = "curated"


class GenreFilter(DropdownFilter):
    """Titles of a genre; the genres are those there are."""

    title = "genre"
    parameter_name = "genre"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        with connection.cursor() as cursor:
            cursor.execute("SELECT DISTINCT unnest(genres) AS genre FROM shows ORDER BY genre LIMIT 100")
            return [(genre, genre) for (genre,) in cursor.fetchall()]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        return queryset.filter(genres__contains=[self.value()]) if self.value() else queryset


class PlatformFilter(DropdownFilter):
    """Titles that a service has, whenever and wherever."""

    title = "service"
    parameter_name = "service"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return list(Platform.objects.values_list("slug", "name")[:100])

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        if not self.value():
            return queryset
        on_it = ShowPlatform.objects.filter(show=OuterRef("pk"), platform__slug=self.value())
        return queryset.filter(Exists(on_it))


class GapFilter(DropdownFilter):
    """Titles that lack something that recommending them would be better for."""

    title = "what is missing"
    parameter_name = "missing"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [
            ("overview", "No synopsis"),
            ("genres", "No genre"),
            ("cast", "No cast"),
            ("year", "No year"),
            ("runtime", "No running time"),
            ("availability", "On no service"),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        gaps = {
            "overview": Q(overview=""),
            "genres": Q(genres=[]),
            "cast": Q(cast=[]),
            "year": Q(release_year__isnull=True),
            "runtime": Q(runtime_minutes__isnull=True),
            "availability": ~Exists(ShowPlatform.objects.filter(show=OuterRef("pk"))),
        }
        return queryset.filter(gaps[self.value()]) if self.value() in gaps else queryset


class AvailabilityForm(ModelForm):
    """Where a title can be watched, as somebody says who knows."""

    def save(self, commit: bool = True) -> ShowPlatform:
        self.instance.source = BY_HAND
        saved: ShowPlatform = super().save(commit)
        return saved


class AvailabilityInline(TabularInline):
    """Where a title can be watched."""

    model = ShowPlatform
    form = AvailabilityForm
    formset = ChangedRowsFormSet
    fields = ("platform", "region", "valid_from", "valid_until", "source")
    readonly_fields = ("source",)
    verbose_name_plural = "availability"
    extra = 0
    per_page = ROWS_IN_PAGE
    hide_title = True
    tab = True

    def formfield_for_foreignkey(self, db_field: ForeignKey, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_foreignkey(db_field, request, **kwargs)
        if db_field.name == "platform":
            # There are few services: asked for once, not once a row.
            field.choices = [("", "Select value"), *Platform.objects.values_list("pk", "name")]
        return field


@admin.register(Show)
class ShowAdmin(BaseAdmin):
    """Titles. None is deleted here: what is not to be recommended is made inactive and keeps its history."""

    list_display = ("name", "kind", "genre_list", "score", "vote_average", "runtime_minutes", "is_active", "updated_at")
    list_filter = (
        ("content_type", ChoicesDropdownFilter),
        GenreFilter,
        PlatformFilter,
        GapFilter,
        ("release_year", RangeNumericFilter),
        "is_active",
    )
    search_fields = ("title", "=imdb_id")
    search_help_text = "Title, id or IMDb id"
    ordering = (F("popularity").desc(nulls_last=True), "id")
    sortable_by = ("score",)
    inlines = (AvailabilityInline,)
    readonly_fields = ("id", "created_at", "updated_at")
    actions = ("recommend", "stop_recommending")
    fieldsets = (
        (None, {"fields": ("title", ("content_type", "release_year", "release_date"), "overview", "is_active")}),
        (
            "Facts",
            {
                "classes": ["tab"],
                "fields": (("genres", "moods"), ("themes", "keywords"), ("directors", "cast"), "user_tags"),
            },
        ),
        (
            "Figures",
            {
                "classes": ["tab"],
                "fields": (
                    ("runtime_minutes", "popularity"),
                    ("vote_average", "vote_count"),
                    ("tmdb_id", "imdb_id"),
                    "poster_path",
                    ("id", "created_at", "updated_at"),
                ),
            },
        ),
    )

    score = number("popularity", digits=1)

    @display(description="title")
    def name(self, show: Show) -> str:
        return str(show)

    @display(description="type", label={"Film": "info", "Series": "success"})
    def kind(self, show: Show) -> str:
        return show.get_content_type_display()

    @display(description="genres")
    def genre_list(self, show: Show) -> str:
        return ", ".join(show.genres[:3])

    def formfield_for_dbfield(self, db_field: Field, request: HttpRequest, **kwargs: Any) -> Any:
        if isinstance(db_field, ArrayField):
            kwargs = {"form_class": LinesField}
            return db_field.formfield(**kwargs, help_text=f"{db_field.help_text}. One a line.")
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def get_search_results(self, request: HttpRequest, queryset: QuerySet, search_term: str) -> tuple[QuerySet, bool]:
        found, duplicates = super().get_search_results(request, queryset, search_term)
        term = search_term.strip()
        if term.isdecimal() and len(term) < 19:
            # A number may be an id as well as part of a name ("1917").
            found = found | queryset.filter(pk=int(term))
        return found, duplicates

    def has_delete_permission(self, request: HttpRequest, obj: Show | None = None) -> bool:
        return False

    @admin.action(description="Recommend again", permissions=["change"])
    def recommend(self, request: HttpRequest, queryset: QuerySet) -> None:
        self._switch(request, queryset, on=True)

    @admin.action(description="Stop recommending", permissions=["change"])
    def stop_recommending(self, request: HttpRequest, queryset: QuerySet) -> None:
        self._switch(request, queryset, on=False)

    def _switch(self, request: HttpRequest, queryset: QuerySet, *, on: bool) -> None:
        shows = list(queryset.exclude(is_active=on))
        Show.objects.filter(pk__in=[show.pk for show in shows]).update(is_active=on, updated_at=timezone.now())
        self.note(request, shows, "Recommended again" if on else "No longer recommended")
        self.message_user(request, f"{len(shows)} titles {'are' if on else 'are no longer'} recommended")


@admin.register(Platform)
class PlatformAdmin(BaseAdmin):
    """Streaming services."""

    list_display = ("name", "slug", "is_active")
    fields = ("name", "slug", "is_active")
    list_filter = ("is_active",)
    search_fields = ("name", "slug")
    prepopulated_fields = {"slug": ("name",)}

    def get_readonly_fields(self, request: HttpRequest, obj: Platform | None = None) -> Any:
        # Events and viewers' preferences know a service by its slug.
        return ("slug",) if obj else ()

    def get_prepopulated_fields(self, request: HttpRequest, obj: Platform | None = None) -> Any:
        return {} if obj else self.prepopulated_fields


@admin.register(ShowPlatform)
class ShowPlatformAdmin(BaseAdmin):
    """Which service has which title, where and when."""

    form = AvailabilityForm
    list_display = ("on", "title", "region", "valid_from", "valid_until", "source")
    list_display_links = ("on",)
    list_filter = (("platform", AutocompleteSelectFilter), ("show", AutocompleteSelectFilter), "region")
    list_select_related = ("show", "platform")
    search_fields = ("=show__id",)
    search_through = {"show": TITLE_LOOKUPS, "platform": ("name__icontains", "slug")}
    search_help_text = "Title or service"
    ordering = ("show_id", "platform_id", "region")
    autocomplete_fields = ("show", "platform")
    fields = (("show", "platform"), "region", ("valid_from", "valid_until"), "source")
    readonly_fields = ("source",)

    title = linked("show", "title")

    @display(description="service", ordering="platform__name")
    def on(self, row: ShowPlatform) -> str:
        return row.platform.name


@admin.register(Watchlist)
class WatchlistAdmin(BaseAdmin):
    """What viewers mean to watch."""

    list_display = ("added_at", "viewer", "title")
    list_filter = (("user", AutocompleteSelectFilter), ("show", AutocompleteSelectFilter))
    list_select_related = ("user", "show")
    search_fields = ("=user__id",)
    search_through = {"user": VIEWER_LOOKUPS, "show": TITLE_LOOKUPS}
    search_help_text = "Viewer or title"
    ordering = ("-id",)
    sortable_by = ()
    autocomplete_fields = ("user", "show")

    viewer = linked("user", "viewer")
    title = linked("show", "title")


@admin.register(ShowTag)
class ShowTagAdmin(BaseAdmin):
    """Words that viewers put on titles."""

    list_display = ("tag", "title", "viewer", "created_at")
    list_filter = (("show", AutocompleteSelectFilter), ("user", AutocompleteSelectFilter))
    list_select_related = ("user", "show")
    search_fields = ("tag",)
    search_through = {"user": VIEWER_LOOKUPS, "show": TITLE_LOOKUPS}
    search_help_text = "Word, title or viewer"
    ordering = ("-id",)
    sortable_by = ()
    autocomplete_fields = ("user", "show")

    viewer = linked("user", "viewer")
    title = linked("show", "title")

    def about(self, term: str) -> Q:
        """Return the condition that a tag says the term, or is about a title or of a viewer it finds."""
        return super().about(term) | Q(tag__icontains=term)
