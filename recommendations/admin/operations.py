"""What the machinery is at: viewers whose candidates are due, and the models in use."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import F, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import AutocompleteSelectFilter, ChoicesDropdownFilter, DropdownFilter
from unfold.decorators import action, display

from bingeboard.admin.base import VIEWER_LOOKUPS, ReadOnlyAdmin
from bingeboard.admin.display import NOTHING, json_field, linked, page_of, panel, plain_number, small_table
from bingeboard.errors import NotFound, Stale
from recommendations.models import ModelArtifact, ViewerState
from recommendations.pipeline import artifacts
from recommendations.pipeline.sweep import MAX_ATTEMPTS


def _standing(state: ViewerState) -> str:
    if state.behavior_version <= state.candidates_version:
        return "up to date"
    if state.attempts >= MAX_ATTEMPTS:
        return "given up"
    leased = state.lease_until is not None and state.lease_until > timezone.now()
    return "in work" if leased else "due"


class StandingFilter(DropdownFilter):
    """Viewers by whether their candidates know all they did."""

    title = "standing"
    parameter_name = "standing"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("due", "Due"), ("given_up", "Given up"), ("fresh", "Up to date")]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        if self.value() == "fresh":
            return queryset.filter(behavior_version__lte=F("candidates_version"))
        due = queryset.filter(behavior_version__gt=F("candidates_version"))
        if self.value() == "due":
            return due.filter(attempts__lt=MAX_ATTEMPTS)
        return due.filter(attempts__gte=MAX_ATTEMPTS) if self.value() == "given_up" else queryset


@admin.register(ViewerState)
class ViewerStateAdmin(ReadOnlyAdmin):
    """What is due for each viewer. What failed five times waits here until somebody has it tried again."""

    list_display = ("viewer", "standing", "attempts", "error", "last_event_at", "refreshed_at", "lease_until")
    list_display_links = ("standing",)
    list_filter = (StandingFilter, ("user", AutocompleteSelectFilter))
    list_select_related = ("user",)
    search_fields = ("=user__id",)
    search_through = {"user": VIEWER_LOOKUPS}
    search_help_text = "Viewer"
    ordering = ("user_id",)
    sortable_by = ()
    fields = (
        ("viewer", "standing"),
        ("behavior_version", "candidates_version"),
        ("last_event_at", "refreshed_at"),
        ("attempts", "lease_until"),
        "last_error",
    )
    readonly_fields = ("viewer", "standing")
    actions = ("try_selected_again",)
    actions_detail = ("try_again",)

    viewer = linked("user", "viewer")

    @display(
        description="standing",
        label={"up to date": "success", "due": "info", "in work": "warning", "given up": "danger"},
    )
    def standing(self, state: ViewerState) -> str:
        return _standing(state)

    @display(description="last error")
    def error(self, state: ViewerState) -> str:
        return state.last_error[:80] or NOTHING

    def has_retry_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return whether somebody may have failed work done again."""
        return request.user.has_perm("recommendations.change_viewerstate")

    @admin.action(description="Try again", permissions=["retry"])
    def try_selected_again(self, request: HttpRequest, queryset: QuerySet) -> None:
        self._retry(request, queryset)

    @action(
        description="Try again",
        permissions=["retry"],
        icon="replay",
        dialog={
            "title": "Try again?",
            "description": "The count of attempts starts anew and the next sweep takes this viewer up.",
            "form_class": None,
            "form_submit_text": "Try again",
        },
    )
    def try_again(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        self._retry(request, ViewerState.objects.filter(pk=object_id))
        return HttpResponse(headers={"HX-Redirect": page_of(ViewerState, object_id)})

    def _retry(self, request: HttpRequest, states: QuerySet) -> None:
        rows = list(states)
        # A lease that still holds is somebody's work: it is left to them.
        keys = [row.pk for row in rows if _standing(row) != "in work"]
        done = ViewerState.objects.filter(pk__in=keys).update(attempts=0, lease_until=None, last_error="")
        self.note(request, [row for row in rows if row.pk in keys], "Tried again")
        self.message_user(request, f"{done} will be tried again by the next sweep")


@admin.register(ModelArtifact)
class ModelArtifactAdmin(ReadOnlyAdmin):
    """Fitted models: what they were fitted on, how good they are, whether they are whole, and which one is in use."""

    list_display = (
        "version",
        "kind",
        "condition",
        "fitted_on",
        "quality",
        "short_checksum",
        "created_at",
        "promoted_at",
    )
    list_filter = (("state", ChoicesDropdownFilter), "kind")
    search_fields = ("^version", "=checksum")
    search_help_text = "Version or checksum"
    ordering = ("kind", "-created_at")
    fields = (
        ("kind", "version", "condition"),
        ("created_at", "promoted_at"),
        "checksum",
        "window",
        "constants",
        "report",
        "contents",
    )
    readonly_fields = ("condition", "window", "constants", "report", "contents")
    actions_detail = ("make_live",)

    window = json_field("data_window", "fitted on")
    constants = json_field("parameters", "constants")
    report = json_field("fit_report", "fit report")

    @display(
        description="state",
        label={"Live": "success", "Ready": "info", "Building": "warning", "Broken": "danger"},
    )
    def condition(self, artifact: ModelArtifact) -> str:
        return artifact.get_state_display()

    @display(description="events")
    def fitted_on(self, artifact: ModelArtifact) -> str:
        return plain_number(int(artifact.data_window.get("events", 0)))

    @display(description="NDCG on what came after")
    def quality(self, artifact: ModelArtifact) -> str:
        """Return how good it was at what viewers did last, with its standard error, where that was measured."""
        found = artifact.fit_report
        if "held_out_ndcg" not in found:
            return NOTHING
        return f"{found['held_out_ndcg']:.3f} ± {found['held_out_ndcg_error']:.3f}"

    def has_promote_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return whether somebody may put another version to use."""
        return request.user.has_perm("recommendations.change_modelartifact")

    @action(
        description="Put to use",
        permissions=["promote"],
        icon="published_with_changes",
        dialog={
            "title": "Put this version to use?",
            "description": "Its files are checked first; every process takes it up with its next request. The next"
            " scheduled fit publishes a newer one: pause its schedule to stay with this one.",
            "form_class": None,
            "form_submit_text": "Put to use",
        },
    )
    def make_live(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        try:
            artifact = artifacts.promote(artifact_id=int(object_id), now=timezone.now())
        except (NotFound, Stale) as error:
            self.message_user(request, str(error), level=messages.ERROR)
        else:
            self.note(request, [artifact], "Put to use")
            self.message_user(request, f"{artifact.kind} {artifact.version} is in use")
        return HttpResponse(headers={"HX-Redirect": page_of(ModelArtifact, object_id)})

    @display(description="checksum")
    def short_checksum(self, artifact: ModelArtifact) -> str:
        return artifact.checksum[:12]

    @panel("files")
    def contents(self, artifact: ModelArtifact) -> SafeString:
        return small_table(
            ["Name", "Where", "Bytes", "SHA-256"],
            [
                [name, told.get("path"), plain_number(int(told.get("bytes", 0))), told.get("sha256", "")[:16]]
                for name, told in sorted(artifact.files.items())
            ],
        )
