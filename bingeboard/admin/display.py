"""How links, numbers, JSON and small tables look in the admin."""

import datetime as dt
import json
from collections.abc import Callable, Iterable, Sequence
from functools import wraps
from typing import Any

from django.contrib.admin.utils import quote
from django.db.models import Model
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from unfold.decorators import display

NOTHING = "–"


def page_of(model: type[Model] | Model, key: Any) -> str:
    """Return the address of the page about one row."""
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_change", args=(quote(key),))


def list_of(model: type[Model], **chosen: Any) -> str:
    """Return the address of a table's list, filtered."""
    query = f"?{urlencode(chosen)}" if chosen else ""
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist") + query


def anchor(address: str, text: Any) -> SafeString:
    """Return a link."""
    return format_html('<a class="text-link" href="{}">{}</a>', address, text)


def link(row: Model | None) -> SafeString | str:
    """Return a link to the page about a row, by the row's own name."""
    return NOTHING if row is None else anchor(page_of(row, row.pk), row)


def plain_number(value: int) -> str:
    """Return a whole number with its thousands apart."""
    return f"{value:,}"


def rounded(value: float | None, digits: int = 3, *, signed: bool = False) -> str:
    """Return a number with few digits."""
    if value is None:
        return NOTHING
    # What rounds to nothing has no sign.
    value = round(value, digits) + 0.0
    return f"{value:+.{digits}f}" if signed and value else f"{value:.{digits}f}"


def moment(value: dt.datetime | None) -> str:
    """Return a date and time to the minute."""
    return NOTHING if value is None else date_format(timezone.localtime(value), "DATETIME_FORMAT")


def how_long(span: dt.timedelta) -> str:
    """Return a length of time by its largest unit."""
    seconds = abs(span.total_seconds())
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.0f} s"


def ago(value: dt.datetime | None, now: dt.datetime) -> str:
    """Return how long ago something was, or how soon it will be."""
    if value is None:
        return "never"
    return f"{how_long(now - value)} ago" if value <= now else f"in {how_long(value - now)}"


def pretty_json(value: Any) -> SafeString | str:
    """Return JSON as one reads it."""
    if value in (None, {}, []):
        return NOTHING
    return format_html('<pre class="bb-json">{}</pre>', json.dumps(value, indent=2, ensure_ascii=False))


def small_table(headers: Sequence[str], rows: Iterable[Sequence[Any]], *, empty: str = "Nothing yet") -> SafeString:
    """Return a table; cells are escaped unless they are safe already."""
    filled = [[NOTHING if cell is None or cell == "" else cell for cell in row] for row in rows]
    context = {"headers": headers, "rows": filled, "empty": empty}
    return SafeString(render_to_string("admin/small_table.html", context))


def panel(description: str) -> Callable[[Callable[[Any, Any], Any]], Callable[[Any, Any], Any]]:
    """
    Have a method shown as a read-only field, made once a row.

    The templates ask for a field's contents several times over, which would be as many times its queries.
    """

    def decorate(make: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
        kept_as = f"_panel_{make.__name__}"

        @display(description=description)
        @wraps(make)
        def contents(self: Any, obj: Any) -> Any:
            if obj is None or obj.pk is None:
                return NOTHING
            if kept_as not in obj.__dict__:
                setattr(obj, kept_as, make(self, obj))
            return getattr(obj, kept_as)

        return contents

    return decorate


def number(field: str, description: str | None = None, *, digits: int = 3, signed: bool = False) -> Callable:
    """Return a column that shows a field with few digits."""

    @display(description=description or field.replace("_", " "), ordering=field)
    def column(self: Any, obj: Any) -> str:
        return rounded(getattr(obj, field), digits, signed=signed)

    return column


def linked(field: str, description: str) -> Callable:
    """Return a column that links to the row a foreign key leads to."""

    @display(description=description, ordering=f"{field}_id")
    def column(self: Any, obj: Any) -> SafeString | str:
        return link(getattr(obj, field)) if getattr(obj, f"{field}_id") is not None else NOTHING

    return column


def json_field(field: str, description: str | None = None) -> Callable:
    """Return a read-only field that shows JSON as one reads it."""

    @display(description=description or field.replace("_", " "))
    def contents(self: Any, obj: Any) -> SafeString | str:
        return pretty_json(getattr(obj, field))

    return contents
