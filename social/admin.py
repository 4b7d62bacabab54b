"""Friendships, and what friends were told."""

from django.contrib import admin
from unfold.contrib.filters.admin import AutocompleteSelectFilter, ChoicesDropdownFilter, RangeDateTimeFilter
from unfold.decorators import display

from bingeboard.admin.base import TITLE_LOOKUPS, VIEWER_LOOKUPS, BaseAdmin, ReadOnlyAdmin
from bingeboard.admin.display import json_field, linked, number
from social.models import Friendship, SocialSignal


@admin.register(Friendship)
class FriendshipAdmin(BaseAdmin):
    """Who is friends with whom, one row a pair."""

    list_display = ("created_at", "asker", "asked", "state", "answered_at")
    list_filter = (
        ("status", ChoicesDropdownFilter),
        ("user", AutocompleteSelectFilter),
        ("friend", AutocompleteSelectFilter),
    )
    list_select_related = ("user", "friend")
    search_fields = ("=user__id",)
    search_through = {"user": VIEWER_LOOKUPS, "friend": VIEWER_LOOKUPS}
    search_help_text = "Either of the two"
    ordering = ("-id",)
    sortable_by = ()
    autocomplete_fields = ("user", "friend")
    fields = (("user", "friend"), "status", ("created_at", "answered_at"))

    asker = linked("user", "asked by")
    asked = linked("friend", "friend")

    @display(description="status", label={"Accepted": "success", "Requested": "warning", "Declined": "danger"})
    def state(self, friendship: Friendship) -> str:
        return friendship.get_status_display()


@admin.register(SocialSignal)
class SocialSignalAdmin(ReadOnlyAdmin):
    """Acts of friends that viewers may see; written when a friend acts, gone when sharing ends."""

    list_display = ("created_at", "told", "doer", "signal_type", "title", "strength")
    list_filter = (
        ("signal_type", ChoicesDropdownFilter),
        ("user", AutocompleteSelectFilter),
        ("friend", AutocompleteSelectFilter),
        ("content", AutocompleteSelectFilter),
        ("created_at", RangeDateTimeFilter),
    )
    list_select_related = ("user", "friend", "content")
    search_fields = ("=user__id",)
    search_through = {"user": VIEWER_LOOKUPS, "friend": VIEWER_LOOKUPS, "content": TITLE_LOOKUPS}
    search_help_text = "Viewer, friend or title"
    ordering = ("-created_at",)
    sortable_by = ("created_at",)
    fields = ("created_at", ("doer", "told"), ("signal_type", "strength"), "title", "details")
    readonly_fields = ("doer", "told", "title", "strength", "details")

    told = linked("user", "told to")
    doer = linked("friend", "friend who did it")
    title = linked("content", "title")
    strength = number("signal_strength", "strength", digits=2)
    details = json_field("metadata", "details")
