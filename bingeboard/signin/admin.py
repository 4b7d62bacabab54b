"""Who is signed in, and with which mail addresses people signed up."""

from typing import Any

from allauth.account.models import EmailAddress
from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from unfold.contrib.filters.admin import AutocompleteSelectFilter
from unfold.decorators import display

from bingeboard.admin.base import ReadOnlyAdmin
from bingeboard.admin.display import linked
from bingeboard.signin.models import Session


@admin.register(Session)
class SessionAdmin(ReadOnlyAdmin):
    """Sessions of browsers and apps. Nobody can use what stands here; whoever is signed out is refused at once."""

    list_display = ("mark", "holder", "expire_date")
    list_filter = (("user", AutocompleteSelectFilter),)
    list_select_related = ("user",)
    search_fields = ("=user__username", "=user__id")
    search_help_text = "Name or id of the holder"
    fields = ("mark", "holder", "expire_date")
    readonly_fields = ("mark", "holder")
    actions = ("end_selected",)

    holder = linked("user", "holder")

    @display(description="session")
    def mark(self, session: Session) -> str:
        return f"{session.session_key[:8]}…"

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest | None = None) -> bool:
        # What is in a session is nobody's to filter by.
        return not lookup.startswith("session_") and super().lookup_allowed(lookup, value, request)

    def has_end_permission(self, request: HttpRequest, obj: Model | str | None = None) -> bool:
        """Return whether somebody may sign others out."""
        return request.user.has_perm("signin.delete_session")

    @admin.action(description="Sign out", permissions=["end"])
    def end_selected(self, request: HttpRequest, queryset: QuerySet) -> None:
        sessions = list(queryset)
        self.note(request, sessions, "Signed out")
        queryset.filter(pk__in=[session.pk for session in sessions]).delete()
        self.message_user(request, f"{len(sessions)} signed out; they are refused from the next request on")


# The library's own page looks unlike the others, and would let one declare any address verified.
admin.site.unregister(EmailAddress)


@admin.register(EmailAddress)
class EmailAddressAdmin(ReadOnlyAdmin):
    """Mail addresses that people gave, and whether they proved them."""

    list_display = ("email", "holder", "verified", "primary")
    list_filter = ("verified", ("user", AutocompleteSelectFilter))
    list_select_related = ("user",)
    ordering = ("id",)
    sortable_by = ("email",)
    search_fields = ("=email", "=user__username", "=user__id")
    search_help_text = "Address, or name or id of the holder"
    fields = ("email", "holder", ("verified", "primary"))
    readonly_fields = ("holder",)

    holder = linked("user", "holder")
