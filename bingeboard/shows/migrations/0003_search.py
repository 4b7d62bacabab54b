"""Let titles be found by the words of their names, people, kinds and stories."""

from typing import Any

from django.db import migrations

# PostgreSQL calls array_to_string stable, since some types print by setting; text does not, so an index may hold it.
# It takes a fifth of a millisecond: the cost tells the planner to read the index rather than to work words out.
FUNCTION = """
CREATE OR REPLACE FUNCTION shows_words(title text, overview text, people text[], kinds text[]) RETURNS tsvector
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE COST 10000 AS $$ BEGIN
    RETURN setweight(to_tsvector('pg_catalog.english', title), 'A')
        || setweight(to_tsvector('pg_catalog.english', array_to_string(people, ' , ')), 'B')
        || setweight(to_tsvector('pg_catalog.english', array_to_string(kinds, ' , ')), 'C')
        || setweight(to_tsvector('pg_catalog.english', overview), 'D');
END $$
"""
# Word for word what queries.search asks for, or the index is not used.
WORDS = """shows_words(title, overview, ("cast" || directors)::text[],
    (genres || keywords || moods || themes || user_tags)::text[])"""
INDEX = "idx_shows_words"


def build(apps: Any, schema_editor: Any) -> None:
    """Build the index without keeping writers out, where that can be: not inside somebody's transaction."""
    connection = schema_editor.connection
    concurrently = "" if connection.in_atomic_block else "CONCURRENTLY"
    with connection.cursor() as cursor:
        cursor.execute(f"DROP INDEX IF EXISTS {INDEX}")  # what a build that was cut short left behind
        cursor.execute(f"CREATE INDEX {concurrently} {INDEX} ON shows USING gin (({WORDS}))")


def drop(apps: Any, schema_editor: Any) -> None:
    """Take the index away again."""
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(f"DROP INDEX IF EXISTS {INDEX}")


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("shows", "0002_database_cascades")]

    operations = [
        migrations.RunSQL(
            FUNCTION,
            "DROP FUNCTION IF EXISTS shows_words(text, text, text[], text[])",
        ),
        migrations.RunPython(build, drop),
    ]
