"""
Fields that are plain attributes, read without ceremony.

Most of an answer is plain: a title, a score, the reasons of a recommendation. For each field the executor builds a
path, an info object and a result that might have to be awaited, to end in one getattr. Here a field without arguments
or resolver is read directly: a leaf is coerced, an object or a list of them is gone into. Where all that is asked of an
object is plain, down to the last leaf, it is read whole by functions made for the selection, once a request. What does
not go smoothly (a null where none may be, a value that does not fit) is handed to the executor proper, which knows how
to report it.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from math import isfinite
from typing import Any

from graphql import (
    GraphQLLeafType,
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

    coerce        of a leaf: how its value, no null, becomes JSON; raises where it does not
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
# What leaves of the types of every schema are as a rule, and how large an Int is not.
KINDS: Mapping[str, type] = {"String": str, "ID": str, "Int": int, "Float": float, "Boolean": bool}
OVER_INT = 2**31
# Makes JSON of a value; raises where the executor proper had better look at it.
Reader = Callable[[Any], Any]


class Executor(StrawberryGraphQLCoreExecutionContext):
    """Strawberry's own, but quick with plain fields; for synchronous schemas, in which nothing is awaited."""

    # By the id of what was asked, which is held with it, so that nothing else gets its id.
    _steps: dict[int, tuple[Any, list[Step]]]
    _readers: dict[int, tuple[Any, Reader | None]]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._steps, self._readers = {}, {}

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
        known = self._steps.get(id(grouped_field_set))
        if known is None:
            plain = plain_fields(parent_type)
            steps = [
                # A directive that is left over means more than a field does.
                (name, details, None if details[0].node.directives else plain.get(details[0].node.name.value))
                for name, details in grouped_field_set.items()
            ]
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
        reader = self._reader_of(kind, fields)
        if reader is not None:
            with suppress(Exception):  # whatever it is, it happens again where it is reported
                return [reader(item) for item in value] if plain.is_list else reader(value)
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

    def _reader_of(self, kind: GraphQLObjectType, fields: Mapping[str, Any]) -> Reader | None:
        """Return what reads such objects whole; None where not all of it is plain."""
        known = self._readers.get(id(fields))
        if known is None:
            known = self._readers[id(fields)] = (fields, self._new_reader(kind, fields))
        return known[1]

    def _new_reader(self, kind: GraphQLObjectType, fields: Mapping[str, Any]) -> Reader | None:
        asked: list[tuple[str, str, Reader]] = []
        for name, details, plain in self._steps_of(kind, fields):
            reader = None if plain is None else plain.coerce or self._reader_below(plain, details)
            if plain is None or reader is None:
                return None
            asked.append((name, plain.attribute, _or_null(reader) if plain.may_be_null else _never_null(reader)))

        def read(source: Any) -> dict[str, Any]:
            if isinstance(source, Exception):
                raise source
            return {name: reader(getattr(source, attribute)) for name, attribute, reader in asked}

        return read

    def _reader_below(self, plain: Plain, details: Any) -> Reader | None:
        assert plain.of is not None
        fields, deferred, *_ = self.collect_subfields(plain.of, details)
        reader = None if deferred else self._reader_of(plain.of, fields)
        if reader is None or not plain.is_list:
            return reader
        each = reader

        def read_all(value: Any) -> list[Any]:
            if type(value) is not list:
                raise TypeError("no list")
            return [each(item) for item in value]

        return read_all


def _leaf(plain: Plain, source: Any) -> Any:
    """Return the leaf's value as JSON, Undefined where the executor proper had better look at it."""
    try:
        value = getattr(source, plain.attribute)
        if value is None:
            return None if plain.may_be_null else Undefined
        return plain.coerce(value)  # type: ignore[misc]
    except Exception:  # whatever it is, it happens again where it is reported
        return Undefined


def _or_null(reader: Reader) -> Reader:
    return lambda value: None if value is None else reader(value)


def _never_null(reader: Reader) -> Reader:
    def read(value: Any) -> Any:
        if value is None:
            raise TypeError("a null where none may be")
        return reader(value)

    return read


def _coercion(leaf: GraphQLLeafType) -> Reader:
    """Return how a value becomes JSON; what most are already is not made into it again."""
    coerce = leaf.coerce_output_value
    kind = KINDS.get(leaf.name)
    if kind is None:
        return coerce
    if kind is int:
        return lambda value: value if type(value) is int and -OVER_INT <= value < OVER_INT else coerce(value)
    if kind is float:
        return lambda value: value if type(value) is float and isfinite(value) else coerce(value)
    return lambda value: value if type(value) is kind else coerce(value)


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
            found[name] = Plain(attribute, field.type, may_be_null, coerce=_coercion(inner))
        elif isinstance(inner, GraphQLObjectType):
            found[name] = Plain(attribute, field.type, may_be_null, of=inner)
        elif isinstance(inner, GraphQLList) and isinstance(getattr(inner.of_type, "of_type", None), GraphQLObjectType):
            found[name] = Plain(attribute, field.type, may_be_null, of=inner.of_type.of_type, is_list=True)
    return found
