"""
What a change of the GraphQL schema means for clients.

    python -m bingeboard.graphql.changes EARLIER.graphql [LATER.graphql]
"""

import argparse
import sys
from pathlib import Path

from graphql import GraphQLError, GraphQLSchema, build_schema, find_breaking_changes, find_dangerous_changes

PRINTED = Path(__file__).resolve().parent.parent / "schema.graphql"
# Section of the changelog in which a breaking change must be named, in the words of breaking_changes().
SECTION = "### Breaking"


def breaking_changes(earlier: GraphQLSchema, later: GraphQLSchema) -> list[str]:
    """Return what clients written for the earlier schema may trip over in the later: one sentence each, in order."""
    found = [change.description.rstrip(".") for change in find_breaking_changes(earlier, later)]
    # A scalar of the language that nothing uses any more is no loss of its own: what used it is named.
    return sorted(words for words in found if not words.startswith("Standard scalar "))


def dangerous_changes(earlier: GraphQLSchema, later: GraphQLSchema) -> list[str]:
    """Return what a careless client may trip over, such as a new value of an enum."""
    return sorted(change.description.rstrip(".") for change in find_dangerous_changes(earlier, later))


def unannounced(changes: list[str], changelog: str) -> list[str]:
    """Return the changes that the newest part of the changelog does not name under its SECTION."""
    newest = changelog.partition("\n## ")[2].partition("\n## ")[0]
    section = newest.partition(f"{SECTION}\n")[2].partition("\n### ")[0]
    said = " ".join(section.split())
    return [change for change in changes if change not in said]


def main(arguments: list[str]) -> int:
    """Print what changed between two files; returns 1 where something breaks clients."""
    parser = argparse.ArgumentParser(
        prog="python -m bingeboard.graphql.changes",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("earlier", type=_schema, help="the schema that clients were written for")
    parser.add_argument("later", type=_schema, nargs="?", help="the schema as it is now; the printed one if left out")
    given = parser.parse_args(arguments)
    later = given.later or _schema(str(PRINTED))
    breaking = breaking_changes(given.earlier, later)
    for kind, changes in (("breaking", breaking), ("dangerous", dangerous_changes(given.earlier, later))):
        for change in changes:
            sys.stdout.write(f"{kind:<10}{change}\n")
    if not breaking:
        sys.stdout.write("nothing breaks clients\n")
    return 1 if breaking else 0


def _schema(path: str) -> GraphQLSchema:
    try:
        return build_schema(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError, TypeError, GraphQLError) as error:
        raise argparse.ArgumentTypeError(f"{path} is no schema: {str(error).splitlines()[0]}") from None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
