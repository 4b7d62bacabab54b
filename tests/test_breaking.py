"""
No client is broken in silence: what breaks one since the last release stands in the changelog, in so many words.

tests/released.graphql is the schema of the last release; whoever releases copies bingeboard/schema.graphql there.
"""

from pathlib import Path

import pytest
from graphql import DocumentNode, GraphQLSchema, build_ast_schema, build_schema, parse

from bingeboard.graphql.changes import PRINTED, SECTION, breaking_changes, dangerous_changes, main, unannounced
from tests.test_schema import NOT_YET

ROOT = Path(__file__).resolve().parent.parent
RELEASED = ROOT / "tests" / "released.graphql"
EARLIER = """
type Query { show(id: ID!): Show  shows(first: Int = 20): [Show!]! }
type Show { title: String!  rating: Float }
enum Kind { FILM SERIES }
input Filter { kind: Kind }
"""


@pytest.fixture
def ours() -> GraphQLSchema:
    return build_schema(PRINTED.read_text(encoding="utf-8"))


def test_what_breaks_clients_since_the_last_release_is_announced(ours: GraphQLSchema) -> None:
    broken = breaking_changes(build_schema(RELEASED.read_text(encoding="utf-8")), ours)
    missing = unannounced(broken, (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"))

    assert missing == [], f"this breaks clients; undo it, or say so in CHANGELOG.md under {SECTION!r}: {missing}"


def test_nothing_of_the_contract_is_broken(shared_data: Path, ours: GraphQLSchema) -> None:
    promised = parse((shared_data / "design" / "api.graphql").read_text(encoding="utf-8"))
    kept = [d for d in promised.definitions if d.name.value not in NOT_YET]  # type: ignore[attr-defined]
    names = {d.name.value for d in kept}  # type: ignore[attr-defined]
    # What the contract takes for granted (scalars, pages of lists) is as we have it.
    rest = [d for d in parse(PRINTED.read_text(encoding="utf-8")).definitions if d.name.value not in names]  # type: ignore[attr-defined]
    contract = build_ast_schema(DocumentNode(definitions=(*kept, *rest)))

    assert breaking_changes(contract, ours) == []


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("title: String!  ", "", "Show.title was removed"),
        ("title: String!", "title: String", "Show.title changed type from String! to String"),
        ("FILM SERIES", "FILM", "Enum value Kind.SERIES was removed"),
        ("kind: Kind", "kind: Kind  year: Int!", "A required field Filter.year was added"),
        ("shows(first: Int = 20)", "shows", "argument Query.shows(first:) was removed"),
        ("shows(first: Int = 20)", "shows(first: Int = 20, of: ID!)", "A required argument Query.shows(of:) was added"),
        ("show(id: ID!): Show  ", "", "Query.show was removed"),
    ],
)
def test_what_breaks_a_client_is_seen_and_must_be_named(before: str, after: str, said: str) -> None:
    found = breaking_changes(build_schema(EARLIER), build_schema(EARLIER.replace(before, after)))

    assert len(found) == 1
    assert said.lower() in found[0].lower()
    assert unannounced(found, "# Changelog\n\n## Unreleased\n\n### Added\n- " + found[0]) == found
    assert unannounced(found, f"# Changelog\n\n## Unreleased\n\n{SECTION}\n- Something else\n") == found
    assert unannounced(found, f"# Changelog\n\n## Unreleased\n\n## 1.0\n\n{SECTION}\n- {found[0]}\n") == found
    named = f"# Changelog\n\n## Unreleased\n\n{SECTION}\n- {found[0].replace(' ', chr(10), 1)}: nobody asked for it.\n"
    assert unannounced(found, named) == []


def test_what_is_added_breaks_nobody() -> None:
    later = EARLIER.replace("rating", "year: Int  rating").replace("first: Int = 20", "first: Int = 20, after: String")

    assert breaking_changes(build_schema(EARLIER), build_schema(later)) == []


def test_a_new_enum_value_is_dangerous() -> None:
    later = build_schema(EARLIER.replace("FILM SERIES", "FILM SERIES SHORT"))

    assert len(dangerous_changes(build_schema(EARLIER), later)) == 1


def test_people_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    earlier, later = tmp_path / "earlier.graphql", tmp_path / "later.graphql"
    earlier.write_text(EARLIER)
    later.write_text(EARLIER.replace("rating: Float", ""))

    assert main([str(earlier), str(later)]) == 1
    assert "breaking  Field Show.rating was removed" in capsys.readouterr().out
    assert main([str(PRINTED)]) == 0
    assert "nothing breaks clients" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        main([str(tmp_path / "nowhere.graphql")])
    assert "is no schema" in capsys.readouterr().err
