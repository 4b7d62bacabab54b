"""Viewers, staff and their groups, and the tokens that speak for them."""

from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from unfold.contrib.filters.admin import AutocompleteSelectFilter, DropdownFilter
from unfold.decorators import action, display
from unfold.enums import ActionVariant
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from bingeboard.admin.base import BaseAdmin, ReadOnlyAdmin
from bingeboard.admin.display import linked, page_of
from bingeboard.users.models import ApiToken, User
from bingeboard.users.services import revoke_token

# What makes somebody more powerful: only those who are so already may hand it out.
POWERS = ("is_staff", "is_superuser", "groups")


@admin.register(User)
class UserAdmin(DjangoUserAdmin, BaseAdmin):
    """Viewers and staff. Nobody is deleted here: an account is shut out by making it inactive."""

    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ("username", "id", "country", "timezone", "date_joined", "is_active", "is_staff")
    list_filter = ("is_staff", "is_superuser", "is_active", "personalisation", "share_with_friends")
    search_fields = ("=id", "username", "=email")
    search_help_text = "Id, name or mail address"
    ordering = ("username",)
    sortable_by = ("username", "id")
    readonly_fields = ("id", "date_joined", "last_login")
    autocomplete_fields = ("groups",)
    filter_horizontal = ()
    fieldsets = (
        (None, {"fields": (("username", "id"), "password", "email", ("is_active", "date_joined", "last_login"))}),
        ("What they chose to tell", {"classes": ["tab"], "fields": ("timezone", ("country", "birth_year"), "gender")}),
        ("What they agreed to", {"classes": ["tab"], "fields": ("personalisation", "share_with_friends")}),
        ("Rights", {"classes": ["tab"], "fields": POWERS}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        """Return users with their groups, which a page that may only be looked at would ask for three times."""
        return super().get_queryset(request).prefetch_related("groups")

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> Any:
        fieldsets = super().get_fieldsets(request, obj)
        if obj is None or self.has_change_permission(request, obj):
            return fieldsets
        # Whoever only looks has no business even with the name of the hash.
        return [
            (name, {**options, "fields": [field for field in options["fields"] if field != "password"]})
            for name, options in fieldsets
        ]

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> Any:
        fixed = super().get_readonly_fields(request, obj)
        return fixed if request.user.is_superuser else (*fixed, *POWERS)

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        # Or whoever may reset passwords could reset an administrator's and become one.
        above = obj is not None and (obj.is_staff or obj.is_superuser) and obj.pk != request.user.pk
        return super().has_change_permission(request, obj) and (request.user.is_superuser or not above)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return False


class TokenState(DropdownFilter):
    """Whether a token still holds."""

    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("holds", "Holds"), ("revoked", "Revoked"), ("expired", "Expired")]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        now = timezone.now()
        if self.value() == "revoked":
            return queryset.filter(revoked_at__isnull=False)
        if self.value() == "expired":
            return queryset.filter(revoked_at__isnull=True, expires_at__lte=now)
        if self.value() == "holds":
            return queryset.filter(revoked_at__isnull=True).exclude(expires_at__lte=now)
        return queryset


@admin.register(ApiToken)
class ApiTokenAdmin(ReadOnlyAdmin):
    """Tokens by their first letters. They are issued by `manage.py issue_token`, shown once, and here only revoked."""

    list_display = ("prefix", "holder", "name", "scopes", "state", "created_at", "expires_at", "last_used_at")
    list_filter = (TokenState, ("user", AutocompleteSelectFilter))
    list_select_related = ("user",)
    search_fields = ("^prefix", "name", "=user__username", "=user__id")
    search_help_text = "First letters, name or holder"
    fields = ("prefix", "holder", "name", "scopes", "state", "created_at", "expires_at", "last_used_at", "revoked_at")
    readonly_fields = ("holder", "state")
    actions = ("revoke_selected",)
    actions_detail = ("revoke",)

    holder = linked("user", "holder")

    @display(description="state", label={"holds": "success", "revoked": "danger", "expired": "warning"})
    def state(self, token: ApiToken) -> str:
        if token.revoked_at is not None:
            return "revoked"
        return "expired" if token.expires_at is not None and token.expires_at <= timezone.now() else "holds"

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest | None = None) -> bool:
        # A filter on the hash would tell it letter by letter.
        return not lookup.startswith("token_hash") and super().lookup_allowed(lookup, value, request)

    def has_revoke_permission(self, request: HttpRequest, obj: Model | str | None = None) -> bool:
        """Return whether somebody may take tokens back."""
        return request.user.has_perm("users.change_apitoken")

    @admin.action(description="Revoke", permissions=["revoke"])
    def revoke_selected(self, request: HttpRequest, queryset: QuerySet) -> None:
        now = timezone.now()
        tokens = list(queryset.filter(revoked_at__isnull=True))
        for token in tokens:
            revoke_token(token_id=token.pk, now=now)
        self.note(request, tokens, "Revoked")
        self.message_user(request, f"{len(tokens)} revoked; they are refused from the next request on")

    @action(
        description="Revoke",
        permissions=["revoke"],
        variant=ActionVariant.DANGER,
        dialog={
            "title": "Revoke this token?",
            "description": "Whoever uses it is refused from the next request on. It can not be given back.",
            "form_class": None,
            "form_submit_text": "Revoke",
        },
    )
    def revoke(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        if revoke_token(token_id=int(object_id), now=timezone.now()):
            self.note(request, ApiToken.objects.filter(pk=object_id), "Revoked")
            self.message_user(request, "Revoked; it is refused from the next request on")
        else:
            self.message_user(request, "It was revoked before", messages.WARNING)
        return HttpResponse(headers={"HX-Redirect": page_of(ApiToken, object_id)})


admin.site.unregister(Group)


@admin.register(Group)
class GroupAdmin(DjangoGroupAdmin, BaseAdmin):
    """Who may do what, by group. `curator` is made by the migrations."""

    list_display = ("name",)
