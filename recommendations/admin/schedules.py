"""When each stage runs: the beat's own tables, in the dress of the other pages."""

import logging
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django_celery_beat import admin as theirs
from django_celery_beat.models import (
    ClockedSchedule,
    CrontabSchedule,
    IntervalSchedule,
    PeriodicTask,
    SolarSchedule,
)
from kombu.exceptions import OperationalError
from unfold.admin import TabularInline
from unfold.decorators import display
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from bingeboard.admin.base import BaseAdmin

logger = logging.getLogger(__name__)

for _theirs in (PeriodicTask, IntervalSchedule, CrontabSchedule, SolarSchedule, ClockedSchedule):
    admin.site.unregister(_theirs)


class TaskSelectWidget(UnfoldAdminSelectWidget, theirs.TaskSelectWidget):
    """A choice of the tasks there are."""


class PeriodicTaskForm(theirs.PeriodicTaskForm):
    """The beat's own form, in our dress."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["task"].widget = UnfoldAdminTextInputWidget()
        self.fields["regtask"].widget = TaskSelectWidget()


@admin.register(PeriodicTask)
class PeriodicTaskAdmin(theirs.PeriodicTaskAdmin, BaseAdmin):
    """What runs when. The beat notices a change within seconds."""

    form = PeriodicTaskForm
    list_display = ("name", "enabled", "when", "task", "last_run_at", "total_run_count")
    list_filter = ("enabled", "one_off")
    list_select_related = ("interval", "crontab", "solar", "clocked")
    date_hierarchy = None
    ordering = ("name",)
    search_fields = ("name", "task")
    autocomplete_fields = ("interval", "crontab", "solar", "clocked")

    @display(description="runs")
    def when(self, task: PeriodicTask) -> str:
        return str(task.scheduler) if task.scheduler else "never"

    def crontab_translation(self, obj: PeriodicTask) -> str:
        return obj.crontab.human_readable if obj and obj.crontab else "–"

    crontab_translation.short_description = "in words"  # type: ignore[attr-defined]

    @admin.action(description="Run now")
    def run_tasks(self, request: HttpRequest, queryset: QuerySet) -> None:
        try:
            super().run_tasks(request, queryset)
        except OperationalError:
            logger.warning("tasks could not be sent: the broker does not answer", exc_info=True)
            self.message_user(request, "The broker does not answer; nothing was sent", messages.ERROR)


class TasksInline(TabularInline):
    """What uses a schedule."""

    model = PeriodicTask
    fields = ("name", "task", "args", "kwargs")
    readonly_fields = fields
    verbose_name_plural = "what uses it"
    can_delete = False
    extra = 0
    show_change_link = True
    hide_title = True

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class ScheduleAdmin(BaseAdmin):
    """A schedule that tasks share."""

    inlines = (TasksInline,)


@admin.register(IntervalSchedule)
class IntervalScheduleAdmin(ScheduleAdmin):
    """Every so often."""

    list_display = ("__str__", "every", "period")
    search_fields = ("every", "period")
    ordering = ("period", "every")


@admin.register(CrontabSchedule)
class CrontabScheduleAdmin(ScheduleAdmin):
    """By the clock and the calendar, as cron writes it."""

    list_display = ("__str__", "human_readable")
    search_fields = ("minute", "hour", "day_of_week", "timezone")
    ordering = ("id",)
    fields = (
        "human_readable",
        ("minute", "hour"),
        ("day_of_week", "day_of_month", "month_of_year"),
        "timezone",
    )
    readonly_fields = ("human_readable",)


@admin.register(SolarSchedule)
class SolarScheduleAdmin(ScheduleAdmin):
    """By the sun at a place."""

    list_display = ("event", "latitude", "longitude")
    search_fields = ("event",)
    ordering = ("event", "latitude", "longitude")


@admin.register(ClockedSchedule)
class ClockedScheduleAdmin(ScheduleAdmin):
    """Once, at a moment."""

    list_display = ("clocked_time",)
    search_fields = ("clocked_time",)
    ordering = ("-clocked_time",)
