"""What viewers did, and when they usually do it."""

from django.contrib import admin
from unfold.contrib.filters.admin import AutocompleteSelectFilter, ChoicesDropdownFilter, RangeDateTimeFilter

from bingeboard.admin.base import TITLE_LOOKUPS, VIEWER_LOOKUPS, ReadOnlyAdmin
from bingeboard.admin.display import json_field, linked, number
from recommendations.models import UserBehaviorEvent, UserContext


@admin.register(UserBehaviorEvent)
class UserBehaviorEventAdmin(ReadOnlyAdmin):
    """Events as they were told, newest first."""

    list_display = ("created_at", "viewer", "event_type", "title", "engagement", "platform_source")
    list_filter = (
        ("event_type", ChoicesDropdownFilter),
        ("content_type", ChoicesDropdownFilter),
        ("user", AutocompleteSelectFilter),
        ("content", AutocompleteSelectFilter),
        ("created_at", RangeDateTimeFilter),
    )
    list_select_related = ("user", "content")
    search_fields = ("=user__id",)
    search_through = {"user": VIEWER_LOOKUPS, "content": TITLE_LOOKUPS}
    search_help_text = "Viewer or title"
    ordering = ("-created_at", "-id")
    sortable_by = ("created_at",)
    fields = (
        ("viewer", "title"),
        ("event_type", "content_type", "engagement"),
        ("created_at", "received_at"),
        ("platform_source", "session_id", "event_id"),
        "circumstances",
    )
    readonly_fields = ("viewer", "title", "engagement", "circumstances")

    viewer = linked("user", "viewer")
    title = linked("content", "title")
    engagement = number("engagement_score", "engagement", digits=2)
    circumstances = json_field("context", "circumstances")


@admin.register(UserContext)
class UserContextAdmin(ReadOnlyAdmin):
    """How often each viewer watches when, on what and in which mood."""

    list_display = ("habit", "viewer", "frequency", "last_seen")
    list_filter = (("context_type", ChoicesDropdownFilter), ("user", AutocompleteSelectFilter))
    list_select_related = ("user",)
    search_fields = ("=user__id",)
    search_through = {"user": VIEWER_LOOKUPS}
    search_help_text = "Viewer"
    ordering = ("user_id",)
    sortable_by = ()
    fields = ("viewer", ("context_type", "context_value"), ("frequency", "last_seen"))
    readonly_fields = ("viewer",)

    viewer = linked("user", "viewer")

    @admin.display(description="circumstance")
    def habit(self, row: UserContext) -> str:
        return f"{row.context_type}: {row.context_value}".replace("_", " ").capitalize()
