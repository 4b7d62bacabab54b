"""The printed schema is current, keeps to the contract, and says what everything is."""

import warnings
from pathlib import Path
from typing import Any

import pytest
from graphql import (
    DefinitionNode,
    EnumTypeDefinitionNode,
    GraphQLNamedType,
    InputObjectTypeDefinitionNode,
    InterfaceTypeDefinitionNode,
    ObjectTypeDefinitionNode,
    build_schema,
    parse,
    print_ast,
)
from strawberry.printer import print_schema
from strawberry.tools import merge_types

import bingeboard.schema
from bingeboard.schema import NODES, schema
from bingeboard.shows.graphql.enums import FeatureType, SimilarityType
from recommendations import models

PRINTED = Path(bingeboard.schema.__file__).with_name("schema.graphql")
# What the contract promises and later work brings: types whole, or single fields.
NOT_YET: set[str] = set()


def test_the_printed_schema_is_current() -> None:
    assert PRINTED.read_text().strip() == print_schema(schema).strip(), "the API changed: run `make schema`"


@pytest.mark.parametrize("parts", [bingeboard.schema.QUERIES, bingeboard.schema.MUTATIONS])
def test_no_two_apps_define_one_field(parts: tuple[type, ...]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        merge_types("Merged", parts)


def test_everything_has_a_description() -> None:
    silent = [name for name, thing in _described(schema._schema.type_map) if not thing.description]

    assert silent == []


def _described(types: dict[str, GraphQLNamedType]) -> Any:
    for type_name, kind in types.items():
        if type_name.startswith("__"):
            continue
        yield type_name, kind
        for field_name, field in getattr(kind, "fields", {}).items():
            yield f"{type_name}.{field_name}", field
            for argument_name, argument in getattr(field, "args", {}).items():
                yield f"{type_name}.{field_name}({argument_name})", argument


def test_every_node_type_can_be_asked_for_by_id() -> None:
    interface = schema._schema.type_map["Node"]
    implementing = {kind.name for kind in schema._schema.get_possible_types(interface)}

    assert implementing == set(NODES)


@pytest.mark.parametrize(
    ("ours", "theirs"), [(FeatureType, models.FeatureType), (SimilarityType, models.SimilarityType)]
)
def test_enums_say_what_their_tables_hold(ours: Any, theirs: Any) -> None:
    assert {member.name: member.value for member in ours} == {member.name: member.value for member in theirs}


def test_a_client_can_build_the_printed_schema() -> None:
    assert build_schema(PRINTED.read_text()).query_type is not None


@pytest.fixture
def contract(shared_data: Path) -> dict[str, DefinitionNode]:
    document = parse((shared_data / "design" / "api.graphql").read_text())
    return {definition.name.value: definition for definition in document.definitions}  # type: ignore[attr-defined]


@pytest.fixture
def ours() -> dict[str, DefinitionNode]:
    document = parse(PRINTED.read_text())
    return {definition.name.value: definition for definition in document.definitions}  # type: ignore[attr-defined]


def test_what_there_is_keeps_to_the_contract(
    contract: dict[str, DefinitionNode], ours: dict[str, DefinitionNode]
) -> None:
    differences = []
    for name, promised in contract.items():
        if name not in NOT_YET:
            differences += _differences(name, promised, ours.get(name))

    assert differences == []


def test_what_is_not_there_yet_is_named(contract: dict[str, DefinitionNode], ours: dict[str, DefinitionNode]) -> None:
    missing = set()
    for name, promised in contract.items():
        if name not in ours:
            missing.add(name)
        elif hasattr(promised, "fields"):
            there = {field.name.value for field in ours[name].fields}  # type: ignore[attr-defined]
            missing |= {f"{name}.{f.name.value}" for f in promised.fields if f.name.value not in there}

    assert missing == NOT_YET


def _differences(name: str, promised: DefinitionNode, found: DefinitionNode | None) -> list[str]:
    if found is None or type(found) is not type(promised):
        return [f"{name}: promised a {promised.kind}, found {found and found.kind}"]
    wrong = _words(name, promised, found)
    if isinstance(promised, EnumTypeDefinitionNode):
        values = [[v.name.value for v in node.values or ()] for node in (promised, found)]  # type: ignore[attr-defined]
        return wrong + ([f"{name}: {values}"] if values[0] != values[1] else [])
    if isinstance(promised, ObjectTypeDefinitionNode):
        interfaces = [sorted(i.name.value for i in node.interfaces or ()) for node in (promised, found)]  # type: ignore[attr-defined]
        wrong += [f"{name} implements {interfaces}"] if interfaces[0] != interfaces[1] else []
    assert isinstance(promised, ObjectTypeDefinitionNode | InputObjectTypeDefinitionNode | InterfaceTypeDefinitionNode)
    there = {field.name.value: field for field in found.fields}  # type: ignore[attr-defined]
    for field in promised.fields or ():
        if f"{name}.{field.name.value}" not in NOT_YET:
            wrong += _field_differences(f"{name}.{field.name.value}", field, there.get(field.name.value))
    return wrong


def _field_differences(name: str, promised: Any, found: Any) -> list[str]:
    if found is None:
        return [f"{name} is missing"]
    wrong = _words(name, promised, found)
    if print_ast(promised.type) != print_ast(found.type):
        wrong.append(f"{name}: promised {print_ast(promised.type)}, found {print_ast(found.type)}")
    if _default(promised) != _default(found):
        wrong.append(f"{name}: promised default {_default(promised)}, found {_default(found)}")
    arguments = {argument.name.value: argument for argument in getattr(found, "arguments", None) or ()}
    for argument in getattr(promised, "arguments", None) or ():
        wrong += _field_differences(
            f"{name}({argument.name.value})", argument, arguments.pop(argument.name.value, None)
        )
    return wrong + [f"{name}({extra}) is not in the contract" for extra in arguments]


def _default(node: Any) -> str | None:
    value = getattr(node, "default_value", None)
    return print_ast(value) if value else None


def _words(name: str, promised: Any, found: Any) -> list[str]:
    if promised.description is None or found.description.value == promised.description.value:
        return []
    return [f"{name}: promised {promised.description.value!r}, found {found.description.value!r}"]
