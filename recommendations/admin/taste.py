"""What viewers like: taste, clusters, and the services they have."""

from django.contrib import admin
from unfold.contrib.filters.admin import AutocompleteSelectFilter, ChoicesDropdownFilter

from bingeboard.admin.base import VIEWER_LOOKUPS, ReadOnlyAdmin
from bingeboard.admin.display import linked, number
from recommendations.models import (
    PlatformUserPreference,
    TasteExclusion,
    UserCluster,
    UserTasteProfile,
    ViewerCheckpoint,
)


@admin.register(UserTasteProfile)
class UserTasteProfileAdmin(ReadOnlyAdmin):
    """How much each viewer likes each feature: learned from acts, or stated and then as stated."""

    list_display = ("feature", "viewer", "affinity", "stated", "sure", "last_updated")
    list_filter = (("feature_type", ChoicesDropdownFilter), ("user", AutocompleteSelectFilter))
    list_select_related = ("user",)
    search_fields = ("=user__id",)
    search_through = {"user": VIEWER_LOOKUPS}
    search_help_text = "Viewer"
    ordering = ("user_id", "-affinity_score")
    sortable_by = ()
    fields = (
        "viewer",
        ("feature_type", "feature_value"),
        ("affinity", "sure", "stated"),
        ("decay_rate", "last_updated", "forgotten_at"),
    )
    readonly_fields = ("viewer", "affinity", "sure", "stated")

    viewer = linked("user", "viewer")
    affinity = number("affinity_score", "affinity", signed=True)
    stated = number("stated_affinity", "stated", digits=2, signed=True)
    sure = number("confidence", digits=2)

    @admin.display(description="feature")
    def feature(self, row: UserTasteProfile) -> str:
        return f"{row.get_feature_type_display()}: {row.feature_value}"


@admin.register(UserCluster)
class UserClusterAdmin(ReadOnlyAdmin):
    """The group each viewer belongs to, one of each kind."""

    list_display = ("cluster_id", "cluster_type", "viewer", "closeness", "updated_at")
    list_filter = (("cluster_type", ChoicesDropdownFilter), ("user", AutocompleteSelectFilter))
    list_select_related = ("user",)
    search_fields = ("=cluster_id",)
    search_through = {"user": VIEWER_LOOKUPS}
    search_help_text = "Viewer"
    ordering = ("cluster_id",)
    sortable_by = ("cluster_id",)
    fields = ("viewer", ("cluster_type", "cluster_id"), ("closeness", "updated_at"))
    readonly_fields = ("viewer", "closeness")

    viewer = linked("user", "viewer")
    closeness = number("similarity_score", "closeness to its centre")


@admin.register(PlatformUserPreference)
class PlatformUserPreferenceAdmin(ReadOnlyAdmin):
    """Which services viewers have and like; what they say wins over what was learned."""

    list_display = ("platform_name", "viewer", "has_subscription", "is_stated", "preference", "use", "last_updated")
    list_filter = ("has_subscription", "is_stated", ("user", AutocompleteSelectFilter))
    list_select_related = ("user",)
    search_fields = ("=platform_name",)
    search_through = {"user": VIEWER_LOOKUPS}
    search_help_text = "Viewer"
    ordering = ("user_id",)
    sortable_by = ()
    fields = ("viewer", "platform_name", ("has_subscription", "is_stated"), ("preference", "use"), "last_updated")
    readonly_fields = ("viewer", "preference", "use")

    viewer = linked("user", "viewer")
    preference = number("preference_score", "preference", digits=2)
    use = number("usage_frequency", "share of use", digits=2)


@admin.register(TasteExclusion)
class TasteExclusionAdmin(ReadOnlyAdmin):
    """What viewers took out of their taste: it was for the kids."""

    list_display = ("viewer", "title", "session_id", "created_at")
    list_display_links = ("session_id",)
    list_filter = (("user", AutocompleteSelectFilter),)
    list_select_related = ("user", "content")
    search_fields = ("=user__id",)
    search_through = {"user": VIEWER_LOOKUPS}
    search_help_text = "Viewer"
    ordering = ("user_id", "session_id", "content_id")
    sortable_by = ()
    fields = ("viewer", ("title", "session_id"), "created_at")
    readonly_fields = ("viewer", "title")

    viewer = linked("user", "viewer")
    title = linked("content", "title")


@admin.register(ViewerCheckpoint)
class ViewerCheckpointAdmin(ReadOnlyAdmin):
    """What acts amounted to that have left the events; derived rows are these sums and the acts still there."""

    list_display = ("viewer", "events", "through", "updated_at")
    list_display_links = ("events",)
    list_filter = (("user", AutocompleteSelectFilter),)
    list_select_related = ("user",)
    search_fields = ("=user__id",)
    search_through = {"user": VIEWER_LOOKUPS}
    search_help_text = "Viewer"
    ordering = ("user_id",)
    sortable_by = ()
    fields = ("viewer", ("events", "through", "updated_at"), "tastes", "titles_known")
    readonly_fields = ("viewer", "tastes", "titles_known")

    viewer = linked("user", "viewer")

    @admin.display(description="features held")
    def tastes(self, row: ViewerCheckpoint) -> int:
        return len(row.taste)

    @admin.display(description="titles held")
    def titles_known(self, row: ViewerCheckpoint) -> int:
        return len(row.titles)
