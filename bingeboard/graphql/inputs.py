"""Inputs that come by the hundred, made without looking up again what each field is."""

from collections.abc import Mapping
from typing import Any, TypeVar

from strawberry.types.base import StrawberryContainer, StrawberryOptional, has_object_definition
from strawberry.types.field import StrawberryField
from strawberry.utils.str_converters import to_camel_case

Input = TypeVar("Input")


def made_at_once(kind: type[Input]) -> type[Input]:
    """
    Have an input type of plain fields built in one step from what the executor has coerced.

    Strawberry looks up every field's type, and the name it goes by, anew for each value: 9 ms for a hundred events. The
    executor has turned scalars and enums into what they are by then, so an input whose fields are only those needs
    nothing more.

    Raises TypeError where a field is another input or a list.
    """
    if not has_object_definition(kind):
        raise TypeError(f"{kind.__name__} is no input type")
    definition = kind.__strawberry_definition__
    names = {(field.graphql_name or to_camel_case(field.python_name)): field.python_name for field in definition.fields}
    for field in definition.fields:
        _refuse_nested(kind, field)

    def build(cls: type, value: Mapping[str, Any], context: Any) -> Any:
        return cls(**{names[name]: given for name, given in value.items()})

    definition.from_input = build
    return kind  # type: ignore[return-value]  # TypeGuards lose the parameter


def _refuse_nested(kind: type, field: StrawberryField) -> None:
    inner = field.type.of_type if isinstance(field.type, StrawberryOptional) else field.type
    if isinstance(inner, StrawberryContainer) or has_object_definition(inner):
        raise TypeError(f"{kind.__name__}.{field.python_name} is no plain value")
