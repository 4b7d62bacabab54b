"""Admin pages that stay quick however large the table is: bounded counts, searches by index, nothing loaded to go."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

from django.contrib.admin import ShowFacets
from django.contrib.admin.models import CHANGE, LogEntry
from django.core.paginator import Paginator
from django.db import connection, models
from django.db.models import CASCADE, Model, Q, QuerySet
from django.http import HttpRequest
from django.utils.functional import cached_property
from unfold.admin import ModelAdmin
from unfold.views import ChangeList

from bingeboard.admin.display import NOTHING, link, plain_number

ROWS_A_PAGE = 50
# Beyond this many rows a count is an estimate or a bound: nobody needs the last digit, and counting reads them all.
COUNTED_EXACTLY = 10_000
# Turning pages reads every row before the page; whoever looks for something that far back searches.
LAST_PAGE = 1000
# How many viewers or titles a search may find before it looks for rows about them.
FOUND_FIRST = 200
NAMED_BEFORE_DELETION = 50
# How a viewer or a title is found by a search through other tables.
VIEWER_LOOKUPS = ("pk", "username__istartswith")
TITLE_LOOKUPS = ("title__icontains",)


class About(int):
    """A count that says how exact it is."""

    word = "about"

    def __str__(self) -> str:
        return f"{self.word} {plain_number(int(self))}"


class MoreThan(About):
    """A count that was not carried on to its end."""

    word = "more than"


class BoundedPaginator(Paginator):
    """Pages of a table that is never counted to its end."""

    @cached_property
    def count(self) -> int:
        rows = self.object_list
        if not isinstance(rows, QuerySet):
            return len(rows)
        if not rows.query.where:
            estimate = estimated_rows(rows.model)
            if estimate > COUNTED_EXACTLY:
                return About(estimate)
        counted = rows.order_by()[: COUNTED_EXACTLY + 1].count()
        return MoreThan(COUNTED_EXACTLY) if counted > COUNTED_EXACTLY else counted

    @cached_property
    def num_pages(self) -> int:
        return min(super().num_pages, LAST_PAGE)


def estimated_rows(model: type[Model]) -> int:
    """Return the planner's idea of how many rows a table has; -1 where it has none yet."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT reltuples::bigint FROM pg_class WHERE oid = %s::regclass", [model._meta.db_table])
        return int(cursor.fetchone()[0])


class BoundedChangeList(ChangeList):
    """A list that is put in no other order than its page offers, whatever the address asks for."""

    def get_ordering_field(self, field_name: Any) -> Any:
        return super().get_ordering_field(field_name) if field_name in self.sortable_by else None


class BaseAdmin(ModelAdmin):
    """
    A table in the admin.

    search_through   foreign key -> lookups in the table it leads to: those rows are found first, by their own indexes,
                     then the rows about them
    list_select_related is also used where one row is shown.
    """

    paginator = BoundedPaginator
    empty_value_display = NOTHING
    show_full_result_count = False
    show_facets = ShowFacets.NEVER
    list_per_page = ROWS_A_PAGE
    list_max_show_all = ROWS_A_PAGE
    list_filter_submit = True
    warn_unsaved_form = True
    # Labels above their fields: beside them, three fields a row are wider than the page.
    compressed_fields = False
    search_through: ClassVar[Mapping[str, Sequence[str]]] = {}

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        rows = super().get_queryset(request)
        if isinstance(self.list_select_related, list | tuple) and self.list_select_related:
            return rows.select_related(*self.list_select_related)
        return rows

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return BoundedChangeList

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Model | None:
        # PostgreSQL knows no NUL; a link with one leads nowhere.
        return None if "\0" in object_id else super().get_object(request, object_id, from_field)

    def get_search_results(self, request: HttpRequest, queryset: QuerySet, search_term: str) -> tuple[QuerySet, bool]:
        term = search_term.replace("\0", "").strip()
        if not term or not self.search_through:
            return super().get_search_results(request, queryset, term)
        return queryset.filter(self.about(term)), False

    def about(self, term: str) -> Q:
        """Return the condition that a row is about something that the term finds."""
        condition = Q(pk__in=())
        for field, lookups in self.search_through.items():
            related = self.opts.get_field(field).related_model
            wanted = Q()
            for lookup in lookups:
                wanted |= Q(**{lookup: term})
            found = list(related._base_manager.filter(wanted).values_list("pk", flat=True)[:FOUND_FIRST])
            condition |= Q(**{f"{field}__in": found})
        return condition

    def get_deleted_objects(
        self, objs: "QuerySet | Sequence[Model]", request: HttpRequest
    ) -> tuple[list[Any], dict[str, int], set[str], list[Any]]:
        """Name what would be deleted and count what goes with it; none of that is loaded."""
        rows = list(objs)
        named: list[Any] = [link(row) for row in rows[:NAMED_BEFORE_DELETION]]
        if len(rows) > len(named):
            named.append(f"and {plain_number(len(rows) - len(named))} more")
        forbidden = {row._meta.verbose_name for row in rows if not self.has_delete_permission(request, row)}
        counts = {str(self.opts.verbose_name_plural): len(rows)}
        for name, number in self._going_with(rows):
            counts[name] = number
            named.append(f"{plain_number(number)} {name}")
        return named, counts, {str(name) for name in forbidden}, []

    def _going_with(self, rows: Sequence[Model]) -> Iterable[tuple[str, int]]:
        for relation in self.opts.related_objects:
            if getattr(relation, "on_delete", None) is not CASCADE:
                continue
            about_them = {f"{relation.field.name}__in": [row.pk for row in rows]}
            number = relation.related_model._base_manager.filter(**about_them).count()
            if number:
                yield str(relation.related_model._meta.verbose_name_plural), number

    def note(self, request: HttpRequest, rows: "QuerySet | Sequence[Model]", message: str) -> None:
        """Put into the history of these rows what an action did to them."""
        LogEntry.objects.log_actions(str(request.user.pk), rows, CHANGE, change_message=message)


class ReadOnlyAdmin(BaseAdmin):
    """A table that the machinery writes: to be looked at, never to be changed by hand."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False
