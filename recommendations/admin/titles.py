"""The page about a title, with what the engine knows of it: features to correct, and its neighbours to look at."""

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.forms.formsets import DELETION_FIELD_NAME
from django.http import HttpRequest
from django.utils.safestring import SafeString
from unfold.admin import TabularInline
from unfold.decorators import display

from bingeboard.admin.display import anchor, list_of, page_of, panel, rounded, small_table
from bingeboard.admin.forms import ChangedRowsFormSet
from bingeboard.shows.admin import ROWS_IN_PAGE, ShowAdmin
from bingeboard.shows.models import Show
from recommendations.admin.content import SOURCE_COLOURS, FeatureForm
from recommendations.models import ContentFeature, ContentSimilarity, FeatureSource, SimilarityType
from recommendations.queries.overview import nearest_titles

NEIGHBOURS_SHOWN = 8


class FeatureFormSet(ChangedRowsFormSet):
    """Only curated rows can be taken away: what the pipeline found it would find again."""

    def add_fields(self, form: Any, index: int | None) -> None:
        super().add_fields(form, index)
        found = form.instance.pk is not None and form.instance.source != FeatureSource.CURATED
        if found and DELETION_FIELD_NAME in form.fields:
            form.fields[DELETION_FIELD_NAME].disabled = True


class FeatureInline(TabularInline):
    """What is true of the title. A row that is changed becomes curated, and the pipeline leaves it alone."""

    model = ContentFeature
    form = FeatureForm
    formset = FeatureFormSet
    fields = ("feature_type", "feature_value", "weight", "confidence", "origin")
    readonly_fields = ("origin",)
    ordering = ("feature_type", "-weight", "feature_value")
    verbose_name_plural = "features"
    extra = 0
    per_page = ROWS_IN_PAGE
    hide_title = True
    tab = True

    @display(description="source", label=SOURCE_COLOURS)
    def origin(self, feature: ContentFeature) -> str:
        return feature.get_source_display() if feature.pk else ""


admin.site.unregister(Show)


@admin.register(Show)
class TitleAdmin(ShowAdmin):
    """Titles, with their features and neighbours."""

    inlines = (*ShowAdmin.inlines, FeatureInline)
    readonly_fields = (*ShowAdmin.readonly_fields, "neighbours", "elsewhere")
    fieldsets = (
        *ShowAdmin.fieldsets,
        ("Alike", {"classes": ["tab"], "fields": ("neighbours", "elsewhere")}),
    )

    @panel("nearest titles")
    def neighbours(self, show: Show) -> SafeString:
        nearest = nearest_titles(show_id=show.pk, first=NEIGHBOURS_SHOWN)
        columns = [_named(nearest.get(kind, ())) for kind in SimilarityType.values]
        rows = [
            [column[place] if place < len(column) else "" for column in columns] for place in range(NEIGHBOURS_SHOWN)
        ]
        headers = [label for _, label in SimilarityType.choices]
        return small_table(headers, [row for row in rows if any(row)], empty="None yet: see the stage similarity")

    @display(description="more")
    def elsewhere(self, show: Show) -> SafeString:
        return anchor(list_of(ContentSimilarity, content_a__id__exact=show.pk), "All its neighbours")

    def get_fieldsets(self, request: HttpRequest, obj: Show | None = None) -> Any:
        fieldsets = super().get_fieldsets(request, obj)
        # A title that is not there yet has no neighbours.
        return fieldsets if obj else [one for one in fieldsets if one[0] != "Alike"]


def _named(nearest: Sequence[tuple[int, str, float]]) -> list[SafeString]:
    return [
        SafeString(f"{anchor(page_of(Show, show_id), title)} {rounded(score, 2)}") for show_id, title, score in nearest
    ]
