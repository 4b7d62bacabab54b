"""
Fields that are plain attributes, read without ceremony.

Most of an answer is plain: a title, a score, the reasons of a recommendation. For each field the executor builds a
path, an info object and a result that might have to be awaited, to end in one getattr. Here a field without arguments
or resolver is read directly: a leaf is coerced, an object or a list of them is gone into. What does not go smoothly (a
null where none may be, a value that does not fit) is handed to the executor proper, which knows how to report it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from graphql import (
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    Undefined,
    is_leaf_type,
)
from graphql.pyutils import Path
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext
from strawberry.schema.schema_converter import GraphQLCoreConverter


@dataclass(frozen=True, slots=True)
class Plain:
    """
    A field that is an attribute.

    coerce        of a leaf: how its value becomes JSON
    of            of an object, or of a list of objects that are never null: their type
    may_be_null   whether the field may
    """

    attribute: str
    type: GraphQLOutputType
    may_be_null: bool
    coerce: Callable[[Any], Any] | None = None
    of: GraphQLObjectType | None = None
    is_list: bool = False


Step = tuple[str, Any, Plain | None]


class Executor(StrawberryGraphQLCoreExecutionContext):
    """Strawberry's own, but quick with plain fields; for synchronous schemas, in which nothing is awaited."""

    _steps: dict[int, tuple[Any, list[Step]]]

    def execute_fields(
        self,
        parent_type: GraphQLObjectType,
        source_value: Any,
        path: Path | None,
        grouped_field_set: Mapping[str, Any],
        position_context: Any,
    ) -> dict[str, Any]:
        """Return the object's fields in the order asked."""
        results: dict[str, Any] = {}
        for name, details, plain in self._steps_of(parent_type, grouped_field_set):
            found: Any = Undefined
            if plain is not None:
                if plain.coerce is not None:
                    found = _leaf(plain, source_value)
                else:
                    found = self._objects(plain, source_value, details, Path(path, name, parent_type.name))
            if found is Undefined:
                found = self.execute_field(
                    parent_type, source_value, details, Path(path, name, parent_type.name), position_context
                )
            if found is not Undefined:
                results[name] = found
        return results

    def _steps_of(self, parent_type: GraphQLObjectType, grouped_field_set: Mapping[str, Any]) -> list[Step]:
        """Return (name in the answer, what was asked, how it is read); the same for all objects of a list."""
        if not hasattr(self, "_steps"):
            self._steps = {}
        known = self._steps.get(id(grouped_field_set))
        if known is None:
            plain = plain_fields(parent_type)
            steps = [
                # A directive that is left over means more than a field does.
                (name, details, None if details[0].node.directives else plain.get(details[0].node.name.value))
                for name, details in grouped_field_set.items()
            ]
            # Held, so that nothing else gets its id.
            known = self._steps[id(grouped_field_set)] = (grouped_field_set, steps)
        return known[1]

    def _objects(self, plain: Plain, source: Any, details: Any, path: Path) -> Any:
        """Return an object, or a list of them, as JSON; Undefined where the executor proper had better look."""
        try:
            value = getattr(source, plain.attribute)
        except Exception:  # whatever it is, it happens again where it is reported
            return Undefined
        if value is None:
            return None if plain.may_be_null else Undefined
        if plain.is_list:
            if not isinstance(value, list) or any(item is None or isinstance(item, Exception) for item in value):
                return Undefined
        elif isinstance(value, Exception):
            return Undefined
        kind = plain.of
        assert kind is not None
        fields, deferred, *_ = self.collect_subfields(kind, details)
        if deferred:
            return Undefined
        try:
            if not plain.is_list:
                return self.execute_fields(kind, value, path, fields, None)
            return [
                self.execute_fields(kind, item, Path(path, place, None), fields, None)
                for place, item in enumerate(value)
            ]
        except Exception as error:
            # Something that may not be null is: so is the next thing above it that may be.
            self.handle_field_error(error, plain.type, details, path)
            return None


def _leaf(plain: Plain, source: Any) -> Any:
    """Return the leaf's value as JSON, Undefined where the executor proper had better look at it."""
    try:
        value = getattr(source, plain.attribute)
        if value is None:
            return None if plain.may_be_null else Undefined
        return plain.coerce(value)  # type: ignore[misc]
    except Exception:  # whatever it is, it happens again where it is reported
        return Undefined


@cache
def plain_fields(parent_type: GraphQLObjectType) -> dict[str, Plain]:
    """Return the type's fields that are attributes without arguments, resolver or extension, by name."""
    found = {}
    for name, field in parent_type.fields.items():
        definition = (field.extensions or {}).get(GraphQLCoreConverter.DEFINITION_BACKREF)
        if definition is None or not definition.is_basic_field or field.args:
            continue
        attribute: str = definition.python_name
        may_be_null = not isinstance(field.type, GraphQLNonNull)
        inner: Any = field.type if may_be_null else field.type.of_type  # type: ignore[union-attr]
        if is_leaf_type(inner):
            found[name] = Plain(attribute, field.type, may_be_null, coerce=inner.coerce_output_value)
        elif isinstance(inner, GraphQLObjectType):
            found[name] = Plain(attribute, field.type, may_be_null, of=inner)
        elif isinstance(inner, GraphQLList) and isinstance(getattr(inner.of_type, "of_type", None), GraphQLObjectType):
            found[name] = Plain(attribute, field.type, may_be_null, of=inner.of_type.of_type, is_list=True)
    return found
