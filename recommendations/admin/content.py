"""What titles are like: features that curators may correct, vectors, and which titles are alike."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.forms import ModelForm
from django.http import HttpRequest
from unfold.contrib.filters.admin import AutocompleteSelectFilter, ChoicesDropdownFilter
from unfold.decorators import display

from bingeboard.admin.base import TITLE_LOOKUPS, BaseAdmin, ReadOnlyAdmin
from bingeboard.admin.display import linked, number, panel
from recommendations.engine.features import canonical_values
from recommendations.models import ContentEmbedding, ContentFeature, ContentSimilarity, FeatureSource, FeatureType

SOURCE_COLOURS = {"Facts": "info", "Inferred": "warning", "Viewers' tags": "primary", "Curated": "success"}
NUMBERS_SHOWN = 8


class FeatureForm(ModelForm):
    """A feature as a curator says it: spelt as the pipeline spells it, and from then on left alone by it."""

    class Meta:
        help_texts = {
            "weight": "0 silences it, 1 is usual, 10 at most",
            "confidence": "0 to 1; yours is usually 1",
        }

    def clean(self) -> dict[str, Any] | None:
        given = super().clean()
        kind = self.cleaned_data.get("feature_type") or self.instance.feature_type
        value = self.cleaned_data.get("feature_value")
        if not kind or not value:
            return given
        spelt = canonical_values(kind, value)
        if len(spelt) != 1:
            several = f"stands for {' and '.join(spelt)}; give one of them" if spelt else "says nothing about a title"
            raise ValidationError({"feature_value": f"{value!r} {several}"})
        self.cleaned_data["feature_value"] = spelt[0]
        return given

    def save(self, commit: bool = True) -> ContentFeature:
        self.instance.source = FeatureSource.CURATED
        saved: ContentFeature = super().save(commit)
        return saved


@admin.register(ContentFeature)
class ContentFeatureAdmin(BaseAdmin):
    """What is true of each title. Saving a row makes it curated: the pipeline leaves it as it is from then on."""

    form = FeatureForm
    list_display = ("feature_value", "feature_type", "title", "origin", "heaviness", "sure", "as_used")
    list_filter = (
        ("feature_type", ChoicesDropdownFilter),
        ("source", ChoicesDropdownFilter),
        ("content", AutocompleteSelectFilter),
    )
    list_select_related = ("content",)
    search_fields = ("=feature_value",)
    search_through = {"content": TITLE_LOOKUPS}
    search_help_text = "Value or title"
    ordering = ("content_id",)
    sortable_by = ()
    autocomplete_fields = ("content",)
    fields = ("content", ("feature_type", "feature_value"), ("weight", "confidence"), ("origin", "as_used"))
    readonly_fields = ("origin", "as_used")

    title = linked("content", "title")
    heaviness = number("weight", digits=2)
    sure = number("confidence", digits=2)
    as_used = number("strength", "strength as used")

    @display(description="source", label=SOURCE_COLOURS)
    def origin(self, feature: ContentFeature) -> str:
        return feature.get_source_display()

    def about(self, term: str) -> Q:
        """Return the condition that a feature has this value, or is one of a title the term finds."""
        # Type and value together are indexed, the value alone is not.
        named = Q(feature_type__in=FeatureType.values, feature_value__in={term, term.casefold()})
        return super().about(term) | named

    def has_delete_permission(self, request: HttpRequest, obj: ContentFeature | None = None) -> bool:
        # What the pipeline found it would find again: weight 0 is how to silence it.
        curated = obj is None or obj.source == FeatureSource.CURATED
        return super().has_delete_permission(request, obj) and curated


@admin.register(ContentEmbedding)
class ContentEmbeddingAdmin(ReadOnlyAdmin):
    """Titles as vectors; the numbers themselves are left in the database."""

    list_display = ("title", "embedding_type", "model_version", "made_from", "created_at")
    list_display_links = ("embedding_type",)
    list_filter = (("embedding_type", ChoicesDropdownFilter), ("content", AutocompleteSelectFilter))
    list_select_related = ("content",)
    search_fields = ("=model_version",)
    search_through = {"content": TITLE_LOOKUPS}
    search_help_text = "Title"
    ordering = ("content_id",)
    sortable_by = ()
    fields = ("title", "embedding_type", "model_version", "source_hash", "created_at", "numbers")
    readonly_fields = ("title", "numbers")

    title = linked("content", "title")

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return super().get_queryset(request).defer("embedding")

    @display(description="made from")
    def made_from(self, row: ContentEmbedding) -> str:
        return row.source_hash[:12]

    @panel("first numbers")
    def numbers(self, row: ContentEmbedding) -> str:
        vector = row.embedding
        if vector is None:
            return "none yet"
        values = [float(value) for value in vector]
        used = max((place for place, value in enumerate(values, start=1) if value), default=0)
        return f"{', '.join(f'{value:+.4f}' for value in values[:NUMBERS_SHOWN])} … ({used} of {len(values)} in use)"


@admin.register(ContentSimilarity)
class ContentSimilarityAdmin(ReadOnlyAdmin):
    """Each title's nearest, in each respect."""

    list_display = ("similarity_type", "title", "neighbour", "likeness", "updated_at")
    list_filter = (("similarity_type", ChoicesDropdownFilter), ("content_a", AutocompleteSelectFilter))
    list_select_related = ("content_a", "content_b")
    search_fields = ("=similarity_type",)
    search_through = {"content_a": TITLE_LOOKUPS}
    search_help_text = "Title"
    ordering = ("content_a_id", "-similarity_score")
    sortable_by = ()
    fields = (("title", "neighbour"), ("similarity_type", "likeness"), "updated_at")
    readonly_fields = ("title", "neighbour", "likeness")

    title = linked("content_a", "title")
    neighbour = linked("content_b", "alike")
    likeness = number("similarity_score", "likeness", digits=4)
