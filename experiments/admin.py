"""What is being tried on whom: defined, started and stopped here; what has started stays as it is."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import Count, Model, QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from unfold.admin import TabularInline
from unfold.contrib.filters.admin import AutocompleteSelectFilter, DropdownFilter
from unfold.decorators import action, display
from unfold.enums import ActionVariant

from bingeboard.admin.base import VIEWER_LOOKUPS, BaseAdmin, ReadOnlyAdmin
from bingeboard.admin.display import json_field, linked, page_of
from bingeboard.errors import BingeBoardError, Invalid
from experiments.models import Experiment, ExperimentVariant, RecommendationExperiment
from experiments.services import has_started, start_experiment, stop_experiment, validate_config

FEWEST_VARIANTS = 2


class VariantForm(ModelForm):
    """A variant whose engine constants exist and are in range."""

    def clean_algorithm_config(self) -> Any:
        config = self.cleaned_data["algorithm_config"]
        # An empty box means: nothing differs.
        config = {} if config is None else config
        try:
            validate_config(config)
        except Invalid as error:
            raise ValidationError(error.message) from error
        return config


class VariantInline(TabularInline):
    """The ways of doing it; fixed once viewers may have seen one."""

    model = ExperimentVariant
    form = VariantForm
    fields = ("name", "weight", "algorithm_config")
    extra = 0
    hide_title = True

    def get_extra(self, request: HttpRequest, obj: Experiment | None = None, **kwargs: Any) -> int:
        return 0 if obj else FEWEST_VARIANTS

    def has_add_permission(self, request: HttpRequest, obj: Experiment | None = None) -> bool:
        return super().has_add_permission(request, obj) and not (obj and has_started(obj))

    def has_change_permission(self, request: HttpRequest, obj: Experiment | None = None) -> bool:
        return super().has_change_permission(request, obj) and not (obj and has_started(obj))

    def has_delete_permission(self, request: HttpRequest, obj: Experiment | None = None) -> bool:
        return super().has_delete_permission(request, obj) and not (obj and has_started(obj))


def _state(experiment: Experiment) -> str:
    if experiment.is_active:
        return "running"
    return "ended" if experiment.end_date is not None else "draft"


class StateFilter(DropdownFilter):
    """Drafts, those that run, those that ended."""

    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("running", "Running"), ("draft", "Draft"), ("ended", "Ended")]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        if self.value() == "running":
            return queryset.filter(is_active=True)
        if self.value() in ("draft", "ended"):
            return queryset.filter(is_active=False, end_date__isnull=self.value() == "draft")
        return queryset


@admin.register(Experiment)
class ExperimentAdmin(BaseAdmin):
    """Definitions with their variants."""

    list_display = ("name", "state", "layer", "share", "n_variants", "start_date", "end_date")
    list_filter = (StateFilter, "layer")
    search_fields = ("name", "description")
    ordering = ("-start_date",)
    inlines = (VariantInline,)
    fields = ("name", "description", ("layer", "traffic"), ("state", "start_date", "end_date"), "salt")
    readonly_fields = ("state", "start_date", "end_date", "salt")
    actions = ("start_selected", "stop_selected")
    actions_detail = ("start", "stop")

    def get_fields(self, request: HttpRequest, obj: Experiment | None = None) -> Any:
        return super().get_fields(request, obj) if obj else ("name", "description", ("layer", "traffic"))

    @display(description="state", label={"running": "success", "draft": "info", "ended": "warning"})
    def state(self, experiment: Experiment) -> str:
        return _state(experiment)

    @display(description="viewers", ordering="traffic")
    def share(self, experiment: Experiment) -> str:
        return f"{experiment.traffic:.0%}"

    @display(description="variants")
    def n_variants(self, experiment: Any) -> int:
        return experiment.n_variants

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return super().get_queryset(request).annotate(n_variants=Count("variants"))

    def get_readonly_fields(self, request: HttpRequest, obj: Experiment | None = None) -> Any:
        fixed = super().get_readonly_fields(request, obj)
        return (*fixed, "name", "layer", "traffic") if obj and has_started(obj) else fixed

    def has_delete_permission(self, request: HttpRequest, obj: Experiment | None = None) -> bool:
        # What was tried stays on record; only a draft may be thrown away.
        return super().has_delete_permission(request, obj) and not (obj and has_started(obj))

    @admin.action(description="Start", permissions=["change"])
    def start_selected(self, request: HttpRequest, queryset: QuerySet) -> None:
        self._each(request, queryset, start_experiment, "Started")

    @admin.action(description="Stop for good", permissions=["change"])
    def stop_selected(self, request: HttpRequest, queryset: QuerySet) -> None:
        self._each(request, queryset, stop_experiment, "Stopped")

    @action(
        description="Start",
        permissions=["change"],
        variant=ActionVariant.SUCCESS,
        dialog={
            "title": "Start this experiment?",
            "description": "From now on viewers are shown its variants, and its variants stay as they are.",
            "form_class": None,
            "form_submit_text": "Start",
        },
    )
    def start(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        return self._one(request, object_id, start_experiment, "Started")

    @action(
        description="Stop",
        permissions=["change"],
        variant=ActionVariant.DANGER,
        dialog={
            "title": "Stop this experiment?",
            "description": "It ends for good: everyone gets the usual lists again, and its figures stay.",
            "form_class": None,
            "form_submit_text": "Stop",
        },
    )
    def stop(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        return self._one(request, object_id, stop_experiment, "Stopped")

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        experiment = Experiment.objects.filter(pk=object_id).first()
        possible = {"draft": "_start", "running": "_stop"}.get(_state(experiment)) if experiment else None
        offered = super().get_actions_detail(request, object_id)
        return [one for one in offered if possible and one.action_name.endswith(possible)]

    def _one(self, request: HttpRequest, object_id: str, do: Callable[..., Model], done: str) -> HttpResponse:
        self._each(request, Experiment.objects.filter(pk=object_id), do, done)
        return HttpResponse(headers={"HX-Redirect": page_of(Experiment, object_id)})

    def _each(self, request: HttpRequest, rows: QuerySet, do: Callable[..., Model], done: str) -> None:
        for experiment in rows:
            try:
                do(name=experiment.name, now=timezone.now())
            except BingeBoardError as error:
                self.message_user(request, error.message, messages.ERROR)
            else:
                self.note(request, [experiment], done)
                self.message_user(request, f"{done}: {experiment.name}", messages.SUCCESS)


@admin.register(RecommendationExperiment)
class RecommendationExperimentAdmin(ReadOnlyAdmin):
    """Which variant each viewer is in."""

    list_display = ("experiment_name", "viewer", "variant", "start_date", "first_exposed_at", "end_date", "is_active")
    list_filter = ("experiment_name", "is_active", ("user", AutocompleteSelectFilter))
    list_select_related = ("user",)
    search_fields = ("=experiment_name",)
    search_through = {"user": VIEWER_LOOKUPS}
    search_help_text = "Viewer"
    ordering = ("experiment_name", "user_id")
    sortable_by = ()
    fields = (
        "experiment_name",
        "viewer",
        "variant",
        ("start_date", "end_date", "is_active"),
        "first_exposed_at",
        "constants",
    )
    readonly_fields = ("viewer", "constants")

    viewer = linked("user", "viewer")
    constants = json_field("algorithm_config", "engine constants")
