"""Form parts the admin pages share: lists with one word a line, and inlines that check only what was changed."""

from typing import Any

from django.contrib.postgres.forms import SimpleArrayField
from django.forms import Form
from unfold.forms import PaginationInlineFormSet
from unfold.widgets import UnfoldAdminTextareaWidget


class LinesField(SimpleArrayField):
    """A list, one entry a line: names have commas in them. Blank lines do not count."""

    widget = UnfoldAdminTextareaWidget

    def __init__(self, base_field: Any, **kwargs: Any) -> None:
        kwargs["widget"] = UnfoldAdminTextareaWidget(attrs={"rows": 5})
        super().__init__(base_field, delimiter="\n", **kwargs)

    def to_python(self, value: Any) -> Any:
        if isinstance(value, str):
            value = "\n".join(line.strip() for line in value.split("\n") if line.strip())
        return super().to_python(value)

    def has_changed(self, initial: Any, data: Any) -> bool:
        return super().has_changed(initial or [], data)


class ChangedRowsFormSet(PaginationInlineFormSet):
    """
    An inline of which only changed rows are checked.

    Otherwise a page with a hundred rows asks the database several hundred times whether what it holds may stand.
    """

    def _construct_form(self, i: int, **kwargs: Any) -> Form:
        form = super()._construct_form(i, **kwargs)
        form.empty_permitted = True
        return form
